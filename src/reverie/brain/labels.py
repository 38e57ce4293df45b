"""Labels as they are given: whole numbers or words, one kind in a brain. Weights: how often each sample counts."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from reverie.errors import BadData

__all__ = ["take_labels", "take_weights"]

_MOST = 2**20  # that samples count together: they cost as much time as so many samples


def take_labels(y: Any, n: int, known: list[Any]) -> list[Any]:
    """The labels of `n` samples, as Python's own numbers or words.

    Raises
    ------
    BadData
        Not labels; not as many; not of the kind that is known.
    """
    try:
        y = y.detach().cpu().numpy() if isinstance(y, Tensor) else y
        given = [np.asarray(one).item() for one in y] if isinstance(y, list | tuple) else np.asarray(y).tolist()
    except (ValueError, TypeError, RuntimeError) as error:
        raise BadData(f"y is not a list of labels ({error}). Expected whole numbers or words.") from None
    if not isinstance(given, list) or len(given) != n:
        raise BadData(f"x has {n} samples and y has {len(given) if isinstance(given, list) else 'one'} labels.")
    kinds = {type(label) for label in given}
    if not (kinds == {int} or kinds == {str}):
        raise BadData(f"y holds {sorted(kind.__name__ for kind in kinds)}. Expected whole numbers, or words.")
    if known and type(known[0]) not in kinds:
        raise BadData(f"y holds {kinds.pop().__name__} labels, those known are {type(known[0]).__name__}. Use one.")
    return given


def take_weights(weights: Any, n: int) -> Int64[Tensor, " n"]:
    """How many times each of `n` samples counts.

    Raises
    ------
    BadData
        Not whole numbers from 1 on; not as many as there are samples; more than 1,048,576 together.

    Examples
    --------
    >>> take_weights([1, 2.0], 2)
    tensor([1, 2])
    """
    try:
        given = np.asarray(weights.detach().cpu() if isinstance(weights, Tensor) else weights)
    except (ValueError, TypeError) as error:
        raise BadData(f"weights is not a list of numbers ({error}). Expected a whole number for each sample.") from None
    if given.shape != (n,):
        raise BadData(f"weights has the shape {given.shape} and x has {n} samples. Expected a number for each sample.")
    if given.dtype.kind not in "iuf" or not (np.isfinite(given) & (given >= 1) & (given == np.round(given))).all():
        raise BadData(
            "weights holds something else than whole numbers from 1 on. A sample counts so many times, and the sums "
            "stay exact: for shares, multiply by a common factor and round."
        )
    if given.astype(np.float64).sum() > _MOST:
        raise BadData(f"weights add up to {given.astype(np.float64).sum():.0f}. Expected at most {_MOST} in one call.")
    return torch.from_numpy(given.astype(np.int64))
