"""The learning loop: a life, one experience after another. This is the whole of it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from reverie.contracts import Experience, Learner, Stream

__all__ = ["Lived", "live", "test_x", "train_x"]


@dataclass(frozen=True)
class Lived:
    """What came of one experience.

    Attributes
    ----------
    index : int
        0, 1, … in the order of the stream.
    samples : int
        How many were learned.
    accuracy : list of float
        On the test set of every experience so far, fractions in 0…1.
    questions : list of int
        How many test samples each of them has.
    before, chance : float or None
        Accuracy on this experience's test set before it was learned, and that of guessing. None where its classes were
        not known yet (class-incremental), or where nothing was.
    seconds : dict
        Wall time of "learn", "sleep" and "predict".
    """

    index: int
    samples: int
    accuracy: list[float]
    questions: list[int]
    before: float | None
    chance: float | None
    seconds: dict[str, float]


def live(learner: Learner, stream: Stream, *, done: int = 0) -> Iterator[Lived]:
    """Let a learner live through a stream, and ask after every experience what it still knows.

    Parameters
    ----------
    done : int
        How many experiences the learner has lived through already (it comes from a checkpoint).

    Yields
    ------
    Lived
        After each experience, awake and asleep.
    """
    past: list[Experience] = []
    for index, experience in enumerate(stream):
        past.append(experience)
        if index < done:
            continue
        foresee = index > 0 and stream.scenario == "domain"
        before = accuracy(learner, experience) if foresee else None
        chance = 1 / len(learner.classes_) if foresee else None

        start = time.perf_counter()
        learner.partial_fit(train_x(learner, experience), experience.train_y, candidates=experience.candidates)
        awake = time.perf_counter()
        learner.sleep()
        asleep = time.perf_counter()
        kept = [accuracy(learner, earlier) for earlier in past]
        asked = time.perf_counter()

        seconds = {"learn": awake - start, "sleep": asleep - awake, "predict": asked - asleep}
        questions = [len(earlier.test_y) for earlier in past]
        yield Lived(index, len(experience.train_y), kept, questions, before, chance, seconds)


def accuracy(learner: Learner, experience: Experience) -> float:
    """Share of an experience's test samples whose label is predicted."""
    answer: Any = learner.predict(test_x(learner, experience), candidates=experience.candidates)
    return float(np.mean(answer == experience.test_y.numpy()))


def train_x(learner: Learner, experience: Experience) -> Any:
    """What this learner is given to learn: the samples as they were read where it takes them, else arrays."""
    return experience.train_samples if _as_read(learner, experience) else experience.train_x


def test_x(learner: Learner, experience: Experience) -> Any:
    """What this learner is asked about, in the same form."""
    return experience.test_samples if _as_read(learner, experience) else experience.test_x


def _as_read(learner: Learner, experience: Experience) -> bool:
    return learner.takes_samples and experience.train_samples is not None
