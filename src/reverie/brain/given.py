"""Numbers as they are given: arrays, tensors, lists, frames; what is no finite number is listed row by row."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from reverie.errors import BadData
from reverie.streams.bad_samples import Bad, refuse_bad

__all__ = ["Given", "columns_of", "take_numbers"]

_SHOWN = 20
_LARGEST = 1e100


class Given(NamedTuple):
    """Numbers of samples, as they were given.

    Attributes
    ----------
    values : array, shape [n, k]
    names : list of str
        What the columns are called; "" where that was not said.
    flat : bool
        Whether a sample has one number, and not a list of one.
    """

    values: NDArray[np.float64]
    names: list[str]
    flat: bool


def take_numbers(y: Any, n: int, known: Sequence[str] | None) -> Given:
    """The numbers of `n` samples.

    Parameters
    ----------
    y : array, Tensor, sequence, frame, or mapping of columns
        Shape [n], or [n, k] for k numbers of a sample; a frame of one column is like the first.
    known : sequence of str, optional
        The names of the numbers that were learned at first, "" where they had none. The columns of a frame or a mapping
        are taken by name.

    Raises
    ------
    BadData
        What is no finite number, listed row by row; not as many as at first.
    """
    columns, names = columns_of(y, known)
    given: Any = y if columns is None else list(zip(*columns, strict=True)) if columns else []
    given = given.detach().cpu().tolist() if isinstance(given, Tensor) else given
    given = np.asarray(given) if hasattr(given, "__array__") and not hasattr(given, "__iter__") else given
    rows = list(given.tolist() if isinstance(given, np.ndarray | np.generic) else given)
    if len(rows) != n or not n:
        raise BadData(f"x has {n} samples and y has numbers for {len(rows)}. Give one for each sample, one at least.")
    lists = [row for row in rows if isinstance(row, list | tuple | np.ndarray)]
    flat = not lists if columns is None else len(columns) == 1
    rows = [list(row) if isinstance(row, list | tuple | np.ndarray) else [row] for row in rows]
    k = len(known) if known is not None else len(rows[0]) if rows else 1
    bad: list[Bad] = [(f"row {place}", _fault(row, k)) for place, row in enumerate(rows) if _fault(row, k)]
    if bad:
        raise refuse_bad("y", bad, n, "rows")
    return Given(np.array(rows, dtype=np.float64).reshape(n, k), names or [""] * k, flat)


def columns_of(y: Any, known: Sequence[str] | None) -> tuple[list[Any] | None, list[str]]:
    """The columns of a frame or a mapping, by name where names are known; None: y has none."""
    y = y.columns if isinstance(getattr(y, "columns", None), Mapping) else y  # as a Table has them
    if not isinstance(y, Mapping) and not hasattr(y, "columns"):
        return None, []
    names = [str(name) for name in (y if isinstance(y, Mapping) else y.columns)]
    wanted = list(known) if known is not None and any(known) else names
    absent = [name for name in wanted if name not in names]
    if absent:
        raise BadData(f"y has the columns {', '.join(names[:_SHOWN])}. Expected {', '.join(wanted[:_SHOWN])}.")
    return [list(y[name]) for name in wanted], wanted


def _fault(row: list[Any], k: int) -> str:
    """Why this is not k finite numbers; empty: it is."""
    if len(row) != k:
        return f"{len(row)} numbers, expected {k}"
    for value in row:
        if value is None or type(value).__name__ in ("NAType", "NaTType"):
            return "no number"
        if isinstance(value, str | bytes) or not hasattr(value, "__float__"):
            return f"{value!r} is no number"
        number = float(value)
        if not math.isfinite(number):
            return "no number" if math.isnan(number) else "the number is not finite"
        if abs(number) > _LARGEST:
            return f"{number:.3g} is too large"
    return ""
