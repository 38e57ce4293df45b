"""Krotov and Hopfield's competing hidden units: the winner turns to the input, the m-th turns away::

    I_k = Σ_i sign(w_ki) |w_ki|^(p−1) x_i,     g = 1 for the largest I, −Δ for the m-th, 0 for the others
    Δw_k ∝ ⟨g_k (x − I_k w_k)⟩,                scaled so that the largest change of a synapse is η

Weights go to p-norm one. The push away keeps cells from learning the same; lateral inhibition picks the two. The
features do as well on MNIST, under a read-out, as those that backpropagation finds.

Reference: Krotov & Hopfield, 2019, PNAS 116:7723 (equations 3 and 9, radius R = 1; the scaling is that of the authors'
program).
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.contracts import Rule, SynapseView
from reverie.errors import BadData
from reverie.plasticity.parts import Coefficient, gated

__all__ = ["KrotovHopfield"]

_NOTHING = 1e-30


@dataclass(frozen=True)
class KrotovHopfield(Rule[tuple[()]]):
    """Global inhibition that ranks the cells. `post` of the view is not used: I is computed from the input.

    Parameters
    ----------
    rate : float
        η, the largest change that a synapse makes in a step.
    anti : float
        Δ, how strongly the m-th turns away.
    rank : int
        m, 2 or more.
    power : float
        p, 2 or more.

    Examples
    --------
    >>> view = SynapseView(torch.tensor([[2.0, 1.0]]), torch.zeros(1, 2), torch.eye(2))
    >>> KrotovHopfield(rate=1.0)(view, ())[0]
    tensor([[ 0.0000,  1.0000],
            [-0.8000,  0.0000]])
    """

    rate: Coefficient = 0.02
    anti: Coefficient = 0.4
    rank: int = 2
    power: Coefficient = 2.0

    def begin(self, view: SynapseView) -> tuple[()]:
        return ()

    def __call__(
        self, view: SynapseView, state: tuple[()], modulator: float | Float[Tensor, "..."] = 1.0
    ) -> tuple[Float[Tensor, "n_out n_in"], tuple[()]]:
        if not 2 <= self.rank <= len(view.weight):
            raise BadData(f"rank is {self.rank} in a layer of {len(view.weight)} cells. Expected 2…{len(view.weight)}.")
        drive, ranks = (view.pre @ _strength(view.weight, self.power).T).topk(self.rank, dim=1)
        change = torch.zeros_like(view.weight)
        for place, answer in ((0, 1.0), (-1, -self.anti)):  # two cells change for each row, the others not
            cell, aligned = ranks[:, place], drive[:, place, None]
            change = change.index_add(0, cell, answer * (view.pre - aligned * view.weight[cell]))
        return gated(self.rate / (change.abs().amax() + _NOTHING) * change, modulator), state


def _strength(weight: Tensor, power: Coefficient) -> Tensor:
    """sign(w) |w|^(p−1)."""
    if isinstance(power, float) and power == 2:
        return weight
    return weight.sign() * weight.abs() ** (power - 1)
