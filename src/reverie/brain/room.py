"""Whether there is room for the sums of what is to be learned, before anything is changed."""

import torch
from torch import Tensor

from reverie.brain.mind import Mind
from reverie.errors import BadData
from reverie.memory.sums import bytes_of_sums

__all__ = ["check_room"]

_LARGEST_SUMS = 8 * 2**30  # bytes of working memory for sums


def check_room(mind: Mind, keys: Tensor, columns: Tensor) -> None:
    """Refuse what the sums have no room for.

    Parameters
    ----------
    keys : Tensor
        At least one that is like those of the samples.
    columns : Tensor
        Of all samples that are to be learned.

    Raises
    ------
    BadData
    """
    counts = torch.bincount(columns, minlength=len(mind.labels)).double()
    if mind.memory.samples:
        counts[: len(mind.memory.value_sums)] += mind.memory.value_sums
    width, per_class = keys.shape[1], mind.memory.per_class
    largest = 127 if keys.dtype == torch.uint8 else 2**16
    needed = bytes_of_sums(counts.long().tolist(), width, per_class=per_class, largest=largest)
    if needed > _LARGEST_SUMS:
        raise BadData(
            f"Sums of {len(counts)} classes, {width} inputs each, would take {needed:.1e} bytes of memory. "
            f"Expected at most {_LARGEST_SUMS:.1e}. "
            + ("Create the brain with forgettable=False (one sum for all classes), or with " if per_class else "Use ")
            + "a smaller encoder."
        )
