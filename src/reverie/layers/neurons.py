"""Spiking neurons as modules: a call takes a whole sequence and a state, and returns spikes and the next state.

The kinds differ in which terms of one equation (`reverie.functional.neurons`) are there: `lif` leaks, `current_lif`
filters its input by a synapse, `adaptive_lif` raises its threshold when it fires, `if_neurons` do not leak.
"""

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from reverie.errors import BadData, unknown_name
from reverie.functional import (
    CELLS,
    SURROGATES,
    IzhikevichState,
    NeuronState,
    Surrogate,
    integrate_and_fire,
    izhikevich,
)

__all__ = [
    "Izhikevich",
    "LeakyIntegrator",
    "SpikingNeurons",
    "adaptive_lif",
    "current_lif",
    "decay_of",
    "if_neurons",
    "lif",
]


def decay_of(tau: float) -> float:
    """The decay for one step of a time constant in steps: exp(−1 / τ).

    Examples
    --------
    >>> round(decay_of(10.0), 4)
    0.9048
    """
    if not tau > 0:
        raise BadData(f"tau is {tau}. Expected a time constant in steps, more than 0.")
    return math.exp(-1 / tau)


class SpikingNeurons(nn.Module):
    """Integrate-and-fire neurons of any kind.

    Parameters
    ----------
    beta, alpha, rho : float
        Decays of membrane, synaptic current and adaptation for one step, 0…1.
    threshold, kappa : float
        ϑ, and by how much each spike raises it.
    reset : {"soft", "hard"}
    surrogate : str or Surrogate
        One of `SURROGATES`, or one's own.
    through_reset : bool
        Whether gradients also pass through the reset.
    learn_decay : bool
        Make beta (and alpha where it is not 0) a parameter, kept in 0…1 by a sigmoid; then PyTorch's operations are
        used, not the compiled loop.

    Examples
    --------
    >>> spikes, state = lif(beta=0.5)(torch.full((3, 1, 2), 0.8))
    >>> spikes[:, 0, 0]
    tensor([0., 1., 0.])
    """

    def __init__(
        self,
        *,
        beta: float = 0.9,
        alpha: float = 0.0,
        threshold: float = 1.0,
        kappa: float = 0.0,
        rho: float = 0.0,
        reset: str = "soft",
        surrogate: str | Surrogate = "arctan",
        through_reset: bool = True,
        learn_decay: bool = False,
    ) -> None:
        super().__init__()
        if isinstance(surrogate, str):
            if surrogate not in SURROGATES:
                raise unknown_name("surrogate", surrogate, SURROGATES)
            surrogate = SURROGATES[surrogate]
        self.alpha, self.threshold, self.kappa, self.rho = alpha, threshold, kappa, rho
        self.beta, self.reset, self.surrogate, self.through_reset = beta, reset, surrogate, through_reset
        self.learn_decay = learn_decay
        if learn_decay:
            self.beta_logit = nn.Parameter(torch.logit(torch.tensor(beta), eps=1e-6))
            self.alpha_logit = nn.Parameter(torch.logit(torch.tensor(alpha), eps=1e-6)) if alpha else None

    def forward(
        self, x: Float[Tensor, "t *m"], state: NeuronState | None = None
    ) -> tuple[Float[Tensor, "t *m"], NeuronState]:
        """Spikes of a sequence [t, *m], and the state after it."""
        beta, alpha = self.decays()
        return integrate_and_fire(
            x,
            state,
            beta=beta,
            alpha=alpha,
            threshold=self.threshold,
            kappa=self.kappa,
            rho=self.rho,
            reset=self.reset,
            surrogate=self.surrogate,
            through_reset=self.through_reset,
        )

    def decays(self) -> tuple[float | Tensor, float | Tensor]:
        """beta and alpha: numbers, or what has been learned."""
        if not self.learn_decay:
            return self.beta, self.alpha
        alpha = self.alpha if self.alpha_logit is None else torch.sigmoid(self.alpha_logit)
        return torch.sigmoid(self.beta_logit), alpha

    def extra_repr(self) -> str:
        """For `print`."""
        return f"beta={self.beta}, alpha={self.alpha}, threshold={self.threshold}, kappa={self.kappa}, {self.reset}"


def lif(*, beta: float = 0.9, **more: Any) -> SpikingNeurons:
    """Leaky integrate-and-fire."""
    return SpikingNeurons(beta=beta, **more)


def if_neurons(**more: Any) -> SpikingNeurons:
    """Integrate-and-fire without a leak."""
    return SpikingNeurons(beta=1.0, **more)


def current_lif(*, beta: float = 0.9, alpha: float = 0.8, **more: Any) -> SpikingNeurons:
    """Leaky integrate-and-fire behind an exponential synapse."""
    return SpikingNeurons(beta=beta, alpha=alpha, **more)


def adaptive_lif(*, beta: float = 0.9, kappa: float = 0.2, rho: float = 0.97, **more: Any) -> SpikingNeurons:
    """Leaky integrate-and-fire with an adaptive threshold."""
    return SpikingNeurons(beta=beta, kappa=kappa, rho=rho, **more)


class LeakyIntegrator(nn.Module):
    """A membrane that never fires, for read-outs: v_t = β v_{t−1} + x_t. Its state is the last v.

    Examples
    --------
    >>> LeakyIntegrator(beta=0.5)(torch.ones(3, 1))[0].flatten()
    tensor([1.0000, 1.5000, 1.7500])
    """

    def __init__(self, *, beta: float = 0.9) -> None:
        super().__init__()
        if not 0 <= beta <= 1:
            raise BadData(f"beta is {beta}. Expected a decay for one step, 0…1.")
        self.beta = beta

    def forward(
        self, x: Float[Tensor, "t *m"], state: Float[Tensor, "*m"] | None = None
    ) -> tuple[Float[Tensor, "t *m"], Float[Tensor, "*m"]]:
        """The membrane at each step, and the last."""
        steps = torch.arange(len(x), device=x.device)
        lag = (steps[:, None] - steps[None]).clamp(min=0)
        response = (self.beta ** lag.to(x.dtype)).tril()  # v = response @ x, one product for all of time
        flat = response @ x.reshape(len(x), -1)
        if state is not None:
            flat = flat + self.beta ** (steps[:, None] + 1).to(x.dtype) * state.reshape(1, -1)
        out = flat.view_as(x)
        return out, out[-1]


class Izhikevich(nn.Module):
    """Izhikevich's neurons.

    Parameters
    ----------
    cell : str
        One of `reverie.functional.CELLS`, such as "regular spiking".
    step : float
        Length of a step, in ms.
    """

    def __init__(self, cell: str = "regular spiking", *, step: float = 1.0) -> None:
        super().__init__()
        if cell not in CELLS:
            raise unknown_name("cell", cell, CELLS)
        self.cell, self.step = cell, step

    def forward(
        self, x: Float[Tensor, "t *m"], state: IzhikevichState | None = None
    ) -> tuple[Float[Tensor, "t *m"], IzhikevichState]:
        """Spikes of a sequence [t, *m], and the state after it."""
        return izhikevich(x, state, cell=CELLS[self.cell], step=self.step)
