"""Triplet STDP: what a spike does depends on the other side's last spikes and on its own::

    at a postsynaptic spike:   Δw = + r₁ (A₂₊ + A₃₊ o₂)
    at a presynaptic spike:    Δw = − o₁ (A₂₋ + A₃₋ r₂)

r₁, r₂ (τ₊, τ_x) are traces of presynaptic spikes, o₁, o₂ (τ₋, τ_y) of postsynaptic ones, all up to the step before.
Pair STDP cannot say why the same pair weakens at 10 Hz and strengthens at 50; the triplet post–pre–post can. Averaged
over Poisson spikes it is the rule of Bienenstock, Cooper and Munro.

Reference: Pfister & Gerstner, 2006, Journal of Neuroscience 26:9673. The defaults are its constants for pairs in visual
cortex, all-to-all, full model, with steps of 1 ms; they fit Sjöström, Turrigiano, Nelson, 2001, Neuron 32.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.contracts import SynapseView
from reverie.plasticity.parts import Coefficient, decay, of_synapses, same_rows
from reverie.plasticity.products import Product, ProductRule

__all__ = ["TripletSTDP", "TripletTraces"]


class TripletTraces(NamedTuple):
    """Faded spikes of the steps before, in spikes: r₁, r₂, o₁, o₂."""

    pre: Float[Tensor, "n n_in"]
    pre_slow: Float[Tensor, "n n_in"]
    post: Float[Tensor, "n n_out"]
    post_slow: Float[Tensor, "n n_out"]


@dataclass(frozen=True)
class TripletSTDP(ProductRule[TripletTraces]):
    """Pairs and triplets of spikes; a step is a moment, `pre` and `post` are spikes.

    Parameters
    ----------
    potentiation, depression : float
        A₂₊ and A₂₋, of pairs.
    triplet_potentiation, triplet_depression : float
        A₃₊ and A₃₋.
    tau_pre, tau_pre_slow, tau_post, tau_post_slow : float
        τ₊, τ_x, τ₋, τ_y, in steps.

    Examples
    --------
    A cell that fires a second time within a burst strengthens what it heard before the first:

    >>> rule, spike, rest = TripletSTDP(), torch.ones(1, 1), torch.zeros(1, 1)
    >>> state, changes = rule.begin(SynapseView(rest, rest, rest)), []
    >>> for pre, post in ((spike, rest), (rest, spike), (rest, spike)):
    ...     change, state = rule(SynapseView(pre, post, rest), state)
    ...     changes.append(round(float(change), 6))
    >>> changes
    [0.0, 0.0, 0.00546]
    """

    potentiation: Coefficient = 5e-10
    depression: Coefficient = 7e-3
    triplet_potentiation: Coefficient = 6.2e-3
    triplet_depression: Coefficient = 2.3e-4
    tau_pre: Coefficient = 16.8
    tau_pre_slow: Coefficient = 101.0
    tau_post: Coefficient = 33.7
    tau_post_slow: Coefficient = 125.0

    def begin(self, view: SynapseView) -> TripletTraces:
        pre, post = torch.zeros_like(view.pre), torch.zeros_like(view.post)
        return TripletTraces(pre, pre, post, post)

    def products(self, view: SynapseView, state: TripletTraces) -> tuple[tuple[Product, ...], TripletTraces]:
        same_rows(state.pre, view.pre)
        same_rows(state.post, view.post)
        pairs, triplets = (self.potentiation, -self.depression), (self.triplet_potentiation, -self.triplet_depression)
        apart = any(of_synapses(one) for one in (*pairs, *triplets))  # each product then has a coefficient of its own
        left = TripletTraces(
            decay(self.tau_pre) * (state.pre + view.pre),
            decay(self.tau_pre_slow) * (state.pre_slow + view.pre),
            decay(self.tau_post) * (state.post + view.post),
            decay(self.tau_post_slow) * (state.post_slow + view.post),
        )
        if apart:
            return (
                Product(pairs[0], view.post, state.pre),
                Product(triplets[0], view.post * state.post_slow, state.pre),
                Product(pairs[1], state.post, view.pre),
                Product(triplets[1], state.post, view.pre * state.pre_slow),
            ), left
        stronger = view.post * (self.potentiation + self.triplet_potentiation * state.post_slow)
        weaker = view.pre * (self.depression + self.triplet_depression * state.pre_slow)
        return (Product(1.0, stronger, state.pre), Product(-1.0, state.post, weaker)), left
