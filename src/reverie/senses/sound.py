"""Sounds: the log-mel spectrogram of a clip, at one size and one scale, in a random expansion.

A clip is brought to 8 kHz and to one peak, cut where it begins and ends in silence, and becomes 40 mel bands × 32
frames, whatever its length. One mean and one deviation of the whole clip scale it, so that loudness does not count and
steady sounds stay. Nothing is learned from the first clips, so brains that began apart can be merged.

Reference: Stevens, Volkmann, Newman, 1937, JASA 8 (the mel scale; here 2595 log₁₀(1 + f / 700)).
"""

from collections.abc import Sized
from functools import cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from reverie.errors import BadData
from reverie.layers import Expansion
from reverie.senses.coded import CodedSense, check_expansion, expansion_of
from reverie.streams import Sounds

__all__ = ["Sound"]

_RATE = 8000  # Hz
_WINDOW, _HOP = 256, 80  # samples of a frame, and from one to the next
_BANDS, _FRAMES = 40, 32
_WIDTH = 1500
_SILENCE = 1e-2  # share of the loudest frame's energy


class Sound(CodedSense):
    """Clips of speech or other sounds.

    Parameters
    ----------
    settings : dict
        Of the expansion: `width` (1500), `kind`, `active`, `input_scale`.

    Examples
    --------
    >>> sense = Sound({"width": 16})
    >>> clips = sense.take(Sounds([(np.random.default_rng(0).normal(size=4000), 8000)]))
    >>> sense.form(clips)
    >>> sense.keys(clips).shape
    torch.Size([1, 16])
    """

    name = "sound"
    grows = "width"
    known_settings = ("width", "kind", "active", "input_scale")

    def __init__(self, settings: Any = None, seed: int = 0, *, budget: int | None = None) -> None:
        super().__init__(settings, seed, budget=budget)
        check_expansion(self.settings, sense=self.name)

    @classmethod
    def recognises(cls, x: Any) -> bool:
        return isinstance(x, Sounds)

    def take(self, x: Any) -> Sized:
        if not isinstance(x, Sounds):
            raise BadData(
                f"Given {type(x).__name__}. The sense sound takes files, or reverie.streams.Sounds of waveforms and "
                "their rates."
            )
        if len(x) == 0:
            raise BadData("There are no sounds. Expected at least one.")
        return x

    def form(self, samples: Any) -> None:
        self.shape = (_BANDS, _FRAMES)
        self.affordable(20_000, 1, _BANDS * _FRAMES + 2)
        self.module = self.make()

    def make(self) -> Expansion:
        return expansion_of(_BANDS * _FRAMES, self.settings, _WIDTH, self.seed, sense=self.name)

    def numbers(self, samples: Any) -> Float[Tensor, "n d"]:
        return torch.from_numpy(np.stack([_picture(wave).ravel() for wave in samples.waves(_RATE)]))

    def made_up(self, n: int, generator: torch.Generator) -> Sounds:
        noise = torch.randn(n, _RATE, generator=generator).numpy()
        return Sounds([(wave, _RATE) for wave in noise])


def _picture(wave: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mel bands × frames of a clip, of mean 0 and deviation 1; silence is 0."""
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
    at = np.linspace(0, len(mel) - 1, _FRAMES)
    low = np.minimum(at.astype(int), len(mel) - 2)
    share = (at - low)[:, None]
    picture = mel[low] * (1 - share) + mel[low + 1] * share
    spread = picture.std()
    scaled = (picture - picture.mean()) / spread if spread > 1e-6 else np.zeros_like(picture)
    return np.asarray(scaled.T / np.sqrt(scaled.size), dtype=np.float32)


@cache
def _filters() -> NDArray[np.float64]:
    """Triangles on the mel scale, shape [frequencies, bands]."""
    top = 2595 * np.log10(1 + _RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, _BANDS + 2) / 2595) - 1)
    at = np.fft.rfftfreq(_WINDOW, 1 / _RATE)[:, None]
    rising = (at - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - at) / (edges[2:] - edges[1:-1])
    return np.maximum(0, np.minimum(rising, falling))
