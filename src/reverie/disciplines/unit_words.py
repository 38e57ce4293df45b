"""Units as texts have them: "degrees Celsius", "kilometres per hour", "J kg^-1", "m s⁻¹", "W/(m^2 K^4)".

`unit_at` reads the unit at the beginning of a text, as far as it goes. A word that is no unit ends it; where the first
word is none, there is no unit, and what was taken for one is prose. Each word is looked up by pint.

    unit    = factor { ("/" | "per" | "*" | "·" | " ") factor }
    factor  = ["square" | "cubic"] name [power | "squared" | "cubed"]  |  "(" unit ")" [power]  |  "1"
"""

import re
from typing import NamedTuple

from reverie.disciplines.units import UnitError, dimensions, scale

__all__ = ["Read", "unit_at"]


class Read(NamedTuple):
    """A unit in pint's spelling, and how many letters of the text it takes."""

    unit: str
    length: int


_WORDS = {
    **dict.fromkeys(("degrees celsius", "degree celsius", "°c", "celsius", "centigrade", r"^\circ c"), "degC"),
    **dict.fromkeys(("degrees fahrenheit", "degree fahrenheit", "°f", "fahrenheit"), "degF"),
    **dict.fromkeys(("degrees kelvin", "kelvins"), "kelvin"),
    **dict.fromkeys(("per cent", "percent", "%", r"\%"), "percent"),
    **dict.fromkeys(("parts per million", "ppm"), "ppm"),
}
_COMMON = (
    "a all an and any are as at be both but by each field for from gives has have he her here his i if in is "
    "it its may no not of on one only or other our point points she so such than that the their then there "
    "these they this those to total was we were what when where which while with you your "
)
_NOT_UNITS = frozenset(_COMMON.split())
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_SKIP = re.compile(r"(?:\\[,;: ]|\\mathrm|\\text|\\rm|[ \t]|\n(?!\s*\n)|~)*")
_NAME = re.compile(r"[A-Za-zµμΩÅ°%][A-Za-zµμΩÅ°]*|\\%|\\Omega|\\mu")
_POWER = re.compile(
    r"\s?(?:\^|\*\*)\s?(?:\{\s*([-+−]?\d{1,2})\s*\}|\(\s*([-+−]?\d{1,2})\s*\)|([-+−]?\d{1,2}))|([⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2})"
)
_SHORT = 4  # letters of a unit that may stand beside another with a space between
_DEEPEST, _LONGEST = 3, 200
_MORE = re.compile(
    r"\s?(?:/|\*|·|⋅|\\cdot)\s?[A-Za-z]\w*|\s[A-Za-z]\w*\s?(?:\^|\*\*|[⁻⁰¹²³⁴⁵⁶⁷⁸⁹])[-\d{}]*|\s?(?:\^|\*\*)\S+"
)
"""What goes on as a unit would, though it is none."""


def unit_at(text: str) -> Read | None:
    """The unit with which a text begins; None: it begins with none.

    Raises
    ------
    UnitError
        What begins as a unit and is ambiguous: "J/kg K".

    Examples
    --------
    >>> unit_at("kilometres per hour, and t"), unit_at("m s⁻¹."), unit_at("Germany")
    (Read(unit='kilometres per hour', length=19), Read(unit='m s⁻¹', length=5), None)
    >>> unit_at("degrees Celsius").unit
    'degC'
    """
    text = text[:_LONGEST]
    start = _SKIP.match(text).end()  # type: ignore[union-attr]
    read = _unit(text, start, 0)
    if read is None:
        return None
    unit, end = _plain(read[0]), read[1]
    more = _MORE.match(text, end)
    if more is not None:
        raise UnitError(f"{(text[start:end] + more.group()).strip()!r} is no unit that pint knows.")
    written = text[start:end]
    return Read(written if _same(written, unit) else unit, end)


def _unit(text: str, at: int, depth: int) -> tuple[str, int] | None:
    first = _factor(text, at, depth)
    if first is None:
        return None
    said, at = first
    divided = False
    while True:
        start = _SKIP.match(text, at).end()  # type: ignore[union-attr]
        sign = re.compile(r"per\b|/|\*(?!\*)|·|⋅|\\cdot|×|-(?=[A-Za-z])").match(text, start)
        nxt = _factor(text, _SKIP.match(text, sign.end()).end() if sign else start, depth)  # type: ignore[union-attr]
        if nxt is None or (sign is None and not _beside(text, start, nxt[1])):
            return said, at
        over = sign is not None and sign.group() in ("per", "/")
        if divided and not over:
            raise UnitError(
                f"{text[: nxt[1]].strip()!r} is ambiguous: is what follows the stroke above or below it? Write "
                "J/(kg K) or J kg^-1 K^-1."
            )
        said = f"{said} {'/' if over else '*'} {nxt[0]}"
        divided, at = divided or over, nxt[1]


def _beside(text: str, start: int, end: int) -> bool:
    """Whether what follows a space goes on with the unit: a short symbol, or one with a power."""
    word = _NAME.match(text, start)
    if text[start : start + 1] == "(":
        return True
    return word is not None and start > 0 and (len(word.group()) <= _SHORT or word.end() < end)


def _factor(text: str, at: int, depth: int) -> tuple[str, int] | None:
    if text[at : at + 1] == "{":
        inner = _unit(text, at + 1, depth + 1) if depth < _DEEPEST else None
        end = None if inner is None else _SKIP.match(text, inner[1]).end()  # type: ignore[union-attr]
        if inner is None or end is None or text[end : end + 1] != "}":
            return None
        return _powered(inner[0] if " " not in inner[0] else f"({inner[0]})", text, end + 1)
    if text[at : at + 1] == "(":
        inner = _unit(text, _SKIP.match(text, at + 1).end(), depth + 1) if depth < _DEEPEST else None  # type: ignore[union-attr]
        if inner is None:
            return None
        end = _SKIP.match(text, inner[1]).end()  # type: ignore[union-attr]
        return _powered(f"({inner[0]})", text, end + 1) if text[end : end + 1] == ")" else None
    if re.compile(r"1(?=\s?(?:/|per\b))").match(text, at):
        return "1", at + 1
    raised = re.compile(r"(square|cubic)\s+", re.I).match(text, at)
    at = raised.end() if raised else at
    for words, unit in sorted(_WORDS.items(), key=lambda pair: -len(pair[0])):
        after = text[at + len(words) : at + len(words) + 1]
        if text[at : at + len(words)].lower() == words and not (after.isalpha() and words[-1].isalpha()):
            return _powered(unit, text, at + len(words))
    word = _NAME.match(text, at)
    if word is None or not _known(word.group()):
        return None
    name = {"\\Omega": "ohm", "\\mu": "u"}.get(word.group(), word.group()).replace("μ", "µ")
    said = {"square": f"{name}**2", "cubic": f"{name}**3"}.get(raised[1].lower() if raised else "", name)
    return (said, word.end()) if raised else _powered(said, text, word.end())


def _powered(name: str, text: str, at: int) -> tuple[str, int]:
    """A factor with the power that follows it."""
    power = _POWER.match(text, at)
    if power is not None:
        number = next(part for part in power.groups() if part).translate(_RAISED).replace("−", "-")
        return f"{name}**{int(number)}", power.end()
    spelled = re.compile(r"\s+(squared|cubed)\b").match(text, at)
    if spelled is not None:
        return f"{name}**{2 if spelled[1] == 'squared' else 3}", spelled.end()
    return name, at


def _same(written: str, unit: str) -> bool:
    """Whether a unit can stay as it was written: pint reads it as the same."""
    try:
        return dimensions(written) == dimensions(unit) and scale(written) == scale(unit)
    except UnitError:
        return False


def _known(word: str) -> bool:
    """Whether pint knows it, and it is no common word."""
    if word.lower() in _NOT_UNITS:
        return False
    try:
        dimensions({"\\Omega": "ohm", "\\mu": "micrometer"}.get(word, word))
    except UnitError:
        return False
    return True


def _plain(unit: str) -> str:
    """In fewer signs, as cards have it."""
    return unit[1:-1] if unit.startswith("(") and unit.count("(") == 1 and unit.endswith(")") else unit
