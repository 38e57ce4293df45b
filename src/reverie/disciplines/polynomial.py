"""A short polynomial as a module: the first form to try for what has no formula. Terms without weight are left out."""

from itertools import combinations_with_replacement

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor, nn

__all__ = ["Polynomial", "fit_polynomial"]


class Polynomial(nn.Module):
    """Σ weight · Π standardised inputs. Buffers only.

    Parameters
    ----------
    terms : int
    n_in, n_out : int
    """

    def __init__(self, terms: int, n_in: int, n_out: int) -> None:
        super().__init__()
        self.shape = {"terms": terms, "n_in": n_in, "n_out": n_out}
        self.register_buffer("powers", torch.zeros(terms, n_in, dtype=torch.int8))
        self.register_buffer("weight", torch.zeros(terms, n_out))
        self.register_buffer("mean", torch.zeros(n_in))
        self.register_buffer("sd", torch.ones(n_in))

    def forward(self, x: Float[Tensor, "n n_in"]) -> Float[Tensor, "n n_out"]:
        parts = dict(self.named_buffers())
        standard = (x.to(parts["mean"]) - parts["mean"]) / parts["sd"]
        return (standard[:, None, :] ** parts["powers"]).prod(-1) @ parts["weight"]


def fit_polynomial(x: NDArray[np.float64], y: NDArray[np.float64], degree: int, *, most: int = 60) -> Polynomial | None:
    """Least squares with the terms that matter; None where a polynomial of this degree has too many terms."""
    n_in = x.shape[1]
    powers = [(0,) * n_in]
    for total in range(1, degree + 1):
        for chosen in combinations_with_replacement(range(n_in), total):
            powers.append(tuple(chosen.count(place) for place in range(n_in)))
    if len(powers) > most:
        return None
    mean, sd = x.mean(0), np.where(x.std(0) > 0, x.std(0), 1.0)
    standard = (x - mean) / sd
    table = np.stack([(standard ** np.array(power)).prod(1) for power in powers], axis=1)
    weight, *_ = np.linalg.lstsq(table, y, rcond=None)
    matters = (np.abs(weight) * table.std(0)[:, None] > 1e-3 * y.std(0)).any(1)
    matters[0] = True
    weight, *_ = np.linalg.lstsq(table[:, matters], y, rcond=None)
    found = Polynomial(int(matters.sum()), n_in, y.shape[1])
    parts = dict(found.named_buffers())
    parts["powers"].copy_(torch.tensor(np.array(powers)[matters]))
    for name, value in (("weight", weight), ("mean", mean), ("sd", sd)):
        parts[name].copy_(torch.tensor(value))
    return found
