"""Sums of keys that get more inputs, which were zero in all keys until then."""

from torch.nn.functional import pad

from reverie.memory.gram import symmetric
from reverie.memory.sums import Sums

__all__ = ["widened"]


def widened(sums: Sums, more: int) -> Sums:
    """The sums of the same keys with so many zeros at the end of each; for sums that are one for all values."""
    assert not sums.per_class
    origin = None if sums.origin is None else pad(sums.origin, (0, more))
    gram = pad(symmetric(sums.total()), (0, more, 0, more))
    cross = pad(sums.cross, (0, 0, 0, more))
    totals = pad(sums.sum_h, (0, more)), sums.sum_y.clone(), sums.sum_yy.clone()
    return Sums(sums.n, *totals, [gram], cross, False, origin)
