"""Values by date, on rows: which value was in force in the year of each row, as far as was known on a day."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np

from reverie.disciplines.bodies.base import Misplaced, Place, in_force
from reverie.disciplines.card import Card, Dated
from reverie.disciplines.units import scale

__all__ = ["DatedValues", "calendar_year"]


def calendar_year(card: Card, name: str | None, values: Mapping[str, Any], kind: str) -> Any | None:
    """The whole year of each row; years come in base units, as all inputs do."""
    if name is None:
        return None
    year = values[name] / scale(card.inputs[name].unit).factor
    return round(year) if kind == "math" else year.round()


class DatedValues:
    """A dated table. A year means its last day; without a year, `as_of` is asked about.

    Parameters
    ----------
    as_of : date, optional
        What came into force after this day is not known. None: all is known.
    """

    def __init__(self, table: Dated, as_of: date | None, place: Place) -> None:
        self._known = {day: value for day, value in sorted(table.items()) if as_of is None or day <= as_of}
        if not self._known:
            raise Misplaced(f"nothing is in force on {as_of}; the first value holds from {min(table)}.", place)
        self._last = as_of or max(self._known)

    def at(self, year: Any | None) -> list[tuple[Any, Any]]:
        """Pairs of (value, rows): a mask of rows, or None for all of them."""
        if year is None:
            return [(in_force(self._known, self._last), None)]
        years = np.asarray(year.detach().cpu() if hasattr(year, "detach") else year)
        pairs = []
        for one in np.unique(years):
            value = in_force(self._known, date(int(one), 12, 31)) if 1 <= one <= 9999 else None
            pairs.append((value, years == one))
        return pairs

    def numbers(self, year: Any | None, kind: str) -> Any:
        """The number in force, for every row; not a number before the first."""
        pairs = self.at(year)
        if pairs[0][1] is None:
            return pairs[0][0]
        return self._spread([(_number(value), rows) for value, rows in pairs], year, kind)

    def scaled(self, year: Any | None, amount: Any, kind: str) -> Any:
        """A scale of brackets applied to an amount: the sum over brackets of rate × what lies above the threshold."""
        parts = [(_bracketed(value, amount, kind), rows) for value, rows in self.at(year)]
        return parts[0][0] if parts[0][1] is None else self._spread(parts, year, kind)

    def _spread(self, parts: list[tuple[Any, Any]], year: Any, kind: str) -> Any:
        if kind == "math":
            return parts[0][0]
        from reverie.disciplines.program import namespace

        where = namespace(kind)["where"]
        total: Any = float("nan")
        for value, rows in parts:
            if kind == "torch":
                import torch

                rows = torch.as_tensor(rows, device=year.device)
            total = where(rows, value, total)
        return total


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _bracketed(brackets: Any, amount: Any, kind: str) -> Any:
    from reverie.disciplines.program import namespace

    maximum = namespace(kind)["maximum"]
    if brackets is None:
        return amount * float("nan")
    total, before = amount * 0.0, 0.0
    for threshold, rate in brackets:
        total = total + (rate - before) * maximum(amount - threshold, 0.0)
        before = rate
    return total
