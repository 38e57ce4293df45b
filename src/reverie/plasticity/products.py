"""Rules whose change is a sum of products of the two sides: it can be added to weights without being held."""

from abc import abstractmethod
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.contracts import Rule, RuleState, SynapseView
from reverie.errors import BadData
from reverie.plasticity.parts import Coefficient, gated, hebbian, of_synapses

__all__ = ["Product", "ProductRule", "stacked", "summed"]


class Product(NamedTuple):
    """c ⟨b aᵀ⟩, a mean over rows: what postsynaptic cells contribute, and presynaptic ones."""

    coefficient: Coefficient
    post: Float[Tensor, "n n_out"]
    pre: Float[Tensor, "n n_in"]


class ProductRule(Rule[RuleState]):
    """A rule of `products`. `learn` then changes weights in one pass and never holds the change."""

    @abstractmethod
    def products(self, view: SynapseView, state: RuleState) -> tuple[tuple[Product, ...], RuleState]:
        """The products whose sum is the change, without a modulator, and what is remembered afterwards."""

    def __call__(
        self, view: SynapseView, state: RuleState, modulator: float | Float[Tensor, "..."] = 1.0
    ) -> tuple[Float[Tensor, "n_out n_in"], RuleState]:
        products, left = self.products(view, state)
        return gated(summed(products), modulator), left


def summed(products: tuple[Product, ...]) -> Float[Tensor, "n_out n_in"]:
    """The sum of products; a coefficient is one number, or one for each synapse.

    Raises
    ------
    BadData
        A coefficient of another shape.

    Examples
    --------
    >>> summed((Product(torch.tensor([[1.0, 3.0]]), torch.tensor([[2.0]]), torch.tensor([[1.0, 1.0]])),))
    tensor([[2., 6.]])
    """
    if not any(of_synapses(one.coefficient) for one in products):
        return hebbian(*stacked(products))
    found = torch.zeros((), dtype=products[0].pre.dtype)
    for coefficient, post, pre in products:
        change = hebbian(post, pre)
        if isinstance(coefficient, Tensor) and coefficient.dim() == 2 and coefficient.shape != change.shape:
            raise BadData(
                f"A rule's coefficient has the shape {tuple(coefficient.shape)}. Expected one number, or one for each "
                f"synapse, {tuple(change.shape)}."
            )
        found = found + coefficient * change
    return found


def stacked(products: tuple[Product, ...]) -> tuple[Float[Tensor, "rows n_out"], Float[Tensor, "rows n_in"]]:
    """Both sides of all products below one another: their sum is the mean product of these rows."""
    if len(products) == 1:
        return products[0].coefficient * products[0].post, products[0].pre
    many = len(products)  # the mean is over n rows, not over as many as stand below one another
    post = torch.cat([many * coefficient * post for coefficient, post, _ in products])
    return post, torch.cat([pre for *_, pre in products])
