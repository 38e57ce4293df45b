"""How likely it is that a memory holds the answer to a question.

A good place in a ranking says nothing of that: something is always first. What says it is how much of the question the
first hits cover, and of whom they say it. A hit's sentence covers the share of the question's words of content that it
has, each word counted by its idf in the store; a word that the store never heard is never covered. The sentence is
about its speaker, or where it says "you" and not "I" about whoever else is there, or about whom it names; a fact is
about whom it is of. With A the best coverage by a sentence about whom the question names, among the first five hits, Ā
the mean over the first ten (where there are fewer, the rest cover nothing), and B̄ the mean coverage by sentences
about others, ::

    P = σ(−2.05 + 2.8·A + 9.9·Ā − 15.5·B̄·(1 − A))

So a question about the wrong person, whose words are all there but said of somebody else, is known by B̄. The numbers
are a logistic regression on conversations 1 to 5 of LoCoMo, with as many questions that have an answer as have none
(its adversarial ones, and questions of other conversations under the names of this one); they are measured on the
others (`benchmarks/locomo.py`). Nothing in them depends on how many memories there are, or on the encoder.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reverie.memory.episodic import Episode
from reverie.memory.episodic.mirror import USER, Mirror, asks_of_user, who_speaks
from reverie.memory.episodic.words import says_i, says_you, words_of

__all__ = ["THRESHOLD", "Asked", "Coverage", "as_written", "likelihood", "nearness"]

THRESHOLD = 0.2
"""The score below which the commands show nothing: on conversations 1 to 5 of LoCoMo 95 of 100 questions that have an
answer reach it, and half of those that have none."""

_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])\s*|\n+")
_WORD = re.compile(r"\w+")
_FALLS = 4.0  # the difference in rank that makes a hit a third as likely
_BEST, _ALL = 5, 10  # hits among which the best is looked for, and over which means are taken
_CAPITAL = re.compile(r"(?<=\w )[A-Z][^\W\d_]+")
_FRAME = frozenset(words_of("called named kind type sort tell know remember remind say said thing much many please"))
_NAMED = re.compile(r"\s*[^\W\d_][\w .'’-]{0,40}?\s*:\s")


@dataclass(frozen=True)
class Asked:
    """What a question asks for, and of whom.

    Attributes
    ----------
    people, others : dict of str to frozenset of str
        The people of the memory whom it names, and the others, with the words of their names.
    weights : dict of str to float
        Its words of content, without those names, and what share of the whole each is; together 1.
    heard : bool
        Whether the memory knows whom it names; of who is unknown nothing is said.
    """

    people: dict[str, frozenset[str]]
    others: dict[str, frozenset[str]]
    weights: dict[str, float]
    heard: bool = True

    @classmethod
    def of(cls, question: str, mirror: Mirror) -> "Asked":
        """What a question asks of a memory."""
        words = list(dict.fromkeys(words_of(question)))
        names = mirror.people
        people = {name: parts for name, parts in names.items() if parts and parts.issubset(words)}
        said = {part for parts in people.values() for part in parts}
        if asks_of_user(question) and USER in names:
            people[USER] = names[USER]
        if not people:  # "What is Zoe's dog called?", where nobody has ever told of Zoe
            strange = [one.casefold() for one in _CAPITAL.findall(question)]
            unheard = {one: frozenset(words_of(one)) for one in strange}
            unheard = {
                one: parts for one, parts in unheard.items() if parts and not len(mirror.words.having(list(parts)))
            }
            return cls(
                unheard, {name: parts for name, parts in names.items() if parts}, _weights(words, mirror), not unheard
            )
        others = {name: parts for name, parts in names.items() if parts and name not in people}
        return cls(people, others, _weights([word for word in words if word not in said], mirror))

    def covered(self, words: Collection[str]) -> float:
        """Which share of it some words cover; of a question that is a name alone, any words all of it."""
        if not self.weights:
            return float(bool(self.people))
        return sum(weight for word, weight in self.weights.items() if word in words)


@dataclass(frozen=True)
class Coverage:
    """How much of a question one hit covers.

    Attributes
    ----------
    asked : float
        By a sentence about whom the question names, or by any where it names nobody; 0…1.
    others : float
        By a sentence about somebody else.
    facts : float
        By its facts about whom the question names.
    words : tuple of str
        The words of the question that it has.
    """

    asked: float
    others: float
    facts: float
    words: tuple[str, ...]

    @property
    def worth(self) -> float:
        """What it adds to the number by which the hit is ranked."""
        return 2 * (self.asked - self.others) + 4 * self.facts

    @classmethod
    def of(cls, asked: Asked, episode: Episode, facts: Sequence[tuple[str, str]]) -> "Coverage":
        """How much an episode covers.

        Parameters
        ----------
        facts : sequence of (str, str)
            Of whom it says a fact, and words by which one asks for that.
        """
        speaker = who_speaks(episode)
        text = episode.text or ""
        best = {True: 0.0, False: 0.0}
        there: set[str] = set()
        named = _NAMED.match(text)
        for sentence in _SENTENCE.split(text[named.end() :] if named and speaker else text):
            words = set(words_of(sentence))
            there |= words
            share = asked.covered(words)
            for about in _about(asked, sentence, words, speaker) if share else ():
                best[about] = max(best[about], share)
        known = 0.0
        for who, what in facts:
            words = set(words_of(what))
            there |= words
            about, share = not asked.people or who.casefold() in asked.people, asked.covered(words)
            best[about] = max(best[about], share)
            known = max(known, share) if about and asked.people else known
        return cls(best[True], best[False], known, tuple(word for word in asked.weights if word in there))


def _about(asked: Asked, sentence: str, words: set[str], speaker: str) -> list[bool]:
    """Whether a sentence is about whom the question names, or about others, or about both."""
    if not asked.people or not asked.others:
        return [True]
    own = speaker in asked.people
    i, you = says_i(sentence), says_you(sentence)
    if speaker and i and you:
        return [True, False]
    if speaker and (i or you):
        return [own if i else asked.heard and not own]
    if own or any(parts <= words for parts in asked.people.values()):
        return [True]
    return [not speaker and not any(parts <= words for parts in asked.others.values())]


def _weights(words: list[str], mirror: Mirror) -> dict[str, float]:
    """What share of a question each of its words is; those of which questions are made are none, beside others."""
    words = [word for word in words if word not in _FRAME] or words
    rare = mirror.words.rarity(words)
    return dict(zip(words, (rare / max(float(rare.sum()), 1e-12)).tolist(), strict=True))


def likelihood(hits: Sequence[Coverage]) -> float:
    """The probability that some of the hits, the best first, answer the question.

    Examples
    --------
    >>> right = [Coverage(1.0, 0.0, 0.0, ("dog",)), Coverage(0.2, 0.0, 0.0, ())]
    >>> of_another = [Coverage(0.0, 0.9, 0.0, ("dog",)), Coverage(0.2, 0.4, 0.0, ())]
    >>> round(likelihood(right), 2), round(likelihood(of_another), 2), likelihood([])
    (0.87, 0.05, 0.0)
    """
    if not hits:
        return 0.0
    best = max(one.asked for one in hits[:_BEST])
    mean = sum(one.asked for one in hits[:_ALL]) / _ALL
    others = sum(one.others for one in hits[:_ALL]) / _ALL
    return float(1 / (1 + np.exp(2.05 - 2.8 * best - 9.9 * mean + 15.5 * others * (1 - best))))


def nearness(ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    """How near each of some hits, the best first, comes to the first by the numbers that ranked them; 0…1.

    Examples
    --------
    >>> nearness(np.array([9.0, 9.0, 5.0])).round(2).tolist()
    [1.0, 1.0, 0.37]
    """
    return np.asarray(np.exp((ranks - ranks[:1]) / _FALLS))


def as_written(question: str, words: Collection[str]) -> tuple[str, ...]:
    """The words of a question, as it writes them, of which these are the stems.

    Examples
    --------
    >>> as_written("Which paintings did Ana's mother paint?", words_of("paint Ana"))
    ('paintings', 'Ana', 'paint')
    """
    stems = set(words)
    return tuple(dict.fromkeys(one for one in _WORD.findall(question) if stems.intersection(words_of(one))))
