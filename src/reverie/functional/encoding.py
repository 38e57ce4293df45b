"""From numbers to spikes: rates, times of the first spike, and changes.

References: Auge et al., 2021, Neural Processing Letters 53 (a survey of neural codes).
"""

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.errors import BadData

__all__ = ["delta_spikes", "latency_spikes", "poisson_spikes"]


def poisson_spikes(
    rate: Float[Tensor, "*n"], steps: int, generator: torch.Generator, *, strongest: float = 1.0
) -> Float[Tensor, "t *n"]:
    """Each step spikes by chance: P(s = 1) = `strongest` · rate.

    Parameters
    ----------
    rate : values in 0…1
    strongest : float
        Probability of a spike in one step at rate 1.
    """
    _within(rate)
    chance = torch.rand((steps, *rate.shape), generator=generator).to(rate.device)
    return (chance < strongest * rate).to(rate.dtype)


def latency_spikes(value: Float[Tensor, "*n"], steps: int, *, least: float = 0.01) -> Float[Tensor, "t *n"]:
    """One spike each, the sooner the larger the value; none below `least`.

    Step ⌊(1 − value) (steps − 1)⌉ of a value in 0…1.

    Examples
    --------
    >>> latency_spikes(torch.tensor([1.0, 0.5, 0.0]), 3).T
    tensor([[1., 0., 0.],
            [0., 1., 0.],
            [0., 0., 0.]])
    """
    _within(value)
    when = ((1 - value) * (steps - 1)).round().long()
    spikes = torch.zeros((steps, *value.shape), dtype=value.dtype, device=value.device)
    return spikes.scatter_(0, when[None], (value >= least).to(value.dtype)[None])


def delta_spikes(signal: Float[Tensor, "t *n"], *, threshold: float = 0.1, off: bool = False) -> Float[Tensor, "t *n"]:
    """A spike where the signal has risen by `threshold` since the last step; with `off`, −1 where it has fallen so far.

    Examples
    --------
    >>> delta_spikes(torch.tensor([[0.0], [1.0], [1.05], [0.0]]), off=True).flatten()
    tensor([ 0.,  1.,  0., -1.])
    """
    change = torch.diff(signal, dim=0, prepend=signal[:1])
    spikes = (change >= threshold).to(signal.dtype)
    return spikes - (change <= -threshold).to(signal.dtype) if off else spikes


def _within(value: Tensor) -> None:
    low, high = float(value.min()), float(value.max())
    if not (low >= 0 and high <= 1):
        raise BadData(f"Values lie in {low:g}…{high:g}. Expected 0…1: scale them first.")
