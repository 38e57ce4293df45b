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

from reverie import native
from reverie.errors import BadData
from reverie.functional import CONTRAST_FLOOR, normalise_contrast

__all__ = ["VisualCortex", "boxes_of", "cuts_of", "usual_form", "windows_of"]

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
        self.register_buffer("gain", torch.full((filters,), _LEVELS / 4.0))

    @property
    def cuts(self) -> list[list[tuple[int, int]]]:
        """Where regions begin and end, down and across, in places of a patch."""
        return cuts_of(self.shape, self.patch, self.grid, self.overlap)

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
        activity = self.activity(x)
        activity.view(len(x), -1, len(self.filters)).mul_(self.gain)
        return activity.round_().clamp_(0, _LEVELS).to(torch.uint8)

    @torch.no_grad()
    def activity(self, x: Num[Tensor, "n *shape"]) -> Float[Tensor, "n d"]:
        """Activity of the complex cells, region by region; in each the K on-cells, then the K off-cells."""
        kernel = self.whitening @ self.filters.T
        bias = -self.mean @ kernel
        work = torch.bfloat16 if self.precision == "bfloat16" else torch.float32
        height, width = (side - self.patch + 1 for side in self.shape[:2])
        pictures = max(1, min(len(x), _BLOCK // (height * width)))
        desk = _Desk(pictures * height * width, kernel.shape[0], kernel.shape[1], work)
        regions = boxes_of(self.cuts)
        fast = native.available() and x.device.type == "cpu" and x.dtype in (torch.uint8, torch.float32)
        fast = fast and len(kernel) <= native.LARGEST_PATCH
        pooled = native.cortex_pool if fast else pool
        kernel, bias, found = kernel.to(work), bias.to(work), []
        for block in x.contiguous().split(pictures):
            rows = len(block) * height * width
            if fast:
                native.cortex_patches(block, self.patch, CONTRAST_FLOOR, desk.seen[:rows])
            else:
                self._look(block, desk, rows)
            simple = torch.addmm(bias, desk.seen[:rows], kernel, out=desk.simple[:rows])
            found.append(pooled(simple.view(len(block), height, width, -1), regions, self.threshold))
        return torch.cat(found)

    def _look(self, x: Tensor, desk: "_Desk", rows: int) -> None:
        """Contrast-normalised patches of pictures, a row each."""
        desk.seen[:rows] = normalise_contrast(_unit(windows_of(x, self.patch).reshape(rows, -1)))

    def rescale(self, x: Num[Tensor, "n *shape"]) -> None:
        """Set gains so that each filter's liveliest cell, mean plus four standard deviations over `x`, fills the range.

        Quiet cells then lose no more by rounding than lively ones, and a read-out damps them alike.
        """
        activity = self.activity(x)
        highest = (activity.mean(0) + 4 * activity.std(0, unbiased=False)).view(-1, len(self.filters)).amax(0)
        self.gain = _LEVELS / highest.clamp_min(1e-6)


class _Desk:
    """Memory for one block of patches, used again for the next: fresh memory costs more than the arithmetic."""

    def __init__(self, rows: int, inputs: int, cells: int, work: torch.dtype) -> None:
        self.seen, self.simple = torch.empty(rows, inputs, dtype=work), torch.empty(rows, cells, dtype=work)


def pool(
    simple: Float[Tensor, "n h w k"], regions: list[tuple[int, int, int, int]], threshold: float
) -> Float[Tensor, "n d"]:
    """Square root of the mean activity of on-cells and off-cells in each region (top, bottom, left, right)."""
    halves = []
    for sign in (1, -1):
        rectified = (sign * simple.float() - threshold).clamp_(min=0)
        halves.append([rectified[:, top:bottom, left:right].mean((1, 2)) for top, bottom, left, right in regions])
    return torch.cat([half for pair in zip(*halves, strict=True) for half in pair], 1).sqrt_()


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


def cuts_of(shape: tuple[int, ...], patch: int, grid: int, overlap: int) -> list[list[tuple[int, int]]]:
    """Where regions of pictures begin and end, down and across, in places of a patch."""
    return [regions_of(side - patch + 1, grid, overlap) for side in shape[:2]]


def boxes_of(cuts: list[list[tuple[int, int]]]) -> list[tuple[int, int, int, int]]:
    """Top, bottom, left, right of each region.

    Examples
    --------
    >>> boxes_of([[(0, 2)], [(0, 3), (3, 5)]])
    [(0, 2, 0, 3), (0, 2, 3, 5)]
    """
    down, across = cuts
    return [(top, bottom, left, right) for top, bottom in down for left, right in across]


def windows_of(x: Num[Tensor, "n height width *colours"], side: int) -> Num[Tensor, "n h w d"]:
    """The pixels that a patch holds at every place."""
    windows = x.unfold(1, side, 1).unfold(2, side, 1)  # n, h, w, (colours,) side, side
    return (windows.movedim(3, -1) if x.ndim == 4 else windows).flatten(3)


def usual_form(shape: tuple[int, ...]) -> dict[str, int]:
    """Filters, patches and regions for pictures of a shape: strokes are larger than colours' edges.

    Chosen on validation data of MNIST and CIFAR-10.

    Examples
    --------
    >>> usual_form((28, 28))
    {'filters': 100, 'patch': 10, 'grid': 4, 'overlap': 3}
    """
    if len(shape) < 2:
        return {}
    grey = len(shape) == 2
    side = max(2, min(10 if grey else 6, min(shape[:2]) // 2))
    places = min(shape[:2]) - side + 1
    grid = 4 if grey and places >= 12 else min(3, places)
    return {"filters": 100 if grey else 200, "patch": side, "grid": grid, "overlap": places // (6 if grey else 12)}
