"""What lets a network learn from one sample at a time: sparse weights at first, and steps that cannot overshoot.

Most weights of a neuron begin at zero, so that one sample changes few of the others' answers. A step of temporal
differences along a trace z with the error δ would overshoot where its reach M is more than 1; it is then made smaller::

    M = α κ max(|δ|, 1) ‖z‖₁        step = min(α, α / M)        w ← w + step · δ z

Numbers are brought to a common scale by their running mean and variance (Welford, 1962, Technometrics 4).

Reference: Elsayed, Vasan, Mahmood, 2024, "Streaming deep reinforcement learning finally works", arXiv:2410.14606.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor

__all__ = ["Running", "bounded_step", "sparse_weights"]


def bounded_step(error: float, trace_size: float, *, rate: float = 1.0, kappa: float = 2.0) -> float:
    """The step by which weights move along δ z, without overshooting.

    Parameters
    ----------
    error : float
        δ.
    trace_size : float
        ‖z‖₁, the sum of the absolute values of all traces.
    rate, kappa : float
        α; κ, how much room is left: larger is safer.

    Examples
    --------
    >>> bounded_step(0.5, 10.0, kappa=2.0), bounded_step(-4.0, 10.0, kappa=2.0), bounded_step(1.0, 0.1, kappa=2.0)
    (0.05, 0.0125, 1.0)
    """
    reach = rate * kappa * max(abs(error), 1.0) * trace_size
    return rate / max(reach, 1.0)


def sparse_weights(
    n_out: int, n_in: int, generator: Generator, *, sparsity: float = 0.9
) -> Float[Tensor, "n_out n_in"]:
    """Weights of a layer, U(−1/√n_in, 1/√n_in), of which every neuron has only a few.

    Parameters
    ----------
    sparsity : float
        The share of each neuron's weights that are zero, 0…1; one at least is not.

    Examples
    --------
    >>> weights = sparse_weights(3, 10, torch.Generator().manual_seed(0))
    >>> (weights != 0).sum(1).tolist()
    [1, 1, 1]
    """
    weights: Tensor = (2 * torch.rand(n_out, n_in, generator=generator) - 1) / n_in**0.5
    zeros = min(math.ceil(sparsity * n_in), n_in - 1)
    for row in weights:
        row[torch.randperm(n_in, generator=generator)[:zeros]] = 0.0
    return weights


class Running(NamedTuple):
    """Mean and variance of numbers that come one after another.

    Attributes
    ----------
    number : float
        How many came.
    mean, squares : Tensor, shape [d]
        Their mean, and the sum of squared differences from it.

    Examples
    --------
    >>> seen = Running.none(1)
    >>> for x in (1.0, 2.0, 3.0):
    ...     seen = seen.after(torch.tensor([x]))
    >>> seen.mean.item(), seen.variance.item()
    (2.0, 1.0)
    """

    number: float
    mean: Float[Tensor, " d"]
    squares: Float[Tensor, " d"]

    @classmethod
    def none(cls, d: int) -> "Running":
        """Nothing has come yet."""
        return cls(0.0, torch.zeros(d, dtype=torch.float64), torch.zeros(d, dtype=torch.float64))

    def after(self, x: Float[Tensor, " d"]) -> "Running":
        """With one more."""
        away = x.double() - self.mean
        number = self.number + 1
        mean = self.mean + away / number
        return Running(number, mean, self.squares + away * (x.double() - mean))

    @property
    def variance(self) -> Float[Tensor, " d"]:
        """Of the sample; 1 before the second number has come."""
        return self.squares / (self.number - 1) if self.number > 1 else torch.ones_like(self.squares)

    def scaled(self, x: Float[Tensor, "*n d"]) -> Float[Tensor, "*n d"]:
        """(x − mean) / deviation."""
        return ((x.double() - self.mean) / (self.variance + 1e-8).sqrt()).float()
