"""Units, checked and converted by pint: a formula is about quantities, so it computes in base units.

A card declares `v` in mph and `d` in feet; inside, both are SI, and the formula needs no hidden factor. Currencies and
persons are dimensions of their own.
"""

from functools import cache
from typing import Any, NamedTuple

from reverie.errors import BadData, ReverieError

__all__ = ["Scale", "UnitError", "dimension_of", "dimensions", "quantity", "scale"]


class UnitError(BadData):
    """A unit that is not known, or dimensions that do not fit."""


class Scale(NamedTuple):
    """base = factor · value + offset."""

    factor: float
    offset: float


@cache
def _registry() -> Any:
    try:
        import pint
    except ImportError:
        raise ReverieError("Units need the package pint. Run: pip install 'reverie[disciplines]'") from None
    registry = pint.UnitRegistry(autoconvert_offset_to_baseunit=True)
    for line in (
        "euro = [currency] = EUR",
        "dollar = [dollar] = USD",
        "person = [person] = persons",
        "log10_unit = []",
    ):
        registry.define(line)
    return registry


@cache
def _unit(text: str) -> Any:
    import pint

    try:
        return _registry().Unit("dimensionless" if text in ("", "1", "-") else text)
    except (pint.errors.UndefinedUnitError, pint.errors.DefinitionSyntaxError, ValueError, TypeError, AttributeError):
        raise UnitError(
            f"{text!r} is no unit that pint knows. Expected something like mg/L, 1/hour or dimensionless."
        ) from None


@cache
def scale(unit: str) -> Scale:
    """How values in a unit become base units.

    Examples
    --------
    >>> round(scale("km/hour").factor, 6)
    0.277778
    >>> scale("degC").offset
    273.15
    """
    made = _unit(unit)
    zero, one = (float(_registry().Quantity(value, made).to_base_units().magnitude) for value in (0.0, 1.0))
    return Scale(one - zero if zero else one, zero)


def dimensions(unit: str) -> Any:
    """pint's dimensionality of a unit."""
    return _unit(unit).dimensionality


def quantity(value: "float | int | str", unit: str) -> float:
    """A value in `unit`; a string may carry another unit of the same dimension.

    Examples
    --------
    >>> quantity("90 minute", "hour")
    1.5
    """
    if isinstance(value, int | float):
        return float(value)
    import pint

    try:
        found = _registry().Quantity(value)
        return float(found.to(_unit(unit)).magnitude)
    except pint.errors.DimensionalityError:
        raise UnitError(
            f"{value!r} has another dimension than {unit!r}. Give it in a unit of that dimension."
        ) from None
    except (pint.errors.PintError, ValueError, TypeError, AttributeError):
        raise UnitError(f"{value!r} is no number with a unit. Expected something like {1.5} {unit}.") from None


def dimension_of(expression: Any, known: dict[str, Any]) -> Any:
    """The dimension of an expression, or the place where dimensions do not fit.

    Parameters
    ----------
    known : dict
        Dimension of every symbol, as `dimensions` gives it.

    Raises
    ------
    UnitError
        Where a length is added to a time, an exponent has a dimension, and the like.

    Examples
    --------
    >>> import sympy
    >>> dimension_of(sympy.Symbol("v") ** 2, {"v": dimensions("m/s")}) == dimensions("m^2/s^2")
    True
    """
    none = _unit("").dimensionality
    if expression.is_Symbol:
        return known[expression.name]
    if expression.is_number:
        return none
    parts = [dimension_of(part, known) for part in expression.args]
    kind = type(expression).__name__
    if expression.is_Mul:
        total = none
        for part in parts:
            total = total * part
        return total
    if expression.is_Pow:
        base, exponent = expression.args
        if parts[1] != none:
            raise UnitError(f"The exponent {exponent} has the dimension {_named(parts[1])}; a number is expected.")
        if parts[0] == none:
            return none
        if not exponent.is_number:
            raise UnitError(f"{base} has the dimension {_named(parts[0])}; a varying power of it has none.")
        return parts[0] ** _exact(float(exponent))
    if kind == "Abs" or kind == "floor":
        return parts[0]
    if kind in ("And", "Or", "Not", "BooleanTrue", "BooleanFalse"):
        return none
    same = expression.is_Add or expression.is_Relational or kind in ("Max", "Min")
    for part, its in zip(expression.args, parts, strict=True):
        free = same and part.is_number and part.is_zero
        if not free and its != (first := _first(expression, parts) if same else none):
            what = f"{_named(its)} beside {_named(first)}" if same else f"{_named(its)}, a number is expected"
            raise UnitError(f"In {expression} the part {part} has the dimension {what}.")
    return none if not same or expression.is_Relational else _first(expression, parts)


def _first(expression: Any, parts: list[Any]) -> Any:
    """Zero fits any dimension: the first part that is not zero decides."""
    for part, its in zip(expression.args, parts, strict=True):
        if not (part.is_number and part.is_zero):
            return its
    return parts[0]


def _exact(power: float) -> float:
    return int(power) if power == int(power) else round(power, 12)


def _named(dimension: Any) -> str:
    text = " · ".join(f"{name.strip('[]')}^{power:g}" for name, power in dimension.items())
    return text.replace("^1 ", " ").removesuffix("^1") or "none"


def require_same(found: Any, unit: str, what: str) -> None:
    """Raise where a dimension is not that of a unit."""
    if found != dimensions(unit):
        raise UnitError(f"{what} has the dimension {_named(found)}; its unit {unit!r} has {_named(dimensions(unit))}.")
