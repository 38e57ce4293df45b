"""Tables as Python has them, by columns: frames of pandas, polars and pyarrow, dictionaries, structured arrays.

The libraries are not imported: a frame is known by its own methods.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from reverie.errors import BadData

__all__ = ["columns_of", "is_frame", "is_table", "unique_names"]

_CELLS = 50_000_000  # of all columns together


def is_table(x: Any) -> bool:
    """Whether `columns_of` takes it: named columns, not an array of numbers."""
    if isinstance(x, np.ndarray):
        return x.dtype.names is not None
    if isinstance(x, Mapping):
        return bool(x) and all(_is_column(column) for column in x.values())
    if isinstance(x, list | tuple):
        return len(x) > 0 and all(isinstance(row, Mapping) for row in x)
    return any(hasattr(x, name) for name in ("iloc", "get_columns", "to_pydict")) and hasattr(x, "shape")


def is_frame(x: Any) -> bool:
    """Whether it is a frame of pandas, polars or pyarrow.

    Examples
    --------
    >>> is_frame([[1, 2]]), is_frame(np.zeros((2, 2)))
    (False, False)
    """
    return hasattr(x, "columns") and any(hasattr(x, name) for name in ("iloc", "get_columns", "to_pydict"))


def columns_of(x: Any) -> tuple[dict[str, Any], list[str] | None]:
    """The columns by name, and what the rows are called where they have names.

    Raises
    ------
    BadData
        Not a table; two columns of one name; columns of different length.
    """
    rows: list[str] | None = None
    if isinstance(x, np.ndarray):
        if x.dtype.names is None and x.ndim == 2:
            found: dict[str, Any] = {str(place): x[:, place] for place in range(x.shape[1])}
        else:
            found = {name: x[name] for name in x.dtype.names or ()}
    elif isinstance(x, Mapping):
        found = {str(name): column for name, column in x.items()}
    elif isinstance(x, list | tuple):
        found = _of_rows(x)
    elif hasattr(x, "iloc"):  # pandas
        names = unique_names([str(name) for name in x.columns])
        found = {name: _series(x.iloc[:, place]) for place, name in enumerate(names)}
        if type(x.index).__name__ != "RangeIndex":
            rows = [str(name) for name in x.index]
    elif hasattr(x, "get_columns"):  # polars
        found = {column.name: column.to_list() for column in x.get_columns()}
    elif hasattr(x, "to_pydict"):  # pyarrow
        unique_names([str(name) for name in x.schema.names])
        found = {str(name): column for name, column in x.to_pydict().items()}
    else:
        found = {}
    if not found:
        raise BadData(
            f"A {type(x).__name__} is not a table with columns. Expected a frame of pandas, polars or pyarrow, a list "
            "of dictionaries, a dictionary of columns, or a structured array."
        )
    lengths = {name: len(column) for name, column in found.items()}
    if len(set(lengths.values())) > 1:
        raise BadData(f"The columns differ in length: {lengths}. Expected one length.")
    return found, rows


def unique_names(names: Sequence[str]) -> list[str]:
    """The names, once each.

    Raises
    ------
    BadData
        A name stands twice.
    """
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise BadData(f"Column names stand twice: {', '.join(repr(name) for name in twice[:20])}. Rename them.")
    return list(names)


def _series(column: Any) -> Any:
    values = column.to_numpy()
    return values if values.dtype.kind in "buif" else column.tolist()


def _is_column(column: Any) -> bool:
    return not isinstance(column, str | bytes | Mapping) and hasattr(column, "__len__") and np.ndim(column) == 1


def _of_rows(rows: Sequence[Any]) -> dict[str, Any]:
    names: dict[str, None] = {}
    for place, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise BadData(f"Row {place} is a {type(row).__name__}. Expected a dictionary from column to value.")
        names.update(dict.fromkeys(row))
    if len(names) * len(rows) > _CELLS:
        raise BadData(f"{len(rows)} rows have {len(names)} different columns. Expected at most {_CELLS} cells.")
    return {str(name): [row.get(name) for row in rows] for name in names}
