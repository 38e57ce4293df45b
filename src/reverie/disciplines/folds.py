"""Rows held out: each row once, those of one group together, classes spread evenly."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reverie.errors import BadData

__all__ = ["fold_masks"]


def fold_masks(n: int, folds: int, groups: Any, seed: int, goal: NDArray[Any] | None = None) -> NDArray[Any]:
    """Masks of the rows to train on, shape [folds, n].

    Parameters
    ----------
    groups : array, shape [n], or None
    goal : array, shape [n, k], optional
        Class memberships; folds then hold each class evenly.
    """
    if folds < 2:
        raise BadData(f"folds is {folds}. Expected at least 2.")
    source = np.random.default_rng(seed)
    if groups is None:
        order = source.permutation(n)
        if goal is not None:
            order = order[np.argsort(goal[order].argmax(1), kind="stable")]
        place = np.empty(n, dtype=int)
        place[order] = np.arange(n) % min(folds, n)
    else:
        names, group = np.unique(np.asarray(groups), return_inverse=True)
        if len(names) < 2:
            raise BadData("All rows belong to one group. Give at least two groups, or none.")
        place = (source.permutation(len(names)) % min(folds, len(names)))[group]
    return np.stack([place != fold for fold in range(place.max() + 1)])
