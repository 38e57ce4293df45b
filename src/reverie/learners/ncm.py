"""Nearest class mean: keep one running mean per class (Mensink et al., 2013, IEEE TPAMI 35).

Probabilities are those of spherical normal distributions whose common variance is the mean within-class variance.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64, Num
from torch import Tensor

from reverie.contracts import State
from reverie.evaluation import count_operations
from reverie.learners.base import Classifier

__all__ = ["NCM"]


@dataclass(kw_only=True, eq=False, repr=False)
class NCM(Classifier):
    """Nearest class mean, from sums: one pass, order-free, nothing stored."""

    seed: int = 0

    def _begin(self, shape: tuple[int, ...]) -> None:
        self.count_ = torch.zeros(0, dtype=torch.float64)
        self.sum_ = torch.zeros(0, self.n_features_in_, dtype=torch.float64)
        self.squares_ = torch.zeros((), dtype=torch.float64)

    def _grow(self, n_classes: int) -> None:
        missing = n_classes - len(self.count_)
        self.count_ = torch.nn.functional.pad(self.count_, (0, missing))
        self.sum_ = torch.nn.functional.pad(self.sum_, (0, 0, 0, missing))

    def _learn(
        self, x: Num[Tensor, "n *shape"], y: Int64[Tensor, " n"], candidates: Int64[Tensor, " c"] | None
    ) -> None:
        flat = x.flatten(1).double().cpu()
        with count_operations(self.cost_):
            self.sum_.index_add_(0, y, flat)
            self.count_ += torch.bincount(y, minlength=len(self.count_))
            self.squares_ += flat.square().sum()

    def _scores(self, x: Num[Tensor, "n *shape"]) -> Float[Tensor, "n k"]:
        mean = self.sum_ / self.count_.clamp_min(1)[:, None]
        within = (self.squares_ - (self.count_ * mean.square().sum(1)).sum()) / (self.count_.sum() * mean.shape[1])
        distance = torch.cdist(x.flatten(1).double().cpu(), mean).square()
        logits = -0.5 * distance / within.clamp_min(1e-12)
        return logits.masked_fill(self.count_ == 0, -torch.inf).float()

    def _state(self) -> State:
        return {"count": self.count_, "sum": self.sum_, "squares": self.squares_}

    def _restore(self, state: State) -> None:
        self.count_, self.sum_, self.squares_ = state["count"], state["sum"], state["squares"]
