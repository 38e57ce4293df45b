"""How a language says facts: tables of patterns, one file a language.

A pattern is a regular expression with places in angle brackets, which stand for common parts of a sentence::

    <who> <adv>(?:live|lives) in <place>

A table of patterns was preferred to a grammar: talk is no complete sentence of any grammar, a pattern that does not
match costs nothing, and a reader sees at a glance what is read and what is not.
"""

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

__all__ = ["LOWER", "UPPER", "Language", "Pattern", "plain_letters"]

UPPER, LOWER = "A-ZÀ-ÖØ-ÞŒ", "a-zß-öø-ÿœ"
"""Letters, as patterns see them: `plain_letters` shows them all others as Z or z."""


def plain_letters(text: str) -> str:
    """A text of the same length, in which each letter beyond Latin-1 that has a case is Z or z.

    Examples
    --------
    >>> plain_letters("Łódź, Москва, 北京")
    'Zódz, Zzzzzz, 北京'
    """
    if text.isascii():
        return text
    return "".join(
        sign if sign <= "ÿ" or sign in "Œœ" else "Z" if sign.isupper() else "z" if sign.islower() else sign
        for sign in text
    )


class Pattern(NamedTuple):
    """One way to say a fact.

    Attributes
    ----------
    says : str
        The expression. Its groups are `who`, `what` and `value`; a group that it lacks is given here.
    what : str
        The attribute.
    value : str
        The value.
    ends : bool
        Whether it says that this is no longer so. Without a value, none of the attribute is.
    dated : bool
        Whether a date in the sentence says since when it is so.
    """

    says: str
    what: str = ""
    value: str = ""
    ends: bool = False
    dated: bool = False


@dataclass(frozen=True)
class Language:
    """How one language says facts.

    Attributes
    ----------
    code : str
        By ISO 639-1.
    parts : mapping
        The places that patterns have, by name.
    patterns : tuple of Pattern
        The first that fits a clause reads it.
    clause : str
        What a clause of a sentence begins after.
    filler : str
        What may stand before what is said: "actually", "by the way".
    unsure : str
        With any of these, a sentence says nothing for certain, and is not read.
    nobody : str
        Words that stand in no name of somebody or something, separated by spaces.
    valueless : str
        Words of which a value does not consist.
    cut : str
        Where a value ends.
    relations : str
        Words for relatives, friends and pets.
    speaker : str
        Words for who speaks, and for what is theirs.
    states : str
        Words that say in which state something is; they are no value of an attribute.
    script : str
        Without any of this, a text is not in this language.
    """

    code: str
    parts: dict[str, str]
    patterns: tuple[Pattern, ...]
    clause: str
    filler: str
    unsure: str
    nobody: str
    valueless: str
    cut: str
    relations: str = ""
    speaker: str = ""
    states: str = ""
    script: str = field(default=rf"[{LOWER}{UPPER}]")

    @cached_property
    def compiled(self) -> tuple[tuple[re.Pattern[str], Pattern], ...]:
        return tuple((re.compile(self._filled(one.says)), one) for one in self.patterns)

    @cached_property
    def clauses(self) -> re.Pattern[str]:
        return re.compile(self.clause)

    @cached_property
    def fillers(self) -> re.Pattern[str]:
        return re.compile(rf"(?:(?:{self.filler})(?!\w)\s*[,:!-]?\s*)*", re.IGNORECASE)

    @cached_property
    def doubts(self) -> re.Pattern[str]:
        return re.compile(self.unsure, re.IGNORECASE)

    @cached_property
    def cuts(self) -> re.Pattern[str]:
        return re.compile(self.cut)

    @cached_property
    def no_names(self) -> frozenset[str]:
        return frozenset(self.nobody.split())

    @cached_property
    def no_values(self) -> frozenset[str]:
        return frozenset(self.valueless.split())

    @cached_property
    def no_states(self) -> frozenset[str]:
        return frozenset(self.states.split())

    @cached_property
    def writes(self) -> re.Pattern[str]:
        return re.compile(self.script, re.IGNORECASE)

    def _filled(self, says: str) -> str:
        """An expression with its places filled in; places may hold places."""
        while True:
            filled = re.sub(r"<([a-z]\w*)>", lambda place: self.parts[place[1]], re.sub(r"\(\?P<", "(?P\0", says))
            filled = filled.replace("(?P\0", "(?P<")
            if filled == says:
                return filled
            says = filled
