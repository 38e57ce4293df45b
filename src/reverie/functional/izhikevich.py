"""Izhikevich's neuron: two equations that fire like most cortical cells::

    dv/dt = 0.04 v² + 5 v + 140 − w + I          v: membrane in mV, I: input in its unit of current
    dw/dt = a (b v − w)                          w: recovery
    v ≥ 30 mV: spike, v ← c, w ← w + d

Reference: Izhikevich, 2003, IEEE Transactions on Neural Networks 14; there, as here, v takes two half steps.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.functional.neurons import SURROGATES, Surrogate, step_function

__all__ = ["CELLS", "Cell", "IzhikevichState", "izhikevich"]


class Cell(NamedTuple):
    """a in 1/ms, b in 1/ms per mV of v, c in mV, d in the unit of w."""

    a: float
    b: float
    c: float
    d: float


CELLS = {
    "regular spiking": Cell(0.02, 0.2, -65.0, 8.0),
    "intrinsically bursting": Cell(0.02, 0.2, -55.0, 4.0),
    "chattering": Cell(0.02, 0.2, -50.0, 2.0),
    "fast spiking": Cell(0.1, 0.2, -65.0, 2.0),
    "low threshold": Cell(0.02, 0.25, -65.0, 2.0),
}
"""The paper's cortical cells."""


class IzhikevichState(NamedTuple):
    """Membrane (mV) and recovery."""

    v: Float[Tensor, "*m"]
    w: Float[Tensor, "*m"]

    @classmethod
    def rest(cls, like: Float[Tensor, "*m"], cell: Cell) -> "IzhikevichState":
        """At −65 mV."""
        v = torch.full_like(like, -65.0)
        return cls(v, cell.b * v)


def izhikevich(
    x: Float[Tensor, "t *m"],
    state: IzhikevichState | None = None,
    *,
    cell: Cell = CELLS["regular spiking"],
    step: float = 1.0,
    surrogate: Surrogate = SURROGATES["triangular"],
) -> tuple[Float[Tensor, "t *m"], IzhikevichState]:
    """Spikes of a sequence, and the state after it.

    Parameters
    ----------
    x : Tensor, shape ``[t, *m]``
        Input current.
    step : float
        Length of a step, in ms.
    surrogate : Surrogate
        Of the distance to 30 mV, in mV / 30.
    """
    v, w = state if state is not None else IzhikevichState.rest(x[0], cell)
    spikes = []
    for current in x.unbind():
        for _ in range(2):
            v = v + 0.5 * step * (0.04 * v.square() + 5 * v + 140 - w + current)
        w = w + step * cell.a * (cell.b * v - w)
        s = step_function((v - 30) / 30, surrogate)
        v, w = v.clamp(max=30) * (1 - s) + s * cell.c, w + s * cell.d
        spikes.append(s)
    return torch.stack(spikes), IzhikevichState(v, w)
