"""A correction: the wrong vote is taken back where it was learned, and the right one counts until the answer changes.

A sample that many others speak against is answered as they say, even after it has been learned. It is therefore learned
with a weight: it counts w times, w being the smallest of 1, 2, 4, … 1024 with which the memory answers as it should.
Each weight is tried on a copy of the mind, with the read-out that the sums choose then. Where even 1024 does not change
the answer, the sample is learned once: a larger weight would cost the other classes and not help this sample.

A correction is one entry of the log: what is subtracted and what is added are durable together, or not at all.
"""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Num
from torch import Tensor

from reverie.brain.mind import Mind
from reverie.contracts import State

__all__ = ["MOST", "Corrected", "Correction", "answered_differently", "weigh"]

MOST = 2**10
"""How many times a corrected sample counts at most."""


@dataclass(frozen=True)
class Corrected:
    """What a call of `correct` did.

    Attributes
    ----------
    before, after : int or str
        What the brain answered for the sample, and what it answers now.
    to, was
        As they were given.
    weight : int
        How many times the sample counts.
    changed : bool
        Whether the answer is `to` now.
    others : dict
        Of each class that was known before: the share of dreams of it that are answered differently now, 0…1.
    new : list
        `to`, where it was not known before.
    version : int
        The brain's version from now on; durable.
    seconds : float
    """

    before: Any
    after: Any
    to: Any
    was: Any
    weight: int
    changed: bool
    others: dict[Any, float]
    new: list[Any]
    version: int
    seconds: float


@dataclass(frozen=True)
class Correction:
    """What is to be corrected.

    Attributes
    ----------
    keys, glance : Tensor, shape [1, d]
        The sample's key as it is learned, and as it is answered by.
    to : int or str
        The right label.
    gone : State or None
        The wrong vote, as `contribution` made it when it was learned.
    deeper : Tensor or None
        What a deeper cortex answers of it.
    """

    keys: Num[Tensor, "1 d"]
    glance: Num[Tensor, "1 d"]
    to: Any
    gone: State | None
    deeper: Tensor | None = None

    def vote(self, mind: Mind, weight: int) -> State:
        """What is added where the sample counts so many times."""
        weights = torch.tensor([weight])
        return mind.memory.contribution(self.keys, mind.columns([self.to]), weights=weights)

    def entry(self, mind: Mind, weight: int, event: dict[str, Any]) -> State:
        """The change, for the log."""
        new = [] if self.to in mind.labels else [self.to]
        batch = self.vote(mind, weight)
        return {"kind": "correct", "gone": self.gone, "batch": batch, "new_labels": new, "event": event}


def weigh(mind: Mind, correction: Correction) -> int | None:
    """The smallest power of two with which the answer is right; None: none up to `MOST`. Changes nothing."""
    trial, counted, weight = mind.copy(), 0, 1
    gone = correction.gone
    while weight <= MOST:
        entry = correction.entry(trial, weight - counted, {"kind": "correct"}) | {"gone": gone}
        trial.apply(entry)
        if trial.answers(correction.glance, correction.deeper) == [correction.to]:
            return weight
        gone, counted, weight = None, weight, 2 * weight
    return None


def answered_differently(
    mind: Mind, dreams: Num[Tensor, "n d"], of: Tensor, labels: list[Any], before: list[Any]
) -> dict[Any, float]:
    """Of each class, the share of its dreams that a mind answers differently than `before`.

    Parameters
    ----------
    of : int64 Tensor, shape [n]
        Which of the `labels` each dream is of.
    """
    now = mind.answers(dreams)
    differs = torch.tensor([one != other for one, other in zip(now, before, strict=True)])
    return {
        label: float(differs[of == column].double().mean())
        for column, label in enumerate(labels)
        if (of == column).any()
    }
