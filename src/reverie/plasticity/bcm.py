"""Bienenstock, Cooper and Munro's rule: little activity weakens, much activity strengthens, and "much" slides::

    Δw = η ⟨y (y − θ) x⟩,     θ ← θ + (⟨y²⟩ − θ) / τ

The threshold θ rises with the square of the cell's own activity, so a cell that answers to everything loses, and ends
by answering to one pattern of K alone: then y = K for it and 0 for the others, and its selectivity is 1 − 1/K. In the
brain: ocular dominance and orientation selectivity, and their plasticity when an eye is closed.

References: Bienenstock, Cooper, Munro, 1982, Journal of Neuroscience 2; Intrator & Cooper, 1992, Neural Networks 5
(the threshold as ⟨y²⟩).
"""

from dataclasses import dataclass
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from reverie.contracts import Rule, SynapseView
from reverie.plasticity.parts import Coefficient, gated, hebbian

__all__ = ["BCM", "Threshold"]


class Threshold(NamedTuple):
    """θ of each cell, in units of activity squared."""

    theta: Float[Tensor, " n_out"]


@dataclass(frozen=True)
class BCM(Rule[Threshold]):
    """Hebb's rule with a sliding threshold.

    Parameters
    ----------
    rate : float
        η.
    tau : float
        τ, steps over which the threshold forgets, more than 1. It must slide faster than the weights grow.

    Examples
    --------
    >>> import torch
    >>> view = SynapseView(torch.ones(1, 1), torch.tensor([[1.0, 3.0]]), torch.zeros(2, 1))
    >>> BCM(rate=1.0)(view, Threshold(torch.tensor([2.0, 2.0])))[0]
    tensor([[-1.],
            [ 3.]])
    """

    rate: Coefficient = 0.01
    tau: Coefficient = 100.0

    def begin(self, view: SynapseView) -> Threshold:
        return Threshold(view.post.square().mean(0))

    def __call__(
        self, view: SynapseView, state: Threshold, modulator: float | Float[Tensor, "..."] = 1.0
    ) -> tuple[Float[Tensor, "n_out n_in"], Threshold]:
        change = self.rate * hebbian(view.post * (view.post - state.theta), view.pre)
        theta = state.theta + (view.post.square().mean(0) - state.theta) / self.tau
        return gated(change, modulator), Threshold(theta)
