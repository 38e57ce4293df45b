"""A user's table: a CSV of any kind as columns that models and modules read, with notes of what was done to it."""

import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reverie.disciplines.card import Card, Input, Output
from reverie.errors import BadData, CorruptFile, MissingData, unknown_name

__all__ = ["Table", "features", "match_card", "match_columns", "read_table"]

_MISSING = {"", "na", "n/a", "nan", "null", "none", "?", "-"}
_MOST_WORDS, _MOST_COLUMNS = 20, 100_000


@dataclass
class Table:
    """Columns by name: numbers as float64 with gaps as not-a-number, words as strings; and what a reader must know."""

    columns: dict[str, NDArray[Any]]
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def rows(self, chosen: Any) -> "Table":
        return Table({name: value[chosen] for name, value in self.columns.items()}, self.notes)


def read_table(path: Path) -> Table:
    """Read a CSV, TSV or semicolon-separated file with a line of names; lines that begin with # are left out.

    Raises
    ------
    BadData
        Where it has no names, no rows, or rows of another length; the message names the line.
    """
    if not path.is_file():
        raise MissingData(f"{path} is not there. Give the path of a CSV file.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        text = path.read_text(encoding="latin-1")
    lines = [(place, line) for place, line in enumerate(text.splitlines(), 1) if line.strip() and line[0] != "#"]
    if len(lines) < 2:
        raise BadData(f"{path.name} has {len(lines)} lines. Expected a line of names and rows below it.")
    head = lines[0][1]
    mark = max(",;\t", key=head.count)
    try:
        table = list(csv.reader((line for _, line in lines), delimiter=mark, skipinitialspace=True))
    except csv.Error as error:
        raise CorruptFile(f"{path.name} is not a table: {error}. Correct it.") from None
    if len(table[0]) > _MOST_COLUMNS:
        raise BadData(f"{path.name} has {len(table[0])} columns. Expected at most {_MOST_COLUMNS}: leave some out.")
    names = [name.strip() or f"column{place}" for place, name in enumerate(table[0])]
    if len(set(names)) != len(names):
        twice = sorted(name for name, count in Counter(names).items() if count > 1)
        raise BadData(f"{path.name} names {', '.join(twice)} twice. Rename one of the columns.")
    for (place, _), row in zip(lines[1:], table[1:], strict=False):
        if len(row) != len(names):
            raise BadData(f"{path.name}, line {place}: {len(row)} values, {len(names)} names. Mend the line.")
    columns = {name: _column([row[place].strip() for row in table[1:]]) for place, name in enumerate(names)}
    return Table(columns)


def _column(values: list[str]) -> NDArray[Any]:
    known = [value for value in values if value.lower() not in _MISSING]
    try:
        [float(value) for value in known]
    except ValueError:
        return np.array(values, dtype=object)
    return np.array([float(v) if v.lower() not in _MISSING else np.nan for v in values], dtype=float)


def features(table: Table, leave: set[str]) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """Numeric columns for a model: numbers as they are, words as one column each; and notes on what was left out."""
    found: dict[str, NDArray[Any]] = {}
    notes = []
    for name, value in table.columns.items():
        if name in leave:
            continue
        if value.dtype == object:
            words = sorted({str(one) for one in value if str(one).lower() not in _MISSING})
            if len(words) > _MOST_WORDS:
                notes.append(f"{name} left out: {len(words)} different words")
                continue
            for word in words[1:] if len(words) == 2 else words:
                found[f"{name}={word}"] = (value == word).astype(float)
        elif not np.isfinite(value).any() or np.nanmax(value) == np.nanmin(value):
            notes.append(f"{name} left out: it does not vary")
        elif _is_row_number(name, value):
            notes.append(f"{name} left out: it numbers the rows")
        else:
            gaps = int((~np.isfinite(value)).sum())
            notes += [f"{name}: {gaps} gaps filled with the mean"] if gaps else []
            found[name] = value
    return found, notes


def _is_row_number(name: str, value: NDArray[Any]) -> bool:
    named = name.lower() in ("rownames", "id", "index", "row", "column0", "unnamed: 0")
    return named and len(set(value.tolist())) == len(value) and bool((value == np.round(value)).all())


def match_columns(name: str, columns: list[str]) -> str | None:
    """The column for an input of a card: by its name, whatever case and signs.

    Examples
    --------
    >>> match_columns("time", ["Subject", "Time", "conc"])
    'Time'
    """

    def bare(text: str) -> str:
        return "".join(sign for sign in text.lower() if sign.isalnum())

    found = [column for column in columns if column == name] or [c for c in columns if bare(c) == bare(name)]
    return found[0] if len(found) == 1 else None


def match_card(card: Card, available: list[str], rename: Mapping[str, str], *, outputs: bool = False) -> dict[str, str]:
    """Which column is which input of a card; those without one have a default.

    Parameters
    ----------
    rename : mapping
        Input → column, where the names differ; `card.input` names one card's.
    outputs : bool
        Whether the card's outputs are sought, too.

    Raises
    ------
    BadData
        A column that is not there; an input (or an output) without column or default. What is missing is said.
    """
    found: dict[str, str] = {}
    missing = []
    things: dict[str, Input | Output] = {**card.inputs, **(card.outputs if outputs else {})}
    for name, thing in things.items():
        column = rename.get(f"{card.card}.{name}") or rename.get(name) or match_columns(name, available)
        if column is not None and column not in available:
            raise unknown_name("column", column, available)
        if column is not None:
            found[name] = column
        elif not isinstance(thing, Input) or thing.default is None:
            missing.append(f"{name} ({thing.meaning + ', ' if thing.meaning else ''}in {thing.unit})")
    if missing:
        raise BadData(
            f"{card.card} needs {', '.join(missing)}. Columns given: {', '.join(available)}. Rename a column, or say "
            f"which it is: --rename {missing[0].split()[0]}=COLUMN."
        )
    return found
