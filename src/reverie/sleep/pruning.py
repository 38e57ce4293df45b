"""Pruning in sleep: the inputs that the memory needs least go, and the sums of the others stay as they are, exact."""

from jaxtyping import Int64
from torch import Tensor

from reverie.functional import least_useful
from reverie.memory import AssociativeMemory

__all__ = ["needed_least"]


def needed_least(memory: AssociativeMemory, groups: Int64[Tensor, "g m"], count: int) -> Int64[Tensor, " count"]:
    """The `count` groups of inputs that the memory's read-out needs least, the least needed first.

    See `reverie.functional.pruning`.

    Examples
    --------
    Of three inputs, the last is noise:

    >>> import torch
    >>> memory = AssociativeMemory(ridge=0.01)
    >>> keys = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    >>> memory.write(keys, keys[:, :2])
    >>> needed_least(memory, torch.tensor([[0], [1], [2]]), 1)
    tensor([2])
    """
    inverse, weights, _ = memory.solution()
    return least_useful(inverse.float(), weights.float(), groups, count)
