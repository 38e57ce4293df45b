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
from reverie.errors import BadData, unknown_name
from reverie.evaluation import count_operations
from reverie.learners.sampled import SampleClassifier
from reverie.memory import AssociativeMemory
from reverie.memory.sums import bytes_of_sums
from reverie.senses import KINDS, Senses

__all__ = ["BrainLearner"]

_BLOCK = 1000  # samples sensed at once
_LARGEST_SUMS = 8 * 2**30  # bytes of working memory, as in a Brain


@dataclass(kw_only=True, eq=False, repr=False)
class BrainLearner(SampleClassifier):
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
                    self._check_room(keys, y)
                self.memory_.write_labels(keys, y[i : i + _BLOCK], width=len(self.label_book_))

    def _check_room(self, keys: Tensor, y: Tensor) -> None:
        """Refuse more classes than the sums have room for."""
        counts = torch.bincount(y, minlength=len(self.label_book_)).double()
        if self.memory_.samples:
            counts[: len(self.memory_.value_sums)] += self.memory_.value_sums
        largest = 127 if keys.dtype == torch.uint8 else 2**16
        needed = bytes_of_sums(counts.long().tolist(), keys.shape[1], per_class=self.forgettable, largest=largest)
        if needed > _LARGEST_SUMS:
            raise BadData(
                f"Sums of {len(counts)} classes, {keys.shape[1]} inputs each, would take {needed:.1e} bytes of memory. "
                f"Expected at most {_LARGEST_SUMS:.1e}. Give forgettable=False (one sum for all classes)."
            )

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
