"""How large a formula and its numbers may be: SymPy computes exactly, and some short formulas are never done.

`9^(9^9)` has 370 million digits, and `floor(exp(exp(exp(3))))` more than a disk holds. So a number is computed as a
float first, and a formula is measured, before SymPy is given anything.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from reverie.errors import BadData

__all__ = [
    "FormulaError",
    "Size",
    "finite",
    "require_power",
    "require_short",
    "require_small",
    "require_values",
    "require_work",
]

_LETTERS = 10_000
WORDS = 2_000
"""Words of a formula."""
DEEPEST = 40
"""Parentheses, signs and exponents within one another."""
_DIGITS = 300  # powers of ten of a number, and of the numbers under a power


_NODES = 6_000
"""Nodes of all formulas of a card."""
_SPELLED = 30_000
"""Nodes of a formula in which every step is written out."""
_LEVELS = 150
_WORK = 3_000_000
"""Nodes that are computed for the worked examples of a differential equation."""


class Size(NamedTuple):
    """Of an expression: its nodes, and the levels of nodes within nodes, with every step written out."""

    nodes: int
    levels: int


class FormulaError(BadData):
    """A formula that cannot be read in exactly one way, or that is too large."""


def require_short(text: str) -> None:
    """Refuse a text with too many letters or parentheses within one another."""
    if len(text) > _LETTERS:
        raise FormulaError(
            f"A formula of {len(text)} letters. Expected at most {_LETTERS}: write its steps one by one (let)."
        )
    depth = deepest = 0
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        deepest = max(deepest, depth)
    if deepest > DEEPEST:
        raise FormulaError(
            f"A formula with {deepest} parentheses within one another. Expected at most {DEEPEST}: write its steps one "
            "by one (let)."
        )


def require_power(base: Any, exponent: Any) -> None:
    """Refuse a power whose numbers would have hundreds of digits; other exponents are free."""
    import sympy

    if not exponent.is_number:
        return
    power = abs(finite(exponent))
    for number in base.atoms(sympy.Number):
        parts = (number.p, number.q) if number.is_Rational else (finite(number),)
        if power * max((abs(math.log10(abs(part))) for part in parts if part), default=0.0) > _DIGITS:
            raise FormulaError(
                f"The power {_short(base)}^{_short(exponent)} has numbers beyond 10^{_DIGITS}. Write it with an "
                "exponent that is smaller, or in another unit."
            )


def finite(value: Any) -> float:
    """A number of SymPy's as a float, or what is wrong with it."""
    try:
        found = float(value)
    except (TypeError, OverflowError, ValueError):
        found = math.nan
    if not math.isfinite(found) or abs(found) > 10.0**_DIGITS:
        raise FormulaError(f"{_short(value)} is no finite number below 10^{_DIGITS}. Write one that is.")
    return found


def require_values(expression: Any) -> None:
    """Refuse an expression that holds infinity, a complex number, or another that is no float."""
    if expression.is_number and not expression.is_Boolean:
        finite(expression)
        return
    for part in expression.args:
        require_values(part)


def require_work(steps: int, rates: Iterable[Any], examples: int) -> None:
    """Refuse a differential equation whose worked examples alone would take more than a second or so."""
    work = steps * examples * sum(_size(rate, {})[1] for rate in rates)
    if work > _WORK:
        raise FormulaError(
            f"{steps} steps of these rates for {examples} examples are {work} operations. Expected at most {_WORK}: "
            "lower steps, or give fewer examples."
        )


def require_small(formulas: Iterable[tuple[str, Any]], known: Mapping[str, Size] | None = None) -> dict[str, Size]:
    """Refuse formulas that are too large together, or that would be where one is put into the next.

    Parameters
    ----------
    formulas : iterable of (name, sympy.Expr)
        In their order; each may use the names before it.
    """
    sizes, total = dict(known or {}), 0
    for name, formula in formulas:
        size, own = _size(formula, sizes)
        total += own
        if total > _NODES or size.nodes > _SPELLED or size.levels > _LEVELS:
            raise FormulaError(
                f"{name}: the formulas are too large: {total} parts, {size.nodes} and {size.levels} levels with every "
                f"step written out. Expected at most {_NODES}, {_SPELLED} and {_LEVELS}: cut the card in two."
            )
        sizes[name] = size
    return sizes


def _size(expression: Any, sizes: Mapping[str, Size]) -> tuple[Size, int]:
    if expression.is_Symbol:
        return sizes.get(expression.name, Size(1, 1)), 1
    nodes, levels, own = 1, 0, 1
    for part in expression.args:
        its, plain = _size(part, sizes)
        nodes, levels, own = nodes + its.nodes, max(levels, its.levels), own + plain
    return Size(nodes, levels + 1), own


def _short(value: Any) -> str:
    text = type(value).__name__ if getattr(value, "is_Integer", False) and abs(value) > 10**40 else str(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
