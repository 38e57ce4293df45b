"""Which inputs of a ridge read-out are needed least: the optimal brain surgeon, exact for least squares.

With P = (G + λI)⁻¹ and W = P C, taking a group g of inputs away and refitting the rest raises the penalised error by ::

    Δ_g = tr W_gᵀ (P_gg)⁻¹ W_g

and leaves::

    P ← P − P_·g (P_gg)⁻¹ P_g·,     W ← W − P_·g (P_gg)⁻¹ W_g

Groups go one after the other, the cheapest first; in all that costs about 2 d³ operations.

Reference: Hassibi & Stork, 1993, NeurIPS 5.
"""

import torch
from jaxtyping import Float, Int64
from torch import Tensor

__all__ = ["least_useful", "most_useful"]

_AT_ONCE = 64  # a sixty-fourth of the groups goes between two rankings


def most_useful(
    inverse: Float[Tensor, "d d"], weights: Float[Tensor, "d k"], groups: Int64[Tensor, "g m"], keep: int
) -> Int64[Tensor, " kept"]:
    """The groups that remain when all but `keep` have been taken away, in ascending order.

    Parameters
    ----------
    inverse : Tensor, shape [d, d]
        P.
    weights : Tensor, shape [d, k]
        W.
    groups : int64 Tensor, shape [g, m]
        The inputs of each group.

    Examples
    --------
    The second of three inputs has no weight:

    >>> most_useful(torch.eye(3), torch.tensor([[1.0], [0.0], [2.0]]), torch.tensor([[0], [1], [2]]), 2)
    tensor([0, 2])
    """
    gone = least_useful(inverse, weights, groups, len(groups) - keep)
    stays = torch.ones(len(groups), dtype=torch.bool)
    stays[gone] = False
    return stays.nonzero().flatten()


def least_useful(
    inverse: Float[Tensor, "d d"], weights: Float[Tensor, "d k"], groups: Int64[Tensor, "g m"], count: int
) -> Int64[Tensor, " count"]:
    """The `count` groups that go first, in the order in which they go; see `most_useful`."""
    p, w = inverse.float().clone(), weights.float().clone()
    alive = torch.arange(len(groups))
    order: list[int] = []
    while len(order) < count:
        inputs = groups[alive]
        own = p[inputs[:, :, None], inputs[:, None, :]]
        cost = (w[inputs] * torch.linalg.solve(own, w[inputs])).sum((1, 2))
        leaving = cost.argsort(stable=True)[: min(max(1, len(groups) // _AT_ONCE), count - len(order))]
        order += alive[leaving].tolist()
        gone = inputs[leaving].flatten()
        step = torch.linalg.solve(p[gone][:, gone], torch.cat([p[gone], w[gone]], 1))
        before = p[:, gone]
        p -= before @ step[:, : p.shape[1]]
        w -= before @ step[:, p.shape[1] :]
        stays = torch.ones(len(alive), dtype=torch.bool)
        stays[leaving] = False
        alive = alive[stays]
    return torch.tensor(order, dtype=torch.int64)
