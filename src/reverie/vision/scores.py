"""How well masks were predicted: region J, and the mean intersection over union of classes.

References: Everingham et al., 2010, International Journal of Computer Vision 88; Perazzi et al., 2016, CVPR (J).
"""

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Confusion", "region"]


def region(found: NDArray[Any], wanted: NDArray[Any]) -> float:
    """J: the pixels that both masks have, as a share of those that any has; 1 where both are empty.

    Examples
    --------
    >>> region(np.array([[1, 1, 0]]), np.array([[0, 1, 1]]))
    0.3333333333333333
    """
    a, b = np.asarray(found) != 0, np.asarray(wanted) != 0
    whole = int((a | b).sum())
    return int((a & b).sum()) / whole if whole else 1.0


class Confusion:
    """How many pixels of each class were taken for each, over frames.

    Examples
    --------
    >>> confusion = Confusion()
    >>> confusion.add(np.array([0, 1, 1, 1]), np.array([0, 0, 1, 255]), ignore=255)
    >>> confusion.iou, confusion.mean_iou, confusion.accuracy
    ({0: 0.5, 1: 0.5}, 0.5, 0.6666666666666666)
    """

    def __init__(self) -> None:
        self.counts: Counter[tuple[int, int]] = Counter()

    def add(self, found: NDArray[Any], wanted: NDArray[Any], *, ignore: int | None = 255) -> None:
        """Count a frame; pixels without a label are left out."""
        a, b = np.asarray(found).reshape(-1), np.asarray(wanted).reshape(-1)
        if ignore is not None:
            a, b = a[b != ignore], b[b != ignore]
        pairs, counts = np.unique(np.stack([a, b]), axis=1, return_counts=True)
        for (one, other), count in zip(pairs.T.tolist(), counts.tolist(), strict=True):
            self.counts[one, other] += count

    @property
    def pixels(self) -> int:
        return self.counts.total()

    @property
    def accuracy(self) -> float:
        """Share of pixels that are right."""
        return sum(count for (a, b), count in self.counts.items() if a == b) / max(1, self.pixels)

    @property
    def iou(self) -> dict[int, float]:
        """Of each class that any pixel has: intersection over union, in all frames together."""
        there = sorted({b for _, b in self.counts})
        union = {c: sum(count for (a, b), count in self.counts.items() if c in (a, b)) for c in there}
        return {c: self.counts[c, c] / union[c] for c in there}

    @property
    def mean_iou(self) -> float:
        """Over classes that any pixel has."""
        found = self.iou
        return sum(found.values()) / len(found) if found else 0.0
