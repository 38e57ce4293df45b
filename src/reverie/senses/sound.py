"""Sounds: the log-mel spectrogram of a clip, at one size and one scale, in a random expansion.

A clip is brought to 8 kHz and to one peak, cut where it begins and ends in silence, and becomes 40 mel bands × 32
frames, whatever its length. One mean and one deviation of the whole clip scale it, so that loudness does not count and
steady sounds stay. Nothing is learned from the first clips, so brains that began apart can be merged.

Reference: Stevens, Volkmann, Newman, 1937, JASA 8 (the mel scale; here 2595 log₁₀(1 + f / 700)).
"""

from collections.abc import Sized
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from reverie.errors import BadData
from reverie.functional.mel import BANDS, FRAMES, RATE, mel_picture
from reverie.layers import Expansion
from reverie.senses.coded import CodedSense, check_expansion, expansion_of
from reverie.streams import Sounds

__all__ = ["Sound"]

_WIDTH = 1500


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
        self.shape = (BANDS, FRAMES)
        self.affordable(20_000, 1, BANDS * FRAMES + 2)
        self.module = self.make()

    def make(self) -> Expansion:
        return expansion_of(BANDS * FRAMES, self.settings, _WIDTH, self.seed, sense=self.name)

    def numbers(self, samples: Any) -> Float[Tensor, "n d"]:
        return torch.from_numpy(np.stack([mel_picture(wave).ravel() for wave in samples.waves(RATE)]))

    def made_up(self, n: int, generator: torch.Generator) -> Sounds:
        noise = torch.randn(n, RATE, generator=generator).numpy()
        return Sounds([(wave, RATE) for wave in noise])
