"""Units, checked and converted by pint: a formula is about quantities, so it computes in base units.

A card declares `v` in mph and `d` in feet; inside, both are SI, and the formula needs no hidden factor. Currencies and
persons are dimensions of their own.
"""

import math
import re
from functools import lru_cache
from typing import Any, NamedTuple

from reverie.errors import BadData, ReverieError

__all__ = ["Scale", "UnitError", "dimension_of", "dimensions", "quantity", "scale"]


_LETTERS, _DEEPEST, _LARGEST_POWER = 200, 8, 100
_NUMBER = r"[+-]?\s?\d+(?:\.\d+)?(?:/\d+)?"
_POWER = re.compile(rf"(?:\*\*|\^)\s*(?:\(\s*({_NUMBER})\s*\)|({_NUMBER})(?![\w.]))(?!\s*(?:\*\*|\^))")
_NAMES = re.compile(r"[\w\s%°µΩÅ‰*/()·]*")
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_VALUE = re.compile(r"\s*(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*\*?\s*(?P<unit>.*?)\s*", re.S)


class UnitError(BadData):
    """A unit that is not known, or dimensions that do not fit."""


class Scale(NamedTuple):
    """base = factor · value + offset."""

    factor: float
    offset: float


@lru_cache(1)
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


def _spelled(text: str) -> str:
    """A unit for pint, which computes whatever it is given: checked first, for `meter**9**9**9` would take for ever."""
    text = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", lambda raised: f"**{raised.group().translate(_RAISED)}", text.strip())
    if len(text) > _LETTERS or text.count("(") > _DEEPEST:
        raise UnitError(
            f"A unit of {len(text)} letters and {text.count('(')} parentheses. Expected at most {_LETTERS} and "
            f"{_DEEPEST}, something like mg/L."
        )
    exponents, rest = [one[1] or one[2] for one in _POWER.finditer(text)], _POWER.sub(" ", text)
    if "**" in rest or "^" in rest or any(_fraction(one) > _LARGEST_POWER for one in exponents):
        raise UnitError(f"{text!r} is no unit: expected one number up to {_LARGEST_POWER} as exponent, as in m/s^2.")
    if not _NAMES.fullmatch(rest) or any(one != "1" for one in re.findall(r"(?<!\w)\d\w*", rest)):
        raise UnitError(f"{text!r} is no unit. Expected names, and no number but 1: something like mg/L or 1/hour.")
    return text


def _fraction(text: str) -> float:
    """How large an exponent is, its sign apart."""
    top, _, bottom = text.replace(" ", "").partition("/")
    return abs(float(top)) / float(bottom or 1) if float(bottom or 1) else math.inf


@lru_cache(10_000)
def _unit(text: str) -> Any:
    try:
        found = _registry().Unit("dimensionless" if text in ("", "1", "-") else _spelled(text))
        factor = float(_registry().Quantity(1.0, found).to_base_units().magnitude)
    except ReverieError:
        raise
    except Exception:  # pint raises a dozen kinds
        raise UnitError(
            f"{text!r} is no unit that pint knows. Expected something like mg/L, 1/hour or dimensionless."
        ) from None
    if not 1e-100 < abs(factor) < 1e100:
        raise UnitError(f"{text!r} is {factor:g} base units. Expected between 1e-100 and 1e100: take another unit.")
    return found


@lru_cache(10_000)
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
    split = _VALUE.fullmatch(value) if len(value) <= 2 * _LETTERS else None
    if split is None:
        raise UnitError(f"{value!r} is no number with a unit. Expected something like {1.5} {unit}.")
    number, own = float(split["number"]), split["unit"]
    given = _unit(f"1{own}" if own.startswith("/") else own)
    if given.dimensionality != _unit(unit).dimensionality:
        raise UnitError(f"{value!r} has another dimension than {unit!r}. Give it in a unit of that dimension.")
    found = float(_registry().Quantity(number, given).to(_unit(unit)).magnitude)
    if not math.isfinite(found):
        raise UnitError(f"{value!r} is {found} {unit}. Expected a finite number.")
    return found


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
