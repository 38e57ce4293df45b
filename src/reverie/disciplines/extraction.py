r"""From a paragraph to proposed cards: formulas in LaTeX or plain text, what their symbols mean, values and examples.

No language model is needed, and none is trusted: whoever found a formula, it passes the closed-vocabulary reader, the
dimension check and the worked examples, and a person confirms. What is recognised::

    d = v t + v^2 / (2 a), where d is the stopping distance in m, v is the speed in km/h, t = 2.5 s is the reaction
    time, and a = 3.4 m/s^2 is the deceleration. For example, for v = 90 km/h, d = 154.4 m.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from reverie.disciplines.card import Card, Constant, Example, ExpressionBody, Input, Output, Source
from reverie.disciplines.formula import FUNCTIONS, FormulaError, read_formula
from reverie.disciplines.latex import read_latex
from reverie.disciplines.module import open_card
from reverie.disciplines.pdf import pdf_text
from reverie.disciplines.units import UnitError, dimensions
from reverie.errors import BadData, MissingData, ReverieError
from reverie.untrusted import read_text

__all__ = ["Proposal", "propose", "read_document"]

_DOCUMENT, _FORMULAS = 200_000, 100
_GAP, _MAYBE = r"\s{1,20}", r"\s{0,20}"
_SYMBOL = r"(?:\\?[A-Za-z]{1,40}(?:_\{?\w{1,40}\}?)?)"
_UNIT = r"[A-Za-z%°µ][\w/^*·%°µ-]{0,60}(?:\s?[/*]\s?[A-Za-z][\w^]{0,20}){0,5}"
_NUMBER = r"[-+]?\d{1,40}(?:\.\d{1,40})?(?:\s?(?:e|\\times\s?10\^|×\s?10\^)\{?[-+]?\d{1,4}\}?)?"
_WHAT = r"[A-Za-z][A-Za-z \-]{0,100}"
_THE = rf"(?:(?:the|a|an){_GAP})?"
_NAMED = rf"(?<![\w\\])\$?(?P<name>{_SYMBOL})"
_DISPLAY = re.compile(
    r"\\begin\{(?:equation|align|gather)\*?\}(?P<a>(?:(?!\\begin).){1,2000}?)\\end\{"
    r"|\\\[(?P<b>(?:(?!\\\[).){1,2000}?)\\\]|\$\$(?P<c>[^$]{1,2000}?)\$\$|\$(?P<d>[^$]{1,2000}?)\$",
    re.S,
)
_LINE = re.compile(
    rf"(?<![\w.])(?P<left>{_SYMBOL}){_MAYBE}={_MAYBE}(?P<right>[^=;\n]{{1,500}}?)"
    rf"(?=,?{_GAP}(?:where|with|in which|here)\b|[.;]\s|[.;]?$|\n)"
)
_MEANS = re.compile(
    rf"{_NAMED}\$?{_GAP}(?:is|denotes|stands for|being|:){_GAP}{_THE}(?P<what>{_WHAT}?)(?:{_MAYBE},)?{_GAP}"
    rf"(?:in|measured in){_GAP}(?P<unit>{_UNIT})"
)
_PURE = re.compile(
    rf"{_NAMED}\$?{_GAP}(?:is|denotes){_GAP}{_THE}(?P<what>{_WHAT}?),?{_GAP}"
    r"(?:without (?:a )?unit|dimensionless|a number)"
)
_VALUE = re.compile(
    rf"{_NAMED}{_MAYBE}={_MAYBE}(?P<value>{_NUMBER})\$?(?:{_MAYBE}(?P<unit>{_UNIT}))?{_GAP}is{_GAP}(?:the{_GAP}|a{_GAP})?"
    rf"(?P<what>{_WHAT})"
)
_GIVEN = re.compile(rf"{_NAMED}{_MAYBE}(?:=|of){_MAYBE}(?P<value>{_NUMBER})\$?{_MAYBE}(?P<unit>{_UNIT})?")
_EXAMPLE = re.compile(
    rf"(?:For example|Example|For instance|E\.g\.)[:,]?{_GAP}(?P<text>.{{1,500}}?)(?:\.\s|\.?$|\n\n)", re.S
)
_WORDS = {
    "and",
    "is",
    "the",
    "with",
    "at",
    "gives",
    "for",
    "so",
    "where",
    "one",
    "gets",
    "to",
    "then",
    "of",
    "we",
    "find",
}


@dataclass(frozen=True)
class Proposal:
    """A formula that was found.

    Attributes
    ----------
    card : Card or None
        Proposed, with its place in the source; None where it cannot be made.
    problems : tuple of str
        Why it does not hold, or what a person must look at.
    found : str
        The words of the source.
    """

    found: str
    place: str
    card: Card | None
    problems: tuple[str, ...] = field(default=())

    @property
    def holds(self) -> bool:
        return self.card is not None and not self.problems


def read_document(path: Path) -> str:
    """The text of a .txt, .md, .tex or .pdf file."""
    if path.suffix.lower() != ".pdf":
        return read_text(path, largest=4 * _DOCUMENT, what="text, LaTeX or PDF file", errors="replace")
    if not path.is_file():
        raise MissingData(f"{path} is not there. Give a text, LaTeX or PDF file.")
    if find_spec("pypdf") is None:
        raise ReverieError("PDF needs the package pypdf. Run: pip install 'reverie[disciplines]'")
    try:
        return pdf_text(path)
    except ValueError as error:
        raise BadData(f"{path.name} is no readable PDF ({error}). Give its text instead.") from None


def propose(
    text: str,
    *,
    name: str = "proposed.card",
    source: str = "text",
    finder: Callable[[str], list[str]] | None = None,
) -> list[Proposal]:
    """Propose cards for the formulas of a text.

    Parameters
    ----------
    name : str
        discipline.topic; further formulas get a number.
    source : str
        Where the text is from; goes into the card.
    finder : callable, optional
        Finds formulas ("left = right") in a text, a language model say. What it finds is checked like the rest.

    Examples
    --------
    >>> found = propose("p = r + s, where p is the sum in m, r is the first in m, s is the second in kg.")
    >>> found[0].holds, found[0].problems[0]
    (False, 'In r + s the part s has the dimension mass beside length.')
    """
    if len(text) > _DOCUMENT:
        raise BadData(f"The text has {len(text)} letters. Expected at most {_DOCUMENT}: give the chapter that matters.")
    formulas = [(one, text.find(one)) for one in finder(text)] if finder is not None else _formulas(text)
    if len(formulas) > _FORMULAS:
        raise BadData(f"The text has {len(formulas)} formulas. Expected at most {_FORMULAS}: give a part of it.")
    proposals = []
    for place, (formula, start) in enumerate(formulas):
        line = text[: max(start, 0)].count("\n") + 1
        own = name if place == 0 else f"{name}{place + 1}"
        proposals.append(_proposal(formula, text, own, source, f"line {line}"))
    return proposals


def _formulas(text: str) -> list[tuple[str, int]]:
    """Left sides with right sides that are more than a value."""
    found: list[tuple[str, int]] = []
    for match in _DISPLAY.finditer(text):
        inside = next(part for part in match.groups() if part)
        if "=" in inside:
            found.append((inside.strip().strip(".,"), match.start()))
    plain = _DISPLAY.sub(lambda match: " " * len(match.group()), text)
    plain = _EXAMPLE.sub(lambda match: " " * len(match.group()), plain)
    for match in _LINE.finditer(plain):
        found.append((f"{match['left']} = {match['right'].strip().rstrip(',')}", match.start()))
    values = re.compile(rf"^[^=]+={_MAYBE}{_NUMBER}{_MAYBE}(?:{_UNIT})?(?:{_GAP}is\b.*)?$", re.S)
    return sorted(((one, at) for one, at in found if not values.match(one)), key=lambda pair: pair[1])


def _proposal(formula: str, text: str, name: str, source: str, place: str) -> Proposal:
    left, _, right = formula.partition("=")
    output = _plain(left)
    glossary = {_plain(m["name"]): (m["what"].strip(), _unit(m["unit"])) for m in _MEANS.finditer(text)}
    glossary |= {_plain(m["name"]): (m["what"].strip(), "dimensionless") for m in _PURE.finditer(text)}
    values: dict[str, tuple[float, str, str]] = {}
    for one in _VALUE.finditer(text):
        values[_plain(one["name"])] = (_number(one["value"]), _unit(one["unit"] or ""), one["what"].strip())
    names = [known for known in {**glossary, **values} if known != output]
    try:
        expression = read_latex(right, names) if "\\" in right or "{" in right else _read_plain(right, names)
    except FormulaError as error:
        return Proposal(formula, place, None, (f"{error} Add to the text what each symbol is, and its unit.",))
    if output not in glossary:
        return Proposal(formula, place, None, (f"The text does not say what {output} is, and in which unit.",))
    used = {symbol.name for symbol in expression.free_symbols}
    examples = _examples(text, used - values.keys(), output, glossary)
    try:
        card = Card(
            card=name,
            version="0.1.0",
            title=f"{glossary[output][0].capitalize()} ({output})",
            status="proposed",
            valid_from=date.today(),
            source=Source(title=source, reference=f"{source}, {place}", found=formula),
            inputs={n: Input(unit=u, meaning=w) for n, (w, u) in glossary.items() if n in used and n not in values},
            constants={n: Constant(value=v, unit=u, meaning=w) for n, (v, u, w) in values.items() if n in used},
            outputs={output: Output(unit=glossary[output][1], meaning=glossary[output][0])},
            body=ExpressionBody(kind="expression", equations={output: str(expression).replace("**", "^")}),
            examples=tuple(examples or [Example(given={}, expect={output: 0.0}, source="missing")]),
        )
    except (ValueError, UnitError) as error:
        return Proposal(formula, place, None, (str(error).splitlines()[0],))
    return Proposal(formula, place, card, tuple(_problems(card)))


def _problems(card: Card) -> list[str]:
    if card.examples[0].source == "missing":
        try:
            from reverie.disciplines.bodies import build_body

            build_body(card).dimensions()
        except BadData as error:
            return [str(error)]
        return ["The text has no worked example (For example, for v = 90 km/h, d = 154 m). Add one."]
    try:
        open_card(card)
    except BadData as error:
        return [str(error).partition(": ")[2] or str(error)]
    return []


def _examples(text: str, inputs: set[str], output: str, glossary: dict[str, tuple[str, str]]) -> list[Example]:
    found = []
    for match in _EXAMPLE.finditer(text):
        given: dict[str, float | str] = {}
        expect: dict[str, float | str] = {}
        for one in _GIVEN.finditer(match["text"]):
            name, number = _plain(one["name"]), _number(one["value"])
            unit = _unit(one["unit"] or "") if (one["unit"] or "").lower() not in _WORDS else ""
            own = glossary.get(name, ("", "dimensionless"))[1]
            value: float | str = number if unit in ("", "dimensionless", own) else f"{number!r} {unit}"
            (expect if name == output else given if name in inputs else {})[name] = value
        if expect and inputs <= given.keys():
            found.append(Example(given=given, expect=expect, source=match["text"].strip()[:200]))
    return found


def _read_plain(text: str, names: list[str]) -> Any:
    """A formula in prose: neighbours multiply, as in LaTeX, unless it has signs throughout."""
    try:
        return read_formula(text, names)
    except FormulaError as first:
        try:
            spelled = re.sub(r"(?<![\\\w])(" + "|".join(FUNCTIONS) + r")\s*(?=\()", r"\\\1", text)
            return read_latex(spelled, names)
        except FormulaError:
            raise first from None


def _plain(name: str) -> str:
    return re.sub(r"[\\{}\s$]", "", name)


def _unit(text: str) -> str:
    text = text.strip().rstrip(".,").replace("·", "*").replace("°C", "degC").replace("µ", "u").replace("%", "percent")
    if not text:
        return "dimensionless"
    try:
        dimensions(text)
    except UnitError:
        first = text.split()[0] if text.split() else ""
        dimensions(first)
        return first
    return text


def _number(text: str) -> float:
    text = re.sub(r"\s", "", text)
    return float(re.sub(r"(?:\\times|×)10\^\{?([-+]?\d+)\}?", r"e\1", text))
