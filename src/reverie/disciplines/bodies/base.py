"""What the bodies share."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from reverie.disciplines.card import Card, CardError, Dated
from reverie.disciplines.formula import FormulaError, read_formula
from reverie.disciplines.sizes import require_small
from reverie.disciplines.units import UnitError, dimensions

__all__ = ["BuiltBody", "Place", "read_all"]

Place = tuple[str | int, ...]
"""Where in a card something stands: the keys that lead there."""


class BuiltBody(ABC):
    """A body that can compute."""

    exact = True
    """Whether it is a closed form; a simulator is not, and may be distilled."""

    @abstractmethod
    def dimensions(self) -> None:
        """Raise where a dimension does not fit."""

    @abstractmethod
    def run(self, values: Mapping[str, Any], *, kind: str) -> dict[str, Any]:
        """The outputs, in base units.

        Parameters
        ----------
        values : mapping
            Inputs and constants in base units, arrays of n rows or numbers.
        kind : str
            "numpy", "torch" or "math".
        """


class Misplaced(CardError):
    """An error that knows its place, so that the line can be said."""

    def __init__(self, text: str, place: Place) -> None:
        super().__init__(text)
        self.place = place


def read_all(
    texts: Mapping[str, str], names: Iterable[str], place: Place, *, last: Iterable[str] = ()
) -> dict[str, Any]:
    """Read formulas in their order; each may use those before it."""
    known = set(names)
    found: dict[str, Any] = {}
    for name, text in texts.items():
        if name in known:
            raise Misplaced(f"{name!r} is declared twice. Every name means one thing.", (*place, name))
        found[name] = read_one(text, [*known, *found, *last], (*place, name))
    return found


def require_sizes(formulas: Mapping[str, Any], place: Place) -> None:
    """Refuse formulas that are too large where each is put into those after it."""
    try:
        require_small(formulas.items())
    except FormulaError as error:
        raise Misplaced(str(error), place) from None


def read_one(text: str, names: Iterable[str], place: Place) -> Any:
    """Read one formula, and say where it stands if it cannot be read."""
    try:
        return read_formula(text, names)
    except FormulaError as error:
        raise Misplaced(str(error), place) from None


def declared_dimensions(card: Card) -> dict[str, Any]:
    """The dimension of every input and constant."""
    known = {}
    for part, things in (("inputs", card.inputs), ("constants", card.constants), ("outputs", card.outputs)):
        for name, thing in things.items():
            try:
                found = dimensions(thing.unit)
            except UnitError as error:
                raise Misplaced(f"unit of {name}: {error}", (part, name, "unit")) from None
            if part != "outputs":
                known[name] = found
    return known


def in_force(table: Dated, day: date) -> Any:
    """The value of a dated table on a day; None before its first."""
    days = [since for since in table if since <= day]
    return table[max(days)] if days else None
