"""A grid for numbers: what comes in becomes whole numbers, so that sums of them are exact and can be taken apart again.

    k = round((x − c) / s),    −2¹⁶ ≤ k ≤ 2¹⁶

The first experience fixes for each column (or for all together, as for pictures) where its numbers lie and how far they
spread. The step s is a power of two, some 2¹² of them to a standard deviation; the centre c is a multiple of 2¹² steps,
so that (x − c) / s is computed without rounding and similar first experiences mostly have the same grid. What lies
beyond 2¹⁶ steps, 16 deviations or more, is clipped, and counted.

Few samples show little of the spread: of n, the deviation of a column counts as `|mean| / n⁴` at least. A few numbers
that lie a thousand times further out than all others are left out of mean and deviation. A column that hardly varies in
the first experience may vary later: its deviation counts as half of the smallest distance between two of its values at
least, and that of a constant as the median of the others'.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int32, Num
from torch import Tensor

from reverie.contracts import State

__all__ = ["DEVIATION", "LIMIT", "Grid", "alike"]

LIMIT = 2**16
"""No whole number is larger."""

DEVIATION = 2**12
"""Steps to a standard deviation, about."""

_ROWS = 4000  # of the first experience that are looked at
_FAR = 1000  # deviations of the others from which on a number does not count
_FEW = 0.1  # share of numbers that may not count
_APART = 32  # times: scales that differ by no more are alike
_MANY, _SHARED = 64, 0.1  # columns; the share of them that must have the variance among them
_LEAST = 2.0**-40  # deviation of a column in relation to its largest number: below it is rounding


@dataclass(frozen=True)
class Grid:
    """Centre and step of each column, or of all together.

    Examples
    --------
    >>> grid = Grid.of(torch.tensor([[-8.0, 0.0], [0.0, 3.0], [8.0, 6.0]], dtype=torch.float64))
    >>> grid.codes(torch.tensor([[2.0, 1e30]], dtype=torch.float64))
    tensor([[ 1024, 65536]], dtype=torch.int32)
    """

    centre: Float[Tensor, " d"]
    step: Float[Tensor, " d"]

    @classmethod
    def of(cls, first: Num[Tensor, "n *shape"], *, together: bool = False) -> "Grid":
        """The grid for what comes like this.

        Parameters
        ----------
        together : bool
            One centre and step for all columns.
        """
        x = first.flatten(1)
        x = x[:: -(-len(x) // _ROWS)].double()
        x = x.reshape(-1, 1)[:: -(-x.numel() // (_ROWS * 64))] if together else x
        mean, spread = _spread(x)
        varies = spread > 0
        known = torch.maximum(spread, mean.abs() / float(len(x)) ** 4) if bool(varies.any()) else mean.abs()
        varies = varies if bool(varies.any()) else known > 0
        usual = float(known[varies].median()) if bool(varies.any()) else 1.0
        spread = torch.where(varies, known, known.clamp_min(usual))
        step = torch.exp2((spread / DEVIATION).log2().round())
        centre = (mean / (DEVIATION * step)).round() * (DEVIATION * step)
        return cls(centre, step)

    @classmethod
    def plain(cls, step: float) -> "Grid":
        """One for all columns, about zero."""
        return cls(torch.zeros(1, dtype=torch.float64), torch.full((1,), step, dtype=torch.float64))

    def codes(self, x: Num[Tensor, "n *shape"]) -> Int32[Tensor, "n d"]:
        """Numbers as whole numbers, flat."""
        away = x.flatten(1).double() - self.centre
        return (away / self.step).round_().clamp_(-LIMIT, LIMIT).to(torch.int32)

    def state_dict(self) -> State:
        return {"centre": self.centre, "step": self.step}

    @classmethod
    def from_state(cls, state: State | None) -> "Grid | None":
        return None if state is None else cls(state["centre"].double(), state["step"].double())


def alike(first: Num[Tensor, "n *shape"]) -> bool:
    """Whether the columns of vectors are of one kind, as pixels or embeddings are, so that they need no scale each.

    The ranges of those that vary differ by 32 times at most; or there are 64 or more of them, of which no few have most
    of the variance. And no column lies far from zero beside the spread of all. Where nothing varies yet, as in a single
    sample, it is the numbers themselves that differ by 32 times at most.

    Examples
    --------
    >>> alike(torch.tensor([[1.0, 2.0], [2.0, 4.0]])), alike(torch.tensor([[1.0, 200.0], [2.0, 400.0]]))
    (True, False)
    """
    x = first.flatten(1)[:: -(-len(first) // _ROWS)].double()
    ranges, variance = x.amax(0) - x.amin(0), x.var(0, unbiased=False)
    if not bool((ranges > 0).any()):
        sizes = x[0].abs()[x[0] != 0]
        return len(sizes) == 0 or float(sizes.max() / sizes.min()) <= _APART
    varies = ranges > 0
    if not bool(variance.isfinite().all()):
        return False
    if float(x.mean(0).abs().max()) > _APART * float(variance[varies].mean().sqrt()):
        return False
    ranges, variance = ranges[varies], variance[varies]
    many = len(ranges) >= _MANY and float(variance.sum() ** 2 / variance.square().sum()) >= _SHARED * len(ranges)
    return many or float(ranges.max() / ranges.min()) <= _APART


def _spread(x: Float[Tensor, "n d"]) -> tuple[Float[Tensor, " d"], Float[Tensor, " d"]]:
    """Mean and deviation of each column; 0 where it is constant."""
    n = len(x)
    x = x.sort(0).values
    middle = x[(n - 1) // 2]
    away, order = (x - middle).abs().sort(0)
    count = torch.arange(1, n + 1, dtype=torch.float64)[:, None]
    inner = (away.square().cumsum(0) / count).sqrt()  # of this and the nearer ones
    far = torch.zeros_like(away, dtype=torch.bool)
    far[1:] = (inner[:-1] > 0) & (away[1:] > _FAR * inner[:-1]) & (count[:-1] >= (1 - _FEW) * n)
    near = ~(far.cumsum(0) > 0)
    kept = torch.where(near, (x - middle).gather(0, order), 0.0)
    mean = kept.sum(0) / near.sum(0)
    deviation = (torch.where(near, kept - mean, 0.0).square().sum(0) / near.sum(0)).sqrt()
    gaps = x.diff(dim=0) if n > 1 else x.new_full((1, x.shape[1]), torch.inf)
    gap = torch.where(gaps > 0, gaps, torch.inf).amin(0)
    noise = _LEAST * x.abs().amax(0).clamp_max(middle.abs() + torch.where(near, away, 0.0).amax(0))
    deviation = torch.where(gap.isfinite(), torch.maximum(deviation, gap / 2), deviation)
    return middle + mean, torch.where(deviation > noise, deviation, 0.0)
