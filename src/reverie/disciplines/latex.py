r"""LaTeX formulas, read with a closed vocabulary.

`\mu_{0}`, `T_1` and `kT` are resolved against the declared symbols: a run of letters is a product only where exactly
one way of cutting it into declared symbols exists. SymPy's own two readers take any letter for a symbol of its own.
"""

import re
from collections.abc import Iterable
from typing import Any

from reverie.disciplines.formula import FUNCTIONS, Word, read_words
from reverie.disciplines.sizes import FormulaError, require_short

__all__ = ["read_latex"]

_GREEK = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu"),
    *("xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
)
_VARIANTS = {"varepsilon": "epsilon", "vartheta": "theta", "varphi": "phi", "varrho": "rho", "varsigma": "sigma"}
_SPACES = ("\\,", "\\;", "\\:", "\\!", "\\ ", "~", "\\quad", "\\qquad", "\\displaystyle")
_FONTS = ("mathrm", "mathit", "text", "mathbf", "textit", "textrm", "operatorname")
_RUN = 100  # letters
_PIECE = re.compile(r"\\[a-zA-Z]+|\\.|\d+\.?\d*|\.\d+|[a-zA-Z]|\S")


def read_latex(text: str, symbols: Iterable[str]) -> Any:
    r"""Read a LaTeX formula.

    Parameters
    ----------
    text : str
        The inside of a mathematical environment, without `=`.
    symbols : iterable of str
        The declared names: `mu_0` is met by `\mu_0`, `\mu_{0}` and `\mu_{\mathrm{0}}`, `x1` also by `x_1`.

    Returns
    -------
    sympy.Expr

    Raises
    ------
    FormulaError
        For anything outside the vocabulary, or with two readings.

    Examples
    --------
    >>> read_latex(r"\frac{1}{2} m v^2", ["m", "v"])
    m*v**2/2
    """
    require_short(text)
    for space in sorted(_SPACES, key=len, reverse=True):
        ends = "(?![a-zA-Z])" if space[-1].isalpha() else ""
        text = re.sub(re.escape(space) + ends, " ", text)
    pieces = _PIECE.findall(re.sub(r"\\(left|right|big|Big|bigl|bigr)(?![a-zA-Z])\s*\.?", "", _bars(text)))
    return read_words(_Words(pieces, list(symbols), text).all(), text=text, implicit=True)


def _bars(text: str) -> str:
    """`\\left| x \\right|` as a call of abs."""
    text = re.sub(r"\\left\s*(\||\\lvert|\\vert)", r"\\absolute(", text)
    return re.sub(r"\\right\s*(\||\\rvert|\\vert)", ")", text)


class _Words:
    """Pieces of LaTeX to words of a formula."""

    def __init__(self, pieces: list[str], symbols: list[str], text: str) -> None:
        self._pieces, self._text, self._at = pieces, text, 0
        self._known: dict[str, str] = {}
        doubled = set()
        for name in symbols:
            key = _key(name)
            if key in self._known:
                doubled |= {name, self._known[key]}
            self._known[key] = name
        if doubled:
            raise FormulaError(f"In LaTeX {' and '.join(sorted(doubled))} look the same. Rename one of them.")

    def _fail(self, why: str) -> FormulaError:
        listed = ", ".join(sorted(self._known.values())) or "none"
        return FormulaError(f"{self._text.strip()!r}: {why} Declared: {listed}.")

    def all(self) -> list[Word]:
        words: list[Word] = []
        while self._at < len(self._pieces):
            words += self._one()
        return words

    def _peek(self, piece: str) -> bool:
        return self._at < len(self._pieces) and self._pieces[self._at] == piece

    def _group(self) -> list[str]:
        """The pieces of a brace group, or the single piece that stands for one."""
        if self._at >= len(self._pieces):
            raise self._fail("it ends where a group is expected.")
        if not self._peek("{"):
            self._at += 1
            piece = self._pieces[self._at - 1]
            if piece[0].isdigit() and len(piece) > 1:
                raise self._fail(f"does {piece} without braces mean its first digit only? Write braces.")
            return [piece]
        depth, start = 0, self._at + 1
        while self._at < len(self._pieces):
            depth += {"{": 1, "}": -1}.get(self._pieces[self._at], 0)
            self._at += 1
            if depth == 0:
                return self._pieces[start : self._at - 1]
        raise self._fail("a brace is not closed.")

    def _inner(self) -> list[Word]:
        inner = _Words(self._group(), [], self._text)
        inner._known = self._known
        return [Word("op", "("), *inner.all(), Word("op", ")")]

    def _one(self) -> list[Word]:
        piece = self._pieces[self._at]
        if piece.isalpha():
            return self._letters()
        self._at += 1
        if piece[0].isdigit() or piece[0] == ".":
            return [Word("number", piece)]
        if piece in "+-*/^(),<>":
            return [Word("op", piece)]
        if piece in "{}[]":
            return [Word("op", "(" if piece in "{[" else ")")]
        if piece in ("\\{", "\\}", "\\lbrace", "\\rbrace"):
            return [Word("op", "(" if piece in ("\\{", "\\lbrace") else ")")]
        if not piece.startswith("\\"):
            raise self._fail(f"{piece!r} has no meaning here.")
        return self._command(piece[1:])

    def _command(self, name: str) -> list[Word]:
        name = _VARIANTS.get(name, name)
        if name in ("cdot", "times"):
            return [Word("op", "*")]
        if name in ("le", "leq", "ge", "geq"):
            return [Word("op", "<=" if name[0] == "l" else ">=")]
        if name in ("frac", "dfrac", "tfrac"):
            before = self._pieces[self._at - 2] if self._at > 1 else ""
            top = self._inner()
            whole = [Word("op", "("), *top, Word("op", "/"), *self._inner(), Word("op", ")")]
            if before[:1].isdigit() and all(word.kind != "symbol" for word in whole):
                raise self._fail("a number beside a fraction of numbers is a sum to some and a product to others.")
            return whole
        if name == "sqrt":
            if self._peek("["):
                raise self._fail("a root with an index; write a power.")
            return [Word("function", "sqrt"), *self._inner()]
        if name == "absolute":
            return [Word("function", "abs")]
        if name in _FONTS:
            return self._spelled("".join(self._group()))
        if name.lower() in _GREEK:
            return self._spelled(name)
        if name in FUNCTIONS:
            return [Word("function", name)]
        raise self._fail(f"\\{name} is not known.")

    def _letters(self) -> list[Word]:
        """A run of letters, with a subscript on the last: cut into declared symbols in the one way there is."""
        start = self._at
        while self._at < len(self._pieces) and re.fullmatch("[a-zA-Z]", self._pieces[self._at]):
            self._at += 1
        return self._spelled("".join(self._pieces[start : self._at]))

    def _spelled(self, letters: str) -> list[Word]:
        subscript = ""
        if self._peek("_"):
            self._at += 1
            subscript = _key("".join(self._group()))
        if len(letters) > _RUN:
            raise self._fail(f"{len(letters)} letters without a sign between them, more than {_RUN}.")
        if letters in FUNCTIONS and not subscript and _key(letters) not in self._known:
            return [Word("function", letters)]
        cuts = self._cuts(letters, subscript)
        if len(cuts) > 1:
            ways = " or ".join("·".join(cut) for cut in cuts)
            raise self._fail(f"{letters!r} can be read as {ways}.")
        if cuts:
            return [Word("symbol", name) for name in cuts[0]]
        if letters in ("pi", "e") and not subscript:
            return [Word("constant", letters)]
        raise self._fail(f"{letters + ('_' + subscript if subscript else '')!r} is not declared.")

    def _cuts(self, letters: str, subscript: str) -> list[list[str]]:
        """The ways to cut letters into declared symbols, at most two; the last symbol has the subscript.

        From the end to the beginning, so that the time does not grow with the number of ways.
        """
        ways: list[list[list[str]]] = [[] for _ in letters]
        for start in range(len(letters) - 1, -1, -1):
            whole = self._known.get(_key(letters[start:] + subscript))
            found = [[whole]] if whole is not None else []
            for end in range(start + 1, len(letters)):
                head = self._known.get(_key(letters[start:end])) if ways[end] else None
                found += [[head, *rest] for rest in ways[end]] if head is not None else []
            ways[start] = found[:2]
        return ways[0] if ways else []


def _key(name: str) -> str:
    """What is left of a name when typography is taken away: underscores, braces, commas, fonts."""
    name = re.sub(r"\\(?:" + "|".join(_FONTS) + r")(?![a-zA-Z])", "", name)
    return re.sub(r"[\s{}_,\\]", "", name)
