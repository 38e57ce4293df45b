"""A Gram matrix hᵀh, of which only the panels on and above the diagonal are computed."""

import torch
from torch import Tensor

from reverie.functional import whole_product

__all__ = ["add_gram", "packed", "symmetric", "unpacked"]

_PANELS = 8


def add_gram(gram: Tensor, h: Tensor, sign: int, exact: bool = False) -> None:
    """gram += sign · hᵀh, panels on and above the diagonal only; `exact`: the products are known to be integers."""
    d = gram.shape[0]
    step = -(-d // _PANELS) if d >= 256 else d
    for start in range(0, d, step):
        left, right = h[:, start : start + step], h[:, start:]
        block = whole_product(left, right) if h.dtype == torch.int8 else left.T @ right
        gram[start : start + step, start:].add_(block.round_() if exact else block, alpha=sign)


def symmetric(gram: Tensor) -> Tensor:
    """The whole of a matrix whose upper triangle is given."""
    upper = gram.triu()
    return upper + upper.triu(1).T


def packed(gram: Tensor) -> Tensor:
    """The upper triangle, row by row."""
    if len(gram) == 0:
        return gram.reshape(0)
    return torch.cat([row[start:] for start, row in enumerate(gram)])


def unpacked(upper: Tensor, d: int) -> Tensor:
    """The matrix, of which the upper triangle is set, in float64."""
    gram = torch.zeros(d, d, dtype=torch.float64)
    end = 0
    for start in range(d):
        begin, end = end, end + d - start
        gram[start, start:] = upper[begin:end]
    return gram
