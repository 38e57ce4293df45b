"""Columns of cells as numbers, dates or categories: what a column is, all of it says; what a cell is, then follows.

The kind of a column is one of `KINDS`. A column whose kind is known (a brain has learned it) is read by that kind, so
that three rows to be answered mean the same as the thousand that were learned.
"""

import math
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["KINDS", "Cells", "is_number", "plain_number", "read_cells"]

KINDS = ("number", "number,", "boolean", "category", "date", "date dmy", "date mdy", "date?", "unknown")
"""Numbers with a decimal point, and with a comma; true and false; words; dates that say their order, day first, month
first, or so that it cannot be told (read as words); nothing but missing cells."""

_MISSING = {"", "?", "NA", "N/A", "nan", "NaN", "NAN", "#N/A", "null", "NULL"}
_MOST = 0.9  # share of a column's cells from which on the others are faults
_FEW = 20  # different values that may as well be codes
_LONG = 40  # letters of a number or a date
_PLAIN = frozenset("0123456789.+-eE")
_GROUPS = r"[0-9]{1,3}(?:[%s][0-9]{3})+"
_END = r"(?:[eE][+-]?[0-9]{1,3})?"
_SPACES = "'’ \u00a0\u202f"
_POINT = re.compile(rf"[+-]?(?:(?:[0-9]+|{_GROUPS % (',' + _SPACES)})(?:\.[0-9]*)?|\.[0-9]+){_END}")
_COMMA = re.compile(rf"[+-]?(?:(?:[0-9]+|{_GROUPS % ('.' + _SPACES)})(?:,[0-9]*)?|,[0-9]+){_END}")
_CODE = re.compile(r"[+-]?0[0-9]")  # 007 is a name
_CODES = re.compile(rf"^{_CODE.pattern}", re.MULTILINE)
_TIME = r"(?:[T ]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?\s*(Z|UTC|[+-][0-9]{2}:?[0-9]{2})?)?"
_YEAR_FIRST = re.compile(rf"([0-9]{{4}})([-/.])([0-9]{{1,2}})\2([0-9]{{1,2}}){_TIME}")
_YEAR_LAST = re.compile(rf"([0-9]{{1,2}})([-/.])([0-9]{{1,2}})\2([0-9]{{4}}|(?<=/)[0-9]{{2}}){_TIME}")
_NAMED = re.compile(
    r"(?:[A-Za-z]{3,9},? )?(?:[0-9]{1,2}(?:st|nd|rd|th)?[ .-]+[A-Za-z]{3,9}\.?,?[ -]+[0-9]{4}"
    r"|[A-Za-z]{3,9}\.? [0-9]{1,2}(?:st|nd|rd|th)?,? [0-9]{4})(?: [0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)?"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Cells(NamedTuple):
    """A column that was read.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    values : float64 array, or object array of str and None
        Numbers (true is 1), days since 1970, or words. NaN and None are missing.
    text : object array of str and None, or None
        Dates as they were written.
    bad : list of (int, str)
        Rows that cannot be read, and why; their values are missing.
    """

    kind: str
    values: NDArray[Any]
    text: NDArray[np.object_] | None
    bad: list[tuple[int, str]]


class _Fault(str):
    """Why a cell cannot be read."""


def read_cells(given: Sequence[Any] | NDArray[Any], kind: str | None = None, *, decimal: str = ".") -> Cells:
    """Read a column.

    Parameters
    ----------
    kind : str, optional
        What it is, where that is known; else its cells say it.
    decimal : {".", ","}
        How the table writes fractions, where the column leaves that open.

    Examples
    --------
    >>> read_cells(["1,5", "?", "2,25"]).values.tolist()
    [1.5, nan, 2.25]
    >>> read_cells(["Rome", " Oslo", "NA"]).values.tolist()
    ['Rome', 'Oslo', None]
    """
    if kind in ("unknown", "date?"):
        kind = None
    if isinstance(given, np.ndarray) and given.dtype.kind in "buif" and kind in (None, "number", "number,", "boolean"):
        return _of_numbers(given, kind)
    plain = _all_plain(given) if kind in (None, "number") else None
    if plain is not None:
        return _finite("number", plain, [])
    cells = [_plain(value) for value in (given.tolist() if isinstance(given, np.ma.MaskedArray) else given)]
    faults = [(row, str(cell)) for row, cell in enumerate(cells) if isinstance(cell, _Fault)]
    for row, _ in faults:
        cells[row] = None
    there = [cell for cell in cells if cell is not None]
    kinds = {type(cell) for cell in there}
    if kind is None and not there:
        return Cells("unknown", np.full(len(cells), math.nan), None, faults)
    if kinds == {float} and kind in (None, "number", "number,"):
        return _finite(
            "number" if kind is None else kind, np.array([math.nan if c is None else c for c in cells]), faults
        )
    if kinds == {bool} and kind in (None, "boolean", "number", "number,"):
        values = np.array([math.nan if c is None else float(c) for c in cells])
        return Cells(kind or "boolean", values, None, faults)
    words = [cell if isinstance(cell, str) or cell is None else _written(cell) for cell in cells]
    return _of_words(words, kind or _kind_of([word for word in words if word is not None], decimal), faults)


def is_number(text: str) -> bool:
    """Whether a cell is a number in either way of writing it."""
    return plain_number(text) is not None or plain_number(text, ",") is not None


def plain_number(text: str, decimal: str = ".") -> float | None:
    """The number that a cell holds, or None; 007 is none.

    Examples
    --------
    >>> plain_number("1,234.5"), plain_number("1.234,5", ","), plain_number("12a")
    (1234.5, 1234.5, None)
    """
    text = text.replace("−", "-")
    if len(text) > _LONG or _CODE.match(text) or not (_POINT if decimal == "." else _COMMA).fullmatch(text):
        return None
    for space in _SPACES:
        text = text.replace(space, "")
    text = text.replace(",", "") if decimal == "." else text.replace(".", "").replace(",", ".")
    return float(text)


# what a column is


def _kind_of(words: list[str], decimal: str) -> str:
    distinct = set(words)
    if {word.lower() for word in distinct} <= {"true", "false"}:
        return "boolean"
    if any(_CODE.match(word) and plain_number(word.replace(",", ".")) is None and word.isdigit() for word in distinct):
        return "category"
    if _plain_column(words) is not None:
        return "number"
    point = {word for word in distinct if plain_number(word) is not None}
    comma = {word for word in distinct if plain_number(word, ",") is not None}
    mark = "," if (comma - point and not point - comma) or (decimal == "," and not point - comma) else "."
    if _mostly(words, comma if mark == "," else point):
        return "number," if mark == "," else "number"
    return _date_kind(words) or "category"


def _mostly(words: list[str], good: set[str]) -> bool:
    """All; or so many that the others are faults, and so different that they are no codes."""
    if not good:
        return False
    share = sum(word in good for word in words) / len(words)
    return share == 1 or (share >= _MOST and len(words) >= 10 and len(good) > min(_FEW, len(words) // 2))


def _date_kind(words: list[str]) -> str | None:
    forms = [_form_of(word) for word in words]
    dates = {word for word, form in zip(words, forms, strict=True) if form is not None}
    if not _mostly(words, dates) and not (len(dates) == len(set(words)) > 0):
        return None
    found = [form for form in forms if form is not None and form is not True]
    if not found:
        return "date"
    day_first = any(first > 12 for first, _, _ in found)
    month_first = any(second > 12 for _, second, _ in found)
    if day_first and month_first:
        return None
    if day_first or month_first:
        return "date dmy" if day_first else "date mdy"
    return "date dmy" if all(mark == "." for _, _, mark in found) else "date?"


def _form_of(word: str) -> Any:
    """(first, second, mark) of a date with its year last; True for one that says its order; None for no date."""
    if len(word) > _LONG:
        return None
    last = _YEAR_LAST.fullmatch(word)
    if last is not None:
        first, second = int(last[1]), int(last[3])
        return (first, second, last[2]) if 1 <= min(first, second) <= 12 and max(first, second) <= 31 else None
    return True if _days(word, "date") is not None else None


# cells


def _plain(value: Any) -> Any:
    """A cell as str, float, bool, None or _Fault."""
    if value is None:
        return None
    if isinstance(value, str):
        word = value.strip()
        return None if word in _MISSING else word
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, Real | Decimal | np.number):
        try:
            number = float(value)
        except (OverflowError, ValueError):
            return _Fault("a number beyond what can be held")
        return None if math.isnan(number) else number
    if isinstance(value, bytes):
        try:
            return _plain(value.decode())
        except UnicodeDecodeError:
            return _Fault("bytes that are not UTF-8")
    if type(value).__name__ in ("NAType", "NaTType", "MaskedConstant"):
        return None
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else str(value)[:26]
    return _Fault(f"a {type(value).__name__}")


def _written(cell: float | bool) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)


def _of_numbers(given: NDArray[Any], kind: str | None) -> Cells:
    values = np.ma.filled(given.astype(np.float64), math.nan) if np.ma.isMaskedArray(given) else given
    values = np.asarray(values, dtype=np.float64).copy()
    return _finite(kind or ("boolean" if given.dtype.kind == "b" else "number"), values, [])


def _finite(kind: str, values: NDArray[np.float64], bad: list[tuple[int, str]]) -> Cells:
    endless = np.flatnonzero(np.isinf(values))
    values[endless] = math.nan
    return Cells(kind, values, None, sorted([*bad, *((int(row), "not finite") for row in endless)]))


def _plain_column(words: list[str]) -> NDArray[np.float64] | None:
    """Numbers as machines write them, at once; or None."""
    if not _PLAIN.issuperset("".join(words)) or _CODES.search("\n".join(words)):
        return None
    try:
        return np.array(list(map(float, words)))
    except ValueError:
        return None


def _all_plain(given: Sequence[Any] | NDArray[Any]) -> NDArray[np.float64] | None:
    """Most columns are numbers in every cell: they need no closer look."""
    if not isinstance(given, list | tuple) or not given or set(map(type, given)) != {str}:
        return None
    return _plain_column([word.strip() for word in given])


def _of_words(words: list[str | None], kind: str, faults: list[tuple[int, str]]) -> Cells:
    if kind in ("category", "date?"):
        return Cells(kind, _objects(words), None, faults)
    values = np.full(len(words), math.nan)
    places = [row for row, word in enumerate(words) if word is not None]
    there = [word for word in words if word is not None]
    numbers = _plain_column(there) if kind == "number" else None
    if numbers is not None:
        values[places] = numbers
        return _finite(kind, values, faults)
    bad = list(faults)
    what = {"number": "a number", "number,": "a number", "boolean": "true or false"}.get(kind, "a date")
    for row, word in zip(places, there, strict=True):
        found = _value(word, kind)
        if found is None:
            bad.append((row, f"{word[:_LONG]!r} is not {what}"))
        else:
            values[row] = found
    bad.sort()
    if kind.startswith("date"):
        return Cells(kind, values, _objects(words), bad)
    return _finite(kind, values, bad)


def _value(word: str, kind: str) -> float | None:
    if kind == "boolean":
        return {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0}.get(word.lower())
    if kind == "number":
        return plain_number(word)
    if kind == "number,":
        return plain_number(word, ",")
    return _days(word, kind)


def _days(word: str, kind: str) -> float | None:
    """Days since 1970, UTC where the zone is said."""
    if len(word) > _LONG:
        return None
    first, last = _YEAR_FIRST.fullmatch(word), _YEAR_LAST.fullmatch(word)
    try:
        if first is not None:
            when = _moment(int(first[1]), int(first[3]), int(first[4]), first.groups()[4:])
        elif last is not None:
            year = int(last[4]) if len(last[4]) == 4 else 1900 + int(last[4]) + 100 * (int(last[4]) < 70)
            day, month = (int(last[1]), int(last[3]))
            if kind == "date mdy" or (kind == "date" and month > 12):
                day, month = month, day
            when = _moment(year, month, day, last.groups()[4:])
        elif _NAMED.fullmatch(word):
            from dateutil.parser import parse

            when = parse(word, default=datetime(1970, 1, 1, tzinfo=UTC))
        else:
            return None
    except (ValueError, OverflowError):
        return None
    return (when - _EPOCH).total_seconds() / 86400


def _moment(year: int, month: int, day: int, time: Sequence[str | None]) -> datetime:
    hour, minute, second, fraction, zone = time
    when = datetime(
        year, month, day, int(hour or 0), int(minute or 0), int(second or 0), int((fraction or "0").ljust(6, "0")[:6])
    )
    if zone and zone not in ("Z", "UTC"):
        return datetime.fromisoformat(f"{when.isoformat()}{zone[:3]}:{zone[-2:]}")
    return when.replace(tzinfo=UTC)


def _objects(words: Sequence[str | None]) -> NDArray[np.object_]:
    values = np.empty(len(words), dtype=object)
    values[:] = words
    return values
