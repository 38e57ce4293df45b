"""Labels as they are given: whole numbers or words, one kind in a brain."""

from typing import Any

import numpy as np
from torch import Tensor

from reverie.errors import BadData

__all__ = ["take_labels"]


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
