"""Synaptic scaling: a cell that fires too much weakens all its synapses in proportion, one that fires too little
strengthens them::

    r ← r + (⟨y⟩ − r) / τ,     Δw = η (1 − r / r*) w

The ratios of the weights, which hold what was learned, stay. In the brain it takes hours to days; Hebbian rules need
something of the kind to be stable at all.

References: Turrigiano, Leslie, Desai, Rutherford, Nelson, 1998, Nature 391:892; van Rossum, Bi, Turrigiano, 2000,
Journal of Neuroscience 20 (beside STDP).
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.contracts import Rule, SynapseView
from reverie.plasticity.parts import Coefficient, gated

__all__ = ["ActivityTrace", "Homeostasis"]


class ActivityTrace(NamedTuple):
    """r, the running mean of each cell's activity."""

    rate: Float[Tensor, " n_out"]


@dataclass(frozen=True)
class Homeostasis(Rule[ActivityTrace]):
    """Scaling towards a target activity. To be added to the change of another rule.

    Parameters
    ----------
    rate : float
        η.
    target : float
        r*, in the units of `post`: spikes per step, or mean activity.
    tau : float
        τ, steps over which activity is averaged, more than 1.

    Examples
    --------
    >>> view = SynapseView(torch.ones(1, 2), torch.tensor([[0.3]]), torch.tensor([[1.0, 2.0]]))
    >>> Homeostasis(rate=0.1, target=0.1, tau=1.0)(view, ActivityTrace(torch.zeros(1)))[0]
    tensor([[-0.2000, -0.4000]])
    """

    rate: Coefficient = 0.01
    target: Coefficient = 0.1
    tau: Coefficient = 100.0

    def begin(self, view: SynapseView) -> ActivityTrace:
        return ActivityTrace(self.target * torch.ones_like(view.weight[:, 0]))

    def __call__(
        self, view: SynapseView, state: ActivityTrace, modulator: float | Float[Tensor, "..."] = 1.0
    ) -> tuple[Float[Tensor, "n_out n_in"], ActivityTrace]:
        rate = state.rate + (view.post.mean(0) - state.rate) / self.tau
        change = self.rate * (1 - rate / self.target)[:, None] * view.weight
        return gated(change, modulator), ActivityTrace(rate)
