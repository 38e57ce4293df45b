"""The log-mel spectrogram of a clip at one size and one scale, whatever its length and loudness.

Reference: Stevens, Volkmann, Newman, 1937, JASA 8 (the mel scale; here 2595 log₁₀(1 + f / 700)).
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["BANDS", "FRAMES", "RATE", "mel_picture"]

RATE = 8000
"""Hz, of the waves."""
BANDS, FRAMES = 40, 32
_WINDOW, _HOP = 256, 80  # samples of a frame, and from one to the next
_SILENCE = 1e-2  # share of the loudest frame's energy


def mel_picture(wave: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mel bands × frames of a clip, of mean 0 and deviation 1, by the root of their number; silence is 0.

    Parameters
    ----------
    wave : array, shape [n]
        At `RATE`.

    Returns
    -------
    float32 array, shape [BANDS, FRAMES]

    Examples
    --------
    >>> picture = mel_picture(np.sin(np.arange(4000, dtype=np.float32)))
    >>> picture.shape, round(float(np.square(picture).sum()), 3)
    ((40, 32), 1.0)
    """
    wave = wave / max(float(np.abs(wave).max(initial=0.0)), 1e-30)
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(wave, (0, max(0, _WINDOW + _HOP - len(wave)))), _WINDOW)
    frames = frames[::_HOP]
    loud = np.square(frames).mean(1)
    heard = np.flatnonzero(loud >= _SILENCE * loud.max())
    frames = frames[heard[0] : heard[-1] + 1] if len(heard) else frames
    power = np.abs(np.fft.rfft(frames * np.hanning(_WINDOW), axis=1)) ** 2
    mel = np.log(power @ _filters() + 1e-8)
    if len(mel) == 1:
        mel = np.repeat(mel, 2, 0)
    at = np.linspace(0, len(mel) - 1, FRAMES)
    low = np.minimum(at.astype(int), len(mel) - 2)
    share = (at - low)[:, None]
    picture = mel[low] * (1 - share) + mel[low + 1] * share
    spread = picture.std()
    scaled = (picture - picture.mean()) / spread if spread > 1e-6 else np.zeros_like(picture)
    return np.asarray(scaled.T / np.sqrt(scaled.size), dtype=np.float32)


@cache
def _filters() -> NDArray[np.float64]:
    """Triangles on the mel scale, shape [frequencies, bands]."""
    top = 2595 * np.log10(1 + RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, BANDS + 2) / 2595) - 1)
    at = np.fft.rfftfreq(_WINDOW, 1 / RATE)[:, None]
    rising = (at - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - at) / (edges[2:] - edges[1:-1])
    return np.maximum(0, np.minimum(rising, falling))
