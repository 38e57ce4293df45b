"""Whether there is room for the sums of what is to be learned, before anything is changed."""

import torch
from torch import Tensor

from reverie.errors import BadData
from reverie.memory.associative import AssociativeMemory
from reverie.memory.sums import bytes_of_sums

__all__ = ["check_room"]

_LARGEST_SUMS = 8 * 2**30  # bytes of working memory for sums


def check_room(memory: AssociativeMemory, keys: Tensor, columns: Tensor, classes: int, *, advice: str) -> None:
    """Refuse what the sums have no room for.

    Parameters
    ----------
    keys : Tensor
        At least one that is like those of the samples.
    columns : Tensor
        Of all samples that are to be learned.
    classes : int
        How many there are, those that are known included.
    advice : str
        What to do where there is no room.

    Raises
    ------
    BadData
    """
    counts = torch.bincount(columns, minlength=classes).double()
    if memory.samples:
        counts[: len(memory.value_sums)] += memory.value_sums
    width, per_class = keys.shape[1], memory.per_class
    largest = 127 if keys.dtype == torch.uint8 else 2**16
    needed = bytes_of_sums(counts.long().tolist(), width, per_class=per_class, largest=largest)
    if needed > _LARGEST_SUMS:
        raise BadData(
            f"Sums of {len(counts)} classes, {width} inputs each, would take {needed:.1e} bytes of memory. "
            f"Expected at most {_LARGEST_SUMS:.1e}. {advice}"
        )
