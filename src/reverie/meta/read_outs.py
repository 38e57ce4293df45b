"""The read-outs of the memory in a differentiable form: what a sense is trained through.

Class means ::

    score_c(h) = τ · cos(h, mean of the keys of c)

and the exact memory's ridge, in its dual form, for there are fewer examples n than inputs d ::

    score(h) = τ · h Kᵀ (K Kᵀ + λ I)⁻¹ Y,   K [n, d] the examples' keys, Y [n, k] their classes

which is (G + λI)⁻¹ C of `reverie.memory.AssociativeMemory`, in float32 and with gradients.

References: Snell, Swersky & Zemel, 2017 (class means); Bertinetto et al., 2019, R2-D2 (ridge as the inner loop).
"""

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn.functional import normalize, one_hot

__all__ = ["mean_logits", "ridge_logits"]


def mean_logits(
    shown: Float[Tensor, "n d"], labels: Int64[Tensor, " n"], asked: Float[Tensor, "q d"]
) -> Float[Tensor, "q k"]:
    """Cosine of each question to each class mean.

    Examples
    --------
    >>> mean_logits(torch.eye(2), torch.tensor([0, 1]), torch.tensor([[2.0, 0.0]])).tolist()
    [[1.0, 0.0]]
    """
    classes = one_hot(labels).to(shown.dtype)
    means = (classes.T @ normalize(shown, dim=1)) / classes.sum(0)[:, None]
    cosines: Tensor = normalize(asked, dim=1) @ normalize(means, dim=1).T
    return cosines


def ridge_logits(
    shown: Float[Tensor, "n d"],
    labels: Int64[Tensor, " n"],
    asked: Float[Tensor, "q d"],
    ridge: float | Float[Tensor, ""],
) -> Float[Tensor, "q k"]:
    """The ridge read-out of one-hot labels.

    Examples
    --------
    >>> ridge_logits(torch.eye(2), torch.tensor([0, 1]), torch.tensor([[2.0, 0.0]]), 1.0).tolist()
    [[1.0, 0.0]]
    """
    classes = one_hot(labels).to(shown.dtype)
    gram = shown @ shown.T + ridge * torch.eye(len(shown), dtype=shown.dtype, device=shown.device)
    found: Tensor = asked @ (shown.T @ torch.linalg.solve(gram, classes))
    return found
