"""A reader of formulas with a closed vocabulary: only declared symbols exist.

A reader that accepts any name reads `E_f` as a product or as a new symbol, and nobody notices. Here a name is a
declared symbol, one of a few functions, or an error; what could be read in two ways is an error too. The result is a
SymPy expression. Plain formulas are read here; `latex.py` turns LaTeX into the same words.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from reverie.disciplines.sizes import (
    DEEPEST,
    WORDS,
    FormulaError,
    finite,
    require_power,
    require_short,
    require_values,
)

__all__ = ["FUNCTIONS", "FormulaError", "Word", "read_formula", "read_words"]

FUNCTIONS = (
    *("exp", "log", "ln", "log10", "sqrt", "abs", "min", "max", "floor", "sin", "cos", "tan"),
    *("asin", "acos", "atan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh"),
)
"""The functions that a formula may call; `log` and `ln` are both the natural logarithm."""

_MOST = 20  # values of min and max

_PLAIN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])|(?P<name>[^\W\d]\w*)"
    r"|(?P<op>\*\*|<=|>=|==|!=|[-+*/^(),<>])|(?P<other>\S))"
)


class Word(NamedTuple):
    """A word of a formula: a number, a symbol, a function, or an operator."""

    kind: str
    text: str


def read_formula(text: str, symbols: Iterable[str]) -> Any:
    """Read a plain formula.

    Parameters
    ----------
    text : str
        With `+ - * / ^ **`, comparisons, `and or not`, numbers, declared symbols and the functions in `FUNCTIONS`.
    symbols : iterable of str
        The vocabulary. `pi` is known unless it is declared.

    Returns
    -------
    sympy.Expr
        Or a SymPy relation, for a comparison.

    Raises
    ------
    FormulaError
        For an unknown name (the message lists the known ones), or a formula that has no single reading.

    Examples
    --------
    >>> read_formula("v^2 / (2 * mu * g)", ["v", "mu", "g"])
    v**2/(2*g*mu)
    """
    require_short(text)
    known = set(symbols)
    words: list[Word] = []
    for match in _PLAIN.finditer(text.strip()):
        kind, value = str(match.lastgroup), str(match.group(match.lastgroup or 0))
        if kind == "other":
            raise FormulaError(f"{value!r} in {text!r} is no part of a formula. Use + - * / ^ ( ) and declared names.")
        if kind == "name":
            kind = _kind_of(value, known, text)
        words.append(Word(kind, value))
    return read_words(words, text=text)


def _kind_of(name: str, known: set[str], text: str) -> str:
    if name in known:
        return "symbol"
    if name in FUNCTIONS:
        return "function"
    if name == "pi":
        return "constant"
    if name in ("and", "or", "not"):
        return "op"
    listed = ", ".join(sorted(known)) or "none"
    raise FormulaError(f"{text!r} uses {name!r}, which is not declared. Declared: {listed}. Declare it or correct it.")


def read_words(words: Sequence[Word], *, text: str, implicit: bool = False) -> Any:
    """Read a formula that is already in words; `implicit` lets neighbours multiply, as in LaTeX."""
    if len(words) > WORDS:
        raise FormulaError(f"A formula of {len(words)} words. Expected at most {WORDS}: write its steps one by one.")
    reader = _Reader(list(words), text, implicit)
    try:
        value = reader.either()
        if reader.next is not None:
            raise FormulaError(
                f"{text!r}: {reader.next.text!r} is not expected there. Write the operator that is meant."
            )
        require_values(value)
    except (TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise FormulaError(
            f"{text!r}: this cannot be computed ({error}). Is a comparison taken for a number?"
        ) from None
    return value


class _Reader:
    """Recursive descent: either → both → negation → comparison → sum → product → sign → power → atom."""

    def __init__(self, words: list[Word], text: str, implicit: bool) -> None:
        self._words, self._text, self._implicit, self._at, self._depth = words, text, implicit, 0, 0

    @property
    def next(self) -> Word | None:
        return self._words[self._at] if self._at < len(self._words) else None

    def _take(self, *texts: str) -> str | None:
        if self.next is not None and self.next.kind == "op" and self.next.text in texts:
            self._at += 1
            return self._words[self._at - 1].text
        return None

    def _fail(self, why: str) -> FormulaError:
        return FormulaError(f"{self._text!r}: {why}")

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._fail(f"more than {DEEPEST} signs, exponents or parentheses within one another.")
        yield
        self._depth -= 1

    def either(self) -> Any:
        import sympy

        parts = [self.both()]
        while self._take("or"):
            parts.append(self.both())
        return sympy.Or(*parts) if len(parts) > 1 else parts[0]

    def both(self) -> Any:
        import sympy

        parts = [self.negation()]
        while self._take("and"):
            parts.append(self.negation())
        return sympy.And(*parts) if len(parts) > 1 else parts[0]

    def negation(self) -> Any:
        import sympy

        if not self._take("not"):
            return self.comparison()
        with self._deeper():
            return sympy.Not(self.negation())

    def comparison(self) -> Any:
        import sympy

        left = self.sum()
        sign = self._take("<", "<=", ">", ">=", "==", "!=")
        if sign is None:
            return left
        kinds = {"<": sympy.Lt, "<=": sympy.Le, ">": sympy.Gt, ">=": sympy.Ge, "==": sympy.Eq, "!=": sympy.Ne}
        return kinds[sign](left, self.sum())

    def sum(self) -> Any:
        import sympy

        terms = [self.product()]
        while sign := self._take("+", "-"):
            terms.append(self.product() if sign == "+" else -self.product())
        return sympy.Add(*terms) if len(terms) > 1 else terms[0]

    def product(self) -> Any:
        value, divided = self.sign(), False
        while True:
            sign = self._take("*", "/", "**")
            if sign == "**":
                raise self._fail("a power of a power; write parentheses.")
            if sign is None:
                if not self._starts_factor():
                    return value
                if divided:
                    raise self._fail("what is divided by is followed by a factor without a sign; write parentheses.")
                self._refuse_numbers()
                value = value * self.sign()
            else:
                factor = self.sign()
                value = value * factor if sign == "*" else value / factor
                divided = self._implicit and sign == "/"

    def _starts_factor(self) -> bool:
        word = self.next
        if not self._implicit or word is None:
            return False
        return word.kind != "op" or word.text == "("

    def _refuse_numbers(self) -> None:
        """`2 3` and `2 1/2` have two readings."""
        before, word = self._words[self._at - 1], self.next
        if word is not None and word.kind == "number" and before.text != ")":
            raise self._fail(f"{before.text} and {word.text} stand side by side; write the sign between them.")

    def sign(self) -> Any:
        with self._deeper():
            if self._take("-"):
                return -self.sign()
            return self.sign() if self._take("+") else self.power()

    def power(self) -> Any:
        base = self.atom()
        if self._take("^", "**"):
            if self._implicit and self.next is not None and self.next.kind == "number" and len(self.next.text) > 1:
                raise self._fail("an exponent of several digits without braces.")
            exponent = self.sign() if not self._implicit else self.atom()
            require_power(base, exponent)
            return base**exponent
        return base

    def atom(self) -> Any:
        import sympy

        word = self.next
        if word is None:
            raise self._fail("it ends where a value is expected.")
        self._at += 1
        if word.kind == "number":
            finite(word.text)
            return sympy.Integer(word.text) if word.text.isdigit() else sympy.Float(word.text)
        if word.kind == "symbol":
            return sympy.Symbol(word.text)
        if word.kind == "constant":
            return {"pi": sympy.pi, "e": sympy.E}[word.text]
        if word.kind == "function":
            return self._call(word.text)
        if word.text == "(":
            value = self.either()
            if not self._take(")"):
                raise self._fail("a parenthesis is not closed.")
            return value
        raise self._fail(f"{word.text!r} stands where a value is expected.")

    def _call(self, name: str) -> Any:
        exponent = None
        if self._implicit and self._take("^"):
            exponent = self.atom()
            if not (exponent.is_Integer and exponent > 0):
                raise self._fail(f"{name}^{exponent} has two readings (a power, an inverse); write it otherwise.")
        bare = self.next is None or self.next.text != "("
        if bare and not self._implicit:
            raise self._fail(f"{name} needs its argument in parentheses.")
        if bare:
            with self._deeper():
                values = [self.power()]
            if self._starts_factor() and self.next is not None and self.next.kind != "function":
                raise self._fail(f"where does the argument of {name} end? Write parentheses.")
        else:
            self._at += 1
            values = [self.either()]
            while self._take(","):
                values.append(self.either())
            if not self._take(")"):
                raise self._fail(f"the parenthesis of {name} is not closed.")
        value = _apply(name, values, self._fail)
        if exponent is None:
            return value
        require_power(value, exponent)
        return value**exponent


def _apply(name: str, values: list[Any], fail: Any) -> Any:
    import sympy

    for value in values:
        if value.is_number:
            finite(value)  # before a function makes more of it
    if len(values) > _MOST:
        raise fail(f"{name} of {len(values)} values; expected at most {_MOST}.")
    if name in ("min", "max"):
        return (sympy.Min if name == "min" else sympy.Max)(*values)
    if len(values) != 1:
        raise fail(f"{name} takes one argument, {len(values)} are given.")
    if name == "log10":
        return sympy.log(values[0]) / sympy.log(10)
    renamed = {"ln": "log", "abs": "Abs", "arcsin": "asin", "arccos": "acos", "arctan": "atan"}
    return getattr(sympy, renamed.get(name, name))(values[0])
