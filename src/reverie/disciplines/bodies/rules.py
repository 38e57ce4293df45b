"""A body of rules: steps with exceptions, dates and references, as statutes and guidelines are written.

The default logic is Catala's: a step has a value, and exceptions that override it where their condition holds. Dated
tables give the parameters of each year; `scale(name, x)` applies a scale of brackets. There are no loops and no calls:
a closed language, read by the same closed-vocabulary reader.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from reverie.disciplines.bodies.base import BuiltBody, Misplaced, Place, declared_dimensions, read_one, require_sizes
from reverie.disciplines.bodies.dated import DatedValues, calendar_year
from reverie.disciplines.card import Card, RulesBody
from reverie.disciplines.program import compiled, namespace
from reverie.disciplines.sizes import FormulaError, require_short
from reverie.disciplines.units import UnitError, dimension_of, dimensions, require_same, scale

__all__ = ["Rules"]

_SCALE = re.compile(r"scale\(\s*(\w+)\s*,")


class _Formula:
    """A formula of a rule: its expression, the names it uses, and the scales that it applies."""

    def __init__(self, text: str, names: list[str], tables: Mapping[str, Any], place: Place) -> None:
        try:
            require_short(text)
        except FormulaError as error:
            raise Misplaced(str(error), place) from None
        self.place = place
        self.scales: dict[str, tuple[str, _Formula]] = {}
        while match := _SCALE.search(text):
            end = _closing(text, match.end(), place)
            table = match.group(1)
            if table not in tables:
                raise Misplaced(f"scale({table}, …): no such table. Tables: {', '.join(sorted(tables))}.", place)
            hidden = f"scale{len(self.scales)}_of_{table}"
            self.scales[hidden] = (table, _Formula(text[match.end() : end], names, tables, place))
            text = f"{text[: match.start()]}({hidden}){text[end + 1 :]}"
        self.expression = read_one(text, [*names, *self.scales], place)
        self._names = sorted(symbol.name for symbol in self.expression.free_symbols)
        self._programs: dict[str, Callable[..., list[Any]]] = {}

    def dimension(self, known: Mapping[str, Any]) -> Any:
        inner = {hidden: formula.dimension(known) for hidden, (_, formula) in self.scales.items()}
        try:
            return dimension_of(self.expression, {**known, **inner})
        except UnitError as error:
            raise Misplaced(str(error), self.place) from None

    def compute(self, values: dict[str, Any], dated: Mapping[str, DatedValues], year: Any, kind: str) -> Any:
        inner = {
            hidden: dated[table].scaled(year, formula.compute(values, dated, year, kind), kind)
            for hidden, (table, formula) in self.scales.items()
        }
        if kind not in self._programs:
            self._programs[kind] = compiled([self.expression], self._names, kind=kind)
        return self._programs[kind](*({**values, **inner}[name] for name in self._names))[0]


def _closing(text: str, start: int, place: Place) -> int:
    depth = 1
    for index in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[index], 0)
        if depth == 0:
            return index
    raise Misplaced(f"{text!r}: the parenthesis of scale is not closed.", place)


class Rules(BuiltBody):
    """Steps in their order; each may use inputs, constants, numbers of tables, and the steps before it."""

    def __init__(self, card: Card, as_of: date | None = None) -> None:
        body = card.body
        assert isinstance(body, RulesBody)
        self._card, self._body = card, body
        if body.year is not None and body.year not in card.inputs:
            raise Misplaced(f"year is {body.year!r}, which is no input of the card.", ("body", "year"))
        self._day = as_of or card.valid_until or date.today()
        self._dated = {name: DatedValues(t, as_of, ("body", "tables", name)) for name, t in body.tables.items()}
        self._numbers = [n for n, t in body.tables.items() if not isinstance(next(iter(t.values())), list)]
        self._words = {
            choice: float(place) for thing in card.inputs.values() for place, choice in enumerate(thing.choices)
        }
        names = [*card.inputs, *card.constants, *self._numbers, *self._words]
        self._steps: dict[str, tuple[_Formula, list[tuple[Any, _Formula, _Formula]]]] = {}
        for name, step in body.steps.items():
            place: Place = ("body", "steps", name)
            value = _Formula(step.value, names, body.tables, (*place, "value"))
            cases = [
                (
                    case,
                    _Formula(case.when, names, body.tables, (*place, "exceptions", index, "when")),
                    _Formula(case.value, names, body.tables, (*place, "exceptions", index, "value")),
                )
                for index, case in enumerate(step.exceptions)
            ]
            self._steps[name] = (value, cases)
            names.append(name)
        told = [value.expression for value, _ in self._steps.values()]
        told += [one.expression for _, cases in self._steps.values() for _, *both in cases for one in both]
        require_sizes({str(place): formula for place, formula in enumerate(told)}, ("body", "steps"))
        missing = card.outputs.keys() - self._steps.keys()
        if missing:
            raise Misplaced(f"no step gives the output {', '.join(sorted(missing))}.", ("body", "steps"))

    def dimensions(self) -> None:
        known = declared_dimensions(self._card)
        known |= {name: dimensions("") for name in self._words}
        known |= {name: dimensions(self._body.table_units.get(name, "")) for name in self._numbers}
        for name, (value, cases) in self._steps.items():
            found = value.dimension(known)
            unit = self._card.outputs[name].unit if name in self._card.outputs else self._body.steps[name].unit
            for what, formula in [(name, value), *((f"{name}, an exception", case) for _, _, case in cases)]:
                its = formula.dimension(known)
                try:
                    if unit is not None and not formula.expression.is_zero:
                        require_same(its, unit, f"{what} = {formula.expression}")
                    elif its != found and not formula.expression.is_zero:
                        raise UnitError(f"{what} = {formula.expression} has another dimension than the value.")
                except UnitError as error:
                    raise Misplaced(str(error), formula.place) from None
            for _, condition, _ in cases:
                condition.dimension(known)
            known[name] = dimensions(unit) if unit is not None else found

    def run(self, values: Mapping[str, Any], *, kind: str) -> dict[str, Any]:
        where = namespace(kind)["where"]
        year = calendar_year(self._card, self._body.year, values, kind)
        known = {**values, **self._words}
        for name in self._numbers:
            known[name] = self._dated[name].numbers(year, kind) * scale(self._body.table_units.get(name, "")).factor
        for name, (value, cases) in self._steps.items():
            result = value.compute(known, self._dated, year, kind)
            for case, condition, other in reversed(cases):  # the first exception that applies counts
                if (case.since and self._day < case.since) or (case.until and self._day > case.until):
                    continue
                holds = condition.compute(known, self._dated, year, kind)
                result = where(holds, other.compute(known, self._dated, year, kind), result)
            known[name] = result
        return {name: known[name] for name in self._card.outputs}

    def applied(self, values: Mapping[str, Any]) -> dict[str, str]:
        """For one row: which clause decided each step, and its reference."""
        year = calendar_year(self._card, self._body.year, values, "math")
        known = {**values, **self._words}
        for name in self._numbers:
            known[name] = self._dated[name].numbers(year, "math") * scale(self._body.table_units.get(name, "")).factor
        found: dict[str, str] = {}
        for name, (value, cases) in self._steps.items():
            step = self._body.steps[name]
            text, result = step.reference or "the rule", value
            for case, condition, other in reversed(cases):
                if condition.compute(known, self._dated, year, "math"):
                    text, result = case.reference or f"where {case.when}", other
            known[name] = result.compute(known, self._dated, year, "math")
            found[name] = text
        return found
