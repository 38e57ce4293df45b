"""The page of a trial of modules: what theory gave, after how many rows, by which shares, and whether it drifts."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from reverie.errors import CorruptFile
from reverie.record import read_json
from reverie.report.plots import Line, trends
from reverie.report.sections import Fact, Page, Section, facts, plot
from reverie.report.tables import Cell, Table, TableRow, per_cent

__all__ = ["fusion_page"]

_ROWS = 60  # drawn of a table, from the smallest prediction to the largest
_PARTS = 7


class _Trial(BaseModel):
    """`fusion.json`."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    data: str
    target: str
    task: str
    measure: str
    rows: int
    splits: int
    error_with: float
    error_without: float
    ratio: float
    controls: dict[str, float]
    weights: dict[str, float]
    verdict: str
    coverage_90: float | None = None
    notes: list[str] = []
    shares: dict[str, list[Any]] = {}
    efficiency: list[dict[str, float]] = []
    drift: dict[str, list[float]] = {}


def fusion_page(folder: Path) -> Page:
    """Read a trial's folder and say what its page shows."""
    try:
        trial = _Trial.model_validate(read_json(folder / "fusion.json"))
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise CorruptFile(
            f"{folder / 'fusion.json'} is not what a trial writes (at {where}). Run reverie modules fuse again."
        ) from None
    sections = [Section("table", "Errors on held-out rows", trial.verdict, table=_errors(trial))]
    if len(trial.efficiency) > 1:
        sections.append(_efficiency(trial))
    sections.append(Section("table", "Weights", "They are not negative and sum to one.", table=_weights(trial)))
    if trial.shares and not isinstance(next(iter(trial.shares.values()))[0], list):
        sections.append(_shares(trial))
    if trial.drift:
        sections.append(_drift(trial))
    headline = [Fact("with modules", f"{trial.error_with:.4g}", trial.measure)]
    headline += [Fact("without", f"{trial.error_without:.4g}"), Fact("with / without", f"{trial.ratio:.3f}")]
    if trial.coverage_90 is not None:
        headline.append(Fact("inside 90 % intervals", per_cent(trial.coverage_90, digits=0), "of held-out rows"))
    return Page(
        kind="Modules",
        title=f"{trial.target} of {Path(trial.data).name}",
        lead=f"{trial.task} · {trial.rows} rows · mean of {trial.splits} splits",
        badges=[],
        notes=trial.notes,
        warnings=[],
        headline=headline,
        sections=[*sections, facts("Numbers", trial.model_dump(exclude={"shares", "efficiency", "drift"}))],
    )


def _errors(trial: _Trial) -> Table:
    values = {"with modules": trial.error_with, "the same network without": trial.error_without, **trial.controls}
    return _bars(
        values, "error", f"{trial.measure[:1].upper()}{trial.measure[1:]}; less is better.", chosen="with modules"
    )


def _weights(trial: _Trial) -> Table:
    return _bars(trial.weights, "weight", "Of the model that learned from all rows.")


def _bars(values: dict[str, float], measure: str, caption: str, *, chosen: str = "") -> Table:
    most = max([*values.values(), 1e-300])
    rows = [TableRow(name, [Cell(f"{v:.4g}", max(0.0, v / most))], name == chosen) for name, v in values.items()]
    return Table(caption, ["member", measure], rows)


def _efficiency(trial: _Trial) -> Section:
    lines = [
        Line(name, [(at["rows"], at[key]) for at in trial.efficiency], strong=key == "with")
        for key, name in (("without", "without modules"), ("with", "with modules"))
    ]
    text = f"{trial.measure[:1].upper()}{trial.measure[1:]} on held-out rows after so many rows, mean over the splits."
    return plot("Data efficiency", text, lines, svg=trends(lines, across="rows learned", logarithmic=True))


def _shares(trial: _Trial) -> Section:
    """The largest parts of predictions, over rows in the order of what is predicted."""
    total = [sum(parts) for parts in zip(*trial.shares.values(), strict=True)]
    order = sorted(range(len(total)), key=lambda row: total[row])
    shown = order if len(order) <= _ROWS else [order[k * (len(order) - 1) // (_ROWS - 1)] for k in range(_ROWS)]
    largest = sorted(trial.shares, key=lambda name: -sum(abs(value) for value in trial.shares[name]))[:_PARTS]
    lines = [Line(name, [(k + 1, trial.shares[name][row]) for k, row in enumerate(shown)]) for name in largest]
    lines.append(Line("prediction", [(k + 1, total[row]) for k, row in enumerate(shown)], strong=True))
    text = "The parts that sum to each prediction, in units of the target, from the smallest prediction to the largest."
    text += f" {_ROWS} of {len(order)} rows are drawn." if len(order) > _ROWS else ""
    return plot("Shares", text, lines, svg=trends(lines, across="row, by prediction"))


def _drift(trial: _Trial) -> Section:
    lines = [Line(name, list(enumerate(gaps, 1))) for name, gaps in trial.drift.items()]
    text = (
        "Measured minus theory, mean of each tenth of the rows in the order of the table. Where the order is that of "
    )
    text += "time, a line that leaves zero is knowledge that has grown old."
    return plot("Drift", text, lines, svg=trends(lines, across="tenth of the rows"))
