"""Weights that change in place: a rule's change is added, and kept between bounds, without being held.

A rule by itself is a pure function, for gradients and `torch.func`; where a layer simply learns, most of the time goes
into reading and writing as many numbers as there are synapses, several times over. Here they are read and written once
where the rule is a sum of products (`ProductRule`), and only those rows are multiplied whose cells were active.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils._python_dispatch import _get_current_dispatch_mode

from reverie import native
from reverie.contracts import Rule, RuleState, SynapseView
from reverie.plasticity.parts import gated, of_synapses
from reverie.plasticity.products import Product, ProductRule, stacked, summed

__all__ = ["learn"]


@torch.no_grad()
def learn(
    rule: Rule[RuleState],
    view: SynapseView,
    state: RuleState,
    modulator: float | Float[Tensor, "..."] = 1.0,
    *,
    low: float = -math.inf,
    high: float = math.inf,
) -> RuleState:
    """Change the weights of a view, and of the layer behind it, as a rule says.

    Parameters
    ----------
    modulator : float or Tensor
        The third factor, as rules take it.
    low, high : float
        Bounds of the weights.

    Returns
    -------
    RuleState
        What the rule remembers.

    Notes
    -----
    The weights are written to, and nothing is differentiated: for gradients and `torch.func` call the rule.

    Examples
    --------
    >>> from reverie.plasticity import Hebb
    >>> weight = torch.tensor([[0.2, 0.9]])
    >>> learn(Hebb(rate=0.5), SynapseView(torch.tensor([[1.0, 1.0]]), torch.ones(1, 1), weight), (), high=1.0)
    ()
    >>> weight
    tensor([[0.7000, 1.0000]])
    """
    left: RuleState
    if isinstance(rule, ProductRule):
        products, left = rule.products(view, state)
        _add(view.weight, products, modulator, low, high)
    else:
        change, left = rule(view, state, modulator)
        _bounded(view.weight.add_(change), low, high)
    if view.write is not None:
        view.commit(view.weight)
    return left


def _add(weight: Tensor, products: tuple[Product, ...], modulator: float | Tensor, low: float, high: float) -> None:
    """weight + m Σ c ⟨b aᵀ⟩ between the bounds."""
    if any(of_synapses(one.coefficient) for one in products):
        _bounded(weight.add_(gated(summed(products), modulator)), low, high)
        return
    if isinstance(modulator, Tensor) and modulator.dim():
        products = tuple(one._replace(post=gated(one.post.T, modulator).T) for one in products)
        modulator = 1.0
    turned = weight.t().is_contiguous() and not weight.is_contiguous()  # inputs by rows, as spiking layers keep them
    rows, scale = len(products[0].post), float(modulator)
    if _compiled(weight, products):
        sides = [(scale * float(c) / rows, post.contiguous(), pre.contiguous()) for c, post, pre in products]
        if turned:
            sides = [(c, pre, post) for c, post, pre in sides]
        if native.change_weights(weight.t() if turned else weight, sides, low=low, high=high):
            return
    post, pre = stacked(products)
    _bounded(torch.addmm(weight, post.T, pre, alpha=scale / len(post), out=weight), low, high)


def _compiled(weight: Tensor, products: tuple[Product, ...]) -> bool:
    """Whether the compiled loop can take these. Who counts operations shall see them, and transforms too."""
    watched = _get_current_dispatch_mode() is not None or torch._C._functorch.peek_interpreter_stack() is not None
    fits = len(products) <= native.MOST_PRODUCTS and (weight.is_contiguous() or weight.t().is_contiguous())
    return fits and not watched and native.usable(weight, *(side for one in products for side in one[1:]))


def _bounded(weight: Tensor, low: float, high: float) -> None:
    if low > -math.inf or high < math.inf:
        weight.clamp_(low, high)
