"""Which episodes a night tells the weights, where it cannot tell all of them.

The rule is that of Mattar & Daw (2018, Nature Neuroscience 21) for what a rat's hippocampus replays: what is worth most
is what will be needed, times what telling it changes, ::

    worth = need · gain,   need = (3 + times that it was confirmed) · (½ + importance)

Needed is what was needed before (Anderson & Schooler, 1991, Psychological Science 2); the 3 stands for what nobody has
asked for yet. The gain of a fact is how little the weights know it already (`unknown`); that of what was said in a
talk is how much of it was not said by what is chosen before it (`Unsaid`). Beside it stand the rules that look at one
side only, and the one that looks at nothing. How they fare is measured in `benchmarks/selection.py`, where the
constants were chosen on conversations 1 to 5 of LoCoMo and tested on the others.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from reverie.language.cortex.causal import CausalModel
from reverie.language.cortex.consolidation import sureness
from reverie.language.cortex.keyed import folded, key_of
from reverie.language.cortex.wordings import Wordings
from reverie.language.fact import Fact
from reverie.memory.episodic import Episode, EpisodicStore
from reverie.memory.episodic.words import words_of

__all__ = [
    "Rule",
    "Unsaid",
    "Waiting",
    "importance",
    "importance_and_novelty",
    "most_worth",
    "need",
    "need_times_gain",
    "novelty",
    "times_confirmed",
    "uniform",
    "unknown",
]

_ANY = 3.0  # confirmations that count for what was never confirmed
_WORDS = 10.0  # words of content that say two thirds of what a text can say
_AGAIN = 0.5  # what a word counts that was said already

Numbers = NDArray[np.float64]
Gain = Callable[[list[int]], Numbers]
"""What each episode would change once those at some places are told; shape [n]."""


@dataclass(frozen=True)
class Waiting:
    """What waits for a night.

    Attributes
    ----------
    episodes : list of Episode
        In the order in which they were heard.
    confirmed : list of int
        How often each was confirmed as an answer.
    gain : callable
        From the places of the episodes that are chosen already, what each of all would change, 0…1.
    """

    episodes: list[Episode]
    confirmed: list[int]
    gain: Gain


Rule = Callable[[Waiting, int, torch.Generator], list[int]]
"""The places of so many of those that wait, the first choice first; of equals, what was heard first."""


def uniform(waiting: Waiting, limit: int, generator: torch.Generator) -> list[int]:
    """Any, drawn evenly and without return."""
    drawn: list[int] = torch.randperm(len(waiting.episodes), generator=generator).tolist()
    return drawn[: max(0, limit)]


def novelty(waiting: Waiting, limit: int, generator: torch.Generator) -> list[int]:
    """What was least like anything that was there when it came."""
    return _highest([one.novelty for one in waiting.episodes], limit)


def importance(waiting: Waiting, limit: int, generator: torch.Generator) -> list[int]:
    """What was important when it came."""
    return _highest([one.importance for one in waiting.episodes], limit)


def importance_and_novelty(waiting: Waiting, limit: int, generator: torch.Generator) -> list[int]:
    """Both, added."""
    return _highest([one.importance + one.novelty for one in waiting.episodes], limit)


def need_times_gain(waiting: Waiting, limit: int, generator: torch.Generator) -> list[int]:
    """What will be needed most, times what telling it changes, given what is chosen before it.

    Examples
    --------
    >>> from datetime import datetime, UTC
    >>> now = datetime(2026, 1, 1, tzinfo=UTC)
    >>> one, two, three = (
    ...     Episode(id=id, text=None, who=None, what=None, value=None, kind="semantic", source="user", trusted=True,
    ...             session=None, valid_from=now, valid_to=None, heard=now, novelty=1.0, importance=0.5, stability=1.0,
    ...             difficulty=5.0, rehearsed=now, stage=0, night=None, merged=None, forgotten=None)
    ...     for id in (1, 2, 3)
    ... )
    >>> waiting = Waiting([one, two, three], confirmed=[0, 1, 5], gain=lambda chosen: np.array([0.9, 0.9, 0.1]))
    >>> need_times_gain(waiting, 2, torch.Generator())  # the third is asked for often, but is known
    [1, 0]
    """
    return most_worth(waiting, need(waiting), limit)


def most_worth(waiting: Waiting, needed: Numbers, limit: int) -> list[int]:
    """One after the other, that of most need times gain, given what is chosen before it."""
    chosen: list[int] = []
    for _ in range(min(limit, len(needed))):
        worth = needed * waiting.gain(chosen)
        worth[chosen] = -1.0
        chosen.append(int(worth.argmax()))
    return chosen


def need(waiting: Waiting) -> Numbers:
    """How much each is likely to be needed; shape [n], in no unit."""
    important = np.array([one.importance for one in waiting.episodes], np.float64)
    return np.asarray((_ANY + np.array(waiting.confirmed, np.float64)) * (0.5 + important))


def unknown(model: CausalModel, facts: list[Fact], wordings: Wordings) -> Gain:
    """Gain of facts: 1 − the confidence with which the weights answer it rightly; 1 where they answer otherwise."""
    gain = 1 - np.array([sure or 0.0 for sure in sureness(model, facts, wordings)], np.float64)
    return lambda chosen: gain


def times_confirmed(store: EpisodicStore, waiting: list[Episode]) -> list[int]:
    """How often each was confirmed as an answer; who asked for a key has asked for every version of it."""
    times = Counter(id for recall in store.confirmed() for id in recall.ids)
    asked: Counter[tuple[str, str]] = Counter()
    for one in store.some(times):
        asked[folded(key_of(one))] += times[one.id]
    return [asked[folded(key_of(one))] for one in waiting]


class Unsaid:
    """Gain of what was said in a talk: 1 − exp(−words / 10), where words that were chosen already count half.

    Parameters
    ----------
    texts : list of str

    Examples
    --------
    >>> gain = Unsaid(["I play the violin.", "I play the violin!", "My sister sings."])
    >>> gain([]).round(2).tolist(), gain([0]).round(2).tolist()
    ([0.18, 0.18, 0.18], [0.1, 0.1, 0.18])
    """

    def __init__(self, texts: list[str]) -> None:
        said = [set(words_of(text)) for text in texts]
        column = {word: number for number, word in enumerate(sorted(set().union(*said)))}
        self._says = np.zeros((len(texts), len(column)), np.float32)
        for row, words in enumerate(said):
            self._says[row, [column[word] for word in words]] = 1

    def __call__(self, chosen: list[int]) -> Numbers:
        counts = np.where(self._says[chosen].any(axis=0), np.float32(_AGAIN), np.float32(1))
        return np.asarray(1 - np.exp(-(self._says @ counts).astype(np.float64) / _WORDS))


def _highest(scores: list[float], limit: int) -> list[int]:
    return sorted(range(len(scores)), key=lambda place: -scores[place])[: max(0, limit)]
