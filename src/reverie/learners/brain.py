"""The Brain as a learner: a sense that forms from the first samples, and an exact memory of its keys.

    h = sense(x),    scores = ridge or discriminant analysis of one-hot labels on h, from Σ h hᵀ and Σ h yᵀ alone

It answers as a `reverie.brain.Brain` that has learned the same samples in the same order and has not slept. There is no
folder: comparisons keep its state as they keep that of every learner.
"""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from reverie.contracts import State
from reverie.errors import unknown_name
from reverie.evaluation import count_operations
from reverie.learners.sampled import SampleClassifier
from reverie.memory import AssociativeMemory
from reverie.memory.room import check_room
from reverie.senses import KINDS, Senses

__all__ = ["BrainClassifier"]

_BLOCK = 1000  # samples sensed at once
_ADVICE = "Give forgettable=False (one sum for all classes)."


@dataclass(kw_only=True, eq=False, repr=False)
class BrainClassifier(SampleClassifier):
    """Senses and an exact memory. On the command line `brain-NAME` is the one with the sense NAME.

    Parameters
    ----------
    sense : str
        A name in `reverie.senses.KINDS`, or "auto": the first samples choose it.
    settings : dict, optional
        Hyper-parameters of the sense.
    forgettable : bool
        Keep sums per class, as a Brain does unless it is told otherwise; state grows with the classes.
    """

    sense: str = "auto"
    settings: Any = None
    forgettable: bool = True
    seed: int = 0

    def _check_samples(self, X: Any, *, first: bool) -> Any:
        x = super()._check_samples(X, first=first)
        senses = self._unformed() if first else self.senses_
        senses.take(x)  # refuses what it does not take, before anything changes
        return x

    def _unformed(self) -> Senses:
        if self.sense != "auto" and self.sense not in KINDS:
            raise unknown_name("sense", self.sense, ["auto", *sorted(KINDS)])
        return Senses(self.sense, self.settings, self.seed)

    def _begin(self, shape: tuple[int, ...]) -> None:
        self.senses_ = self._unformed()
        self.memory_ = AssociativeMemory(per_class=self.forgettable)

    def _grow(self, n_classes: int) -> None:
        return

    def _learn(self, x: Any, y: Int64[Tensor, " n"], candidates: Int64[Tensor, " c"] | None) -> None:
        samples: Any = self.senses_.take(x)
        with count_operations(self.cost_):
            if not self.senses_.formed:
                self.senses_.form(samples, x)
                self.memory_.unit = self.senses_.unit
            for i in range(0, len(samples), _BLOCK):
                keys = self.senses_.keys(samples[i : i + _BLOCK])
                if i == 0:
                    check_room(self.memory_, keys, y, len(self.label_book_), advice=_ADVICE)
                self.memory_.write_labels(keys, y[i : i + _BLOCK], width=len(self.label_book_))

    def _sleep(self) -> None:
        self.memory_.refresh()
        self.memory_.decision()

    def _scores(self, x: Any) -> Float[Tensor, "n k"]:
        decision = self.memory_.decision()
        logits = decision.logits(self.senses_.keys(self.senses_.take(x)))
        scores = torch.full((len(logits), len(self.label_book_)), -torch.inf, dtype=torch.float64)
        scores[:, decision.columns] = logits
        return scores

    def _state(self) -> State:
        return {"senses": self.senses_.state_dict(), "memory": self.memory_.state_dict()}

    def _restore(self, state: State) -> None:
        self.senses_ = Senses.from_state(state["senses"])
        self.memory_.load_state_dict(state["memory"])
        self.memory_.unit = self.senses_.unit
