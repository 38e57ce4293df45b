"""The product, rectification and pooling of an eight-bit cortex in one loop. See `reverie.layers.integer_cortex`."""

import ctypes
from ctypes import c_double, c_int32, c_int64, c_void_p

import torch
from jaxtyping import Float, Int8, Int32, UInt8
from torch import Tensor

from reverie.native.library import address, available, function, in_parts

__all__ = ["LARGEST_INTEGER_PATCH", "CompiledCortex", "pays_here"]

LARGEST_INTEGER_PATCH = 1024
"""Numbers in a patch whose product with a filter, grey levels by eight bits that sum to zero, is below 2²⁴."""

_LANES = 16  # filters whose sums stand side by side


class _Form(ctypes.Structure):
    _fields_ = [
        *((name, c_int64) for name in ("height", "width", "colours", "side", "filters", "stored")),
        *((name, c_int64) for name in ("rows", "columns", "regions")),
        ("floor", c_double),
        *((name, c_void_p) for name in ("kernel", "upper", "lower", "across", "down", "areas", "weight")),
    ]


class CompiledCortex:
    """A cortex laid out for the compiled loop.

    Parameters
    ----------
    cuts : list
        Where regions begin and end, down and across, in places of a patch.
    weights
        What a region's sums are multiplied by.
    floor : float
        Added to a patch's variance.
    vnni : bool, optional
        Use the processor's own products of eight bits; None: where it has them.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        kernel: Int8[Tensor, "k d"],
        upper: Int32[Tensor, " k"],
        lower: Int32[Tensor, " k"],
        weights: Float[Tensor, "regions k"],
        *,
        patch: int,
        cuts: list[list[tuple[int, int]]],
        floor: float,
        vnni: bool | None = None,
    ) -> None:
        height, width, colours = (*shape, 1)[:3]
        down, across = (sorted({edge for edges in side for edge in edges}) for side in cuts)
        areas = [
            (down.index(top), down.index(bottom), across.index(left), across.index(right))
            for top, bottom in cuts[0]
            for left, right in cuts[1]
        ]
        self._vnni = bool(function("cortex_has_vnni", returns=c_int32)()) if vnni is None else vnni
        packed = _packed(kernel, 4) if self._vnni else _packed(kernel, 1).float()
        stored = packed.shape[0] * _LANES
        more = stored - len(kernel)
        self._kept = {
            "kernel": packed,
            "upper": torch.nn.functional.pad(upper, (0, more)),
            "lower": torch.nn.functional.pad(lower, (0, more)),
            "across": torch.tensor(across, dtype=torch.int32),
            "down": torch.tensor(down, dtype=torch.int32),
            "areas": torch.tensor(areas, dtype=torch.int32),
            "weight": weights.contiguous(),
        }
        counts = (len(kernel), stored, len(down) - 1, len(across) - 1, len(areas))
        self._form = _Form(height, width, colours, patch, *counts, floor, *map(address, self._kept.values()))
        self._width = 2 * len(areas) * len(kernel)

    def __call__(self, x: UInt8[Tensor, "n *shape"]) -> UInt8[Tensor, "n d"]:
        """Spike counts of the complex cells, region by region; in each the on-cells, then the off-cells."""
        run = function("cortex_integer", c_void_p, c_int64, c_void_p, c_void_p, c_int32, returns=c_int32)
        out = torch.empty(len(x), self._width, dtype=torch.uint8)

        def part(first: int, last: int) -> None:
            if last > first:
                given, taken = x[first].data_ptr(), out[first].data_ptr()
                if run(ctypes.byref(self._form), last - first, given, taken, self._vnni):
                    raise MemoryError("There is no memory for the patches of one picture.")

        in_parts(part, len(x))
        return out


def pays_here() -> bool:
    """Whether the processor multiplies eight bits at once (AVX-512 VNNI); without, floating point is quicker."""
    return not available() or bool(function("cortex_has_vnni", returns=c_int32)())


def _packed(kernel: Tensor, together: int) -> Tensor:
    """Filters [k, d] as [k / 16, d / together, 16, together], filled up with zeros."""
    k, d = kernel.shape
    filled = torch.nn.functional.pad(kernel, (0, -d % together, 0, -k % _LANES))
    return filled.view(-1, _LANES, filled.shape[1] // together, together).transpose(1, 2).contiguous()
