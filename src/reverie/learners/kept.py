"""Learners that keep every sample they have seen, and say so: the peers from other libraries.

They are no continual learners, but what users have today: train again on everything.
"""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from reverie.contracts import State
from reverie.learners.rows import Rows, check_form, form_of, joined, rows_of
from reverie.learners.sampled import SampleClassifier

__all__ = ["KeepsAll"]


class KeepsAll(SampleClassifier, ABC):
    """Keeps all samples (`reverie.learners.rows`); its own idea is what it makes of them.

    What the other libraries multiply is not counted: `cost_` stays zero.

    Attributes
    ----------
    trains_anew : bool
        Whether all samples are learned again in each experience.
    """

    trains_anew: ClassVar[bool] = True

    @abstractmethod
    def _fit(self, rows: Rows, y: Int64[Tensor, " n"]) -> Any:
        """A model of all samples, the same for the same samples."""

    @abstractmethod
    def _ask(self, model: Any, rows: Rows) -> Float[Tensor, "n k"]:
        """The logits of every class."""

    def _begin(self, shape: tuple[int, ...]) -> None:
        self.form_: State = {}
        self.kept_: Any = None
        self.kept_y_ = torch.empty(0, dtype=torch.int64)
        self.model_: Any = None

    def _grow(self, n_classes: int) -> None:
        return

    def _check_samples(self, X: Any, *, first: bool) -> Any:
        x = super()._check_samples(X, first=first)
        if not first:
            check_form(x, self.form_)
        return x

    def _learn(self, x: Any, y: Int64[Tensor, " n"], candidates: Int64[Tensor, " c"] | None) -> None:
        self.form_ = self.form_ or form_of(x)
        rows = rows_of(x, self.form_)
        self.kept_ = rows if self.kept_ is None else joined(self.kept_, rows)
        self.kept_y_ = torch.cat([self.kept_y_, y])
        self.model_ = None

    def _sleep(self) -> None:
        if self.model_ is None:
            self.model_ = self._fit(self.kept_, self.kept_y_)

    def _scores(self, x: Any) -> Float[Tensor, "n k"]:
        self._sleep()
        return self._ask(self.model_, rows_of(x, self.form_))

    @property
    def stored_samples(self) -> int:
        return len(self.kept_y_) if hasattr(self, "kept_y_") else 0

    def _state(self) -> State:
        return {"form": self.form_, "kept": self.kept_, "kept_y": self.kept_y_}

    def _restore(self, state: State) -> None:
        self.form_, self.kept_, self.kept_y_ = state["form"], state["kept"], state["kept_y"]
        self.model_ = None
