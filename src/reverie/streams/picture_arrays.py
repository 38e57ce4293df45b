"""Arrays of pictures in the layouts that people have: channels first or last, one channel, transparency."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reverie.errors import BadData

__all__ = ["as_pictures", "compose"]


def as_pictures(x: NDArray[Any]) -> NDArray[Any]:
    """Bring an array of pictures to [n, h, w] or [n, h, w, 3]; any other array comes back as it is.

    `[n, 1, h, w]` and `[n, 3, h, w]` are a DataLoader's batches; `[n, h, w, 1]` has one channel; `[n, h, w, 4]` is
    composed on white. Types stay as they are.

    Raises
    ------
    BadData
        Where the shape can be read in two ways.

    Examples
    --------
    >>> as_pictures(np.zeros((5, 1, 28, 28))).shape, as_pictures(np.zeros((5, 3, 32, 32))).shape
    ((5, 28, 28), (5, 32, 32, 3))
    """
    if x.ndim != 4:
        return x
    first, last = x.shape[1] in (1, 3), x.shape[3] in (1, 3, 4)
    if first and last:
        raise BadData(
            f"Pictures of shape {tuple(x.shape)} can be read in two ways. Where channels come last, give "
            "Pictures(list(x)); where they come first, Pictures(list(numpy.moveaxis(x, 1, -1)))."
        )
    if first:
        return x[:, 0] if x.shape[1] == 1 else np.moveaxis(x, 1, -1)
    if not last:
        return x
    if x.shape[3] == 4:
        return compose(x)
    return x[..., 0] if x.shape[3] == 1 else x


def compose(array: NDArray[Any]) -> NDArray[Any]:
    """Colours with transparency, [..., 4], as they show on white, [..., 3]; the type stays."""
    white = _white_of(array)
    colours, cover = array[..., :3].astype(np.float64), array[..., 3:].astype(np.float64) / white
    shown = colours * cover + white * (1 - cover)
    return (np.rint(shown) if array.dtype.kind in "ui" else shown).astype(array.dtype)


def _white_of(array: NDArray[Any]) -> float:
    """The level of white, by type: 255, 65535, or 1 for fractions."""
    if array.dtype == np.uint8:
        return 255.0
    if array.dtype == np.uint16:
        return 65535.0
    highest = float(array.max(initial=0))
    return next(level for level in (1.0, 255.0, 65535.0, max(highest, 1.0)) if highest <= level)
