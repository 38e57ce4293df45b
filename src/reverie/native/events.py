"""Products in which only what is not zero is read."""

import ctypes
from collections.abc import Callable
from ctypes import c_float, c_int32, c_int64, c_void_p

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.native.library import address, function

__all__ = ["EVENT_SLACK", "Stepper", "event_product", "event_step"]

EVENT_SLACK = 16
"""More room than inputs that a list of events needs."""


def event_product(
    events: Float[Tensor, "n i"],
    dense: Float[Tensor, "j o"],
    start: Float[Tensor, " o"] | None = None,
    *,
    transposed: bool = False,
) -> Float[Tensor, "m o"]:
    """start + events @ dense; with `transposed` start + eventsᵀ @ dense. All contiguous float32."""
    run = function("event_product", *[c_int64] * 3, *[c_void_p] * 4, c_int32, returns=c_int32)
    rows, inputs = events.shape
    out = torch.empty(inputs if transposed else rows, dense.shape[1])
    failed = run(rows, inputs, dense.shape[1], *map(address, (events, dense, start, out)), transposed)
    if failed:
        raise MemoryError("No memory for the list of events.")
    return out


class Stepper(ctypes.Structure):
    """A dense layer that takes one sample's steps as they come; it points into tensors that must live as long."""

    _fields_ = [
        ("inputs", c_int64),
        ("width", c_int64),
        ("dense", c_void_p),
        ("start", c_void_p),
        ("beta", c_float),
        ("threshold", c_float),
        ("hard", c_int32),
        ("v", c_void_p),
        ("list", c_void_p),
        ("weights", c_void_p),
        ("spikes", c_void_p),
    ]


def event_step() -> Callable[..., int]:
    """`run(stepper's address, events' address)`: one step; spikes go where the stepper says."""
    return function("event_step", c_void_p, c_void_p, brief=True)
