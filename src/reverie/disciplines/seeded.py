"""Errors as an extraction makes them, planted into a card: what do the dimension check and the worked examples catch?

An exponent is raised, a symbol divides where it multiplied, is dropped, or changes places with another, a term changes
its sign, a factor of two appears. Variants that mean the same as the card are left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from reverie.disciplines.bodies.expression import Expression
from reverie.disciplines.card import Card, ExpressionBody
from reverie.disciplines.frozen import sample_inputs
from reverie.disciplines.module import Module
from reverie.errors import BadData

__all__ = ["Seeded", "seed_errors"]


@dataclass(frozen=True)
class Seeded:
    """One planted error, and who notices it."""

    kind: str
    formula: str
    by_dimension: bool
    by_example: bool


def seed_errors(card: Card) -> list[Seeded]:
    """Plant every error into the first formula of an expression card.

    Examples
    --------
    >>> from reverie.disciplines.module import Module
    >>> found = seed_errors(Module.of("physics.stopping_distance").card)
    >>> all(one.by_dimension or one.by_example for one in found)
    True
    """
    module = Module(card)
    if not isinstance(module.body, Expression):
        raise BadData(f"{card.name} has no formula. Errors are planted into expression cards.")
    output, formula = next(iter(module.body.formulas.items()))
    rows = sample_inputs(card, 40, 3).numpy()
    columns = {name: rows[:, place] for place, name in enumerate(card.inputs)}
    truth = module(columns)[output]
    found = []
    for kind, variant in _variants(formula):
        body = ExpressionBody(kind="expression", equations={**_texts(module.body), output: _text(variant)})
        spoiled = Module(card.model_copy(update={"body": body}))
        now = spoiled(columns)[output]
        if np.allclose(now, truth, rtol=1e-6, equal_nan=True):
            continue
        found.append(Seeded(kind, _text(variant), _fails(spoiled.body.dimensions), _fails(_examples(spoiled))))
    return found


def _examples(module: Module) -> Any:
    """The worked examples alone, without the dimension check."""

    def run() -> None:
        original, module.body.dimensions = module.body.dimensions, lambda: None  # type: ignore[method-assign]
        try:
            module.check()
        finally:
            module.body.dimensions = original  # type: ignore[method-assign]

    return run


def _fails(check: Any) -> bool:
    try:
        check()
    except BadData:
        return True
    return False


def _texts(body: Expression) -> dict[str, str]:
    return {name: _text(formula) for name, formula in body.formulas.items()}


def _text(formula: Any) -> str:
    return str(formula).replace("**", "^").replace("Abs(", "abs(").replace("Max(", "max(").replace("Min(", "min(")


def _variants(formula: Any) -> Iterator[tuple[str, Any]]:
    import sympy

    symbols = sorted(formula.free_symbols, key=lambda one: one.name)
    for part in sorted(formula.atoms(sympy.Pow), key=str):
        if part.exp.is_number:
            yield "exponent", formula.xreplace({part: part.base ** (part.exp + 1)})
    for symbol in symbols:
        yield "times and divided by", formula.xreplace({symbol: 1 / symbol})
        yield "dropped", formula.xreplace({symbol: sympy.Integer(1)})
    for place, symbol in enumerate(symbols):
        for other in symbols[place + 1 :]:
            yield "swapped", formula.xreplace({symbol: other, other: symbol})
    for part in sorted(formula.atoms(sympy.Add), key=str):
        for term in part.args:
            yield "sign", formula.xreplace({part: part - 2 * term})
    yield "factor", 2 * formula
