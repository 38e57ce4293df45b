"""Hebb's rule: what fires together wires together::

    Δw = η ⟨y x⟩

In the brain: the long-term potentiation of a synapse whose two sides are active together (Bliss & Lømo, 1973, Journal
of Physiology 232). Alone it grows without bound, along the first principal component; the other rules say what holds
it back.

Reference: Hebb, 1949, The Organization of Behavior.
"""

from dataclasses import dataclass

from reverie.contracts import SynapseView
from reverie.plasticity.parts import Coefficient
from reverie.plasticity.products import Product, ProductRule

__all__ = ["Hebb"]


@dataclass(frozen=True)
class Hebb(ProductRule[tuple[()]]):
    """The product of both activities.

    Parameters
    ----------
    rate : float
        η. Negative: anti-Hebb, which decorrelates.

    Examples
    --------
    >>> import torch
    >>> view = SynapseView(torch.tensor([[1.0, 0.0]]), torch.tensor([[2.0]]), torch.zeros(1, 2))
    >>> Hebb(rate=0.5)(view, ())
    (tensor([[1., 0.]]), ())
    """

    rate: Coefficient = 0.01

    def begin(self, view: SynapseView) -> tuple[()]:
        return ()

    def products(self, view: SynapseView, state: tuple[()]) -> tuple[tuple[Product, ...], tuple[()]]:
        return (Product(self.rate, view.post, view.pre),), state
