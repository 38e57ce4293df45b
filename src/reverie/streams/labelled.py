"""From the columns of a table to samples: the label, the text, what rows are called, what is left out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reverie.errors import BadData, ReverieError
from reverie.streams.bad_samples import Bad, refuse_bad
from reverie.streams.labels import Target, clean_labels, clean_numbers, numbers_of, target_of
from reverie.streams.pictures import Pictures
from reverie.streams.sounds import Sounds
from reverie.streams.table import Table
from reverie.streams.tables import Raw

__all__ = ["Columns", "Part", "Samples", "known_from", "label_of", "samples_of"]

Part = Literal["train", "test"]

_WORDS = 3  # of a sentence, at the least, on average
_SHOWN = 20


class Samples(NamedTuple):
    """Samples, and their labels where they have any.

    Attributes
    ----------
    x : array of shape `[n, *shape]`, Pictures, Sounds, Table, or list of str
        Or, for several senses, a list of dict (`reverie.streams.paired`).
    y : list of str, float64 array, or None
        Classes; numbers where `target` says so, shape [n], or [n, k] of several columns; or cells of several labels.
    names : list of str
        What each sample is called: its file, its row, or its id.
    bad : list of (str, str)
        Samples that were left out, and why.
    notes : list of str
        What was decided, and what was left out.
    target : {"classes", "numbers", "labels"}
    called : list of str
        The columns of the labels, where they are columns of a table.
    """

    x: NDArray[np.generic] | list[str] | list[dict[str, Any]] | Pictures | Sounds | Table
    y: list[str] | NDArray[np.float64] | None
    names: list[str]
    bad: list[Bad] = []  # noqa: RUF012 (never changed in place)
    notes: list[str] = []  # noqa: RUF012
    target: Target = "classes"
    called: list[str] = []  # noqa: RUF012

    def cut(self, key: slice) -> "Samples":
        """The samples of a slice, with the same notes."""
        y = None if self.y is None else self.y[key]
        return self._replace(x=self.x[key], y=y, names=self.names[key])


@dataclass(frozen=True)
class Columns:
    """Which columns of a table are what; None: `label` and `text` where there are such.

    Attributes
    ----------
    label : str, or tuple of str
        Several columns are numbers.
    target : {"classes", "numbers", "labels"}, optional
        What labels are, where that is known.
    kinds : dict, optional
        How columns are read, where that is known; see `Table.kinds`.
    """

    label: str | tuple[str, ...] | None = None
    text: str | None = None
    drop: tuple[str, ...] = ()
    id: str | None = None
    target: Target | None = None
    kinds: dict[str, str] | None = None


def label_of(given: str | Sequence[str] | None) -> str | tuple[str, ...] | None:
    """The column of the labels, or the columns, as they are named."""
    if given is None or isinstance(given, str):
        return given
    return given[0] if len(given) == 1 else tuple(given) or None


def samples_of(raw: Raw, columns: Columns, part: Part, name: str, *, skip_bad: bool) -> Samples:
    """Samples of a table.

    Raises
    ------
    BadData, CorruptFile
        Columns that are named and not there; rows that cannot be read, where they are not to be skipped.
    """
    bad, notes = list(raw.bad), list(raw.notes)
    total = len(raw.rows) + len(bad)
    if not total:
        raise BadData(f"{name} has no rows. Expected a header and at least one row.")
    if not raw.rows:
        raise _refused(name, bad, total)
    names = list(raw.columns)
    needed = part == "train"
    called_labels = _label_columns(names, columns, name, needed)
    text = _column(names, columns.text, "text", name, True)
    called = _column(names, columns.id, None, name, True)
    unknown = [one for one in columns.drop if one not in names]
    if unknown and needed:
        raise _no_column(name, unknown[0], names)
    rows = raw.rows
    if called is not None:
        rows = [_short(cell, row) for cell, row in zip(raw.columns[called], raw.rows, strict=True)]
    faults: dict[int, str] = {}
    labels: list[str] | NDArray[np.float64] | None = None
    if called_labels:
        cells = [raw.columns[one] for one in called_labels]
        numeric = columns.target == "numbers"
        labels, wrong = _numbers(cells, called_labels, raw.decimal) if numeric else _words(cells[0], columns)
        if len(wrong) == len(labels) and not needed:
            labels = None
        else:
            faults.update(wrong)
    features = {
        one: cells for one, cells in raw.columns.items() if one not in (*called_labels, text, called, *columns.drop)
    }
    x: Any
    if text is None and columns.kinds is None and _are_sentences(features):
        (text,) = features
        notes.append(f"{text} holds sentences: it is read as the text.")
    if text is not None:
        x, wrong = _texts(raw.columns[text])
        others = [one for one in features if one != text]
        if others:
            notes.append(f"Left out beside the text: {', '.join(others[:_SHOWN])}.")
    elif features:
        x, wrong = Table.read(features, rows=rows, kinds=columns.kinds, decimal=raw.decimal)
        notes += x.notes
    else:
        raise BadData(f"{name} has only labels. Expected a column named text, or columns of features.")
    for row, reason in wrong:
        faults.setdefault(row, reason)
    bad = sorted([*bad, *((f"row {rows[row]}", reason) for row, reason in faults.items())], key=_place)
    if bad and not skip_bad:
        raise _refused(name, bad, total)
    if faults:
        kept = [row for row in range(len(rows)) if row not in faults]
        x = [x[row] for row in kept] if isinstance(x, list) else x[kept]
        rows = [rows[row] for row in kept]
        if labels is not None:
            labels = labels[kept] if isinstance(labels, np.ndarray) else [labels[row] for row in kept]
    if not rows:
        raise _refused(name, bad, total)
    y, target = _target(labels, columns, raw.decimal, called_labels, notes)
    return Samples(x, y, rows, bad, notes, target, called_labels)


def _refused(name: str, bad: list[Bad], total: int) -> ReverieError:
    torn = any(reason.startswith(("not JSON", "not a line")) for _, reason in bad)
    return refuse_bad(name, bad, total, "rows", torn=torn)


def known_from(raw: Raw, columns: Columns, samples: Samples) -> Columns:
    """The options by which the next rows of the same table are read: what these rows have shown stays."""
    text, kinds = columns.text, columns.kinds
    if isinstance(samples.x, Table):
        kinds = {name: kind for name, kind in samples.x.kinds.items() if kind != "unknown"} | (kinds or {})
    elif text is None:
        labels = _label_columns(list(raw.columns), columns, "", False)
        text = _column(list(raw.columns), None, "text", "", False)
        others = [name for name in raw.columns if name not in (*labels, columns.id, *columns.drop)]
        text = text or others[0]
    target = columns.target or (None if samples.y is None else samples.target)
    return replace(columns, text=text, kinds=kinds, target=target)


def _label_columns(names: list[str], columns: Columns, name: str, needed: bool) -> list[str]:
    """The columns of the labels; none where one of several is not there, and none is needed."""
    wanted = columns.label if isinstance(columns.label, tuple) else (columns.label,)
    if len(wanted) > 1 and columns.target != "numbers":
        raise BadData(
            f"{name}: {len(wanted)} columns are named as labels ({', '.join(map(str, wanted[:_SHOWN]))}). Expected one "
            "column of classes, or several of numbers, for a brain that learns numbers."
        )
    found = [_column(names, one, "label", name, needed) for one in wanted]
    if len(set(found)) < len(found):
        raise BadData(f"{name}: a column is named twice as a label ({', '.join(map(str, wanted))}). Name each once.")
    return [one for one in found if one is not None] if None not in found else []


def _numbers(cells: list[Any], names: list[str], decimal: str) -> tuple[NDArray[np.float64], list[tuple[int, str]]]:
    """Numbers of one or several columns, and what is none; the column is named where there are several."""
    columns, wrong = [], dict[int, str]()
    for column, name in zip(cells, names, strict=True):
        values, bad = clean_numbers(column, decimal=decimal)
        columns.append(values)
        for row, reason in bad:
            wrong.setdefault(row, reason if len(names) == 1 else f"{name}: {reason}")
    return np.array(columns[0]) if len(names) == 1 else np.array(columns).T, sorted(wrong.items())


def _words(cells: Any, columns: Columns) -> tuple[list[str], list[tuple[int, str]]]:
    return clean_labels(cells, several=columns.target == "labels")


def _target(
    labels: list[str] | NDArray[np.float64] | None, columns: Columns, decimal: str, called: list[str], notes: list[str]
) -> tuple[list[str] | NDArray[np.float64] | None, Target]:
    if isinstance(labels, np.ndarray):
        return labels, "numbers"
    target = columns.target or ("classes" if labels is None else target_of(labels, decimal=decimal))
    if labels is None or target != "numbers":
        return labels, target
    notes.append(
        f"{called[0]} holds {len(set(labels))} different numbers: it is a number to predict, and not a class. Write "
        "words in place of the numbers where they name classes."
    )
    numbers = numbers_of(labels, decimal=decimal)
    return np.array(numbers, dtype=np.float64), target


def _column(names: list[str], given: str | None, usual: str | None, name: str, needed: bool) -> str | None:
    """The column that was named, or the one of the usual name, in any case of letters."""
    if given is not None:
        if given in names:
            return given
        if needed:
            raise _no_column(name, given, names)
        return None
    if usual is None or usual in names:
        return usual
    alike = [one for one in names if one.lower() == usual]
    return alike[0] if len(alike) == 1 else None


def _no_column(name: str, given: str, names: Iterable[str]) -> BadData:
    shown = list(names)
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return BadData(f"{name} has no column {given!r}. It has: {', '.join(shown[:_SHOWN])}{more}.")


def _texts(cells: Sequence[Any]) -> tuple[list[str], list[tuple[int, str]]]:
    found, bad = [], []
    for row, cell in enumerate(cells):
        word = "" if cell is None or cell != cell else cell
        if isinstance(word, list | dict | bytes):
            bad.append((row, f"the text is a {type(word).__name__}"))
            word = ""
        elif not str(word).strip():
            bad.append((row, "no text"))
        found.append(str(word))
    return found, bad


def _are_sentences(features: dict[str, Any]) -> bool:
    """Whether the only column holds sentences, and no categories."""
    if len(features) != 1:
        return False
    (cells,) = features.values()
    words = [cell for cell in cells if isinstance(cell, str) and cell.strip()]
    if not words or len(words) < len(cells) // 2 or len(set(words)) * 2 < len(words):
        return False
    return sum(len(word.split()) for word in words) >= _WORDS * len(words)


def _place(one: Bad) -> tuple[float, str]:
    number = one[0].removeprefix("row ")
    return (int(number) if number.isdecimal() and len(number) < 20 else float("inf")), number


def _short(cell: Any, row: str) -> str:
    word = "" if cell is None else str(cell).strip()
    return word[:200] or row
