"""Spike-timing-dependent plasticity, pairs of spikes: cause before effect strengthens, effect before cause weakens::

    x ← e^(−1/τ₊) (x + s_pre)         trace of presynaptic spikes up to the step before
    y ← e^(−1/τ₋) (y + s_post)        and of postsynaptic ones
    Δw = ⟨A₊ s_post x − A₋ y s_pre⟩

Every pair of spikes counts (all-to-all): one Δt = t_post − t_pre steps apart changes the weight by A₊ e^(−Δt/τ₊) where
Δt > 0 and by −A₋ e^(Δt/τ₋) where Δt < 0; Δt = 0 is neither. Both terms together are one matrix product.

References: Bi & Poo, 1998, Journal of Neuroscience 18; Song, Miller, Abbott, 2000, Nature Neuroscience 3 (τ = 20 ms,
A₊ = 0.005, A₋ / A₊ = 1.05).
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.contracts import SynapseView
from reverie.plasticity.parts import Coefficient, decay, same_rows
from reverie.plasticity.products import Product, ProductRule

__all__ = ["STDP", "Traces"]


class Traces(NamedTuple):
    """Faded spikes of the steps before, in spikes."""

    pre: Float[Tensor, "n n_in"]
    post: Float[Tensor, "n n_out"]


@dataclass(frozen=True)
class STDP(ProductRule[Traces]):
    """Pair STDP; a step is a moment, `pre` and `post` are spikes.

    Parameters
    ----------
    potentiation, depression : float
        A₊ and A₋.
    tau_pre, tau_post : float
        τ₊ and τ₋, in steps.

    Examples
    --------
    The presynaptic cell fires, and a step later the postsynaptic one:

    >>> rule, spike, rest, weight = STDP(), torch.ones(1, 1), torch.zeros(1, 1), torch.zeros(1, 1)
    >>> state = rule.begin(SynapseView(spike, rest, weight))
    >>> _, state = rule(SynapseView(spike, rest, weight), state)
    >>> change, _ = rule(SynapseView(rest, spike, weight), state)
    >>> f"{float(change):.6f}"  # 0.005 exp(−1/20)
    '0.004756'
    """

    potentiation: Coefficient = 0.005
    depression: Coefficient = 0.00525
    tau_pre: Coefficient = 20.0
    tau_post: Coefficient = 20.0

    def begin(self, view: SynapseView) -> Traces:
        return Traces(torch.zeros_like(view.pre), torch.zeros_like(view.post))

    def products(self, view: SynapseView, state: Traces) -> tuple[tuple[Product, ...], Traces]:
        same_rows(state.pre, view.pre)
        same_rows(state.post, view.post)
        stronger = Product(self.potentiation, view.post, state.pre)
        weaker = Product(-self.depression, state.post, view.pre)
        left = Traces(decay(self.tau_pre) * (state.pre + view.pre), decay(self.tau_post) * (state.post + view.post))
        return (stronger, weaker), left
