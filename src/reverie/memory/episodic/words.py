"""From a text to the words by which it is found.

Words are folded to small letters and cut to their stems (Porter, 2001, Snowball); words that only hold a sentence
together say nothing about what it says, and neither do those of which questions are made: they are left out. Where a
script puts no spaces between words, pairs of neighbouring characters stand for words.
"""

import re
from functools import cache
from typing import Any

__all__ = ["says_i", "says_you", "speaker_of", "words_of"]

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]+|[^\W{_UNSPACED}]+")
_I = re.compile(r"\b(?:i|me|my|mine|myself|we|us|our|ours)\b", re.IGNORECASE)
_YOU = re.compile(r"\b(?:you|your|yours|yourself|yourselves)\b", re.IGNORECASE)
_SPEAKER = re.compile(r"\s*([^\W\d_][\w .'’-]{0,40}?)\s*:\s")
_SAY_NOTHING = """
a an the and but if or so than that as at by for from in into of on to with about just also too very no not
i me my we us our you your he him his she her it its they them their this these those such there then
am is are was were be been being do does did done has have had having can could may might must shall should will would
what which who whom whose when where why how
"""
"""Articles, conjunctions, prepositions; pronouns and determiners; auxiliaries; what questions are made of."""
_EMPTY = frozenset(_SAY_NOTHING.split())


def words_of(text: str) -> list[str]:
    """Stems of the words that say something, in order.

    Examples
    --------
    >>> words_of("Which paintings did Ana's mother paint in 2021?")
    ['paint', 'ana', 'mother', 'paint', '2021']
    >>> words_of("猫が好き")
    ['猫が', 'が好', '好き']
    """
    found: list[str] = []
    for word in _WORD.findall(text.casefold().replace("’", "'").replace("'s", " ")):
        if word[0] >= "\u0e00" and re.match(f"[{_UNSPACED}]", word):
            found += [word[start : start + 2] for start in range(max(1, len(word) - 1))]
        elif word not in _EMPTY and (len(word) > 1 or word.isdigit()):
            found.append(_stem(word))
    return found


def speaker_of(text: str) -> str:
    """Who says it, where a turn of a conversation begins with a name and a colon; else nothing.

    Examples
    --------
    >>> speaker_of("Ana Sofia: I moved."), speaker_of("It is 12:30 now.")
    ('ana sofia', '')
    """
    found = _SPEAKER.match(text)
    return found[1].casefold() if found else ""


def says_i(text: str) -> bool:
    """Whether somebody speaks of themselves, in English.

    Examples
    --------
    >>> says_i("I'm in Rome."), says_i("It is in Rome.")
    (True, False)
    """
    return _I.search(text) is not None


def says_you(text: str) -> bool:
    """Whether somebody is spoken to, in English.

    Examples
    --------
    >>> says_you("Your dog?"), says_you("Young dogs")
    (True, False)
    """
    return _YOU.search(text) is not None


@cache
def _stemmer() -> Any:
    from snowballstemmer import stemmer

    return stemmer("english")


@cache
def _stem(word: str) -> str:
    return str(_stemmer().stemWord(word)) if word.isascii() and word.isalpha() and len(word) < 40 else word
