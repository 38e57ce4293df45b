"""How long a comparison will take, measured on a few samples before it starts.

Each learner learns a few samples of the first experience, and then more of each of the next ones, until that takes a
second. Learning an experience of n samples is taken to last a + b n seconds; the first has an a of its own, in which
senses form. Networks that are trained for a number of iterations are measured for a twentieth of them, and have no b. A
learner that refuses the samples does so here, before anything is written.
"""

import time
import warnings
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from reverie.contracts import Experience, Learner, Stream
from reverie.loop import test_x, train_x
from reverie.runs.build import build_learner, build_stream
from reverie.runs.config import RunConfig

__all__ = ["estimate"]

_SIZES = (4, 4, 64, 256)  # samples of an experience that are tried, one after another
_QUESTIONS = 50
_SECONDS = 1.0  # after which no more samples are tried
_SHARE = 20  # of the iterations, one in so many is measured


class _Life(NamedTuple):
    """A stream, its experiences, and the seconds that it took to read them."""

    stream: Stream
    experiences: list[Experience]
    seconds: float


def estimate(configs: Iterable[RunConfig]) -> dict[str, float]:
    """Seconds that runs will take on this machine, one after another: of each learner, over its streams and seeds.

    Raises
    ------
    ReverieError
        A learner refuses the samples of a stream.
    """
    life: _Life | None = None
    read, measured, found = "", dict[tuple[str, str], float](), dict[str, float]()
    for config in sorted(configs, key=lambda one: one.stream):  # one stream at a time is in memory
        if life is None or config.stream != read:
            life, read = _read(config), config.stream
        key = config.stream, config.learner
        if key not in measured:
            measured[key] = life.seconds + _seconds(config, life)
        found[config.learner] = found.get(config.learner, 0.0) + measured[key]
    return found


def _read(config: RunConfig) -> _Life:
    began = time.perf_counter()
    stream = build_stream(config)
    experiences = list(stream)
    return _Life(stream, experiences, time.perf_counter() - began)


def _seconds(config: RunConfig, life: _Life) -> float:
    """Of one run, reading apart."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the run itself will say it
        learner, times = _shortened(build_learner(config, life.stream))
        seconds = [_learn(learner, life, 0)]
        if seconds[0] < 2 * _SECONDS or times > 1:  # what is loaded once is loaded now: measure it again without
            learner, times = _shortened(build_learner(config, life.stream))
            seconds = [_learn(learner, life, 0)]
        while len(seconds) < 3 or (len(seconds) < len(_SIZES) and seconds[-1] < _SECONDS):
            seconds.append(_learn(learner, life, len(seconds)))
        asked = _ask(learner, life.experiences[0])
    lengths = [len(experience.train_y) for experience in life.experiences]
    tried = [min(size, lengths[index % len(lengths)]) for index, size in enumerate(_SIZES[: len(seconds)])]
    work = _work(learner, tried)
    slope = 0.0
    if times == 1 and work[-1] > work[-2]:
        slope = max(0.0, seconds[-1] - seconds[-2]) / (work[-1] - work[-2])
    first, other = (max(0.0, seconds[place] - slope * work[place]) for place in (0, -1))
    learning = first + (len(lengths) - 1) * other + slope * sum(_work(learner, lengths))
    questions = np.cumsum([len(experience.test_y) for experience in life.experiences]).sum()
    return times * learning + asked * float(questions)


def _learn(learner: Learner, life: _Life, index: int) -> float:
    """Seconds in which a learner learns some samples of an experience; after the last one comes the first again."""
    experience = life.experiences[index % len(life.experiences)]
    places = _mixed(experience.train_y.numpy(), _SIZES[index])
    x, y = _taken(train_x(learner, experience), places), experience.train_y[places]
    began = time.perf_counter()
    learner.partial_fit(x, y, candidates=experience.candidates)
    learner.sleep()
    learner.predict(x[:1], candidates=experience.candidates)  # what is solved once for all questions
    return time.perf_counter() - began


def _ask(learner: Learner, experience: Experience) -> float:
    """Seconds that a question takes."""
    places = list(range(min(_QUESTIONS, len(experience.test_y))))
    x = _taken(test_x(learner, experience), places)
    began = time.perf_counter()
    learner.predict(x, candidates=experience.candidates)
    return (time.perf_counter() - began) / len(places)


def _work(learner: Learner, lengths: list[int]) -> list[int]:
    """How many samples are learned in each experience: its own, or all so far."""
    return [int(n) for n in np.cumsum(lengths)] if getattr(learner, "trains_anew", False) else lengths


def _shortened(learner: Learner) -> tuple[Learner, float]:
    """The learner with fewer iterations, where it has a number of them; and how many times more the run has."""
    whole = getattr(learner, "iterations", None)
    if not isinstance(whole, int) or whole < 2 or not hasattr(learner, "set_params"):
        return learner, 1.0
    few = max(1, whole // _SHARE)
    learner.set_params(iterations=few)
    return learner, whole / few


def _mixed(y: Any, size: int) -> list[int]:
    """Places of samples, of every class in turn."""
    order = np.argsort(y, kind="stable")
    _, starts, counts = np.unique(y[order], return_index=True, return_counts=True)
    within = np.arange(len(y)) - np.repeat(starts, counts)
    return [int(place) for place in order[np.argsort(within, kind="stable")][:size]]


def _taken(x: Any, places: list[int]) -> Any:
    return [x[place] for place in places] if isinstance(x, list) else x[places]
