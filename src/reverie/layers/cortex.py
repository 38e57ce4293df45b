"""A visual cortex of one layer: simple cells that see a patch each, complex cells that pool over a region::

    z = whitened, contrast-normalised patch
    simple cells:    a_k = f_k · z,     on: max(a_k − θ, 0)     off: max(−a_k − θ, 0)
    complex cells:   √ mean over a region of each simple cell

The filters f are of length one. They are found by a local rule (`reverie.plasticity.develop`); before that they are
random, which is the control. The activity is returned as spike counts, integers in 0…127, so that sums of their
products are exact in whatever order they are added.

References: Coates, Lee, Ng, 2011, AISTATS (one layer of k-means features, pooled over quadrants); Arandjelović &
Zisserman, 2012, CVPR (square root before a linear read-out).
"""

import torch
from jaxtyping import Float, Num, UInt8
from torch import Tensor, nn

from reverie.errors import BadData
from reverie.functional import normalise_contrast, normalise_contrast_

__all__ = ["VisualCortex", "regions_of"]

_LEVELS = 127
_BLOCK = 4_000  # patches looked at together: their activities stay in the cache


class VisualCortex(nn.Module):
    """Pictures to a code of spike counts.

    Parameters
    ----------
    shape : tuple of int
        (height, width), or (height, width, 3).
    filters : int
        K, simple cells that see the same patch.
    patch : int
        Side of a patch, in pixels.
    grid : int
        Complex cells pool over grid × grid regions.
    overlap : int
        Pixels by which regions reach into their neighbours.
    threshold : float
        θ, in units of a simple cell's activity.
    precision : {"float32", "bfloat16"}
        Of the product of patches and filters.
    generator : torch.Generator
        Source of the first, random filters.

    Examples
    --------
    >>> cortex = VisualCortex((8, 8), filters=5, patch=3, generator=torch.Generator().manual_seed(0))
    >>> code = cortex(torch.rand(2, 8, 8))
    >>> code.shape, code.dtype
    (torch.Size([2, 40]), torch.uint8)
    """

    filters: Tensor
    mean: Tensor
    whitening: Tensor
    gain: Tensor

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        filters: int = 400,
        patch: int = 6,
        grid: int = 2,
        overlap: int = 0,
        threshold: float = 0.25,
        precision: str = "float32",
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        if len(shape) not in (2, 3) or min(shape[:2]) < patch + grid - 1 or patch < 2:
            raise BadData(
                f"Samples have shape {shape}, patches side {patch}, {grid} × {grid} regions. Expected pictures "
                f"(height, width) or (height, width, colours) of at least {max(2, patch) + grid - 1} pixels a side."
            )
        if precision not in ("float32", "bfloat16"):
            raise BadData(f"precision is {precision!r}. Expected 'float32' or 'bfloat16'.")
        if overlap < 0:
            raise BadData(f"overlap is {overlap}. Expected pixels, 0 or more.")
        self.shape, self.patch, self.grid, self.overlap = tuple(shape), patch, grid, overlap
        self.threshold, self.precision = threshold, precision
        inputs = patch * patch * (shape[2] if len(shape) == 3 else 1)
        first = nn.functional.normalize(torch.randn(filters, inputs, generator=generator))
        self.register_buffer("filters", first)
        self.register_buffer("mean", torch.zeros(inputs))
        self.register_buffer("whitening", torch.eye(inputs))
        self.register_buffer("gain", torch.tensor(_LEVELS / 4.0))

    def patches(self, x: Num[Tensor, "n *shape"], n: int, generator: torch.Generator) -> Float[Tensor, "n_patches d"]:
        """`n` contrast-normalised patches from random places of random pictures."""
        picture = torch.randint(len(x), (n,), generator=generator)
        rows, columns = (
            torch.randint(side - self.patch + 1, (n,), generator=generator)[:, None] + torch.arange(self.patch)
            for side in self.shape[:2]
        )
        seen = x[picture[:, None, None], rows[:, :, None], columns[:, None, :]]
        return normalise_contrast(_unit(seen.flatten(1)))

    @torch.no_grad()
    def forward(self, x: Num[Tensor, "n *shape"]) -> UInt8[Tensor, "n d"]:
        return self.activity(x).mul_(self.gain).round_().clamp_(0, _LEVELS).to(torch.uint8)

    @torch.no_grad()
    def activity(self, x: Num[Tensor, "n *shape"]) -> Float[Tensor, "n d"]:
        """Activity of the complex cells, region by region; in each the K on-cells, then the K off-cells."""
        kernel = self.whitening @ self.filters.T
        bias = -self.mean @ kernel
        work = torch.bfloat16 if self.precision == "bfloat16" else torch.float32
        places = [side - self.patch + 1 for side in self.shape[:2]]
        pictures = max(1, min(len(x), _BLOCK // (places[0] * places[1])))
        desk = _Desk(pictures * places[0] * places[1], kernel.shape[0], kernel.shape[1], work)
        return torch.cat([self._pooled(block, kernel.to(work), bias.to(work), desk) for block in x.split(pictures)])

    def _pooled(self, x: Tensor, kernel: Tensor, bias: Tensor, desk: "_Desk") -> Tensor:
        windows = x.unfold(1, self.patch, 1).unfold(2, self.patch, 1)  # n, h, w, (colours,) patch, patch
        if len(self.shape) == 3:
            windows = windows.movedim(3, -1)
        n, height, width = windows.shape[:3]
        rows = n * height * width
        seen, narrow, simple, rectified = (
            part[:rows] for part in (desk.seen, desk.narrow, desk.simple, desk.rectified)
        )
        seen.view(windows.shape).copy_(windows)
        if x.dtype == torch.uint8:
            seen /= 255
        normalise_contrast_(seen, desk.squares[:rows])
        torch.addmm(bias, narrow.copy_(seen), kernel, out=simple)
        regions = [
            (slice(None), slice(top, bottom), slice(left, right))
            for top, bottom in regions_of(height, self.grid, self.overlap)
            for left, right in regions_of(width, self.grid, self.overlap)
        ]
        seen_by = rectified.view(n, height, width, -1)
        torch.clamp(simple, min=self.threshold, out=rectified)
        on = [seen_by[region].mean((1, 2)).float() - self.threshold for region in regions]
        torch.clamp(simple, max=-self.threshold, out=rectified)
        off = [-seen_by[region].mean((1, 2)).float() - self.threshold for region in regions]
        return torch.cat([half for pair in zip(on, off, strict=True) for half in pair], 1).clamp_(min=0).sqrt_()

    def rescale(self, x: Num[Tensor, "n *shape"]) -> None:
        """Set the gain so that the liveliest cell's mean plus four standard deviations over `x` fills the range."""
        activity = self.activity(x)
        self.gain.fill_(_LEVELS / float((activity.mean(0) + 4 * activity.std(0, unbiased=False)).max().clamp_min(1e-6)))


class _Desk:
    """Memory for one block of patches, used again for the next: fresh memory costs more than the arithmetic."""

    def __init__(self, rows: int, inputs: int, cells: int, work: torch.dtype) -> None:
        self.seen, self.squares = torch.empty(rows, inputs), torch.empty(rows, inputs)
        self.narrow = torch.empty(rows, inputs, dtype=work)
        self.simple, self.rectified = torch.empty(rows, cells, dtype=work), torch.empty(rows, cells, dtype=work)


def _unit(x: Tensor) -> Tensor:
    """Pixels as float32; grey levels 0…255 as 0…1."""
    return x.float() / 255 if x.dtype == torch.uint8 else x.float()


def regions_of(side: int, grid: int, overlap: int) -> list[tuple[int, int]]:
    """Where the `grid` regions of a side begin and end.

    Examples
    --------
    >>> regions_of(9, 3, 1)
    [(0, 4), (2, 7), (5, 9)]
    """
    edges = [round(index * side / grid) for index in range(grid + 1)]
    return [(max(0, edges[index] - overlap), min(side, edges[index + 1] + overlap)) for index in range(grid)]
