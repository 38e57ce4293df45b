"""From a SymPy expression to code that computes: on NumPy arrays, on torch tensors, or on one row of floats.

The three run the same source, so that they cannot disagree about what a formula means.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["compiled", "namespace"]

_RENAMED = {"Abs": "absolute", "Max": "maximum", "Min": "minimum"}
_SIGNS = {"StrictLessThan": "<", "LessThan": "<=", "StrictGreaterThan": ">", "GreaterThan": ">=", "Equality": "=="}


def compiled(expressions: Sequence[Any], names: Sequence[str], *, kind: str = "numpy") -> Callable[..., list[Any]]:
    """A function of `names`, in their order, that gives the value of each expression.

    Parameters
    ----------
    expressions : sequence of sympy.Expr
    names : sequence of str
        Every symbol that they use.
    kind : str
        "numpy", "torch", or "math" for a row of floats (microseconds).

    Examples
    --------
    >>> import sympy
    >>> x, y = sympy.symbols("x y")
    >>> compiled([sympy.sqrt(x) + y], ["x", "y"], kind="math")(9.0, 1.0)
    [4.0]
    """
    import sympy

    shared, results = sympy.cse(list(expressions), symbols=sympy.numbered_symbols("_t"))
    arguments = {name: f"_a{place}" for place, name in enumerate(names)}
    lines = [f" {symbol.name} = {_source(value, arguments)}" for symbol, value in shared]
    returned = ", ".join(_source(value, arguments) for value in results)
    text = "\n".join([f"def program({', '.join(arguments.values())}):", *lines, f" return [{returned}]"])
    space = dict(namespace(kind))
    exec(text, space)  # made above from a closed set of operations; no text of a card is in it
    program: Callable[..., list[Any]] = space["program"]
    return program


def _source(value: Any, arguments: Mapping[str, str]) -> str:
    def of(part: Any) -> str:
        return _source(part, arguments)

    kind = type(value).__name__
    if value.is_Symbol:
        return arguments.get(value.name, value.name)
    if kind in ("BooleanTrue", "BooleanFalse"):
        return "True" if kind == "BooleanTrue" else "False"
    if value.is_number:
        return repr(float(value))
    if value.is_Add or value.is_Mul:
        return "(" + (" + " if value.is_Add else " * ").join(map(of, value.args)) + ")"
    if value.is_Pow:
        base, exponent = value.args
        if exponent.is_Integer:
            return f"({of(base)} ** {int(exponent)})" if exponent != -1 else f"(1.0 / {of(base)})"
        if exponent.is_Rational and abs(exponent) * 2 == 1:
            return f"sqrt({of(base)})" if exponent > 0 else f"(1.0 / sqrt({of(base)}))"
        return f"power({of(base)}, {of(exponent)})"
    if kind in _SIGNS or kind == "Unequality":
        return f"({of(value.args[0])} {_SIGNS.get(kind, '!=')} {of(value.args[1])})"
    if kind in ("And", "Or", "Max", "Min"):
        name = {"And": "both", "Or": "either"}.get(kind) or _RENAMED[kind]
        text = of(value.args[0])
        for part in value.args[1:]:
            text = f"{name}({text}, {of(part)})"
        return text
    if kind == "Not":
        return f"negation({of(value.args[0])})"
    return f"{_RENAMED.get(kind, kind)}({', '.join(map(of, value.args))})"


_NAMES = ("exp", "log", "sqrt", "floor", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh")


def namespace(kind: str) -> dict[str, Any]:
    """The functions that a program calls, `where` among them."""
    if kind == "math":
        return {name: _quiet(getattr(math, name)) for name in _NAMES} | {
            "absolute": abs,
            "maximum": max,
            "minimum": min,
            "power": _quiet(pow),
            "both": lambda a, b: a and b,
            "either": lambda a, b: a or b,
            "negation": lambda a: not a,
            "where": lambda condition, yes, no: yes if condition else no,
        }
    if kind == "torch":
        import torch

        def tensor(value: Any) -> Any:
            return value if isinstance(value, torch.Tensor) else torch.tensor(value, dtype=torch.float64)

        def lifted(function: Callable[..., Any]) -> Callable[..., Any]:
            return lambda *values: function(*map(tensor, values))

        renamed = {"power": "pow", "both": "logical_and", "either": "logical_or", "negation": "logical_not"}
        names = (*_NAMES, "absolute", "maximum", "minimum", "power", "both", "either", "negation", "where")
        return {name: lifted(getattr(torch, renamed.get(name, name))) for name in names}
    import numpy as np

    renamed = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "both": "logical_and", "either": "logical_or"}
    renamed["negation"] = "logical_not"
    names = (*_NAMES, "absolute", "maximum", "minimum", "power", "both", "either", "negation", "where")
    return {name: getattr(np, renamed.get(name, name)) for name in names}


def _quiet(function: Callable[..., float]) -> Callable[..., float]:
    """Not a number where a function of floats would raise, as arrays have it."""

    def call(*values: float) -> float:
        try:
            result = function(*values)
        except OverflowError:
            return math.inf
        except ValueError:
            return math.nan
        return math.nan if isinstance(result, complex) else result

    return call
