"""The page of an arm that was moved: it moves, and how far it was from what was wanted, with each change."""

from base64 import b64encode
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reverie.errors import CorruptFile
from reverie.files import read_file
from reverie.record import read_json
from reverie.report.plots import Line, trends
from reverie.report.sections import Fact, Page, Section, facts, plot
from reverie.report.summary import human_bytes

__all__ = ["arm_page"]

_LARGEST = 64 * 2**20  # bytes of a moving picture

Errors = list[tuple[float, float]]


class _Change(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    time: float
    recovered: float | None


class _Moved(BaseModel):
    """`arm.json`."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    joints: int
    seed: int
    noise: bool
    bytes: int
    closings: int
    changes: list[_Change]
    errors: Errors = Field(min_length=2, max_length=100_000)
    errors_pd: Errors = Field(min_length=2, max_length=100_000)


def arm_page(folder: Path) -> Page:
    """Read the folder of an arm that was shown, and say what its page shows."""
    try:
        moved = _Moved.model_validate(read_json(folder / "arm.json"))
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise CorruptFile(f"{folder / 'arm.json'} is not what showing writes (at {where}). Show it again.") from None
    picture = b64encode(read_file(folder / "arm.gif", largest=_LARGEST)).decode()
    shown = f'<img alt="The arm moves." src="data:image/gif;base64,{picture}" style="width:100%;max-width:40rem">'
    highest = max(error for _, error in moved.errors_pd)
    marks = [point for change in moved.changes for point in _mark(change.time, highest)]
    lines = [
        Line("PD alone", moved.errors_pd),
        Line("the body changes", marks),
        Line("adaptive", moved.errors, strong=True),
    ]
    text = "Degrees, mean of the joints and of half a second. At each mark the body changes, and nobody is told: " + (
        ", ".join(f"{change.name} at {change.time:g} s" for change in moved.changes) + "."
    )
    late = moved.errors[len(moved.errors) // 2 :]
    headline = [Fact(change.name, _told(change.recovered), "until it stays below 0.5°") for change in moved.changes]
    numbers = moved.model_dump(include={"joints", "seed", "noise", "closings"})
    numbers |= {"mean error in the second half": f"{sum(error for _, error in late) / len(late):.3f}°"}
    return Page(
        kind="Controller",
        title=f"An arm of {moved.joints} joints",
        lead="An inverse model from sums that fade, a delta rule, and a guard beside PD",
        badges=["simulated"],
        notes=[],
        warnings=[],
        headline=[*headline, Fact("state", human_bytes(moved.bytes), "sums and synapses; no step is stored")],
        sections=[
            Section(
                "plot",
                "In motion",
                "Grey: what is wanted. Blue: adaptive. Thin: PD alone. The seconds about each change.",
                svg=shown,
            ),
            plot("Error", text, lines, svg=trends(lines, across="seconds")),
            facts("Numbers", numbers),
        ],
    )


def _told(recovered: float | None) -> str:
    if recovered is None:
        return "never"
    return f"{recovered:.2f} s" if recovered > 0 else "at once"


def _mark(time: float, highest: float) -> list[tuple[float, float]]:
    """A line upwards, and a gap."""
    return [(time, 0.0), (time, highest), (time, float("nan"))]
