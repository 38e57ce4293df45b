"""Vectors of many texts in memory, as rows: those that are mostly zero by what is not, the others as a matrix.

A question is compared with all of them by one exact product, of either kind.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Vectors"]

_FULL = 0.25  # share of numbers that are not zero, from which on a matrix is the better
_FEWEST = 64  # rows before that is looked at

Matrix = NDArray[np.float32]


class Vectors:
    """Rows of one length; a row is added at the end, and may be emptied.

    Parameters
    ----------
    dimension : int

    Examples
    --------
    >>> rows = Vectors(3)
    >>> rows.append(np.array([0, 2, 0], np.float32))
    >>> rows.append(np.array([1, 0, 0], np.float32))
    >>> rows.clear(1)
    >>> (rows @ np.array([1, 1, 1], np.float32)).tolist(), len(rows)
    ([2.0, 0.0], 2)
    """

    def __init__(self, dimension: int) -> None:
        self.dimension, self._rows = dimension, 0
        self._matrix: Matrix | None = None
        self._ends = np.zeros(65, np.int64)
        self._at = np.zeros(1024, np.int32)
        self._values = np.zeros(1024, np.float32)
        self._made: Any = None  # the same as a sparse matrix, while no row is added

    def __len__(self) -> int:
        return self._rows

    def append(self, row: Matrix | None) -> None:
        """A row more; None: of zeros."""
        place, self._made = self._rows, None
        if self._matrix is not None:
            self._matrix = _room(self._matrix, place + 1)
            if row is not None:
                self._matrix[place] = row
            self._rows += 1
            return
        at = np.zeros(0, np.int32) if row is None else np.flatnonzero(row)
        start = int(self._ends[place])
        end = start + len(at)
        self._ends = _room(self._ends, place + 2)
        self._at, self._values = _room(self._at, end), _room(self._values, end)
        self._at[start:end] = at
        if row is not None:
            self._values[start:end] = row[at]
        self._ends[place + 1] = end
        self._rows += 1
        if self._rows >= _FEWEST and end > _FULL * self._rows * self.dimension:
            self._matrix = self[np.arange(self._rows)]

    def clear(self, place: int) -> None:
        """Make a row zero."""
        if self._matrix is not None:
            self._matrix[place] = 0
        else:
            self._values[self._ends[place] : self._ends[place + 1]] = 0
            self._made = None  # it may be a copy

    def __getitem__(self, places: NDArray[Any]) -> Matrix:
        """Some rows, as they are; shape [*places, dimension]. −1 is the last."""
        flat = np.asarray(places).ravel()
        found = self._matrix[: self._rows][flat] if self._matrix is not None else self._sparse()[flat].toarray()
        return np.asarray(found, np.float32).reshape(*np.shape(places), self.dimension)

    def __matmul__(self, vector: Matrix) -> Matrix:
        """The product of every row with a vector; shape [rows]."""
        if self._matrix is not None:
            return np.asarray(self._matrix[: self._rows] @ vector, np.float32)
        return np.asarray(self._sparse() @ np.asarray(vector, np.float32), np.float32)

    def _sparse(self) -> Any:
        if self._made is None:
            from scipy.sparse import csr_matrix

            end = int(self._ends[self._rows])
            parts = (self._values[:end], self._at[:end], self._ends[: self._rows + 1])
            if end < 2**31:
                parts = (parts[0], parts[1], parts[2].astype(np.int32))
            self._made = csr_matrix(parts, shape=(self._rows, self.dimension), copy=False)
        return self._made

    # as arrays, to be kept

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What `of` takes."""
        if self._matrix is not None:
            return {"matrix": self._matrix[: self._rows]}
        end = int(self._ends[self._rows])
        narrow = np.uint16 if self.dimension <= 2**16 else np.int32
        return {
            "ends": self._ends[: self._rows + 1],
            "at": self._at[:end].astype(narrow),
            "values": self._values[:end],
        }

    @classmethod
    def of(cls, arrays: dict[str, NDArray[Any]], rows: int, dimension: int) -> "Vectors":
        """The vectors of `arrays`.

        Raises
        ------
        ValueError
            Where they are not those of so many rows.
        """
        made = cls(dimension)
        made._rows = rows
        if "matrix" in arrays:
            matrix = arrays["matrix"]
            if matrix.shape != (rows, dimension) or matrix.dtype != np.float32:
                raise ValueError("a matrix of another size")
            made._matrix = np.array(matrix)
            return made
        ends, at, values = arrays["ends"], arrays["at"], arrays["values"]
        fits = ends.shape == (rows + 1,) and ends[0] == 0 and (np.diff(ends) >= 0).all() and ends[-1] == len(at)
        fits = fits and len(at) == len(values) and values.dtype == np.float32
        if not fits or (len(at) and not 0 <= int(at.min()) <= int(at.max()) < dimension):
            raise ValueError("rows of another size")
        made._ends, made._at, made._values = np.array(ends, np.int64), at.astype(np.int32), np.array(values)
        return made


def _room(array: NDArray[Any], length: int) -> NDArray[Any]:
    """The same with room for so many, and for as many again."""
    if length <= len(array):
        return array
    larger = np.zeros((max(length, 2 * len(array)), *array.shape[1:]), dtype=array.dtype)
    larger[: len(array)] = array
    return larger
