"""What a click means: the pixels around it that have its colour and hang together with it."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["clicked"]

_LEVELS = 30.0  # by which the colours of one thing may differ, of 255
_SMOOTH = 1.0  # pixels
_REACH = 0.15  # how far it may reach, in longer sides
_SURE = 0.012  # radius of what is meant whatever its colour


def clicked(frame: NDArray[np.uint8], place: tuple[int, int]) -> NDArray[np.bool_]:
    """The pixels [h, w] that a click on one of them says something of.

    Examples
    --------
    >>> frame = np.zeros((20, 30, 3), np.uint8)
    >>> frame[4:14, 10:20] = 255
    >>> int(clicked(frame, (7, 12)).sum())
    39
    """
    from scipy.ndimage import gaussian_filter, label

    height, width = frame.shape[:2]
    smooth = gaussian_filter(frame.astype(np.float32), (_SMOOTH, _SMOOTH, 0), mode="nearest")
    alike = np.abs(smooth - smooth[place]).max(2) <= _LEVELS
    y, x = np.mgrid[:height, :width]
    away = np.hypot(y - place[0], x - place[1]) / max(height, width)
    parts, _ = label(alike & (away <= _REACH))
    found: NDArray[np.bool_] = (parts == parts[place]) | (away <= _SURE)
    return found
