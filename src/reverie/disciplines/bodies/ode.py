"""A body of differential equations, integrated by the classical Runge–Kutta method, all rows side by side.

Every row integrates from 0 to its own time in the same number of steps, so that the same code runs on arrays, on
tensors with gradients and on single floats. The test compares it with SciPy's adaptive solver.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from reverie.disciplines.bodies.base import BuiltBody, Misplaced, declared_dimensions, read_all, require_sizes
from reverie.disciplines.card import Card, OdeBody
from reverie.disciplines.program import compiled
from reverie.disciplines.sizes import FormulaError, require_work
from reverie.disciplines.units import UnitError, dimension_of, dimensions, require_same

__all__ = ["Ode"]


class Ode(BuiltBody):
    """dS/dt = rate(S, t, constants), S(0) = start; outputs are formulas of the states at time t."""

    def __init__(self, card: Card, as_of: date | None = None) -> None:
        body = card.body
        assert isinstance(body, OdeBody)
        self._card, self._body = card, body
        self._names = [*card.inputs, *card.constants]
        if body.time not in card.inputs:
            raise Misplaced(f"time is {body.time!r}, which is no input of the card.", ("body", "time"))
        if body.states.keys() != body.rates.keys() or body.states.keys() != body.units.keys():
            raise Misplaced("states, rates and units must name the same quantities.", ("body", "rates"))
        if body.equations.keys() != card.outputs.keys():
            raise Misplaced("every output has one equation, and every equation an output.", ("body", "equations"))
        self._start = read_all(body.states, [], ("body", "states"), last=self._names)
        inside = [*self._names, *body.states]
        self._rates = {
            name: read_all({f"rate of {name}": text}, inside, ("body", "rates"))[f"rate of {name}"]
            for name, text in body.rates.items()
        }
        self._out = read_all(body.equations, inside, ("body", "equations"))
        formulas = [("start of", self._start), ("rate of", self._rates), ("", self._out)]
        require_sizes({f"{part} {name}": one for part, many in formulas for name, one in many.items()}, ("body",))
        try:
            require_work(body.steps, self._rates.values(), len(card.examples))
        except FormulaError as error:
            raise Misplaced(str(error), ("body", "steps")) from None
        self._programs: dict[tuple[str, str], Callable[..., list[Any]]] = {}

    def dimensions(self) -> None:
        known = declared_dimensions(self._card)
        time = known[self._body.time]
        states = {name: dimensions(unit) for name, unit in self._body.units.items()}
        for part, formulas in (("states", self._start), ("rates", self._rates), ("equations", self._out)):
            for name, formula in formulas.items():
                try:
                    found = dimension_of(formula, known | states)
                    found = found * time if part == "rates" and not formula.is_zero else found
                    unit = self._card.outputs[name].unit if part == "equations" else self._body.units[name]
                    if not formula.is_zero:
                        require_same(found, unit, f"{part} {name} = {formula}" + (" times time" * (part == "rates")))
                except UnitError as error:
                    raise Misplaced(str(error), ("body", part, name)) from None

    def _program(self, part: str, kind: str) -> Callable[..., list[Any]]:
        if (part, kind) not in self._programs:
            formulas = {"start": self._start, "rates": self._rates, "out": self._out}[part]
            names = self._names if part == "start" else [*self._names, *self._body.states]
            self._programs[part, kind] = compiled(list(formulas.values()), names, kind=kind)
        return self._programs[part, kind]

    def run(self, values: Mapping[str, Any], *, kind: str) -> dict[str, Any]:
        given = [values[name] for name in self._names]
        place = self._names.index(self._body.time)
        end = given[place]
        step = end / self._body.steps
        rates = self._program("rates", kind)
        state = [value + 0.0 * end for value in self._program("start", kind)(*given)]
        for count in range(self._body.steps):
            state = _runge_kutta(rates, given, place, count * step, step, state)
        given[place] = end
        return dict(zip(self._out, self._program("out", kind)(*given, *state), strict=True))


def _runge_kutta(
    rates: Callable[..., list[Any]], given: list[Any], place: int, time: Any, step: Any, state: list[Any]
) -> list[Any]:
    slopes: list[list[Any]] = []
    for share in (0.0, 0.5, 0.5, 1.0):
        inside = state if not slopes else [s + share * step * k for s, k in zip(state, slopes[-1], strict=True)]
        slopes.append(rates(*given[:place], time + share * step, *given[place + 1 :], *inside))
    first, second, third, fourth = slopes
    return [
        s + step / 6.0 * (a + 2.0 * b + 2.0 * c + d)
        for s, a, b, c, d in zip(state, first, second, third, fourth, strict=True)
    ]
