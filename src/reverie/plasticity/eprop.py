"""E-prop: the gradient of a spiking network, forward in time, from what a synapse sees and a signal that reaches it::

    v_t = α v_{t−1} + W x_t − reset                      membrane of a leaky integrate-and-fire cell, α = e^(−1/τ)
    x̄_t = α x̄_{t−1} + x_t                                faded presynaptic spikes
    ψ = (γ / v_th) max(0, 1 − |v − v_th| / v_th)         pseudo-derivative of the spike
    e_ji = ψ_j x̄_i,    ē ← κ ē + e                       eligibility, and as a leaky read-out sees it
    ΔW = −η ⟨L_j ē_ji⟩                                   L the learning signal: ∂E/∂z_j, or what stands for it

Without recurrent connections this is the gradient that backpropagation through time computes, with the same surrogate
and no gradient through the reset. With them it leaves out what passes through other cells; broadcast errors, by random
weights if one likes, are then enough in many tasks.

Reference: Bellec, Scherr, Subramoney, Hajek, Salaj, Legenstein, Maass, 2020, Nature Communications 11:3625 (γ = 0.3).
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.contracts import Rule, SynapseView
from reverie.errors import BadData
from reverie.plasticity.parts import Coefficient, decay, same_rows

__all__ = ["EProp", "EligibilityTraces"]


class EligibilityTraces(NamedTuple):
    """x̄ of each synapse's input; ē, where the read-out is leaky, else nothing in that place."""

    pre: Float[Tensor, "n n_in"]
    filtered: Float[Tensor, "n n_out n_in"] | None


@dataclass(frozen=True)
class EProp(Rule[EligibilityTraces]):
    """E-prop for leaky integrate-and-fire cells. `post` of the view is the membrane v when it is compared with v_th.

    Parameters
    ----------
    rate : float
        η.
    tau : float
        Of the membrane, in steps.
    threshold : float
        v_th.
    dampening : float
        γ.
    tau_readout : float or None
        Of a leaky read-out, κ = e^(−1/τ), in steps. None: the read-out has no memory. A leaky one asks for a trace of
        each synapse in each row, [n, n_out, n_in] in all, because every row has a learning signal of its own.

    Notes
    -----
    The modulator is the learning signal: one number, one for each cell, or, here alone, one for each row and cell.
    It is an error: a positive one weakens. Where v_th is taken from the membrane after a spike, v is the membrane that
    the neurons hand back plus v_th for each spike.

    Examples
    --------
    A cell at its threshold, twice the same input, told that it fires too much:

    >>> rule = EProp(rate=1.0, tau=10.0)
    >>> view = SynapseView(torch.ones(1, 1), torch.ones(1, 1), torch.zeros(1, 1))
    >>> change, state = rule(view, rule.begin(view))
    >>> round(float(change), 4), round(float(rule(view, state)[0]), 4)  # −0.3 and −0.3 (1 + exp(−1/10))
    (-0.3, -0.5715)
    """

    rate: Coefficient = 0.01
    tau: Coefficient = 20.0
    threshold: Coefficient = 1.0
    dampening: Coefficient = 0.3
    tau_readout: Coefficient | None = None

    def begin(self, view: SynapseView) -> EligibilityTraces:
        per_row = None if self.tau_readout is None else view.post.new_zeros(*view.post.shape, view.pre.shape[1])
        return EligibilityTraces(torch.zeros_like(view.pre), per_row)

    def __call__(
        self, view: SynapseView, state: EligibilityTraces, modulator: float | Float[Tensor, "..."] = 1.0
    ) -> tuple[Float[Tensor, "n_out n_in"], EligibilityTraces]:
        same_rows(state.pre, view.pre)
        shape = tuple(view.post.shape)
        if isinstance(modulator, Tensor) and tuple(modulator.shape) not in ((), shape[1:], shape):
            raise BadData(
                f"The learning signal has shape {tuple(modulator.shape)}. Expected one number, one for each of the "
                f"{shape[1]} cells, or {list(shape)}, one for each row and cell."
            )
        pre = decay(self.tau) * state.pre + view.pre
        distance = (view.post - self.threshold).abs() / self.threshold
        slope = self.dampening / self.threshold * (1 - distance).clamp(min=0)
        signal = self.rate / len(pre) * modulator * torch.ones_like(slope)
        if self.tau_readout is None or state.filtered is None:
            return -(signal * slope).T @ pre, EligibilityTraces(pre, None)
        filtered = decay(self.tau_readout) * state.filtered + slope[:, :, None] * pre[:, None]
        return -torch.einsum("nj,nji->ji", signal, filtered), EligibilityTraces(pre, filtered)
