"""The curve of forgetting: how likely an episode is recalled now, and what a rehearsal adds.

After t days a memory of stability S is recalled with probability ::

    R(t) = (1 + F·t/S)^(−d),   F = 0.9^(−1/d) − 1,

a power law, as a mixture of exponentials gives (Wixted & Ebbesen, 1991, Psychological Science 2:409); R(S) = 0.9.
Each confirmed recall is a review of FSRS (Ye, Su & Cao, 2022, KDD; version 6): the nearer to forgotten, the more it
strengthens.
"""

from datetime import UTC, datetime
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reverie.memory.episodic.episode import Episode

__all__ = ["encode_strength", "rehearse", "retrievability", "strength"]

_DAY = 86_400.0  # seconds


@cache
def _scheduler() -> Any:
    from fsrs import Scheduler

    return Scheduler(enable_fuzzing=False, learning_steps=(), relearning_steps=())


def retrievability(days: NDArray[np.float64], stability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability of recall after some days.

    Parameters
    ----------
    days : array
        Since the last rehearsal; fractions count.
    stability : array
        Days until it has fallen to 0.9.

    Examples
    --------
    >>> retrievability(np.array([0.0, 5.0, 50.0]), np.array([5.0, 5.0, 5.0])).round(3).tolist()
    [1.0, 0.9, 0.693]
    """
    decay = float(_scheduler().parameters[20])
    factor = 0.9 ** (-1 / decay) - 1
    return np.asarray((1 + factor * np.maximum(days, 0.0) / stability) ** -decay, dtype=np.float64)


def strength(episode: Episode, now: datetime | None = None) -> float:
    """How likely an episode is recalled now; 0…1, and 1 where it is pinned."""
    if episode.pinned:
        return 1.0
    days = ((now or datetime.now(UTC)) - episode.rehearsed).total_seconds() / _DAY
    return float(retrievability(np.array([days]), np.array([episode.stability]))[0])


def encode_strength(at: datetime, *, pinned: bool = False) -> tuple[float, float]:
    """Stability in days and difficulty of what is heard for the first time.

    Examples
    --------
    >>> [round(value, 2) for value in encode_strength(datetime(2026, 1, 1, tzinfo=UTC))]
    [2.31, 2.12]
    """
    from fsrs import Card, Rating

    card, _ = _scheduler().review_card(Card(card_id=1), Rating.Easy if pinned else Rating.Good, at)
    return float(card.stability), float(card.difficulty)


def rehearse(stability: float, difficulty: float, last: datetime, at: datetime) -> tuple[float, float]:
    """Stability and difficulty after a recall that was confirmed.

    Examples
    --------
    >>> day = lambda number: datetime(2026, 1, number, tzinfo=UTC)
    >>> soon, late = (rehearse(2.3, 5.0, day(1), day(at))[0] for at in (2, 21))
    >>> 2.3 < soon < late
    True
    """
    from fsrs import Card, Rating, State

    card = Card(card_id=1, state=State.Review, stability=stability, difficulty=difficulty, last_review=last)
    card, _ = _scheduler().review_card(card, Rating.Good, max(at, last))
    return float(card.stability), float(card.difficulty)
