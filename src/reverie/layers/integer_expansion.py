"""A random expansion compiled to whole numbers: the same cells in a fraction of the time, and it does not change.

With Q the projection of x in whole numbers of eight bits, w what projects the constant, ℓ = ‖(x, 1)‖, x scaled as the
expansion scales it::

    q = round(16256 x / max |x|),     a = (max |x| / 16256 ℓ) (q Q) / 32 + w / ℓ + b

The projection is whole already (`Expansion(whole=True)`); all that is rounded is x, to fifteen bits, which are taken in
two parts, q = 128 h + l, h and l of eight. A spike count is off now and then by one. Both products are exact, whatever
the order of the sums and the machine.

Reference: Jacob et al., 2018, CVPR (whole numbers in place of a network's weights and activities).
"""

import torch
from jaxtyping import Float, Int8, Num, UInt8
from torch import Tensor, nn

from reverie.errors import BadData
from reverie.functional import FIFTEEN_BITS, HIGH, WholeMatrix, halves
from reverie.layers.expansion import UNIT, Expansion, scaled, spikes_of

__all__ = ["IntegerExpansion"]

_BLOCK = 128  # samples whose activity stays in the processor's cache


class IntegerExpansion(nn.Module):
    """Samples to a code of spike counts, nearly as `Expansion` gives it. Made by `IntegerExpansion.of`.

    Attributes
    ----------
    kernel : Int8[Tensor, "n_in width"]
        The projection, in units of 1/32.
    constant, bias : Float[Tensor, " width"]
    winners : int
        How many cells are left active; 0: all that are above zero.
    input_scale : float
        What samples are multiplied by.

    Examples
    --------
    >>> source = torch.Generator().manual_seed(0)
    >>> expansion = Expansion(10, 300, whole=True, generator=source)
    >>> x = torch.randn(20, 10, generator=source)
    >>> compiled = IntegerExpansion.of(expansion)
    >>> bool((compiled(x).float() - expansion(x).float()).abs().mean() < 0.01)
    True
    """

    kernel: Tensor
    constant: Tensor
    bias: Tensor

    def __init__(
        self,
        kernel: Int8[Tensor, "d width"],
        constant: Float[Tensor, " width"],
        bias: Float[Tensor, " width"],
        *,
        winners: int,
        input_scale: float = 1.0,
    ) -> None:
        super().__init__()
        self.winners, self.input_scale = winners, input_scale
        for name, given in (("kernel", kernel), ("constant", constant), ("bias", bias)):
            self.register_buffer(name, given)
        self._matrix = WholeMatrix(kernel)

    @classmethod
    def of(cls, expansion: Expansion) -> "IntegerExpansion":
        """Compile an expansion.

        Raises
        ------
        BadData
            Its projection is not in whole numbers.
        """
        if not cls.fits(expansion):
            raise BadData("The projection is not in whole numbers. Make the expansion with whole=True.")
        projection, constant = expansion.projection[:-1], expansion.projection[-1]
        kernel = (projection / UNIT).to(torch.int8)
        return cls(kernel, constant, expansion.bias, winners=expansion.winners, input_scale=expansion.input_scale)

    @classmethod
    def fits(cls, expansion: Expansion) -> bool:
        """Whether its projection is in whole numbers of eight bits."""
        codes = expansion.projection / UNIT
        return bool((codes == codes.round()).all()) and bool((codes.abs() <= torch.iinfo(torch.int8).max).all())

    @torch.no_grad()
    def forward(self, x: Num[Tensor, "n *shape"]) -> UInt8[Tensor, "n width"]:
        flat = scaled(x, self.input_scale)
        if len(flat) <= _BLOCK:
            return self._cells(flat)
        return torch.cat([self._cells(part) for part in flat.split(_BLOCK)])

    def _cells(self, x: Float[Tensor, "n d"]) -> UInt8[Tensor, "n width"]:
        unit = x.abs().amax(1, keepdim=True).clamp_min_(1e-30).div_(FIFTEEN_BITS)
        nearness = x.square().sum(1, keepdim=True).add_(1).rsqrt_()
        high, low = self._matrix(torch.cat(halves((x / unit).round_()))).float().view(2, len(x), len(self.bias))
        activity = low.add_(high, alpha=HIGH).mul_(unit.mul_(nearness).mul_(UNIT))
        return spikes_of(activity.addr_(nearness[:, 0], self.constant).add_(self.bias), self.winners)
