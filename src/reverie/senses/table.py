"""Rows of a table, by the names of the columns: numbers, categories, dates, and what is missing.

The first rows fix how each column becomes inputs::

    number      z = (x − mean) / deviation, cut to −4…4; 0 where it is missing, and a second input that says so
    category    one input for each value that the first rows have (the 64 most frequent), one for values that they have
                not, one for a missing value

The inputs pass an expansion for columns of different meaning (`reverie.layers.MixedExpansion`). Columns of later rows
are taken by their names, in any order; a column that is missing is refused, and others than the first are left out.
"""

from collections import Counter
from collections.abc import Mapping, Sized
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from reverie.contracts import Seen, State
from reverie.errors import BadData, CorruptFile
from reverie.layers import MixedExpansion
from reverie.senses.coded import CodedSense, checked_width, mixed_expansion_of
from reverie.streams import Table
from reverie.streams.cells import Cells
from reverie.streams.frames import is_table

__all__ = ["TableSense"]

_CLIP = 4.0
_VALUES = 64  # of a category that have an input of their own
_WIDTH = 1000


class Column(NamedTuple):
    """How a column becomes inputs: a number has a mean and a deviation, a category has values."""

    name: str
    mean: float = 0.0
    deviation: float = 1.0
    values: tuple[str, ...] | None = None

    @property
    def inputs(self) -> int:
        return 2 if self.values is None else len(self.values) + 2


class TableSense(CodedSense):
    """Rows of a table.

    Parameters
    ----------
    settings : dict
        `width`: cells of the expansion (1000).

    Examples
    --------
    >>> sense = TableSense({"width": 8})
    >>> rows = sense.take([{"age": 31, "city": "Rome"}, {"age": 44, "city": "Oslo"}])
    >>> sense.form(rows)
    >>> sense.numbers(sense.take([{"city": "Bonn", "age": None}])).tolist()
    [[0.0, 1.0, 0.0, 0.0, 1.0, 0.0]]
    """

    name = "table"
    grows = "width"
    known_settings = ("width",)

    def __init__(self, settings: Any = None, seed: int = 0, *, budget: int | None = None) -> None:
        super().__init__(settings, seed, budget=budget)
        checked_width(self.settings, _WIDTH)
        self.columns: list[Column] = []
        self.kinds: dict[str, str] = {}

    @classmethod
    def recognises(cls, x: Any) -> bool:
        if isinstance(x, np.ma.MaskedArray) and x.ndim == 2 and np.ma.is_masked(x):
            return True  # no other sense has missing numbers
        if isinstance(x, Table | np.ndarray | list | tuple | Mapping):
            return isinstance(x, Table) or is_table(x)
        return len(getattr(x, "shape", ())) == 2 and is_table(x)  # a column of a frame is none

    def take(self, x: Any) -> Sized:
        if isinstance(x, str) or (isinstance(x, list | tuple) and x and all(isinstance(one, str) for one in x)):
            raise BadData("Given sentences. This brain takes rows of a table: give them, or create another brain.")
        shape = tuple(getattr(x, "shape", ()))
        if len(shape) == 2 and not isinstance(x, Table) and not is_table(x):
            table = self._of_array(np.asanyarray(x.detach().cpu() if isinstance(x, Tensor) else x))
        else:
            table = Table.of(x, kinds=self.kinds or None)
        if self.kinds:
            self._expect(table)
        if len(table) == 0 or not table.names:
            raise BadData(
                f"The table has {len(table)} rows and {len(table.names)} columns. Expected one of each at least."
            )
        return table

    def _of_array(self, x: NDArray[Any]) -> Table:
        """Rows without names: in the order of the first columns."""
        if x.dtype.kind not in "buif":
            raise BadData(f"x has type {x.dtype}. Expected rows of a table, or numbers [n, d].")
        names = [column.name for column in self.columns] or [str(place) for place in range(x.shape[1])]
        if len(names) != x.shape[1]:
            raise BadData(f"Given vectors of {x.shape[1]} numbers. This brain takes the columns {_some(names)}.")
        return Table.of({name: x[:, place] for place, name in enumerate(names)}, kinds=self.kinds or None)

    def _expect(self, table: Table) -> None:
        absent = [column.name for column in self.columns if column.name not in table.columns]
        if absent:
            more = [name for name in table.names if name not in {column.name for column in self.columns}]
            raise BadData(
                f"The table lacks {_some(absent)}"
                + (f" and has {_some(more)} beyond what was learned" if more else "")
                + ". Give the columns by the names with which they were learned; empty cells are allowed."
            )

    def left_out(self, table: Table) -> list[str]:
        """Columns that the first rows did not have."""
        known = {column.name for column in self.columns}
        return [name for name in table.names if name not in known]

    def form(self, samples: Any) -> None:
        self.columns = [_column(name, samples.columns[name]) for name in samples.names]
        self.kinds = {name: "category" if kind == "date?" else kind for name, kind in samples.kinds.items()}
        self.shape = (len(self.columns),)
        self.affordable(20_000, 1, sum(column.inputs for column in self.columns) + 2)
        self.module = self.make()

    def make(self) -> MixedExpansion:
        inputs = sum(column.inputs for column in self.columns)
        return mixed_expansion_of(inputs, self.settings, _WIDTH, self.seed, sense=self.name)

    def numbers(self, samples: Any) -> Float[Tensor, "n inputs"]:
        parts = [_inputs(column, samples.columns[column.name]) for column in self.columns]
        return torch.from_numpy(np.concatenate(parts, 1))

    def watch(self, samples: Any, keys: Tensor) -> Seen:
        seen = Seen()
        for column in self.columns:
            values = samples.columns[column.name]
            clipped, unseen, missing = _amiss(column, values)
            seen.numbers += len(values)
            seen.clipped += clipped
            seen.unseen += unseen
            seen.missing += missing
            share = (clipped + unseen) / max(1, len(values))
            if share > seen.worst_share:
                seen.worst_share, seen.worst = share, column.name
        return seen

    def made_up(self, n: int, generator: torch.Generator) -> Table:
        drawn = torch.randn(len(self.columns), n, generator=generator, dtype=torch.float64).numpy()
        made: dict[str, Cells] = {}
        for column, z in zip(self.columns, drawn, strict=True):
            if column.values is None:
                values: NDArray[Any] = column.mean + column.deviation * z
            else:
                names = column.values or ("",)
                values = np.array([names[int(abs(place) * 10) % len(names)] for place in z], dtype=object)
            kind = self.kinds.get(column.name, "number" if column.values is None else "category")
            made[column.name] = Cells(kind, values, None, [])
        return Table(made, [str(row) for row in range(n)])

    def state_dict(self) -> State:
        columns = [
            {"name": one.name, "mean": one.mean, "deviation": one.deviation}
            | ({} if one.values is None else {"values": list(one.values)})
            for one in self.columns
        ]
        return super().state_dict() | {"columns": columns, "kinds": self.kinds}

    def load_more(self, state: State) -> None:
        try:
            self.columns = [
                Column(
                    str(one["name"]),
                    float(one["mean"]),
                    float(one["deviation"]),
                    tuple(str(value) for value in one["values"]) if "values" in one else None,
                )
                for one in state["columns"]
            ]
            self.kinds = {str(name): str(kind) for name, kind in state["kinds"].items()}
        except (KeyError, TypeError, ValueError, AttributeError):
            raise CorruptFile("It holds a table without columns.") from None
        good = all(np.isfinite([one.mean, one.deviation]).all() and one.deviation > 0 for one in self.columns)
        if not good or len(self.columns) != len({one.name for one in self.columns}):
            raise CorruptFile("It holds a table of columns that are none.")


def _column(name: str, values: NDArray[Any]) -> Column:
    """How a column becomes inputs, by its first values."""
    if values.dtype == object:
        counts = Counter(value for value in values.tolist() if value is not None)
        usual = sorted(sorted(counts), key=lambda value: -counts[value])[:_VALUES]
        return Column(name, values=tuple(sorted(usual)))
    there = values[~np.isnan(values)]
    if not len(there):
        return Column(name)
    mean, deviation = float(there.mean()), float(there.std())
    least = 1e-9 * max(1.0, abs(mean))
    return Column(name, mean, deviation if deviation > least else max(abs(mean), 1.0))


def _amiss(column: Column, values: NDArray[Any]) -> tuple[int, int, int]:
    """How many of the values are clipped, unseen and missing."""
    if column.values is not None:
        known = set(column.values)
        missing = sum(value is None for value in values)
        return 0, sum(value is not None and value not in known for value in values), missing
    numbers = _numbers(values)
    unseen = 0 if values.dtype != object else sum(value is not None for value in values)
    away = np.abs(numbers - column.mean) / column.deviation
    return int((away > _CLIP).sum()), unseen, int(np.isnan(numbers).sum()) - unseen


def _numbers(values: NDArray[Any]) -> NDArray[np.float64]:
    """Words in a column that was empty at first stand for nothing."""
    return np.full(len(values), np.nan) if values.dtype == object else values


def _inputs(column: Column, values: NDArray[Any]) -> NDArray[np.float32]:
    if column.values is None:
        numbers = _numbers(values)
        missing = np.isnan(numbers)
        z = np.where(missing, 0.0, (numbers - column.mean) / column.deviation).clip(-_CLIP, _CLIP)
        return np.stack([z, missing], 1).astype(np.float32)
    book = {value: place for place, value in enumerate(column.values)}
    unseen, missing_at = len(book), len(book) + 1
    places = [missing_at if value is None else book.get(value, unseen) for value in values.tolist()]
    found = np.zeros((len(values), column.inputs), np.float32)
    found[np.arange(len(values)), places] = 1.0
    return found


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:10])
    return shown + (f" and {len(names) - 10} more" if len(names) > 10 else "")
