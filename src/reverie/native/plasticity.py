"""Weights changed in place by products of what their two sides do. See `reverie.plasticity.learning`."""

import ctypes
import math
from collections.abc import Callable, Sequence
from ctypes import c_float, c_int32, c_int64, c_void_p

from jaxtyping import Float
from torch import Tensor

from reverie.native.library import function

__all__ = ["MOST_PRODUCTS", "Change", "Pairs", "change_weights", "done", "pairs_step"]

MOST_PRODUCTS = 4
"""Products that the compiled loop takes at once."""


class Change(ctypes.Structure):
    """Products to be added to weights; it points into tensors that must live as long."""

    _fields_ = [
        *((name, c_int64) for name in ("products", "rows", "cells", "inputs")),
        ("scale", c_float * MOST_PRODUCTS),
        ("post", c_void_p * MOST_PRODUCTS),
        ("pre", c_void_p * MOST_PRODUCTS),
        ("weight", c_void_p),
        ("low", c_float),
        ("high", c_float),
        ("bounded", c_int32),
    ]

    @classmethod
    def of(
        cls, weight: Float[Tensor, "cells inputs"], products: int, rows: int, *, low: float, high: float
    ) -> "Change":
        """Contiguous weights and their bounds; the products are yet to be named."""
        change = cls(products, rows, *weight.shape)
        change.weight, change.low, change.high = weight.data_ptr(), low, high
        change.bounded = low > -math.inf or high < math.inf
        return change


class Pairs(ctypes.Structure):
    """Pair STDP on weights, step by step; it points into tensors that must live as long."""

    _fields_ = [
        ("change", Change),
        ("trace_pre", c_void_p),
        ("trace_post", c_void_p),
        *((name, c_float) for name in ("left_pre", "left_post", "stronger", "weaker")),
        ("turned", c_int32),
    ]


def change_weights(
    weight: Float[Tensor, "cells inputs"],
    products: Sequence[tuple[float, Float[Tensor, "n cells"], Float[Tensor, "n inputs"]]],
    *,
    low: float,
    high: float,
) -> bool:
    """weight + Σ scale postᵀ pre between the bounds, in place; False where a matrix product is sooner. All contiguous.

    Only what is not zero is multiplied.
    """
    scales, posts, pres = zip(*products, strict=True)
    change = Change.of(weight, len(scales), len(posts[0]), low=low, high=high)
    change.scale[: len(scales)] = scales
    change.post[: len(scales)] = [post.data_ptr() for post in posts]
    change.pre[: len(scales)] = [pre.data_ptr() for pre in pres]
    return done(function("change_weights", c_void_p, returns=c_int32)(ctypes.addressof(change)))


def pairs_step() -> Callable[..., int]:
    """`run(address of Pairs, address of pre, address of post, modulator)`: one step; ask `done` of what it gives."""
    return function("pairs_step", c_void_p, c_void_p, c_void_p, c_float, returns=c_int32, brief=True)


def done(found: int) -> bool:
    """Whether weights were changed; False where a matrix product is sooner."""
    if found < 0:
        raise MemoryError("No memory for the list of events.")
    return found == 0
