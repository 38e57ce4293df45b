"""Oja's rule: Hebb's, and a synapse forgets as much as its cell fires::

    Δw = η ⟨y (x − y w)⟩

The weights of a linear cell y = w·x turn to the first principal component of its inputs and take length one, without
anybody measuring that length: to first order the second term is what renormalising would do.

Reference: Oja, 1982, Journal of Mathematical Biology 15.
"""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from reverie.contracts import Rule, SynapseView
from reverie.plasticity.parts import Coefficient, gated, hebbian

__all__ = ["Oja"]


@dataclass(frozen=True)
class Oja(Rule[tuple[()]]):
    """Hebb's rule with Oja's decay; every cell alone, so all cells of a layer find the same component.

    Parameters
    ----------
    rate : float
        η; stable below about 1 / (variance along the first component).

    Examples
    --------
    A cell of length one whose input lies along its weights stays as it is:

    >>> import torch
    >>> view = SynapseView(torch.tensor([[3.0, 0.0]]), torch.tensor([[3.0]]), torch.tensor([[1.0, 0.0]]))
    >>> Oja()(view, ())[0]
    tensor([[0., 0.]])
    """

    rate: Coefficient = 0.01

    def begin(self, view: SynapseView) -> tuple[()]:
        return ()

    def __call__(
        self, view: SynapseView, state: tuple[()], modulator: float | Float[Tensor, "..."] = 1.0
    ) -> tuple[Float[Tensor, "n_out n_in"], tuple[()]]:
        forgotten = view.post.square().mean(0)[:, None] * view.weight
        return gated(self.rate * (hebbian(view.post, view.pre) - forgotten), modulator), state
