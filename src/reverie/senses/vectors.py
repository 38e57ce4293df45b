"""Vectors of numbers: as they are, or in a random expansion that separates what a plane cannot."""

from math import prod
from typing import Any

from torch import Tensor

from reverie.layers import Expansion
from reverie.senses.coded import check_expansion, expansion_of
from reverie.senses.grid import Grid, alike
from reverie.senses.numeric import NumericSense, fractions
from reverie.streams import Table

__all__ = ["Expanded", "Raw"]


class Raw(NumericSense):
    """The numbers as they are, on a grid: all together where they are alike, as pixels are, else each on its own.

    Examples
    --------
    >>> sense = Raw()
    >>> vectors = sense.take([[0.0, 10.0], [1.0, 3000.0]])
    >>> sense.form(vectors)
    >>> sense.keys(vectors).tolist()
    [[-4096, -4076], [4096, 1904]]
    """

    name = "raw"

    @classmethod
    def recognises(cls, x: Any) -> bool:
        return False

    def form(self, samples: Any) -> None:
        numbers = self.see_first(samples)
        self.grid = Grid.plain(1 / 255) if self.pixels else Grid.of(numbers, together=_together(samples, numbers))

    def make(self) -> None:
        return None

    def numbers(self, samples: Any) -> Tensor:
        return fractions(super().numbers(samples))


class Expanded(NumericSense):
    """A random expansion of anything numeric. See `reverie.layers.Expansion` for the settings.

    Examples
    --------
    >>> sense = Expanded({"width": 16})
    >>> vectors = sense.take([[0.0, 1.0], [1.0, 3.0]])
    >>> sense.form(vectors)
    >>> sense.keys(vectors).shape
    torch.Size([2, 16])
    """

    name = "expansion"
    grows = "width"
    known_settings = ("width", "kind", "active", "input_scale")

    def __init__(self, settings: Any = None, seed: int = 0, *, budget: int | None = None) -> None:
        super().__init__(settings, seed, budget=budget)
        check_expansion(self.settings, sense=self.name)

    @classmethod
    def recognises(cls, x: Any) -> bool:
        return len(getattr(x, "shape", ())) >= 2

    def form(self, samples: Any) -> None:
        numbers = self.see_first(samples)
        self.affordable(20_000, 1, prod(numbers.shape[1:]) + 2)
        self.module = self.make()
        self.grid = None if _together(samples, numbers) else Grid.of(numbers)

    def make(self) -> Expansion:
        assert self.shape is not None
        n_in = prod(self.shape)
        return expansion_of(n_in, self.settings, min(4000, max(512, 16 * n_in)), self.seed, sense=self.name)

    def numbers(self, samples: Any) -> Tensor:
        return fractions(super().numbers(samples))


def _together(samples: Any, numbers: Tensor) -> bool:
    """Whether numbers have one scale; columns that have names are of different meaning."""
    return not isinstance(samples, Table) and (numbers.ndim > 2 or alike(numbers))
