"""What a memory answers to assistants and to clients: short, in a form that is told before.

A line has what a reader of it can use; what is empty, and what is as usual, is left out.
"""

from datetime import datetime
from typing import Any, NotRequired, cast

from typing_extensions import TypedDict

from reverie.language.lines import dates_of
from reverie.language.recollection import Recollection
from reverie.memory.episodic import Episode

__all__ = [
    "Date",
    "Fact",
    "Found",
    "Line",
    "Recalled",
    "Remembered",
    "cut",
    "fact_of",
    "lines_of",
    "recalled_of",
    "short_line",
]

_LETTERS = 200_000  # of the texts in one answer


class Fact(TypedDict, total=False):
    """A fact: of whom, what of them, its content, and from when until when it holds."""

    who: str | None
    what: str | None
    value: str | None
    valid_from: str
    valid_to: str | None


class Line(TypedDict, total=False):
    """A memory. What is null is left out, and `valid_from` where it is `heard`."""

    id: int
    text: str
    who: str
    what: str
    value: str
    kind: str
    source: str
    trusted: bool
    session: str
    heard: str
    valid_from: str
    valid_to: str
    importance: float
    pinned: bool
    night: int
    merged: int
    forgotten: str


class Date(TypedDict):
    """A date that a text names; `until` is the first moment after."""

    words: str
    since: str
    until: str


class Recalled(Line, total=False):
    """A memory that answers a question."""

    score: float
    strength: float
    comes_from: str
    over: bool
    instructs: bool
    facts: list[Fact]
    dates: list[Date]


class Remembered(TypedDict):
    """What was kept."""

    ids: list[int]
    episodes: list[Line]
    facts: list[Fact]


class Found(TypedDict):
    """What answers a question, the best first."""

    found: list[Recalled]
    left_out: NotRequired[int]


_NAMES = (
    *("id", "text", "who", "what", "value", "kind", "source", "trusted", "session", "heard", "valid_from"),
    *("valid_to", "night", "merged", "forgotten"),
)


def short_line(one: Episode) -> Line:
    """An episode, without what is empty."""
    line: dict[str, Any] = {}
    for name in _NAMES:
        value = getattr(one, name)
        if value is not None and not (name == "valid_from" and value == one.heard):
            line[name] = value.isoformat() if isinstance(value, datetime) else value
    more: dict[str, Any] = {"pinned": True} if one.pinned else {"importance": round(one.importance, 3)}
    return cast(Line, line | more)


def fact_of(one: Episode) -> Fact:
    """The fact of an episode."""
    return {
        "who": one.who,
        "what": one.what,
        "value": one.value,
        "valid_from": one.valid_from.isoformat(),
        "valid_to": None if one.valid_to is None else one.valid_to.isoformat(),
    }


def recalled_of(one: Recollection) -> Recalled:
    """A recollection, with its facts and dates where it has some."""
    line: dict[str, Any] = {} if one.episode is None else dict(short_line(one.episode))
    line |= {
        "text": one.text,
        "score": round(one.score, 3),
        "strength": round(one.strength, 3),
        "comes_from": one.comes_from,
        "over": one.over,
        "instructs": one.instructs,
        "facts": [fact_of(fact) for fact in one.facts],
        "dates": dates_of(one),
    }
    return cast(Recalled, line)


def lines_of(episodes: list[Episode]) -> list[Line]:
    """The lines of some episodes."""
    return [short_line(one) for one in episodes]


def cut(name: str, lines: list[Any]) -> dict[str, Any]:
    """As many lines as an answer has room for, at least one; and how many there are beyond."""
    room = _LETTERS
    for place, line in enumerate(lines):
        room -= sum(len(value) for value in line.values() if isinstance(value, str))
        if place and room < 0:
            return {name: lines[:place], "left_out": len(lines) - place}
    return {name: lines}
