"""Search: what answers a question, by words and by sense.

Seven numbers are had for each episode: how well its own words match the question (BM25), and those of its window of
three turns and of five, where what stands around it counts as 30 and 60 words at most; the cosine of the question with
its vector, and with that of its window; whether its speaker is named in the question; and how much it says. Each is put
on one scale, as deviations from the mean over what can be recalled, and a weighted sum ranks. Sums of standardised
scores keep how much better one is than the next, which ranks alone lose. Where the question names a date, what was
heard or began to hold then gains; and what is hardly recalled any more loses.

The weights were chosen on conversations 1 to 5 of LoCoMo, as turns and joined into long messages, and are measured on
the others (`benchmarks/locomo.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from reverie.memory.episodic.episode import Episode
from reverie.memory.episodic.maps import Matrix
from reverie.memory.episodic.mirror import WIDE, Mirror, Numbers, Places
from reverie.memory.episodic.words import words_of

__all__ = ["FLOORS", "Weights", "search", "standard", "terms"]


@dataclass(frozen=True, kw_only=True)
class Weights:
    """What counts how much.

    Parameters
    ----------
    own, near, wide : float
        Words of the turn itself, in its window of three turns, and of five.
    cosine, context : float
        Sense of the turn, and of its window of five.
    speaker : float
        Whether its speaker is named in the question.
    saying : float
        How many words of content it has.
    dated : float
        Whether it is of the time that the question names; of t days before or after it, exp(−t / 7) so much.
    strength : float
        How likely it is recalled at all: it loses so much as it is forgotten.
    """

    own: float = 0.2
    near: float = 0.5
    wide: float = 0.9
    cosine: float = 0.7
    context: float = 0.9
    speaker: float = 2.0
    saying: float = 1.1
    dated: float = 3.0
    strength: float = 0.1


FLOORS = {"own": 0.5, "near": 0.5, "wide": 0.5, "cosine": 0.04, "context": 0.05, "speaker": 0.2, "saying": 0.25}
"""Deviations smaller than this are no difference: where few are there, chance would be blown up."""


_NEAR = 30.0
"""As how many words those around a turn count at most, in its window of three."""
_WEEK = 7.0  # days


def terms(mirror: Mirror, question: str, vector: Matrix) -> dict[str, Numbers]:
    """The seven numbers of each place, before they are put on one scale."""
    words = words_of(question)
    cosine, context = mirror.cosines(vector)
    return {
        "own": mirror.words.scores(words, reach=0),
        "near": mirror.words.scores(words, reach=1, most=_NEAR),
        "wide": mirror.words.scores(words, reach=2, most=WIDE),
        "cosine": cosine,
        "context": context,
        "speaker": mirror.speaks(question),
        "saying": mirror.saying(),
    }


def search(
    mirror: Mirror,
    question: str,
    vector: Matrix,
    *,
    k: int = 5,
    as_of: datetime | None = None,
    during: tuple[datetime, datetime] | None = None,
    now: datetime | None = None,
    among: Callable[[Episode], bool] | None = None,
    weights: Weights | None = None,
) -> tuple[Places, NDArray[np.float64]]:
    """The places of the k best answers to a question, the best first, and their scores.

    Parameters
    ----------
    vector : array, shape [dimension]
        Of the question, by the encoder of the store.
    as_of : datetime, optional
        Search what held then; None: what holds still.
    during : two datetimes, optional
        Search what held at some time from one to the other, too; what was heard then is preferred.
    now : datetime, optional
        When it is asked, for the curve of forgetting.
    among : callable, optional
        Which episodes are wanted; what ranks them is measured among all.
    """
    weights = weights or Weights()
    there = mirror.there(as_of, now=now, during=during)
    score = weights.strength * (mirror.strengths(now)[there] - 1)
    if during is not None:
        score = score + weights.dated * np.exp(-mirror.days_from(*during)[there] / _WEEK)
    for name, values in terms(mirror, question, vector).items():
        score = score + getattr(weights, name) * standard(values[there], FLOORS[name])
    if among is not None:
        wanted = np.array([among(mirror.episodes[place]) for place in there], dtype=np.bool_)
        there, score = there[wanted], score[wanted]
    best = np.argpartition(-score, k)[:k] if k < len(score) else np.arange(len(score))
    best = best[np.lexsort((best, -score[best]))]  # of equals, what was heard first
    return there[best], score[best]


def standard(values: Numbers, floor: float) -> Numbers:
    """Deviations from the mean, in units of the standard deviation.

    Examples
    --------
    >>> standard(np.array([1.0, 2.0, 3.0]), 0.1).round(2).tolist()
    [-1.22, 0.0, 1.22]
    """
    if len(values) == 0:
        return values
    return np.asarray((values - values.mean()) / max(float(values.std()), floor))
