"""Pruning in sleep: the inputs that the memory needs least go, and the sums of the others stay as they are, exact."""

from jaxtyping import Int64
from torch import Tensor

from reverie.functional import most_useful
from reverie.memory import AssociativeMemory

__all__ = ["pruned"]


def pruned(memory: AssociativeMemory, groups: Int64[Tensor, "g m"], keep: int) -> Int64[Tensor, " kept"]:
    """The `keep` groups of inputs that the memory's read-out needs most; see `reverie.functional.pruning`.

    Examples
    --------
    Of three inputs, the last is noise:

    >>> import torch
    >>> memory = AssociativeMemory(ridge=0.01)
    >>> keys = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    >>> memory.write(keys, keys[:, :2])
    >>> pruned(memory, torch.tensor([[0], [1], [2]]), 2)
    tensor([0, 1])
    """
    inverse, weights, _ = memory.solution()
    return most_useful(inverse.float(), weights.float(), groups, keep)
