"""A table: columns by name, numbers or categories, with missing values."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reverie.errors import BadData
from reverie.streams.bad_samples import refuse_bad
from reverie.streams.cells import Cells, read_cells
from reverie.streams.frames import columns_of

__all__ = ["Table"]

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SHOWN = 20


class Table(Sequence[Any]):
    """Columns by name. Make one with `Table.of`; `[slice]` and `[list of int]` give Tables of those rows.

    Attributes
    ----------
    columns : dict of str to array
        Each float64 (NaN is missing), or object of str and None (categories; None is missing). A column of dates is
        the days since 1970, and beside it a category NAME weekday.
    rows : list of str
        What each row is called: its number or its id.
    kinds : dict of str to str
        How each column was read (`reverie.streams.cells.KINDS`).

    Examples
    --------
    >>> table = Table.of([{"age": "31", "city": "Rome"}, {"age": "?", "city": "Oslo"}])
    >>> table.names, table.columns["age"].tolist(), table[1:].columns["city"].tolist()
    (['age', 'city'], [31.0, nan], ['Oslo'])
    """

    def __init__(self, cells: Mapping[str, Cells], rows: Sequence[str]) -> None:
        self.rows = list(rows)
        self.kinds = {name: one.kind for name, one in cells.items()}
        self._text = {name: one.text for name, one in cells.items() if one.text is not None}
        self.columns: dict[str, NDArray[Any]] = {}
        for name, one in cells.items():
            self.columns[name] = one.values
            if one.kind in ("date", "date dmy", "date mdy") and f"{name} weekday" not in cells:
                self.columns[f"{name} weekday"] = _weekdays(one.values)

    @classmethod
    def of(
        cls,
        x: Any,
        *,
        rows: Sequence[str] | None = None,
        kinds: Mapping[str, str] | None = None,
        decimal: str = ".",
    ) -> "Table":
        """Read a table.

        Parameters
        ----------
        x : frame, list of dict, dict of columns, or structured array
            A frame of pandas, polars or pyarrow; masked cells, None, NaN, NA, N/A, ? and empty ones are missing.
        rows : list of str, optional
            What each row is called; else its number, from 0.
        kinds : dict, optional
            How columns are to be read, where that is known; see `kinds`.
        decimal : {".", ","}
            How fractions are written, where a column leaves that open.

        Raises
        ------
        BadData
            Not a table; or cells that cannot be read, all of them listed.
        """
        if isinstance(x, Table):
            return x if kinds is None else x.as_kinds(kinds)
        table, bad = cls.read(x, rows=rows, kinds=kinds, decimal=decimal)
        if bad:
            entries = [(f"row {table.rows[row]}", reason) for row, reason in bad]
            raise refuse_bad("The table", entries, len(table), "rows")
        return table

    @classmethod
    def read(
        cls,
        x: Any,
        *,
        rows: Sequence[str] | None = None,
        kinds: Mapping[str, str] | None = None,
        decimal: str = ".",
    ) -> "tuple[Table, list[tuple[int, str]]]":
        """As `of`, and (row, reason) of the cells that cannot be read; their values are missing."""
        columns, own = columns_of(x)
        cells = {name: read_cells(column, (kinds or {}).get(name), decimal=decimal) for name, column in columns.items()}
        total = len(next(iter(cells.values())).values)
        called = rows if rows is not None else own or [str(number) for number in range(total)]
        if len(called) != total:
            raise BadData(f"The table has {total} rows and {len(called)} names of rows. Give one for each.")
        return cls(cells, called), _faults(cells)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, key: Any) -> "Table":
        if isinstance(key, slice):
            places: Any = np.arange(len(self))[key]
        else:
            wanted = [key] if isinstance(key, int | np.integer) else key
            places = np.array([range(len(self))[int(place)] for place in wanted], dtype=np.intp)
        part = Table({}, [self.rows[place] for place in places])
        part.kinds = dict(self.kinds)
        part._text = {name: text[places] for name, text in self._text.items()}
        part.columns = {name: values[places] for name, values in self.columns.items()}
        return part

    def __repr__(self) -> str:
        return f"Table({len(self)} rows, {len(self.columns)} columns)"

    @property
    def names(self) -> list[str]:
        """The columns' names, in order."""
        return list(self.columns)

    @property
    def notes(self) -> list[str]:
        """What could not be told of columns."""
        return [
            f"{name}: the dates can be read day first or month first, so they are taken as words. Write 2024-12-31."
            for name, kind in self.kinds.items()
            if kind == "date?"
        ]

    def without(self, names: Iterable[str]) -> "Table":
        """The other columns; dates go with their weekdays."""
        gone = set(names)
        part = self[:]
        part.kinds = {name: kind for name, kind in self.kinds.items() if name not in gone}
        part._text = {name: text for name, text in self._text.items() if name not in gone}
        kept = {name for name in self.columns if name in part.kinds or name.removesuffix(" weekday") in part.kinds}
        part.columns = {name: values for name, values in part.columns.items() if name in kept - gone}
        return part

    def as_kinds(self, kinds: Mapping[str, str], *, bad: list[tuple[int, str]] | None = None) -> "Table":
        """The same table with its columns read as `kinds` says, as other rows were read before.

        Parameters
        ----------
        kinds : dict of str to str
            Columns that it does not name stay as they are; names that are not there do not matter.
        bad : list, optional
            Receives (row, reason) of cells that cannot be read so; they are missing then.

        Raises
        ------
        BadData
            Cells that cannot be read so, where no list is given.

        Examples
        --------
        >>> Table.of({"code": ["1", "2"]}).as_kinds({"code": "category"}).columns["code"].tolist()
        ['1', '2']
        """
        cells = {name: self._as(name, kind, kinds.get(name)) for name, kind in self.kinds.items()}
        found = _faults(cells)
        if bad is not None:
            bad += found
        elif found:
            entries = [(f"row {self.rows[row]}", reason) for row, reason in found]
            raise refuse_bad("The table", entries, len(self), "rows")
        return Table(cells, self.rows)

    def numbers(self, names: Sequence[str] | None = None) -> NDArray[np.float32]:
        """Columns as vectors, for what takes nothing but numbers.

        Parameters
        ----------
        names : list of str, optional
            The columns that are wanted, in order; else all.

        Returns
        -------
        float32 array, shape [rows, columns]

        Raises
        ------
        BadData
            Columns are missing, are words, or have missing cells; the first is named with its row.

        Examples
        --------
        >>> Table.of({"a": [1, 2], "b": [3.5, 4]}).numbers(["b", "a"]).tolist()
        [[3.5, 1.0], [4.0, 2.0]]
        """
        wanted = self.names if names is None else list(names)
        absent = [name for name in wanted if name not in self.columns]
        if absent:
            more = [name for name in self.columns if name not in wanted]
            raise BadData(
                f"The table lacks the columns {_some(absent)}"
                + (f" and has {_some(more)} beyond those that are known" if more else "")
                + ". Give the columns by the names with which they were learned."
            )
        if not wanted:
            raise BadData("The table has no columns of features. Expected at least one beside the label.")
        found = np.empty((len(self), len(wanted)), dtype=np.float32)
        for place, name in enumerate(wanted):
            values = self.columns[name]
            if values.dtype == object:
                row = next((row for row, value in enumerate(values) if value is not None), 0)
                raise BadData(
                    f"Row {self.rows[row]}: {name} is {values[row]!r}. Expected a number; drop the column, or, where "
                    "it holds sentences, name it as the column of texts (--text-column)."
                )
            gaps = np.flatnonzero(np.isnan(values))
            if len(gaps):
                raise BadData(f"Row {self.rows[gaps[0]]}: {name} is missing. Expected a number; drop or impute it.")
            with np.errstate(over="ignore"):
                found[:, place] = values
        if not np.isfinite(found).all():
            row, place = np.argwhere(~np.isfinite(found))[0]
            raise BadData(f"Row {self.rows[row]}: {wanted[place]} is too large for float32. Scale the column.")
        return found

    def _as(self, name: str, kind: str, wanted: str | None) -> Cells:
        values, text = self.columns[name], self._text.get(name)
        numeric = ("number", "number,", "boolean")
        if wanted in (None, kind, "unknown") or (kind in numeric and wanted in numeric):
            return Cells(kind if wanted in (None, "unknown") else wanted, values, text, [])
        given: Any = text if text is not None else values
        if kind == "boolean":
            given = [None if np.isnan(value) else bool(value) for value in values]
        return read_cells(given.tolist() if isinstance(given, np.ndarray) else given, wanted)


def _faults(cells: Mapping[str, Cells]) -> list[tuple[int, str]]:
    return sorted((row, f"{name}: {reason}") for name, one in cells.items() for row, reason in one.bad)


def _weekdays(days: NDArray[np.float64]) -> NDArray[np.object_]:
    found = np.empty(len(days), dtype=object)
    found[:] = [None if np.isnan(day) else _DAYS[int(day // 1 + 3) % 7] for day in days]  # 1970-01-01 was a Thursday
    return found


def _some(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
