"""Videos that tests make: a scene of sky, ground and things that move across it, with the class of each pixel."""

import numpy as np
from numpy.typing import NDArray

SKY, GROUND, CAR, POLE, BALL = range(5)
_COLOURS = np.array([(150, 190, 240), (90, 85, 80), (190, 40, 40), (60, 60, 20), (240, 220, 60)], np.float64)


def scene(
    frames: int = 4, height: int = 48, width: int = 64, seed: int = 0
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Frames [t, h, w, 3] and masks [t, h, w]; the car drives, the ball rolls, the pole stands and is thin."""
    source = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    pictures, masks = [], []
    start, pole = source.integers(4, 12), source.integers(width // 2, width - 8)
    for t in range(frames):
        mask = np.where(y < height * 0.5, SKY, GROUND)
        mask[int(height * 0.2) : int(height * 0.8), pole : pole + 2] = POLE
        left = start + 3 * t
        mask[int(height * 0.55) : int(height * 0.8), left : left + 16] = CAR
        mask[(y - height * 0.75) ** 2 + (x - (width - 8 - 2 * t)) ** 2 < 25] = BALL
        grain = source.normal(0, 8, (height, width, 3)) * (1 + 0.8 * (mask == GROUND))[..., None]
        stripes = 25 * ((x // 3) % 2)[..., None] * (mask == CAR)[..., None]
        pictures.append(np.clip(_COLOURS[mask] + grain + stripes, 0, 255).astype(np.uint8))
        masks.append(mask.astype(np.uint8))
    return np.stack(pictures), np.stack(masks)
