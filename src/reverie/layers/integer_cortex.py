"""A visual cortex compiled to eight bits: it sees what the other sees, in less time, and does not grow.

With q a filter in eight bits, u its unit, p a patch in grey levels and σ its standard deviation::

    simple cells:    v = round(q · p / σ),         on: max(v − n, 0)      off: max(m − v, 0)
    complex cells:   √ mean over a region of each, in units of u

Contrast normalisation is folded in: q sums to zero, so the patch's mean plays no part, and its deviation is one factor
after the product. The patches are the pixels themselves. So the filters are all that is rounded, and everything but
that factor is whole numbers: results do not depend on the order of the sums, nor on the machine.

Reference: Jacob et al., 2018, CVPR (whole numbers in place of a network's weights and activities).
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int8, Int32, Num, UInt8
from torch import Tensor, nn
from torch.utils._python_dispatch import is_in_torch_dispatch_mode

from reverie import native
from reverie.errors import BadData
from reverie.functional import CONTRAST_FLOOR
from reverie.layers.cortex import VisualCortex, boxes_of, cuts_of, windows_of

__all__ = ["IntegerCortex"]

_LEVELS = 127
_BLOCK = 4_000  # patches looked at together by PyTorch's operations


class IntegerCortex(nn.Module):
    """Pictures to a code of spike counts, as `VisualCortex` gives it, computed in whole numbers.

    Made by `IntegerCortex.of`. Grey levels 0…255 are seen as they are; fractions of white are rounded to them.

    Attributes
    ----------
    kernel : Int8[Tensor, "k d"]
        Filters, whitening included; each sums to zero.
    upper, lower : Int32[Tensor, " k"]
        The level beyond which an on-cell fires, and below which an off-cell does; in units of the filter.
    weight : Float[Tensor, " k"]
        (unit of the filter) · gain²: from the mean of a region to the square of its spike count.

    Examples
    --------
    >>> source = torch.Generator().manual_seed(0)
    >>> cortex = VisualCortex((8, 8), filters=5, patch=3, generator=source)
    >>> pictures = torch.randint(256, (20, 8, 8), dtype=torch.uint8, generator=source)
    >>> compiled = IntegerCortex.of(cortex)
    >>> bool((compiled(pictures).float() - cortex(pictures).float()).abs().mean() < 0.5)
    True
    """

    kernel: Tensor
    upper: Tensor
    lower: Tensor
    weight: Tensor

    def __init__(
        self,
        shape: tuple[int, ...],
        kernel: Int8[Tensor, "k d"],
        upper: Int32[Tensor, " k"],
        lower: Int32[Tensor, " k"],
        weight: Float[Tensor, " k"],
        *,
        patch: int,
        grid: int,
        overlap: int,
    ) -> None:
        super().__init__()
        self.shape, self.patch, self.grid, self.overlap = tuple(shape), patch, grid, overlap
        for name, given in (("kernel", kernel), ("upper", upper), ("lower", lower), ("weight", weight)):
            self.register_buffer(name, given.contiguous())
        self.floor = CONTRAST_FLOOR * 255**2  # added to the variance, in grey levels squared
        self.cuts = cuts_of(self.shape, patch, grid, overlap)
        self._compiled: native.CompiledCortex | None = None
        self._compiled_of: list[tuple[int, int]] = []  # where its filters are, and how often they have been changed

    @classmethod
    def of(cls, cortex: VisualCortex) -> "IntegerCortex":
        """Compile a cortex.

        Raises
        ------
        BadData
            Its patches or regions are so large that their sums do not fit 32 bits.
        """
        if not cls.fits(cortex):
            raise BadData(
                f"Patches of {cortex.patch} pixels a side, {cortex.grid} × {cortex.grid} regions of pictures of "
                f"{cortex.shape}: their sums do not fit 32 bits. Use smaller patches, or a finer grid."
            )
        folded = (cortex.whitening.double() @ cortex.filters.T.double()).T
        shift = -folded @ cortex.mean.double()
        folded = folded - folded.mean(1, keepdim=True)  # patches have mean zero, so this changes nothing
        unit = folded.abs().amax(1).clamp_min(1e-12) / _LEVELS
        most = _LEVELS * folded.shape[1]  # no level is beyond
        return cls(
            cortex.shape,
            _balanced(folded / unit[:, None]),
            ((cortex.threshold - shift) / unit).round().clamp(-most, most).int(),
            (-(cortex.threshold + shift) / unit).round().clamp(-most, most).int(),
            (unit * cortex.gain.double().square()).float(),
            patch=cortex.patch,
            grid=cortex.grid,
            overlap=cortex.overlap,
        )

    @classmethod
    def fits(cls, cortex: VisualCortex) -> bool:
        """Whether its sums fit 32 bits, and a patch's 24, whatever it is shown."""
        rows, columns = (max(end - start for start, end in side) for side in cortex.cuts)
        inputs = cortex.filters.shape[1]
        return inputs <= native.LARGEST_INTEGER_PATCH and rows * columns * _LEVELS * inputs < 2**31

    @property
    def regions(self) -> list[tuple[int, int, int, int]]:
        """Top, bottom, left, right of each, in places of a patch."""
        return boxes_of(self.cuts)

    @property
    def weights(self) -> Float[Tensor, "regions k"]:
        """What a region's sums are multiplied by before the square root."""
        return torch.stack(
            [self.weight / ((bottom - top) * (right - left)) for top, bottom, left, right in self.regions]
        )

    @torch.no_grad()
    def forward(self, x: Num[Tensor, "n *shape"]) -> UInt8[Tensor, "n d"]:
        if x.dtype != torch.uint8:
            x = (x.float() * 255).round_().clamp_(0, 255).to(torch.uint8)
        x = x.contiguous()
        if native.available() and x.device.type == "cpu" and not is_in_torch_dispatch_mode():  # which counts products
            state = [(part.data_ptr(), part._version) for part in self.buffers()]
            if self._compiled is None or self._compiled_of != state:
                self._compiled, self._compiled_of = self.laid_out(), state
            return self._compiled(x)
        height, width = (side - self.patch + 1 for side in self.shape[:2])
        return torch.cat([self._slowly(block) for block in x.split(max(1, _BLOCK // (height * width)))])

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_compiled": None}  # which has addresses in it

    def laid_out(self, *, vnni: bool | None = None) -> native.CompiledCortex:
        """For the compiled loop, with the processor's own products of eight bits (None: where it has them)."""
        filters = self.kernel, self.upper, self.lower, self.weights
        return native.CompiledCortex(
            self.shape, *filters, patch=self.patch, cuts=self.cuts, floor=self.floor, vnni=vnni
        )

    def _slowly(self, x: UInt8[Tensor, "n *shape"]) -> UInt8[Tensor, "n d"]:
        """With PyTorch's operations, to the same bits."""
        patches, d = windows_of(x, self.patch), self.kernel.shape[1]
        products = patches.float() @ self.kernel.float().T  # whole numbers below 2²⁴: exact
        levels = patches.long()
        sums, squares = levels.sum(-1), levels.square().sum(-1)
        variance = (d * squares - sums * sums).double() / (d * d)
        scale = (1 / _root(variance + self.floor)).float()
        simple = (products * scale[..., None]).round().int()
        halves = (simple - self.upper).clamp_(min=0), (self.lower - simple).clamp_(min=0)
        found = []
        for (top, bottom, left, right), weight in zip(self.regions, self.weights, strict=True):
            for cells in halves:
                total = cells[:, top:bottom, left:right].sum((1, 2)).float()
                found.append(_root(total * weight).round_().clamp_(max=_LEVELS).to(torch.uint8))
        return torch.cat(found, 1)


def _root(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """The square root rounded as IEEE 754 says; that of PyTorch may be off by a bit."""
    return torch.from_numpy(np.sqrt(x.cpu().numpy())).to(x.device)


def _balanced(wanted: Float[Tensor, "k d"]) -> Int8[Tensor, "k d"]:
    """Rounded to whole numbers so that each row sums to zero, as it does; where it is off, the closest calls go."""
    found = wanted.round()
    for row, exact in zip(found, wanted, strict=True):
        excess = int(row.sum())
        if excess:
            sign = 1 if excess > 0 else -1
            room = (row * -sign < _LEVELS).double()  # not beyond the range
            called = ((row - exact) * sign + 1) * room  # how far it was rounded in the wrong direction
            row[called.topk(abs(excess)).indices] -= sign
    return found.to(torch.int8)
