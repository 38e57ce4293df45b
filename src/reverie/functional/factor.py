"""A symmetric positive matrix as L Lᵀ with as few columns as it has rank.

Reference: Higham, 2002, Accuracy and Stability of Numerical Algorithms, section 10.3 (Cholesky with pivots).
"""

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["has_low_rank", "thin_factor"]

_FEW = 0.5


def has_low_rank(samples: float, d: int) -> bool:
    """Whether sums of so few samples of d numbers are better handled through their thin factor."""
    return samples < _FEW * d


def thin_factor(gram: Float[Tensor, "d d"]) -> Float[Tensor, "d r"]:
    """L of G = L Lᵀ, in float64; d · r² operations for rank r.

    Examples
    --------
    >>> thin_factor(torch.tensor([[1.0, 2.0], [2.0, 4.0]])).shape
    torch.Size([2, 1])
    """
    from scipy.linalg.lapack import dpstrf

    factor, pivots, rank, _ = dpstrf(gram.double().cpu().numpy(), lower=1)
    thin = torch.empty(len(gram), rank, dtype=torch.float64)
    thin[torch.from_numpy(pivots - 1).long()] = torch.from_numpy(factor).tril_()[:, :rank]
    return thin.to(gram.device)
