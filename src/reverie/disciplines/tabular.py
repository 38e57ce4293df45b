"""Rows as named columns, whatever they come in."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reverie.errors import BadData

__all__ = ["as_columns", "as_matrix"]


def as_columns(X: Any, names: Sequence[str] | None) -> dict[str, Any]:
    """Columns by name, from a mapping, a data frame, or an array and names."""
    if isinstance(X, Mapping):
        return {str(name): np.asarray(value) for name, value in X.items()}
    if hasattr(X, "columns"):
        return {str(name): np.asarray(X[name]) for name in X.columns}
    table = np.asarray(X)
    if table.ndim != 2:
        raise BadData(f"X has shape {table.shape}. Expected rows and columns, a data frame, or named columns.")
    if names is None:
        names = [f"x{place}" for place in range(table.shape[1])]
    if len(names) != table.shape[1]:
        raise BadData(f"X has {table.shape[1]} columns and {len(names)} names are given. Expected one for each.")
    return {str(name): table[:, place] for place, name in enumerate(names)}


def as_matrix(columns: Mapping[str, Any], features: Sequence[str]) -> NDArray[Any]:
    """The chosen columns side by side, shape [n, d]; gaps become the column's mean."""
    missing = [name for name in features if name not in columns]
    if missing:
        raise BadData(f"Missing column{'s' * (len(missing) > 1)}: {', '.join(missing)}. Given: {', '.join(columns)}.")
    try:
        table = np.stack([np.asarray(columns[name], dtype=float) for name in features], axis=1)
    except ValueError as error:
        raise BadData(f"The columns {', '.join(features)} are not numbers of one length ({error}).") from None
    means = np.nanmean(np.where(np.isfinite(table).any(0), table, 0.0), axis=0)
    return np.asarray(np.where(np.isfinite(table), table, means))
