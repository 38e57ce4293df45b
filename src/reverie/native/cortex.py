"""What a visual cortex does before and after its product of patches and filters. See `reverie.layers.cortex`."""

from ctypes import c_float, c_int32, c_int64, c_void_p

import torch
from jaxtyping import Float, Num
from torch import Tensor

from reverie.native.library import function, in_parts

__all__ = ["LARGEST_PATCH", "cortex_patches", "cortex_pool"]

LARGEST_PATCH = 4096
"""Numbers in a patch that the compiled loop has room for."""


def cortex_patches(x: Num[Tensor, "n *shape"], side: int, floor: float, out: Float[Tensor, "rows d"]) -> None:
    """Contrast-normalised patches of pictures (uint8 or float32) into `out` (float32 or bfloat16), a row each."""
    run = function("cortex_patches", *[c_int64] * 5, c_float, c_void_p, c_int32, c_void_p, c_int32, returns=c_int32)
    height, width, colours = x.shape[1], x.shape[2], x.shape[3] if x.ndim == 4 else 1
    rows = len(out) // len(x)

    def part(first: int, last: int) -> None:
        if last > first:
            given, taken = x[first].data_ptr(), out[first * rows].data_ptr()
            failed = run(
                last - first,
                height,
                width,
                colours,
                side,
                floor,
                given,
                x.dtype == torch.uint8,
                taken,
                out.dtype == torch.bfloat16,
            )
            assert not failed

    in_parts(part, len(x))


def cortex_pool(
    simple: Float[Tensor, "n h w k"], regions: list[tuple[int, int, int, int]], threshold: float
) -> Float[Tensor, "n d"]:
    """Square root of the mean activity of on-cells and off-cells in each region (top, bottom, left, right)."""
    run = function("cortex_pool", *[c_int64] * 4, c_float, c_void_p, c_int32, c_int64, c_void_p, c_void_p)
    n, height, width, cells = simple.shape
    edges = torch.tensor(regions, dtype=torch.int64)
    out = torch.empty(n, len(regions) * 2 * cells)
    half = simple.dtype == torch.bfloat16

    def part(first: int, last: int) -> None:
        if last > first:
            places = simple[first].data_ptr(), half, len(regions), edges.data_ptr(), out[first].data_ptr()
            run(last - first, height, width, cells, threshold, *places)

    in_parts(part, n)
    return out
