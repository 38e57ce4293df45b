"""Naive fine-tuning: learn what comes, forget what was. The floor of every comparison."""

from dataclasses import dataclass

from jaxtyping import Float, Int64
from torch import Tensor

from reverie.functional import cross_entropy_among
from reverie.learners.gradient import GradientLearner

__all__ = ["Naive"]


@dataclass(kw_only=True, eq=False, repr=False)
class Naive(GradientLearner):
    """A network that is trained on each experience in turn, and on nothing else."""

    def _loss(self, x: Float[Tensor, "n *shape"], y: Int64[Tensor, " n"]) -> Float[Tensor, ""]:
        return cross_entropy_among(self.network_(x), y, self._among(self.present_))
