"""The five bodies that a card can have. Each reads its formulas, says their dimensions, and computes.

A body is built for a card and offers two things: `dimensions()` raises where units do not fit, and `run` computes the
outputs in base units from inputs and constants in base units, on NumPy, torch or single floats.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from reverie.disciplines.bodies.base import BuiltBody, Place
from reverie.disciplines.bodies.expression import Expression
from reverie.disciplines.bodies.ode import Ode
from reverie.disciplines.bodies.rules import Rules
from reverie.disciplines.bodies.simulator import Simulator
from reverie.disciplines.bodies.table import Table
from reverie.disciplines.card import Card

__all__ = ["BuiltBody", "Expression", "Ode", "Place", "Rules", "Simulator", "Table", "build_body"]


def build_body(
    card: Card, *, simulators: Mapping[str, Callable[..., Any]] = {}, as_of: date | None = None
) -> BuiltBody:
    """The body of a card, ready to compute.

    Parameters
    ----------
    simulators : mapping
        The callables that simulator cards name. A card alone never runs code.
    as_of : date, optional
        Dated values that came later are not known.
    """
    kind = card.body.kind
    if kind == "simulator":
        return Simulator(card, simulators)
    kinds: dict[str, type[Expression | Ode | Table | Rules]]
    kinds = {"expression": Expression, "ode": Ode, "table": Table, "rules": Rules}
    return kinds[kind](card, as_of)
