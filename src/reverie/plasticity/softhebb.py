"""SoftHebb: cells compete softly; the winner learns, and the losers learn not to answer::

    y = softmax(u / T),    ŷ_k = y_k for the winner, λ y_k for the losers
    Δw_k = η |‖w_k‖ − 1|^q ⟨ŷ_k (x − u_k w_k)⟩

With λ = 1 every cell learns by its share, and the layer becomes a mixture model of its inputs: y is the posterior
probability of each cause. With λ = −1 the losers are anti-Hebbian, which keeps cells apart. Weights go to length one,
and a cell whose weights have come to rest there learns little (q; 0 takes this away).

References: Moraitis, Toichkin, Journé, Chua, Guo, 2022, Neuromorphic Computing and Engineering 2:044017; Journé, Garcia
Rodriguez, Guo, Moraitis, 2023, ICLR, arXiv 2209.11883 (losers and the rate that depends on length, q = ½).
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.contracts import Rule, SynapseView
from reverie.plasticity.parts import Coefficient, gated, hebbian

__all__ = ["SoftHebb"]

_LENGTH_ONE = 1e-12  # keeps the power differentiable where a weight has exactly length one


@dataclass(frozen=True)
class SoftHebb(Rule[tuple[()]]):
    """Soft winner-take-all; `post` of the view is u, the summed input before any non-linearity.

    Parameters
    ----------
    rate : float
        η.
    temperature : float
        T, in units of u: small is hard competition.
    loser : float
        λ: 1 is Hebbian for all (2022), −1 anti-Hebbian for the losers (2023), 0 for the winner alone.
    adaptation : float
        q, by how much a cell's rate depends on how far its weights are from length one.

    Examples
    --------
    >>> view = SynapseView(torch.tensor([[1.0, 0.0]]), torch.zeros(1, 2), torch.tensor([[0.0, 2.0], [0.0, 2.0]]))
    >>> SoftHebb(rate=1.0)(view, ())[0]
    tensor([[ 0.5000,  0.0000],
            [-0.5000, -0.0000]])
    """

    rate: Coefficient = 0.01
    temperature: Coefficient = 1.0
    loser: Coefficient = -1.0
    adaptation: Coefficient = 0.5

    def begin(self, view: SynapseView) -> tuple[()]:
        return ()

    def __call__(
        self, view: SynapseView, state: tuple[()], modulator: float | Float[Tensor, "..."] = 1.0
    ) -> tuple[Float[Tensor, "n_out n_in"], tuple[()]]:
        share = torch.softmax(view.post / self.temperature, 1)
        winner = view.post.argmax(1)[:, None] == torch.arange(view.post.shape[1], device=view.post.device)
        signed = torch.where(winner, share, self.loser * share)
        drawn = (signed * view.post).mean(0)[:, None] * view.weight
        rate = self.rate * ((view.weight.norm(dim=1) - 1).abs() + _LENGTH_ONE) ** self.adaptation
        return gated(rate[:, None] * (hebbian(signed, view.pre) - drawn), modulator), state
