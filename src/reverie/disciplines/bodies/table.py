"""A body of values by date: a limit, a tariff, a cut-off, each from the day on which it came into force."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from reverie.disciplines.bodies.base import BuiltBody, Misplaced, declared_dimensions
from reverie.disciplines.bodies.dated import DatedValues, calendar_year
from reverie.disciplines.card import Card, TableBody
from reverie.disciplines.units import scale

__all__ = ["Table"]


class Table(BuiltBody):
    """Every output is the number in force; table values are in the output's unit."""

    def __init__(self, card: Card, as_of: date | None = None) -> None:
        body = card.body
        assert isinstance(body, TableBody)
        self._card, self._body = card, body
        if body.year is not None and body.year not in card.inputs:
            raise Misplaced(f"year is {body.year!r}, which is no input of the card.", ("body", "year"))
        if body.values.keys() != card.outputs.keys():
            raise Misplaced("every output has a table, and every table an output.", ("body", "values"))
        for name, table in body.values.items():
            for day, value in table.items():
                if isinstance(value, list):
                    raise Misplaced(f"{name} on {day} is a scale; a table holds numbers.", ("body", "values", name))
        self._dated = {name: DatedValues(table, as_of, ("body", "values", name)) for name, table in body.values.items()}

    def dimensions(self) -> None:
        declared_dimensions(self._card)

    def run(self, values: Mapping[str, Any], *, kind: str) -> dict[str, Any]:
        year = calendar_year(self._card, self._body.year, values, kind)
        answers = {}
        for name, table in self._dated.items():
            factor, offset = scale(self._card.outputs[name].unit)
            answers[name] = table.numbers(year, kind) * factor + offset
        return answers
