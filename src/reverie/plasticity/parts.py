"""What rules are made of: coefficients, traces that fade, products of the two sides, and the gate of the modulator."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.errors import BadData

__all__ = ["Coefficient", "decay", "gated", "hebbian", "of_synapses", "same_rows"]

Coefficient = float | Float[Tensor, ""] | Float[Tensor, "n_out n_in"]
"""A number, or a tensor of one: then `torch.func.grad` reaches it, and a rule can itself be learned.

Coefficients that scale a change (the rates of Hebb, Oja, BCM and Sanger; the amplitudes of STDP and of triplets) may
also be one for each synapse, shape [n_out, n_in].
"""


def of_synapses(coefficient: Coefficient) -> bool:
    """Whether each synapse has a coefficient of its own."""
    return isinstance(coefficient, Tensor) and coefficient.dim() == 2


def decay(tau: Coefficient) -> Coefficient:
    """What is left of a trace after one step, e^(−1/τ); τ in steps.

    Examples
    --------
    >>> round(decay(20.0), 4)
    0.9512
    """
    return torch.exp(-1 / tau) if isinstance(tau, Tensor) else math.exp(-1 / tau)


def hebbian(post: Float[Tensor, "n n_out"], pre: Float[Tensor, "n n_in"]) -> Float[Tensor, "n_out n_in"]:
    """Hebb's product ⟨y xᵀ⟩, the mean over rows, as one matrix product.

    Examples
    --------
    >>> hebbian(torch.tensor([[2.0], [0.0]]), torch.tensor([[1.0, 3.0], [5.0, 5.0]]))
    tensor([[1., 3.]])
    """
    return (post / len(post)).T @ pre


def gated(change: Float[Tensor, "n_out n_in"], modulator: float | Float[Tensor, "..."]) -> Float[Tensor, "n_out n_in"]:
    """The change that the third factor lets through: one number for all cells, or one for each.

    Examples
    --------
    >>> gated(torch.ones(2, 3), torch.tensor([0.0, 2.0]))
    tensor([[0., 0., 0.],
            [2., 2., 2.]])
    """
    if not isinstance(modulator, Tensor) and modulator == 1:
        return change  # spares a pass over all synapses
    if isinstance(modulator, Tensor) and modulator.dim():
        if modulator.shape != change.shape[:1]:
            raise BadData(
                f"The modulator has shape {tuple(modulator.shape)}. Expected one number, or one for each of the "
                f"{len(change)} postsynaptic cells."
            )
        modulator = modulator[:, None]
    return modulator * change


def same_rows(kept: Tensor, seen: Tensor) -> None:
    """Refuse a state that was begun with rows of another number or width."""
    if kept.shape != seen.shape:
        raise BadData(
            f"The rule remembers activity of shape {tuple(kept.shape)}, and was given {tuple(seen.shape)}. Expected "
            "the same rows from step to step; for another batch, start with rule.begin(view)."
        )
