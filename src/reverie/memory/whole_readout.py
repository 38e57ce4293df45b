"""A read-out that answers spike counts in whole numbers of fifteen bits: nearly the same scores, several times sooner.

    W ≈ (128 H + L) e,     ŷ(h) = (128 (h H) + h L) e + intercept

H and L are whole numbers of eight bits, e a unit for each output: its largest weight is 127 · 128 units. The products
are exact, so what differs from the read-out is half a unit in each weight at most.
"""

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from reverie.functional import FIFTEEN_BITS, HIGH, WholeMatrix, halves

__all__ = ["MOST_SPIKES", "WholeReadout"]

MOST_SPIKES = 127
"""In a key that it can read."""


class WholeReadout:
    """Spike counts to scores.

    Parameters
    ----------
    weights : Float[Tensor, "d k"]
    intercept : Float[Tensor, " k"]

    Examples
    --------
    >>> readout = WholeReadout(torch.tensor([[0.5], [-0.25]]), torch.tensor([1.0]))
    >>> readout(torch.tensor([[2, 4]], dtype=torch.uint8))
    tensor([[1.]], dtype=torch.float64)
    """

    def __init__(self, weights: Float[Tensor, "d k"], intercept: Float[Tensor, " k"]) -> None:
        weights, self.intercept = weights.double(), intercept.double()
        self.unit = weights.abs().amax(0).clamp_min(1e-300) / FIFTEEN_BITS
        self._codes = torch.cat(halves((weights / self.unit).round_()), 1)
        self._matrix = WholeMatrix(self._codes)

    @property
    def weights(self) -> Float[Tensor, "d k"]:
        """The weights that it answers by."""
        high, low = self._codes.double().tensor_split(2, 1)
        return (HIGH * high + low) * self.unit

    def __call__(self, keys: UInt8[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """The scores; keys are at most `MOST_SPIKES`."""
        high, low = self._matrix(keys.view(torch.int8)).double().view(len(keys), 2, len(self.unit)).unbind(1)
        return low.add_(high, alpha=HIGH).mul_(self.unit).add_(self.intercept)
