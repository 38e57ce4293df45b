"""What moved where between two frames, and edges of a mask that follow those of the picture: by OpenCV.

Both are refinements. Where OpenCV is not installed (`pip install 'reverie[video]'`) a mask is taken to stay where it
was, give or take some pixels, and keeps the edges that the memory gives it.

References: Kroeger et al., 2016, ECCV (optical flow by inverse search); He, Sun, Tang, 2013, IEEE TPAMI 35 (guided
filter).
"""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["available", "carried", "sharpened"]

_EVEN = 50.0  # variance of grey levels below which a region counts as even
_RADIUS = 0.019  # of the guided filter's square, in longer sides
_STILL = 0.023  # how far things are taken to have moved where it is not known, in longer sides
_MOVED = 0.009  # how far where it is
_ASTRAY = 0.3  # how likely the flow is wrong: fast and small things are lost by it
_WIDE = 0.05  # how far things may have moved then

Picture = NDArray[np.uint8]
Beliefs = NDArray[np.float32]


@lru_cache(maxsize=1)
def _opencv() -> Any:
    try:
        import cv2
    except ImportError:
        return None
    return cv2 if hasattr(cv2, "ximgproc") else None


def available() -> bool:
    """Whether OpenCV and its extra modules are installed."""
    return _opencv() is not None


def carried(beliefs: Beliefs, before: Picture, now: Picture) -> Beliefs:
    """Beliefs [h, w, k] of the frame before, moved as the picture moved, and blurred by what is not known of it.

    The flow may be wrong: then they are about where they were.
    """
    cv2 = _opencv()
    if cv2 is None:
        return _blurred(beliefs, _STILL)
    flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    grey = [cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY) for frame in (now, before)]
    moved = flow.calc(*grey, None)
    y, x = np.mgrid[: now.shape[0], : now.shape[1]].astype(np.float32)
    found = np.empty_like(beliefs)
    for place in range(beliefs.shape[2]):
        one = np.ascontiguousarray(beliefs[..., place])
        found[..., place] = cv2.remap(
            one, x + moved[..., 0], y + moved[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    mixed: Beliefs = (1 - _ASTRAY) * _blurred(found, _MOVED) + _ASTRAY * _blurred(beliefs, _WIDE)
    return mixed.astype(np.float32)


def sharpened(beliefs: Beliefs, frame: Picture) -> Beliefs:
    """Beliefs [h, w, k] whose edges follow those of the picture."""
    cv2 = _opencv()
    if cv2 is None:
        return beliefs
    guide, radius = np.ascontiguousarray(frame), max(2, round(_RADIUS * max(frame.shape[:2])))
    found = np.empty_like(beliefs)
    for place in range(beliefs.shape[2]):
        found[..., place] = cv2.ximgproc.guidedFilter(guide, np.ascontiguousarray(beliefs[..., place]), radius, _EVEN)
    return found


def _blurred(beliefs: Beliefs, share: float) -> Beliefs:
    from scipy.ndimage import gaussian_filter

    sigma = share * max(beliefs.shape[:2])
    found: Beliefs = gaussian_filter(beliefs, (sigma, sigma, 0), mode="nearest")
    return found
