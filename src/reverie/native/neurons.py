"""Spiking neurons through time in one pass, forward and backward. The equations are in `reverie.functional.neurons`."""

import ctypes
from ctypes import c_float, c_int32, c_int64, c_void_p

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.native.library import address, function

__all__ = ["NeuronForm", "neurons_backward", "neurons_forward"]

_State = tuple[Tensor, Tensor, Tensor]


class NeuronForm(ctypes.Structure):
    """What kind of neuron, and how many for how long."""

    _fields_ = [
        ("steps", c_int64),
        ("neurons", c_int64),
        ("alpha", c_float),
        ("beta", c_float),
        ("threshold", c_float),
        ("rho", c_float),
        ("kappa", c_float),
        ("hard", c_int32),
        ("adaptive", c_int32),
        ("synaptic", c_int32),
    ]


def neurons_forward(
    form: NeuronForm, x: Float[Tensor, "t *m"], state: _State, *, keep: bool
) -> tuple[Float[Tensor, "t *m"], Float[Tensor, "t *m"] | None, Float[Tensor, "t *m"] | None]:
    """Spikes, and with `keep` what the way back needs. The tensors of the state become the next state, in place."""
    run = function("neurons_forward", *[c_void_p] * 8)
    spikes = torch.empty_like(x)
    above = torch.empty_like(x) if keep else None
    adaptation = torch.empty_like(x) if keep and form.adaptive else None
    run(ctypes.byref(form), *map(address, (x, *state, spikes, above, adaptation)))
    return spikes, above, adaptation


def neurons_backward(
    form: NeuronForm,
    above: Float[Tensor, "t *m"],
    adaptation: Float[Tensor, "t *m"] | None,
    grad_spikes: Float[Tensor, "t *m"],
    grad_state: _State,
    *,
    surrogate: int,
    steepness: float,
    through_reset: bool,
) -> Float[Tensor, "t *m"]:
    """Gradient of the input. The tensors of `grad_state`, of the last state, become those of the first, in place."""
    run = function("neurons_backward", *[c_void_p] * 8, c_int32, c_float, c_int32)
    grad_x = torch.empty_like(above)
    given = map(address, (above, adaptation, grad_spikes, *grad_state, grad_x))
    run(ctypes.byref(form), *given, surrogate, steepness, through_reset)
    return grad_x
