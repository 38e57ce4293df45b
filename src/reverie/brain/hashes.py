"""Whole numbers that depend on the content of a row alone: what is kept of many does not depend on their order."""

import torch
from jaxtyping import Int64, Num
from torch import Tensor

__all__ = ["hashes"]

_AT_ONCE = 4096  # rows


def hashes(rows: Num[Tensor, "n m"], source: torch.Generator) -> Int64[Tensor, " n"]:
    """Of rows of whole numbers, evenly spread over 64 bits.

    Parameters
    ----------
    source : torch.Generator
        Which of many such functions: the same state gives the same one.
    """
    by = torch.randint(-(2**62), 2**62, (rows.shape[1],), generator=source)
    mixed = torch.cat([(part.long() * by).sum(1) for part in rows.split(_AT_ONCE)])  # modulo 2⁶⁴
    mixed = (mixed ^ (mixed >> 29)) * -4658895280553007687
    return mixed ^ (mixed >> 32)
