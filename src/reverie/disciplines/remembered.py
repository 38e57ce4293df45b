"""A module whose knowledge is measured rows, and that goes on learning: sums in the exact memory, no row is kept.

Inputs are put on −1…1 by the ranges that the card declares and expanded by a fixed random layer; the exact memory does
the rest. The expansion depends on the card and a seed alone and the sums on no order, so rows that come today and rows
that come next year give what all of them at once would give, and rows can be taken back. It is what a `simulator` card
calls::

    station = Remembered.of(card)
    station.learn(rows)                                         # and again, when there are more
    module = open_card(card, simulators={"station": station})

A card's worked example is then a row that the module must know; open the card again after learning, and it is checked.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reverie.contracts import State
from reverie.disciplines.card import Card
from reverie.errors import BadData
from reverie.memory import AssociativeMemory

__all__ = ["Remembered"]


class Remembered:
    """Rows of numbers, remembered exactly as sums.

    Parameters
    ----------
    inputs : mapping of str to (low, high)
        The range of each input.
    outputs : sequence of str
    width : int
        Cells of the expansion; the state is about width² numbers, however many rows were learned.
    seed : int
        Of the expansion.

    Examples
    --------
    >>> body = Remembered({"x": (0.0, 10.0)}, ["y"], width=50)
    >>> x = np.linspace(0, 10, 40)
    >>> body.learn({"x": x, "y": 3 * x})
    >>> body(x=np.array([5.0]))["y"].round(1)
    array([15.])
    """

    def __init__(
        self, inputs: Mapping[str, tuple[float, float]], outputs: Sequence[str], *, width: int = 200, seed: int = 0
    ) -> None:
        self.inputs, self.outputs = dict(inputs), tuple(outputs)
        source = torch.Generator().manual_seed(seed)
        self._weight = torch.randn(len(inputs), width, generator=source, dtype=torch.float64)
        self._bias = torch.randn(width, generator=source, dtype=torch.float64)
        self._memory = AssociativeMemory()

    @classmethod
    def of(cls, card: Card, *, width: int = 200, seed: int = 0) -> "Remembered":
        """For the inputs and outputs of a card, each input with a range."""
        ranges: dict[str, tuple[float, float]] = {}
        for name, thing in card.inputs.items():
            if thing.range is None:
                raise BadData(f"{card.card}: {name} has no range. A module that learns from rows needs one.")
            ranges[name] = (thing.range[0], thing.range[1])
        return cls(ranges, list(card.outputs), width=width, seed=seed)

    @property
    def rows(self) -> int:
        """How many rows are in the sums."""
        return round(self._memory.samples)

    def learn(self, rows: Mapping[str, Any]) -> None:
        """Add measured rows: columns of n numbers, inputs and outputs, in the card's units."""
        self._memory.write(*self._pairs(rows))
        self._memory.refresh()

    def forget(self, rows: Mapping[str, Any]) -> None:
        """Take back rows that were learned, as if they had never been."""
        self._memory.erase(*self._pairs(rows))
        self._memory.refresh()

    def __call__(self, **columns: Any) -> dict[str, NDArray[np.float64]]:
        """Answer rows; not a number before any was learned."""
        keys = self._keys(columns)
        if not self.rows:
            return {name: np.full(len(keys), np.nan) for name in self.outputs}
        values = self._memory.read(keys).numpy()
        return {name: values[:, place].copy() for place, name in enumerate(self.outputs)}

    def state_dict(self) -> State:
        """The sums."""
        return self._memory.state_dict()

    def load_state_dict(self, state: State) -> None:
        """Put back what `state_dict` gave, into a body made alike."""
        self._memory.load_state_dict(state)

    def _pairs(self, rows: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
        keys, values = self._keys(rows), _columns(rows, self.outputs)
        if len(keys) != len(values):
            raise BadData(f"The rows have {len(keys)} inputs and {len(values)} outputs. Expected as many of both.")
        return keys, values

    def _keys(self, columns: Mapping[str, Any]) -> Tensor:
        low, high = torch.tensor(list(self.inputs.values()), dtype=torch.float64).T
        x = 2 * (_columns(columns, self.inputs) - low) / (high - low) - 1
        return torch.cat([x, torch.tanh(x @ self._weight + self._bias)], dim=1)


def _columns(columns: Mapping[str, Any], names: Any) -> Tensor:
    missing = [name for name in names if name not in columns]
    if missing:
        raise BadData(f"There is no column {', '.join(missing)}. Given: {', '.join(columns) or 'none'}.")
    found = np.stack([np.atleast_1d(np.asarray(columns[name], dtype=float)) for name in names], axis=1)
    if not np.isfinite(found).all():
        raise BadData(f"A row has no number for one of {', '.join(names)}. Leave such rows out.")
    return torch.from_numpy(found)
