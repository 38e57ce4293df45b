"""A labelled data set, before a stream is made of it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["LabelledData", "stratified_split"]


class LabelledData(NamedTuple):
    """Samples to learn from and samples to ask about.

    Attributes
    ----------
    train_x, test_x : array, shape [n, *shape]
        uint8 pictures in 0…255, or float32 features.
    train_y, test_y : array of int64, shape [n]
        Labels 0…K−1.
    label_names : tuple of str
        What they mean.
    """

    train_x: NDArray[np.generic]
    train_y: NDArray[np.int64]
    test_x: NDArray[np.generic]
    test_y: NDArray[np.int64]
    label_names: tuple[str, ...]


def stratified_split(y: NDArray[np.int64], *, test_share: float = 0.2, seed: int = 0) -> NDArray[np.bool_]:
    """Mark the samples of a test part: the same share of every class, at least one, and never the last one.

    Examples
    --------
    >>> int(stratified_split(np.array([0] * 10 + [1] * 5)).sum())
    3
    """
    generator = np.random.default_rng(seed)
    test = np.zeros(len(y), dtype=bool)
    for label in np.unique(y):
        place = generator.permutation(np.flatnonzero(y == label))
        test[place[: min(len(place) - 1, max(1, round(test_share * len(place))))]] = True
    return test
