"""Competitive Hebbian learning: cells inhibit each other, and the winner turns towards what made it fire::

    y = W z,    k(z) = argmax_k |y_k|        lateral inhibition leaves one winner
    w_k ← norm( w_k + η ( norm Σ_{z: k(z)=k} y_k z  −  w_k ) )

The sum is Hebb's product of post- and presynaptic activity. A cell fires for a pattern and for its negative (on and
off), so the sign of y turns the negative round. Synapses keep their length, one. With η = 1 this is spherical k-means.

References: Rumelhart & Zipser, 1985, Cognitive Science 9; Coates & Ng, 2012, Learning feature representations with
k-means.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import normalize

from reverie.contracts import Rule, SynapseView
from reverie.plasticity.parts import Coefficient, gated

__all__ = ["CompetitiveHebb"]


@dataclass(frozen=True)
class CompetitiveHebb(Rule[tuple[()]]):
    """One step of competition and Hebbian growth. `post` of the view is not used: who wins is computed from the input.

    Parameters
    ----------
    rate : float
        η, 0…1.
    """

    rate: Coefficient = 0.1

    def begin(self, view: SynapseView) -> tuple[()]:
        return ()

    def __call__(
        self, view: SynapseView, state: tuple[()], modulator: float | Float[Tensor, "..."] = 1.0
    ) -> tuple[Float[Tensor, "n_out n_in"], tuple[()]]:
        return gated(self.step(view.weight, view.pre) - view.weight, modulator), state

    def step(self, weight: Float[Tensor, "k d"], pre: Float[Tensor, "n d"]) -> Float[Tensor, "k d"]:
        """The weights after a batch; cells that won nothing stay as they are.

        Examples
        --------
        Two cells, one input near the first: only the first turns.

        >>> weight = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> CompetitiveHebb(rate=1.0).step(weight, torch.tensor([[4.0, 3.0]]))
        tensor([[0.8000, 0.6000],
                [0.0000, 1.0000]])
        """
        post = pre @ weight.T
        winner = post.abs().argmax(1)
        activity = post.gather(1, winner[:, None])
        hebb = torch.zeros_like(weight).index_add(0, winner, activity * pre)
        fired = torch.zeros_like(weight[:, 0], dtype=torch.bool).index_fill(0, winner, True)
        turned = normalize(weight + self.rate * (normalize(hebb) - weight))
        return torch.where(fired[:, None], turned, weight)
