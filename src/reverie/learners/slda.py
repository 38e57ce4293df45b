"""Streaming linear discriminant analysis (Hayes & Kanan, 2020, CVPR Workshops): class means and one covariance ::

    log p(c | x) = xᵀ Λ μ_c − ½ μ_cᵀ Λ μ_c + const,     Λ = ((1 − ε) Σ + ε tr(Σ)/d I)⁻¹

Kept as sums (Σ x xᵀ, Σ_c x, n_c), from which means and the within-class covariance Σ follow exactly, in any order.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64, Num
from torch import Tensor

from reverie.contracts import State
from reverie.evaluation import count_operations
from reverie.learners.base import Classifier

__all__ = ["SLDA"]


@dataclass(kw_only=True, eq=False, repr=False)
class SLDA(Classifier):
    """Streaming linear discriminant analysis: one pass, order-free, nothing stored.

    Parameters
    ----------
    shrinkage : float
        ε, the weight of a spherical covariance of the same trace.
    """

    shrinkage: float = 1e-2
    seed: int = 0

    def _begin(self, shape: tuple[int, ...]) -> None:
        d = self.n_features_in_
        self.count_ = torch.zeros(0, dtype=torch.float64)
        self.sum_ = torch.zeros(0, d, dtype=torch.float64)
        self.outer_ = torch.zeros(d, d, dtype=torch.float64)
        self.solved_: list[tuple[Tensor, Tensor]] = []  # none, or the read-out of the sums as they are

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
            self.outer_ += flat.T @ flat
        self.solved_.clear()

    def _scores(self, x: Num[Tensor, "n *shape"]) -> Float[Tensor, "n k"]:
        weights, bias = self._solved()
        return torch.addmm(bias, x.flatten(1).double().cpu(), weights)

    def _solved(self) -> tuple[Tensor, Tensor]:
        if not self.solved_:
            mean = self.sum_ / self.count_.clamp_min(1)[:, None]
            covariance = (self.outer_ - (mean.T * self.count_) @ mean) / self.count_.sum()
            spread = covariance.trace() / len(covariance)
            covariance = (1 - self.shrinkage) * covariance
            covariance.diagonal().add_(self.shrinkage * spread + 1e-10)
            weights = torch.linalg.solve(covariance, mean.T)
            bias = -0.5 * (mean.T * weights).sum(0)
            self.solved_.append((weights, bias.masked_fill(self.count_ == 0, -torch.inf)))
        return self.solved_[0]

    def _state(self) -> State:
        return {"count": self.count_, "sum": self.sum_, "outer": self.outer_}

    def _restore(self, state: State) -> None:
        self.count_, self.sum_, self.outer_ = state["count"], state["sum"], state["outer"]
        self.solved_.clear()
