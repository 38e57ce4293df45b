"""Time series: windows of one or several channels, as statistics in a mixed expansion.

Of each channel x(t), whatever its length::

    mean, |mean|, deviation, least, largest, quantiles 5, 25, 50, 75 and 95 %, mean |x(t) − x(t−1)|,
    log(10⁻⁶ + power) in six octaves of frequency below half of the sampling rate, by a Hann window;
    and the correlation of each pair of channels (of the first eight)

The level stays, which kernels such as MiniRocket's throw away, and in which posture lies; `|mean|` stands beside it,
for a sensor is worn either way round. Missing values (NaN) are filled by a line between their neighbours.
"""

from collections.abc import Sized
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from reverie.contracts import Seen, State
from reverie.errors import BadData
from reverie.layers import MixedExpansion
from reverie.senses.coded import CodedSense, checked_width, mixed_expansion_of
from reverie.senses.grid import DEVIATION, Grid

__all__ = ["Series"]

_OCTAVES = 6
_QUANTILES = (5, 25, 50, 75, 95)
_PAIRED = 8  # channels whose correlations are taken
_WIDTH = 1500
_SHORTEST = 4  # steps
_CLIP = 4.0  # deviations
_TINY = 1e-6
_LARGEST = 1e38  # number of a window: its square is one of float64


class Series(CodedSense):
    """Windows [n, steps] or [n, channels, steps]; or a list of windows of different lengths.

    Examples
    --------
    >>> sense = Series({"width": 16})
    >>> windows = sense.take(np.random.default_rng(0).normal(size=(5, 2, 32)))
    >>> sense.form(windows)
    >>> sense.keys(windows).shape
    torch.Size([5, 86])
    """

    name = "series"
    grows = "width"
    known_settings = ("width",)

    def __init__(self, settings: Any = None, seed: int = 0, *, budget: int | None = None) -> None:
        super().__init__(settings, seed, budget=budget)
        checked_width(self.settings, _WIDTH)
        self.scales: Grid | None = None  # of the statistics

    @classmethod
    def recognises(cls, x: Any) -> bool:
        return False  # windows look as pictures do: series are asked for by name

    def take(self, x: Any) -> Sized:
        if isinstance(x, str) or not hasattr(x, "__len__"):
            raise BadData(f"Given {type(x).__name__}. Expected windows [n, channels, steps] or [n, steps].")
        windows = [_window(one, index) for index, one in enumerate(x)]
        if not windows:
            raise BadData("There are no windows. Expected at least one.")
        channels = {len(window) for window in windows} | ({self.shape[0]} if self.shape else set())
        if len(channels) > 1:
            raise BadData(
                f"Given windows of {len(windows[0])} channels; others have {max(channels - {len(windows[0])})}. "
                "Expected the same channels in all."
            )
        return windows

    def form(self, samples: Any) -> None:
        self.shape = (len(samples[0]),)
        statistics = torch.from_numpy(np.stack([_statistics(window) for window in samples]))
        self.affordable(20_000, 1, statistics.shape[1] + 2)
        self.scales, self.module = Grid.of(statistics), self.make()

    def make(self) -> MixedExpansion:
        assert self.shape is not None
        return mixed_expansion_of(_width_of(self.shape[0]), self.settings, _WIDTH, self.seed, sense=self.name)

    def numbers(self, samples: Any) -> Float[Tensor, "n d"]:
        """In deviations of the first windows, cut to −4…4."""
        return self._deviations(samples).clamp_(-_CLIP, _CLIP)

    def _deviations(self, samples: Any) -> Float[Tensor, "n d"]:
        assert self.scales is not None
        statistics = torch.from_numpy(np.stack([_statistics(window) for window in samples]))
        return self.scales.codes(statistics).float() / DEVIATION

    def watch(self, samples: Any, keys: Tensor) -> Seen:
        away = self._deviations(samples)
        seen = Seen(numbers=away.numel(), clipped=int((away.abs() > _CLIP).sum()))
        seen.missing = sum(int(np.isnan(window).sum()) for window in samples)
        return seen

    def made_up(self, n: int, generator: torch.Generator) -> list[NDArray[np.float64]]:
        assert self.shape is not None
        return list(torch.randn(n, self.shape[0], 64, generator=generator, dtype=torch.float64).numpy())

    def state_dict(self) -> State:
        return super().state_dict() | {"scales": None if self.scales is None else self.scales.state_dict()}

    def load_more(self, state: State) -> None:
        self.scales = Grid.from_state(state["scales"])
        if self.shape is not None and (len(self.shape) != 1 or not 0 < self.shape[0] <= 4096):
            raise BadData(f"It holds series of shape {self.shape}.")


def _window(one: Any, index: int) -> NDArray[np.float64]:
    try:
        window = np.asarray(one.detach().cpu() if hasattr(one, "detach") else one, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadData(f"Window {index} is not made of numbers. Expected [channels, steps] or [steps].") from None
    window = window[None] if window.ndim == 1 else window
    if window.ndim != 2 or window.shape[1] < _SHORTEST or 0 in window.shape:
        raise BadData(
            f"Window {index} has shape {np.shape(one)}. Expected [channels, steps] or [steps], {_SHORTEST} steps or "
            "more."
        )
    if (np.abs(window) > _LARGEST).any():
        raise BadData(
            f"Window {index} holds infinity, or a number beyond {_LARGEST:.0e}. Give NaN for what is missing."
        )
    return window


def _width_of(channels: int) -> int:
    pairs = min(channels, _PAIRED)
    return channels * (6 + len(_QUANTILES) + _OCTAVES) + pairs * (pairs - 1) // 2


def _statistics(window: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of one window [channels, steps]."""
    missing = np.isnan(window)
    if missing.any():
        window = np.stack([_filled(channel, gaps) for channel, gaps in zip(window, missing, strict=True)])
    mean, deviation = window.mean(1), window.std(1)
    quantiles = np.percentile(window, _QUANTILES, axis=1)
    step = np.abs(np.diff(window, axis=1)).mean(1)
    steps = window.shape[1]
    spectrum = np.abs(np.fft.rfft((window - mean[:, None]) * np.hanning(steps), axis=1)) ** 2 / steps
    top = spectrum.shape[1]
    edges = [1, *(max(1, round(top / 2**octave)) for octave in range(_OCTAVES - 1, -1, -1))]
    bands = [spectrum[:, a : max(b, a + 1)].mean(1) for a, b in pairwise(edges)]
    scale = np.maximum(deviation, 1e-12)
    few = ((window - mean[:, None]) / scale[:, None])[:_PAIRED]
    pairs = (few @ few.T / steps)[np.triu_indices(len(few), 1)]
    each = [
        mean,
        np.abs(mean),
        deviation,
        window.min(1),
        window.max(1),
        *quantiles,
        step,
        *np.log(np.stack(bands) + _TINY),
    ]
    return np.concatenate([np.stack(each).ravel(), pairs])


def _filled(channel: NDArray[np.float64], gaps: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Missing steps on the line between their neighbours; nothing but missing ones as zero."""
    if gaps.all():
        return np.zeros_like(channel)
    steps = np.arange(len(channel))
    return np.interp(steps, steps[~gaps], channel[~gaps])
