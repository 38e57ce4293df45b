"""The NMDA receptor's gate: magnesium blocks the channel until the cell is excited anyway.

The current through it is the driving force times the open share of channels, a sigmoid of the voltage shifted by the
logarithm of the Mg²⁺ concentration. As a non-linearity of a network::

    NMDA_α(x) = x · σ(βx − ln α) = x / (1 + α e^(−βx))

α stands for [Mg²⁺]: α = 1 is SiLU, α = 0 (no magnesium) leaves x as it is, a larger α opens later.

Reference: Kim, Kwon, Cha, Lee, 2023, NeurIPS 36 ("Transformer as a hippocampal memory consolidation model based on
NMDAR-inspired nonlinearity").
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.errors import BadData

__all__ = ["check_magnesium", "nmda"]


def nmda(x: Float[Tensor, "*shape"], *, alpha: float = 1.0, beta: float = 1.0) -> Float[Tensor, "*shape"]:
    """x · σ(βx − ln α). NaN in `x` stays NaN.

    Parameters
    ----------
    alpha : float
        Mg²⁺ concentration relative to that which half blocks the channel at x = 0; 0 or more.
    beta : float
        Steepness of the gate, per unit of x; more than 0.

    Examples
    --------
    >>> nmda(torch.tensor([-1.0, 0.0, 2.0]), alpha=0.0)
    tensor([-1.,  0.,  2.])
    >>> nmda(torch.tensor([0.0, 2.0]), alpha=10.0)
    tensor([0.0000, 0.8499])
    """
    check_magnesium(alpha, beta)
    return x.clone() if alpha == 0 else x * torch.sigmoid(beta * x - math.log(alpha))


def check_magnesium(alpha: float, beta: float) -> None:
    """Refuse what is no concentration or no steepness."""
    if not (math.isfinite(alpha) and alpha >= 0):
        raise BadData(f"alpha is {alpha}. Expected a Mg²⁺ concentration: a finite number, 0 or more (0: linear).")
    if not (math.isfinite(beta) and beta > 0):
        raise BadData(f"beta is {beta}. Expected a steepness: a finite number, more than 0.")
