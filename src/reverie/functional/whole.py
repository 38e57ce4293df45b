"""Products of whole numbers of eight bits: exact, and where the processor has such products, several times faster."""

import torch
from jaxtyping import Float, Int8, Int32
from torch import Tensor

__all__ = ["FIFTEEN_BITS", "HIGH", "ROWS_OF_EIGHT_BITS", "WholeMatrix", "halves", "whole_product"]

ROWS_OF_EIGHT_BITS = 2**17 - 1
"""Rows whose products of eight bits, −128…127, have sums that fit 32 bits."""

HIGH = 128
"""What the upper half of a whole number of fifteen bits counts."""

FIFTEEN_BITS = 127 * HIGH
"""The largest whole number that has two halves of eight bits."""

_EXACT_ROWS = 2**10  # rows whose sums of such products are whole numbers that float32 holds, up to 2²⁴
_FAST = bool(getattr(torch.cpu, "_is_vnni_supported", lambda: False)())


def whole_product(a: Int8[Tensor, "n p"], b: Int8[Tensor, "n q"]) -> Int32[Tensor, "p q"]:
    """aᵀ b, exactly.

    Parameters
    ----------
    a, b : Tensor
        At most `ROWS_OF_EIGHT_BITS` rows.

    Examples
    --------
    >>> whole_product(torch.tensor([[100], [-100]], dtype=torch.int8), torch.tensor([[3], [5]], dtype=torch.int8))
    tensor([[-200]], dtype=torch.int32)
    """
    if _FAST and a.device.type == "cpu" and a.numel() > 0 and b.numel() > 0:
        product: Tensor = torch._int_mm(_plain(a.T), _plain(b))
        return product
    out = torch.zeros(a.shape[1], b.shape[1], dtype=torch.int32, device=a.device)
    for rows, others in zip(a.split(_EXACT_ROWS), b.split(_EXACT_ROWS), strict=True):
        out += (rows.float().T @ others.float()).int()
    return out


def halves(codes: Float[Tensor, "*shape"]) -> tuple[Int8[Tensor, "*shape"], Int8[Tensor, "*shape"]]:
    """Whole numbers, −16256…16256, as 128 times the first, plus the second.

    Examples
    --------
    >>> halves(torch.tensor([16256.0, -65.0]))
    (tensor([127,  -1], dtype=torch.int8), tensor([ 0, 63], dtype=torch.int8))
    """
    high = (codes / HIGH).round_()
    return high.to(torch.int8), codes.sub(high, alpha=HIGH).to(torch.int8)


class WholeMatrix:
    """A matrix of eight bits that rows of eight bits are multiplied by, again and again; it lies as that is soonest.

    Parameters
    ----------
    matrix : Int8[Tensor, "d k"]
        At most `ROWS_OF_EIGHT_BITS` rows.

    Examples
    --------
    >>> matrix = WholeMatrix(torch.tensor([[100], [-100]], dtype=torch.int8))
    >>> matrix(torch.tensor([[100, -100]], dtype=torch.int8))
    tensor([[20000]], dtype=torch.int32)
    """

    def __init__(self, matrix: Int8[Tensor, "d k"]) -> None:
        self._fast = _FAST and matrix.device.type == "cpu" and matrix.numel() > 0
        self._matrix = _plain(matrix.T.contiguous().T) if self._fast else matrix.float()

    def __call__(self, rows: Int8[Tensor, "n d"]) -> Int32[Tensor, "n k"]:
        """The product, exactly."""
        if self._fast and rows.numel() > 0:
            rows = _plain(rows.contiguous())
            if len(rows) == 2:  # sooner one at a time than together
                return torch.cat((torch._int_mm(rows[:1], self._matrix), torch._int_mm(rows[1:], self._matrix)))
            product: Tensor = torch._int_mm(rows, self._matrix)
            return product
        out = torch.zeros(len(rows), self._matrix.shape[1], dtype=torch.int32, device=rows.device)
        for part, others in zip(rows.split(_EXACT_ROWS, 1), self._matrix.split(_EXACT_ROWS), strict=True):
            out += (part.float() @ others.float()).int()
        return out


def _plain(x: Int8[Tensor, "n d"]) -> Int8[Tensor, "n d"]:
    """One row with the strides of many; `torch._int_mm` goes by them, whatever they are."""
    return x if len(x) > 1 else x.reshape(-1).view(x.shape)
