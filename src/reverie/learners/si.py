"""Synaptic intelligence: a synapse that helped is hard to move (Zenke, Poole, Ganguli, 2017, ICML).

The loss of the present, and the price of moving what mattered::

    L = L_present + c Σ_θ Ω_θ (θ − θ*)²
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from reverie.contracts import State
from reverie.functional import cross_entropy_among
from reverie.learners.gradient import GradientLearner
from reverie.learners.synapses import IntelligentSynapses

__all__ = ["SI"]


@dataclass(kw_only=True, eq=False, repr=False)
class SI(GradientLearner):
    """Synaptic intelligence. On class-incremental streams it gives about chance, by design.

    Parameters
    ----------
    strength : float
        c.
    damping : float
        ε.
    """

    strength: float = 5.0
    damping: float = 0.1

    unsuited_to = ("class",)

    def _begin(self, shape: tuple[int, ...]) -> None:
        super()._begin(shape)
        self.synapses_ = IntelligentSynapses(self.damping)

    def _start(self) -> None:
        self.synapses_.wake(dict(self.network_.named_parameters()))

    def _loss(self, x: Float[Tensor, "n *shape"], y: Int64[Tensor, " n"]) -> Float[Tensor, ""]:
        loss = cross_entropy_among(self.network_(x), y, self._among(self.present_))
        return loss + self.strength * self.synapses_.penalty(dict(self.network_.named_parameters()))

    def _step(self) -> None:
        self.synapses_.follow(dict(self.network_.named_parameters()))

    def _sleep(self) -> None:
        with torch.no_grad():
            self.synapses_.sleep(dict(self.network_.named_parameters()))

    def _state(self) -> State:
        return super()._state() | {"synapses": self.synapses_.state_dict()}

    def _restore(self, state: State) -> None:
        super()._restore(state)
        self.synapses_.load_state_dict(state["synapses"], self.device)
