"""Tables as data: what stands in which cell, and how long its bar is. The template makes them visible."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import isfinite

from reverie.report.published import EXPERIENCES, RECALLED, SOURCE, published
from reverie.report.reading import Results
from reverie.report.summary import Row, human_bytes, human_count, human_seconds, summarise

__all__ = ["Cell", "Table", "TableRow", "per_cent", "points", "side_by_side", "whole"]


@dataclass(frozen=True)
class Cell:
    """A text, and the length of the bar under it as a share of the cell; None draws no bar."""

    text: str
    share: float | None = None


@dataclass(frozen=True)
class TableRow:
    """The name in front, with the page that it leads to, and the cells behind it."""

    name: str
    cells: list[Cell]
    chosen: bool = False
    href: str = ""


@dataclass(frozen=True)
class Table:
    """A caption, the header of every column, and the rows."""

    caption: str
    header: list[str]
    rows: list[TableRow]


def per_cent(value: float | None, *, digits: int = 2) -> str:
    """A fraction as people read it.

    Examples
    --------
    >>> per_cent(0.9441), per_cent(None)
    ('94.41 %', '–')
    """
    return "–" if value is None or not isfinite(value) else f"{100 * value:.{digits}f} %"


def points(value: float | None, *, sign: bool = False) -> str:
    """A difference of fractions in percentage points.

    Examples
    --------
    >>> points(0.0123), points(-0.0123, sign=True), points(0.0123, sign=True)
    ('1.23', '−1.23', '+1.23')
    """
    if value is None or not isfinite(value):
        return "–"
    return f"{100 * value:{'+' if sign else ''}.2f}".replace("-", "−")


@dataclass(frozen=True)
class _Column:
    """One measure: its header, its text, and its number (from which the bar comes)."""

    header: str
    text: Callable[[Row], str]
    value: Callable[[Row], float] | None = None
    whole: float | None = None


_MEASURES = (
    _Column("accuracy", lambda row: _accuracy(row), lambda row: row.mean, 1.0),
    _Column("seeds", lambda row: str(row.seeds)),
    _Column("forgetting, points", lambda row: points(row.forgetting), lambda row: row.forgetting),
    _Column("raw samples stored", lambda row: whole(row.stored_samples), lambda row: float(row.stored_samples)),
    _Column("state", lambda row: human_bytes(row.state_bytes), lambda row: row.state_bytes),
    _Column("learn + sleep", lambda row: human_seconds(row.seconds), lambda row: row.seconds),
    _Column("predict", lambda row: human_seconds(row.predict_seconds), lambda row: row.predict_seconds),
    _Column("MACs", lambda row: human_count(row.macs), lambda row: row.macs),
)


def side_by_side(results: Sequence[Results], *, chosen: str | None = None) -> Table:
    """Learners on one stream in one scenario, the most accurate first.

    Parameters
    ----------
    chosen : str, optional
        The learner to point out.
    """
    rows = summarise([each.model_dump() for each in results])
    columns = list(_MEASURES)
    if all(row.seeds == 1 for row in rows):
        columns = [column for column in columns if column.header != "seeds"]
    caption = "Final average accuracy: mean over all experiences after the last. Bars are scaled within their column."
    if any(row.seeds > 1 for row in rows):
        caption += " ± is one sample standard deviation over seeds; other columns are means, raw samples the maximum."
    after_accuracy = 1
    joint = next((row.mean for row in rows if row.learner == "joint"), None)
    if joint is not None and len(rows) > 1:
        beside = _Column("to joint, points", lambda row: points(row.mean - joint, sign=True))
        columns.insert(after_accuracy, beside)
        caption += " To joint: distance from training on everything at once."
    known = _published(results, rows)
    if known:
        columns.insert(after_accuracy, _Column("published", lambda row: per_cent(known.get(row.learner), digits=1)))
        caption += f" Published by {SOURCE}"
        caption += " (recalled, to be confirmed by running)." if rows[0].stream in RECALLED else "."
    lines = [TableRow(row.learner, [], row.learner == chosen) for row in rows]
    for column in columns:
        cells = _cells(column, rows)
        lines = [replace(line, cells=[*line.cells, cell]) for line, cell in zip(lines, cells, strict=True)]
    return Table(caption, ["learner", *(column.header for column in columns)], lines)


def _published(results: Sequence[Results], rows: Sequence[Row]) -> dict[str, float]:
    """Published numbers of these learners, where the stream was cut as it was for them."""
    first = rows[0]
    if any(len(each.accuracy) != EXPERIENCES.get(first.stream) for each in results):
        return {}
    found = {row.learner: published(first.stream, first.scenario, row.learner) for row in rows}
    return {learner: value for learner, value in found.items() if value is not None}


def _cells(column: _Column, rows: Sequence[Row]) -> list[Cell]:
    texts = [column.text(row) for row in rows]
    if column.value is None:
        return [Cell(text) for text in texts]
    values = [value if isfinite(value := column.value(row)) else 0.0 for row in rows]
    whole = column.whole or max(values)
    return [
        Cell(text, min(1.0, max(0.0, value / whole)) if whole > 0 else 0.0)
        for text, value in zip(texts, values, strict=True)
    ]


def _accuracy(row: Row) -> str:
    if row.seeds == 1 or not isfinite(row.mean):
        return per_cent(row.mean)
    return f"{100 * row.mean:.2f} ± {100 * row.spread:.2f} %"


def whole(value: float | None) -> str:
    """A count in full.

    Examples
    --------
    >>> whole(600), whole(None)
    ('600', '–')
    """
    return f"{value:,.0f}".replace(",", "\u202f") if value is not None and isfinite(value) else "–"
