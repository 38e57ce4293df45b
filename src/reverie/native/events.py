"""Products in which only what is not zero is read."""

from ctypes import c_float, c_int32, c_int64, c_void_p

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.native.library import address, function

__all__ = ["event_product", "event_step"]


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


def event_step(
    events: Float[Tensor, " i"],
    dense: Float[Tensor, "i o"],
    start: Float[Tensor, " o"] | None,
    membrane: Float[Tensor, " o"],
    work: tuple[Tensor, Tensor],
    *,
    beta: float,
    threshold: float,
    hard: bool,
) -> Float[Tensor, " o"]:
    """One sample, one step of a dense layer of leaky integrate-and-fire neurons; `membrane` becomes the next one.

    Parameters
    ----------
    work : int32 and float32 tensors of [i + 16]
        Room for the list of events.
    """
    run = function("event_step", c_int64, c_int64, *[c_void_p] * 3, c_float, c_float, c_int32, *[c_void_p] * 4)
    inputs, width = dense.shape
    spikes = torch.empty(width)
    run(
        inputs,
        width,
        events.data_ptr(),
        dense.data_ptr(),
        address(start),
        beta,
        threshold,
        hard,
        membrane.data_ptr(),
        spikes.data_ptr(),
        work[0].data_ptr(),
        work[1].data_ptr(),
    )
    return spikes
