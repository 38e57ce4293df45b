"""Sanger's rule: Oja's for many cells in a row, each of which learns what those before it left over::

    Δw_j = η ⟨y_j (x − Σ_{k ≤ j} y_k w_k)⟩

The cells of a linear layer find the principal components in order, the strongest first. It is Gram–Schmidt's
orthogonalisation, done by inhibition that runs one way.

Reference: Sanger, 1989, Neural Networks 2 (the generalised Hebbian algorithm).
"""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from reverie.contracts import Rule, SynapseView
from reverie.plasticity.parts import Coefficient, gated, hebbian

__all__ = ["Sanger"]


@dataclass(frozen=True)
class Sanger(Rule[tuple[()]]):
    """Principal components in order.

    Parameters
    ----------
    rate : float
        η; stable below about 1 / (variance along the first component).

    Examples
    --------
    Two equal cells see the same input. The first already explains it; the second is driven away from it:

    >>> import torch
    >>> view = SynapseView(torch.tensor([[1.0, 0.0]]), torch.ones(1, 2), torch.tensor([[1.0, 0.0], [1.0, 0.0]]))
    >>> Sanger(rate=1.0)(view, ())[0]
    tensor([[ 0.,  0.],
            [-1.,  0.]])
    """

    rate: Coefficient = 0.01

    def begin(self, view: SynapseView) -> tuple[()]:
        return ()

    def __call__(
        self, view: SynapseView, state: tuple[()], modulator: float | Float[Tensor, "..."] = 1.0
    ) -> tuple[Float[Tensor, "n_out n_in"], tuple[()]]:
        explained = hebbian(view.post, view.post).tril() @ view.weight
        return gated(self.rate * (hebbian(view.post, view.pre) - explained), modulator), state
