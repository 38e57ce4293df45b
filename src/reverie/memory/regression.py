"""Numbers read out of a memory, each with how far a new one is expected to lie from it.

The sums are of keys that end in the numbers' own digits, [h | digits]: so they are exact where these are whole numbers,
and are merged and subtracted as all sums are. What is read out is the ridge regression of each number y on h, with a λ
of its own (`reverie.functional.ridge`). With leverage ℓ(h) = (h − h̄)ᵀ(G + λI)⁻¹(h − h̄) + 1/n and f effective
parameters ::

    s² = Σ (y − ŷ)² / (n − 1 − f),     f = tr G (G + λI)⁻¹,     (y − ŷ(h)) / (s √(1 + ℓ(h))) ~ Student(n − 1 − f)

A new sample was not learned, so both the noise and what is not known of the weights count. Where f comes near n − 1,
the read-out passes through every sample, and nothing is left to tell the noise by. The posterior of the weights still
tells it, with n − 1 degrees of freedom: s² = (Σ (y − ŷ)² + λ ‖W‖²) / (n − 1). At the λ of the largest evidence the two
are the same; the larger is taken.

References: Hastie & Tibshirani, 1990, Generalized Additive Models, section 3.5 (effective degrees of freedom);
MacKay, 1992, Neural Computation 4 (the two are the same); Rasmussen & Williams, 2006, section 2.1 (a new y).
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Num
from torch import Tensor

from reverie.memory.associative import AssociativeMemory

__all__ = ["Estimates", "Regression"]


class Estimates(NamedTuple):
    """Of each sample and number: its value, and the deviation of a new one from that, in units of Student's law.

    Attributes
    ----------
    value, deviation : Float[Tensor, "n k"]
        A deviation is infinite where there are too few samples to tell.
    freedom : Float[Tensor, "n k"]
        Degrees of freedom of each deviation.
    """

    value: Float[Tensor, "n k"]
    deviation: Float[Tensor, "n k"]
    freedom: Float[Tensor, "n k"]


class Regression:
    """The numbers that keys stand for.

    Parameters
    ----------
    memory : AssociativeMemory
        Its keys end in p inputs that make up the numbers.
    weights : Tensor, shape [p, k]
        Number j is the sum of these inputs times weights[:, j].

    Examples
    --------
    >>> memory, x = AssociativeMemory(ridge=1e-9), torch.arange(6)[:, None]
    >>> memory.write(torch.cat([x, 3 * x + 1], 1), torch.ones(6, 1))
    >>> Regression(memory, torch.ones(1, 1))(torch.tensor([[9]])).value.round(decimals=3)
    tensor([[28.]], dtype=torch.float64)
    """

    def __init__(self, memory: AssociativeMemory, weights: Float[Tensor, "p k"]) -> None:
        self._memories = [memory.with_values(column[:, None]) for column in weights.T]
        self._noise: list[tuple[float, float]] = []

    def __call__(self, keys: Num[Tensor, "n d"]) -> Estimates:
        """Estimate the numbers of keys, which are without those inputs."""
        values, deviations, freedoms = [], [], []
        self._noise = self._noise or [memory.noise() for memory in self._memories]
        for memory, (variance, freedom) in zip(self._memories, self._noise, strict=True):
            values.append(memory.read(keys))
            deviations.append((variance * (1 + memory.novelty(keys))).sqrt()[:, None])
            freedoms.append(torch.full_like(deviations[-1], freedom))
        return Estimates(*(torch.cat(columns, 1) for columns in (values, deviations, freedoms)))

    def explained(self) -> list[float]:
        """The share of each number's variance that is explained in new samples, by cross-validation's estimate."""
        return [memory.explained() for memory in self._memories]
