"""A body of formulas: `let` names steps on the way, `equations` give the outputs."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import cached_property
from typing import Any

from reverie.disciplines.bodies.base import BuiltBody, Misplaced, declared_dimensions, read_all, require_sizes
from reverie.disciplines.card import Card, ExpressionBody
from reverie.disciplines.program import compiled
from reverie.disciplines.units import UnitError, dimension_of, require_same

__all__ = ["Expression"]


class Expression(BuiltBody):
    """Formulas, with earlier steps put into later ones, so that one expression per output remains.

    Attributes
    ----------
    formulas : dict
        A SymPy expression for every output.
    """

    def __init__(self, card: Card, as_of: date | None = None) -> None:
        body = card.body
        assert isinstance(body, ExpressionBody)
        self._card, self._body = card, body
        self._names = [*card.inputs, *card.constants]
        self._let = read_all(body.let, self._names, ("body", "let"))
        self._raw = read_all(body.equations, [*self._names, *body.let], ("body", "equations"))
        require_sizes({**self._let, **self._raw}, ("body",))
        missing = card.outputs.keys() ^ self._raw.keys()
        if missing:
            raise Misplaced(
                f"equations and outputs differ in {', '.join(sorted(missing))}. Every output has one equation.",
                ("body", "equations"),
            )
        self._programs: dict[str, Callable[..., list[Any]]] = {}

    @cached_property
    def formulas(self) -> dict[str, Any]:
        import sympy

        known: dict[Any, Any] = {}
        for name, step in self._let.items():
            known[sympy.Symbol(name)] = step.xreplace(known)
        return {name: formula.xreplace(known) for name, formula in self._raw.items()}

    def dimensions(self) -> None:
        known = declared_dimensions(self._card)
        for part, formulas in (("let", self._let), ("equations", self._raw)):
            for name, formula in formulas.items():
                try:
                    found = dimension_of(formula, known)
                    if part == "equations":
                        require_same(found, self._card.outputs[name].unit, f"{name} = {formula}")
                except UnitError as error:
                    raise Misplaced(str(error), ("body", part, name)) from None
                known[name] = found

    def run(self, values: Mapping[str, Any], *, kind: str) -> dict[str, Any]:
        if kind not in self._programs:
            self._programs[kind] = compiled(list(self.formulas.values()), self._names, kind=kind)
        answers = self._programs[kind](*(values[name] for name in self._names))
        return dict(zip(self.formulas, answers, strict=True))
