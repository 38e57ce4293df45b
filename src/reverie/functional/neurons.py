"""Leaky integrate-and-fire neurons through time, and the surrogate gradients by which they are trained::

    i_t = α i_{t−1} + x_t                      synaptic current (α = 0: the input itself)
    u_t = β v_{t−1} + i_t                      membrane, in units of the threshold where ϑ = 1
    s_t = 1 where u_t ≥ ϑ + κ a_{t−1}, else 0  spike; the threshold adapts where κ > 0
    v_t = u_t − s_t (ϑ + κ a_{t−1})            soft reset;   hard reset: v_t = (1 − s_t) u_t
    a_t = ρ a_{t−1} + s_t                      adaptation

α, β, ρ are decays for one step: exp(−Δt / τ). β = 1 is integrate-and-fire without a leak. On the way back the step
function has the slope of a surrogate at d = u − threshold. One call is a whole sequence.

References: Neftci, Mostafa, Zenke, 2019, IEEE Signal Processing Magazine 36 (surrogate gradients); Bellec et al., 2018,
NeurIPS (adaptive thresholds).
"""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from reverie import native
from reverie.errors import BadData, unknown_name

__all__ = ["SURROGATES", "NeuronState", "Surrogate", "integrate_and_fire", "step_function", "surrogate_slope"]

_RESETS = ("soft", "hard")


class Surrogate(NamedTuple):
    """A step function's stand-in on the way back.

    Attributes
    ----------
    kind : {"fast_sigmoid", "arctan", "triangular"}
        Slopes ``1 / (1 + k |d|)²``, ``k / 2 / (1 + (π k d / 2)²)``, ``k max(0, 1 − k |d|)``.
    steepness : float
        k.
    """

    kind: str
    steepness: float


SURROGATES = {
    "fast_sigmoid": Surrogate("fast_sigmoid", 25.0),
    "superspike": Surrogate("fast_sigmoid", 100.0),
    "arctan": Surrogate("arctan", 2.0),
    "triangular": Surrogate("triangular", 1.0),
}
"""By name, with the steepness that is usual. SuperSpike (Zenke & Ganguli, 2018, Neural Computation 30) is a steep fast
sigmoid; triangular: Esser et al., 2016, PNAS 113; arctan: Fang et al., 2021, ICCV."""

_KINDS = ("fast_sigmoid", "arctan", "triangular")


class NeuronState(NamedTuple):
    """What a neuron carries from one step to the next, each of the shape of one step."""

    current: Float[Tensor, "*m"]
    membrane: Float[Tensor, "*m"]
    adaptation: Float[Tensor, "*m"]

    @classmethod
    def zeros(cls, like: Float[Tensor, "*m"]) -> "NeuronState":
        """At rest."""
        return cls(torch.zeros_like(like), torch.zeros_like(like), torch.zeros_like(like))


def surrogate_slope(d: Float[Tensor, "*m"], surrogate: Surrogate) -> Float[Tensor, "*m"]:
    """The stand-in for the step function's slope at distance `d` above the threshold.

    Examples
    --------
    >>> surrogate_slope(torch.tensor([0.0, 1.0]), Surrogate("fast_sigmoid", 1.0))
    tensor([1.0000, 0.2500])
    """
    kind, k = surrogate
    if kind == "fast_sigmoid":
        return (1 + k * d.abs()).square().reciprocal()
    if kind == "arctan":
        return 0.5 * k / (1 + (0.5 * torch.pi * k * d).square())
    return k * (1 - k * d.abs()).clamp(min=0)


def integrate_and_fire(
    x: Float[Tensor, "t *m"],
    state: NeuronState | None = None,
    *,
    beta: float | Tensor = 0.9,
    alpha: float | Tensor = 0.0,
    threshold: float = 1.0,
    kappa: float = 0.0,
    rho: float = 0.0,
    reset: str = "soft",
    surrogate: Surrogate = SURROGATES["arctan"],
    through_reset: bool = True,
) -> tuple[Float[Tensor, "t *m"], NeuronState]:
    """Spikes of a sequence, and the state after it.

    Parameters
    ----------
    x : Tensor, shape ``[t, *m]``
        Input current of each step, time first.
    state : NeuronState, optional
        Before the first step; at rest where there is none.
    beta, alpha, rho : float
        Decays of membrane, current and adaptation for one step, 0…1. `beta` and `alpha` may be tensors that broadcast
        against one step, to be learned.
    threshold, kappa : float
        ϑ, and by how much each spike raises it.
    through_reset : bool
        Whether gradients also pass through the reset.

    Raises
    ------
    BadData
        NaN in x; a state of another shape; a decay outside 0…1.

    Examples
    --------
    >>> spikes, state = integrate_and_fire(torch.full((4, 1), 0.6), beta=0.5)
    >>> spikes.flatten().tolist(), state.membrane
    ([0.0, 0.0, 1.0, 0.0], tensor([0.6250]))
    """
    _check(x, state, beta, alpha, rho, threshold)
    if reset not in _RESETS:
        raise unknown_name("reset", reset, _RESETS)
    if surrogate.kind not in _KINDS:
        raise unknown_name("surrogate", surrogate.kind, _KINDS)
    state = NeuronState.zeros(x[0]) if state is None else state
    fixed = isinstance(beta, float | int) and isinstance(alpha, float | int)
    if fixed and native.usable(x, *state):
        form = native.NeuronForm(
            len(x),
            x[0].numel(),
            alpha,
            beta,
            threshold,
            rho,
            kappa,
            reset == "hard",
            kappa != 0,
            alpha != 0,
        )
        needed = torch.is_grad_enabled() and any(part.requires_grad for part in (x, *state))
        if not needed:
            after = _own(*state)
            spikes, _, _ = native.neurons_forward(form, x.detach().contiguous(), after, keep=False)
            return spikes, after
        spikes, *parts = _Compiled.apply(x, *state, form, surrogate, through_reset)  # type: ignore[no-untyped-call]
        return spikes, NeuronState(*parts)
    return _step_by_step(x, state, beta, alpha, threshold, kappa, rho, reset, surrogate, through_reset)


def _check(x: Tensor, state: NeuronState | None, beta: Any, alpha: Any, rho: float, threshold: float) -> None:
    if x.ndim < 2 or 0 in x.shape:
        raise BadData(f"x has shape {tuple(x.shape)}. Expected [time, …] with at least one step and one neuron.")
    if not bool(torch.isfinite(x.sum())) and not bool(torch.isfinite(x).all()):
        raise BadData("x contains NaN or infinity. Expected finite currents: look at what comes before this layer.")
    for name, part in zip(NeuronState._fields, state or (), strict=False):
        if part.shape != x.shape[1:]:
            raise BadData(
                f"The state's {name} has shape {tuple(part.shape)}, and a step of x has {tuple(x.shape[1:])}. Give the "
                "state of the same batch, or none to begin at rest."
            )
    for name, value in (("beta", beta), ("alpha", alpha), ("rho", rho)):
        if isinstance(value, float | int) and not 0 <= value <= 1:
            raise BadData(f"{name} is {value}. Expected a decay for one step, 0…1.")
    if not threshold > 0:
        raise BadData(f"threshold is {threshold}. Expected more than 0.")


def _own(*parts: Tensor) -> NeuronState:
    """Copies that a compiled loop may write to."""
    return NeuronState(*(part.detach().clone(memory_format=torch.contiguous_format) for part in parts))


class _Compiled(torch.autograd.Function):
    """The recurrence as one node: forward and backward are each one pass over time."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, i: Tensor, v: Tensor, a: Tensor, form: Any, surrogate: Surrogate, through_reset: bool
    ) -> tuple[Tensor, ...]:
        after = _own(i, v, a)
        spikes, above, adaptation = native.neurons_forward(form, x.detach().contiguous(), after, keep=True)
        ctx.save_for_backward(above, adaptation)
        ctx.form, ctx.surrogate, ctx.through_reset = form, surrogate, through_reset
        return spikes, *after

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        above, adaptation = ctx.saved_tensors
        state = _own(*grads[1:])
        grad_x = native.neurons_backward(
            ctx.form,
            above,
            adaptation,
            grads[0].contiguous(),
            state,
            surrogate=_KINDS.index(ctx.surrogate.kind),
            steepness=ctx.surrogate.steepness,
            through_reset=ctx.through_reset,
        )
        return grad_x, *state, None, None, None


class _Spike(torch.autograd.Function):
    """A step on the way there, a surrogate's slope on the way back."""

    @staticmethod
    def forward(ctx: Any, d: Tensor, surrogate: Surrogate) -> Tensor:
        ctx.save_for_backward(d)
        ctx.surrogate = surrogate
        return (d >= 0).to(d.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (d,) = ctx.saved_tensors
        return grads[0] * surrogate_slope(d, ctx.surrogate), None


def step_function(d: Float[Tensor, "*m"], surrogate: Surrogate) -> Float[Tensor, "*m"]:
    """1 where d ≥ 0, else 0; on the way back with the surrogate's slope."""
    out: Tensor = _Spike.apply(d, surrogate)  # type: ignore[no-untyped-call]
    return out


def _step_by_step(
    x: Tensor,
    state: NeuronState,
    beta: float | Tensor,
    alpha: float | Tensor,
    threshold: float,
    kappa: float,
    rho: float,
    reset: str,
    surrogate: Surrogate,
    through_reset: bool,
) -> tuple[Tensor, NeuronState]:
    """The same in PyTorch's operations, wherever the tensors are."""
    i, v, a = state
    spikes = []
    synaptic = isinstance(alpha, Tensor) or alpha != 0
    for input_ in x.unbind():  # x[t] would make a zero tensor as large as x for each step on the way back
        i = i * alpha + input_ if synaptic else i
        u = v * beta + (i if synaptic else input_)
        bar: float | Tensor = threshold + kappa * a if kappa else threshold
        s = step_function(u - bar, surrogate)
        if reset == "hard":
            v = u - u * (s if through_reset else s.detach())
        else:
            v = u - (s * bar if through_reset else (s * bar).detach())
        a = a * rho + s if kappa else a
        spikes.append(s)
    return torch.stack(spikes), NeuronState(i, v, a)
