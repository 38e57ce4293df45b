"""Probabilities from a least-squares read-out of one-hot labels::

    p = softmax(β s),     β = 1 / Σ π²

Near equal scores s the read-out is itself an estimate of the probabilities, and the softmax has slope one there for
this β (π: class frequencies; β = k for k even classes).
"""

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["one_hot_logits", "one_hot_slope"]


def one_hot_slope(counts: Float[Tensor, " k"]) -> float:
    """β.

    Examples
    --------
    >>> one_hot_slope(torch.tensor([5.0, 5.0, 0.0]))
    2.0
    """
    return 1 / float(_concentration(counts))


def one_hot_logits(scores: Float[Tensor, "n k"], counts: Float[Tensor, " k"]) -> Float[Tensor, "n k"]:
    """β s, and −∞ for a class of which there are no samples.

    Examples
    --------
    >>> one_hot_logits(torch.tensor([[0.75, 0.25, 0.5]]), torch.tensor([5.0, 5.0, 0.0]))
    tensor([[1.5000, 0.5000,   -inf]])
    """
    return (scores / _concentration(counts)).masked_fill(counts == 0, -torch.inf)


def _concentration(counts: Float[Tensor, " k"]) -> Float[Tensor, ""]:
    return (counts / counts.sum()).square().sum()
