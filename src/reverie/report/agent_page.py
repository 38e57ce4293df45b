"""The page of an agent: it moves, and what was lived through and dreamt."""

from base64 import b64encode
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from reverie.errors import CorruptFile
from reverie.files import read_file
from reverie.record import read_json
from reverie.report.plots import Line, trends
from reverie.report.sections import Fact, Page, Section, facts, plot
from reverie.report.summary import human_bytes, human_count

__all__ = ["agent_page"]

_POINTS = 200  # drawn of a curve
_LARGEST = 64 * 2**20  # bytes of a moving picture


class _Night(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    step: int
    before: float
    after: float
    curious: bool


class _Life(BaseModel):
    """`life.json`."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    environment: str
    steps: int
    episodes: int
    dreamt: int
    bytes: int
    watched: float
    nights: list[_Night]
    returns: list[tuple[float, float]]


def agent_page(folder: Path) -> Page:
    """Read an agent's folder and say what its page shows."""
    try:
        life = _Life.model_validate(read_json(folder / "life.json"))
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise CorruptFile(f"{folder / 'life.json'} is not what watching writes (at {where}). Watch it again.") from None
    picture = b64encode(read_file(folder / "watched.gif", largest=_LARGEST)).decode()
    shown = f'<img alt="The agent acts." src="data:image/gif;base64,{picture}" style="width:100%;max-width:40rem">'
    sections = [
        Section("plot", "By habit", f"One episode on a seed of its own; it brought {life.watched:g}.", svg=shown)
    ]
    if len(life.returns) > 1:
        lived = _thinned([(step, total) for step, total in life.returns])
        lines = [Line("lived, while it tries things out", lived)]
        if len(life.nights) > 1:
            lines.append(Line("dreamt, by habit", _thinned([(n.step, n.after) for n in life.nights]), strong=True))
        text = "The return of each episode, and of dreams after each night. Dreams may promise more than life keeps."
        sections.append(plot("Returns", text, lines, svg=trends(lines, across="steps lived")))
    curious = sum(night.curious for night in life.nights)
    headline = [
        Fact("return", f"{life.watched:g}", "by habit, of the episode shown"),
        Fact("steps lived", human_count(life.steps), f"in {life.episodes} episodes"),
        Fact("steps dreamt", human_count(life.dreamt), f"in {len(life.nights)} nights"),
        Fact("state", human_bytes(life.bytes), "sums and synapses; no step is stored"),
    ]
    numbers = life.model_dump(exclude={"nights", "returns"}) | {"nights that sought the unknown": curious}
    return Page(
        kind="Agent",
        title=life.environment,
        lead=f"{life.steps} steps · {len(life.nights)} nights",
        badges=["simulated"],
        notes=[],
        warnings=[],
        headline=headline,
        sections=[*sections, facts("Numbers", numbers)],
    )


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most some hundreds of them, each the mean of its neighbours."""
    size = -(-len(points) // _POINTS)
    groups = [points[i : i + size] for i in range(0, len(points), size)]
    return [(group[-1][0], sum(value for _, value in group) / len(group)) for group in groups]
