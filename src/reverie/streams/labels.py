"""Labels as people write them: padded, as bytes, null, as lists; and whether they name classes or are numbers."""

import math
import unicodedata
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from reverie.streams.cells import plain_number

__all__ = ["Target", "clean_labels", "clean_numbers", "label_order", "numbers_of", "target_of"]

Target = Literal["classes", "numbers", "labels"]

_HUNDRED = 100  # different numbers from which on they are hardly classes
_NONE = "no label"
_LONG = 40  # letters of a label that are shown
_SPARSE = 10  # times as many whole numbers between the smallest and the largest as there are different ones


def clean_labels(
    given: Sequence[Any] | NDArray[Any], *, several: bool = False
) -> tuple[list[str], list[tuple[int, str]]]:
    """Labels as words, and (place, reason) of those that are none; with `several`, a cell may have no label.

    Bytes are decoded, blanks around a label are cut, letters are composed (an accent that is a letter of its own is
    joined with the one before it), and 3.0 is 3.

    Examples
    --------
    >>> clean_labels([" setosa", b"virginica", 3.0, None])
    (['setosa', 'virginica', '3', ''], [(3, 'no label')])
    """
    found: list[str] = []
    bad: list[tuple[int, str]] = []
    for place, value in enumerate(given.tolist() if isinstance(given, np.ndarray) else given):
        label, reason = _clean(value)
        found.append(label)
        if reason and not (several and reason == _NONE):
            bad.append((place, reason))
    return found, bad


def clean_numbers(
    given: Sequence[Any] | NDArray[Any], *, decimal: str = "."
) -> tuple[list[float], list[tuple[int, str]]]:
    """Labels as numbers, and (place, reason) of those that are none.

    Fractions have the mark with which more of the labels are numbers.

    Examples
    --------
    >>> clean_numbers(["1,5", "2", "cheap", None], decimal=",")
    ([1.5, 2.0, nan, nan], [(2, "the label 'cheap' is no number"), (3, 'no label')])
    """
    labels, bad = clean_labels(given)
    gone = {place for place, _ in bad}
    tried = [[plain_number(label, mark) for label in labels] for mark in (decimal, "." if decimal == "," else ",")]
    found = max(tried, key=lambda values: sum(value is not None for value in values))
    for place, value in enumerate(found):
        if value is None and place not in gone:
            label = labels[place]
            bad.append((place, f"the label {label if len(label) < _LONG else label[:_LONG] + '…'!r} is no number"))
    return [math.nan if value is None else value for value in found], sorted(bad)


def target_of(labels: Sequence[str], *, decimal: str = ".") -> Target:
    """Whether labels name classes, or are numbers to predict.

    They are numbers where all are, and hardly any stands often enough to be a class: fractions of hundreds of values
    (or, in few rows, of nearly as many values as there are rows), or whole numbers of hundreds of values that lie far
    apart.

    Examples
    --------
    >>> target_of(["0", "1", "1"]), target_of([f"{price / 7:.2f}" for price in range(300)])
    ('classes', 'numbers')
    """
    numbers = numbers_of(labels, decimal=decimal)
    distinct = len(set(labels))
    if numbers is None or distinct <= 2:
        return "classes"
    if any(not value.is_integer() for value in numbers):
        return "numbers" if distinct > min(_HUNDRED, max(10, len(labels) // 5)) else "classes"
    apart = max(numbers) - min(numbers) > _SPARSE * distinct
    return "numbers" if distinct > max(_HUNDRED, len(labels) // 5) and apart else "classes"


def numbers_of(labels: Sequence[str], *, decimal: str = ".") -> list[float] | None:
    """The labels as numbers, or None where any is none."""
    marks = (decimal, "." if decimal == "," else ",")
    for mark in marks:
        found = [plain_number(label, mark) for label in labels]
        if all(value is not None for value in found):
            return [value for value in found if value is not None]
    return None


def label_order(labels: Sequence[str]) -> list[str]:
    """The different labels: whole numbers by their size, words by the alphabet.

    Examples
    --------
    >>> label_order(["10", "9", "10"])
    ['9', '10']
    """
    distinct = sorted(set(labels))
    if all(label.removeprefix("-").isdecimal() and len(label) < 4000 for label in distinct):
        return sorted(distinct, key=lambda label: int(label))
    return distinct


def _clean(value: Any) -> tuple[str, str]:
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            return "", "the label is bytes that are not UTF-8"
    if isinstance(value, str):
        word = unicodedata.normalize("NFC", value).strip()
        return ("", _NONE) if word in ("", "nan", "NaN") else (word, "")
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return "", _NONE
    if isinstance(value, bool | np.bool_):
        return ("true" if value else "false"), ""
    if isinstance(value, int | np.integer):
        return str(int(value)), ""
    if isinstance(value, float | np.floating):
        if math.isnan(value):
            return "", _NONE
        if math.isinf(value):
            return "", "the label is not finite"
        return _number(float(value)), ""
    if isinstance(value, list | tuple | dict):
        return "", f"the label is a {type(value).__name__}"
    return str(value), ""


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 2**63 else repr(value)
