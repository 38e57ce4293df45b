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
from reverie.disciplines.unit_words import unit_at
from reverie.disciplines.units import UnitError, dimensions
from reverie.errors import BadData, MissingData, ReverieError
from reverie.untrusted import read_text

__all__ = ["Proposal", "propose", "read_document"]

_DOCUMENT, _FORMULAS = 200_000, 100
_GAP, _MAYBE = r"\s{1,20}", r"\s{0,20}"
_SYMBOL = r"(?:\\?[A-Za-z]{1,40}(?:_\{?\w{1,40}\}?)?)"
_NUMBER = (
    r"[-+−]?(?:\d{1,3}(?:,\d{3})++|\d{1,40}+)(?:\.\d{1,40}+)?+(?![,.]?\d)"
    r"(?:\s?(?:e|(?:\\times|\\cdot|×|·|\*)\s?10\s?\^)\{?[-+−]?\d{1,4}+\}?|\s?(?:×|·)\s?10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]{1,4}+)?+"
)
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
    rf"{_NAMED}\$?{_GAP}(?:is|denotes|stands for|being|:){_GAP}{_THE}(?=(?P<rest>[^.;\n=][^;=]{{0,200}}))"
)
_IN = re.compile(rf"(?:,{_MAYBE}|{_GAP}\(?|{_GAP})(?:measured{_GAP}|given{_GAP}|expressed{_GAP})?in{_GAP}")
_PURE = re.compile(
    rf"{_NAMED}\$?{_GAP}(?:is|denotes){_GAP}{_THE}(?P<what>{_WHAT}?),?{_GAP}"
    r"(?:without (?:a )?unit|dimensionless|a number)"
)
_VALUE = re.compile(rf"{_NAMED}{_MAYBE}(?:=|≈|\\approx){_MAYBE}(?P<value>{_NUMBER})\$?")
_IS = re.compile(rf"\$?{_GAP}is{_GAP}{_THE}(?P<what>{_WHAT})")
_GIVEN = re.compile(rf"{_NAMED}{_MAYBE}(?:=|≈|\\approx|of){_MAYBE}(?P<value>{_NUMBER})\$?")
_EXAMPLE = re.compile(
    rf"(?:For example|Example|For instance|E\.g\.)[:,]?{_GAP}(?P<text>.{{1,500}}?)(?:\.\s|\.?$|\n\n)", re.S
)
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
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
        following = [at for _, at in formulas[place + 1 :] if at > start]
        end = following[0] if following else len(text)
        proposals.append(_proposal(formula, text, own, source, f"line {line}", max(start, 0), end))
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
    return sorted(((one, at) for one, at in found if not _only_a_value(one)), key=lambda pair: pair[1])


def _proposal(
    formula: str, text: str, name: str, source: str, place: str, start: int = 0, end: int | None = None
) -> Proposal:
    left, _, right = formula.partition("=")
    output = _plain(left)
    try:
        glossary, values = _said_of(text, start, end)
    except UnitError as error:
        return Proposal(formula, place, None, (str(error),))
    names = [known for known in {**glossary, **values} if known != output]
    try:
        expression = read_latex(right, names) if "\\" in right or "{" in right else _read_plain(right, names)
    except FormulaError as error:
        return Proposal(formula, place, None, (f"{error} Add to the text what each symbol is, and its unit.",))
    if output not in glossary:
        return Proposal(formula, place, None, (f"The text does not say what {output} is, and in which unit.",))
    used = {symbol.name for symbol in expression.free_symbols}
    try:
        examples = _examples(text[start:end], used - values.keys(), output, glossary)
        examples = examples or _examples(text, used - values.keys(), output, glossary)
    except UnitError as error:
        return Proposal(formula, place, None, (str(error),))
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
    if not any(_proves(one) for one in card.examples):
        return [
            "The worked examples have only the numbers 0 and 1, or the same number throughout, and hold for many other "
            "formulas. Add one with other numbers."
        ]
    return []


def _proves(example: Example) -> bool:
    """Whether an example could tell a formula from others: 0, 1 and equal numbers cannot."""
    given = [float(one.split()[0]) if isinstance(one, str) else float(one) for one in example.given.values()]
    return not given or (any(one not in (0.0, 1.0) for one in given) and (len(given) < 2 or len(set(given)) > 1))


def _examples(text: str, inputs: set[str], output: str, glossary: dict[str, tuple[str, str]]) -> list[Example]:
    found = []
    for match in _EXAMPLE.finditer(text):
        given: dict[str, float | str] = {}
        expect: dict[str, float | str] = {}
        said = match["text"]
        for one in _GIVEN.finditer(said):
            name, number = _plain(one["name"]), _number(one["value"])
            unit = _unit_after(said[one.end() :])
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


def _unit_after(text: str) -> str:
    """The unit of a number, by what follows it; a word that stands where a unit would, and is none, is refused."""
    read = unit_at(text)
    if read is not None:
        return read.unit
    word = re.match(r"[ \t~]?([A-Za-zµΩ°%]\w*)", text)
    if word is not None and word[1].lower() not in _WORDS:
        raise UnitError(f"{word[1]!r} is no unit that pint knows. It stands behind a number.")
    return "dimensionless"


Meaning = tuple[str, str]
"""What a symbol is, and its unit."""


def _said_of(text: str, start: int, end: int | None) -> tuple[dict[str, Meaning], dict[str, tuple[float, str, str]]]:
    """What a text says of symbols, and the values of constants, for the formula from `start` to `end`.

    What is said between a formula and the next counts first. What is said elsewhere counts where it is said once.
    """
    near, far = _meanings(text[start:end]), _meanings(text[:start]) + _meanings(text[end:] if end is not None else "")
    own, other = _values(text[start:end]), _values(text[:start]) + _values(text[end:] if end is not None else "")
    glossary: dict[str, Meaning] = {}
    values: dict[str, tuple[float, str, str]] = {}
    for found in (near, far):
        several = {name: {str(dimensions(unit)) for other, (_, unit) in found if other == name} for name, _ in found}
        units = {name: {unit for other, (_, unit) in found if other == name} for name, _ in found}
        for name, _ in found:
            if name in glossary or (found is far and name in dict(own)):
                continue
            if len(several[name]) > 1 or (found is far and len(units[name]) > 1):
                raise UnitError(
                    f"The text gives {name} two units: {', '.join(sorted(units[name]))}. Say after each formula which "
                    "unit its symbols have, or give them two names."
                )
        glossary = dict(reversed(found)) | glossary
    for name, value in own:
        if name in values and values[name][:2] != value[:2]:
            raise UnitError(f"The text gives {name} two values: {values[name][0]:g} and {value[0]:g}. Use two names.")
        values[name] = value
    near_names = {name for name, _ in near}
    for name, value in other:
        several_values = {one[:2] for known, one in other if known == name}
        if name not in values and name not in near_names and len(several_values) == 1:
            values[name] = value
    return glossary, values


def _meanings(text: str) -> list[tuple[str, Meaning]]:
    """Symbols that a text explains: "v is the speed in km/h"."""
    found = []
    for match in _MEANS.finditer(text):
        rest = match["rest"]
        for place in _IN.finditer(rest):
            what = rest[: place.start()].strip(" ,(")
            if not re.fullmatch(_WHAT, what):
                break
            read = unit_at(rest[place.end() :])
            if read is not None:
                found.append((_plain(match["name"]), (what, read.unit)))
                break
    found += [(_plain(m["name"]), (m["what"].strip(), "dimensionless")) for m in _PURE.finditer(text)]
    return found


def _values(text: str) -> list[tuple[str, tuple[float, str, str]]]:
    """Constants with their values: "a = 3.4 m/s^2 is the deceleration"."""
    found = []
    for one in _VALUE.finditer(text):
        rest = text[one.end() : one.end() + 300]
        read = unit_at(rest)
        meant = _IS.match(rest, 0 if read is None else read.length)
        if meant is not None:
            unit = "dimensionless" if read is None else read.unit
            found.append((_plain(one["name"]), (_number(one["value"]), unit, meant["what"].strip())))
    return found


def _only_a_value(formula: str) -> bool:
    """Whether a formula is a number with a unit."""
    match = re.match(rf"^[^=]+(?:=|≈){_MAYBE}{_NUMBER}", formula)
    if match is None:
        return False
    try:
        read = unit_at(formula[match.end() :])
    except UnitError:
        return True
    rest = formula[match.end() + (0 if read is None else read.length) :].strip(" }$")
    return not rest or rest.startswith("is ")


def _number(text: str) -> float:
    text = re.sub(r"\s", "", text).replace("−", "-").replace(",", "")
    raised = re.search(r"10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)$", text)
    if raised is not None:
        text = f"{text[: raised.start()]}10^{raised[1].translate(_RAISED)}"
    return float(re.sub(r"(?:\\times|\\cdot|×|·|\*)10\^\{?([-+]?\d+)\}?", r"e\1", text))
