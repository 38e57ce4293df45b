"""A random expansion compiled to eight bits: the same cells in a fraction of the time, and it does not change.

With Q the projection of x in eight bits, e the unit of each of its cells, w what projects the constant, ℓ = ‖(x, 1)‖::

    q = round(127 x / max |x|),     a = (max |x| / 127 ℓ) (q Q) e + w / ℓ + b

Both factors of the product are whole numbers, so it is exact, whatever the order of the sums and the machine. What is
lost is less than what a cell's spike count is rounded by, but where one number of x is far larger than the others.

Reference: Jacob et al., 2018, CVPR (whole numbers in place of a network's weights and activities).
"""

import torch
from jaxtyping import Float, Int8, Num, UInt8
from torch import Tensor, nn

from reverie.functional import WholeMatrix
from reverie.layers.expansion import Expansion, spikes_of

__all__ = ["IntegerExpansion"]

_LEVELS = 127
_BLOCK = 128  # samples whose activity stays in the processor's cache


class IntegerExpansion(nn.Module):
    """Samples to a code of spike counts, nearly as `Expansion` gives it. Made by `IntegerExpansion.of`.

    Attributes
    ----------
    kernel : Int8[Tensor, "n_in width"]
        The projection, in units of its cells.
    unit, constant, bias : Float[Tensor, " width"]
    winners : int
        How many cells are left active; 0: all that are above zero.

    Examples
    --------
    >>> source = torch.Generator().manual_seed(0)
    >>> expansion = Expansion(10, 300, generator=source)
    >>> x = torch.randn(20, 10, generator=source)
    >>> compiled = IntegerExpansion.of(expansion)
    >>> bool((compiled(x).float() - expansion(x).float()).abs().mean() < 0.5)
    True
    """

    kernel: Tensor
    unit: Tensor
    constant: Tensor
    bias: Tensor

    def __init__(
        self,
        kernel: Int8[Tensor, "d width"],
        unit: Float[Tensor, " width"],
        constant: Float[Tensor, " width"],
        bias: Float[Tensor, " width"],
        *,
        winners: int,
    ) -> None:
        super().__init__()
        self.winners = winners
        for name, given in (("kernel", kernel), ("unit", unit), ("constant", constant), ("bias", bias)):
            self.register_buffer(name, given)
        self._matrix = WholeMatrix(kernel)

    @classmethod
    def of(cls, expansion: Expansion) -> "IntegerExpansion":
        """Compile an expansion."""
        projection, constant = expansion.projection[:-1], expansion.projection[-1]
        unit = projection.abs().amax(0).clamp_min(1e-12) / _LEVELS
        kernel = (projection / unit).round().to(torch.int8)
        return cls(kernel, unit, constant, expansion.bias, winners=expansion.winners if expansion.kind == "kwta" else 0)

    @torch.no_grad()
    def forward(self, x: Num[Tensor, "n *shape"]) -> UInt8[Tensor, "n width"]:
        flat = x.flatten(1).float()
        largest = flat.abs().amax(1, keepdim=True).clamp_min(1e-30)
        codes = (flat * (_LEVELS / largest)).round_().to(torch.int8)
        nearness = 1 / torch.linalg.vector_norm(nn.functional.pad(flat, (0, 1), value=1.0), dim=1, keepdim=True)
        parts = [part.split(_BLOCK) for part in (codes, largest / _LEVELS * nearness, nearness)]
        return torch.cat([self._cells(*part) for part in zip(*parts, strict=True)])

    def _cells(
        self, codes: Int8[Tensor, "n d"], scale: Float[Tensor, "n 1"], nearness: Float[Tensor, "n 1"]
    ) -> UInt8[Tensor, "n width"]:
        activity = self._matrix(codes).float().mul_(scale).mul_(self.unit)
        return spikes_of(activity.addr_(nearness[:, 0], self.constant).add_(self.bias), self.winners)
