"""Numbers to learn: how they become whole numbers that sums hold exactly, and come back with intervals.

The first numbers fix, for each column, a transform and a scale, once and for all ::

    u = y,  or  asinh(y / c)        code = round((u − m) / e) = 128² a + 128 b + c,   digits of eight bits

Digits are inputs of a key like any other, so that sums of them are exact in any order, merge, and are subtracted. m is
the mean and 4096 e the deviation of the first numbers: a code errs by 1/8192 of a deviation at most, and reaches 512
deviations to either side. What lies beyond is cut to that.

Positive numbers (prices) may be learned as logarithms. That is decided by the first samples, twenty at least, as Box
and Cox have it: by the evidence (`reverie.functional.ridge`) that the keys explain the numbers but for a Gaussian rest,
and that they explain their logarithms so. The logarithm is taken where it has a hundred times the evidence (Jeffreys'
"decisive"). With c an eighth of the smallest number, asinh(y / c) is log(2y / c) to a four-hundredth, and takes zero
and what is negative as well, should it come later. The value that is read out then is the median.

References: Box & Cox, 1964, Journal of the Royal Statistical Society B 26; Jeffreys, 1961, Theory of Probability,
appendix B.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int8, Num
from numpy.typing import NDArray
from torch import Tensor

from reverie.brain.given import Given
from reverie.contracts import State
from reverie.errors import BadData, CorruptFile
from reverie.functional import log_evidence, spectrum
from reverie.memory.regression import Estimates

__all__ = ["NUMBERS", "Intervals", "Numbers", "beside", "check_coverage"]

NUMBERS = "numbers"
"""The one label of all samples that have numbers."""

_BASE = 128
_HALF = _BASE // 2  # digits are −64…63, the first of them −127…127
_DIGITS = 3
_MOST = 127 * _BASE**2 + (_HALF - 1) * _BASE + _HALF - 1  # the largest code
_FINE = 4096  # codes in a deviation
_ENOUGH = 20  # first numbers by which a logarithm is decided on
_LOOKED_AT = 2000  # of them, at most
_SURE = math.log(100)  # by how much the logarithm of the evidence must be larger
_FEW = 30  # numbers whose deviation is not trusted alone


class Intervals(NamedTuple):
    """Numbers that are predicted.

    Attributes
    ----------
    value : array, shape [n], or [n, k] for k numbers
        Where a logarithm was learned, the median.
    low, high : arrays of the same shape
        Between them a new number lies in a share of `coverage` of the cases. Infinite: too few samples to tell.
    coverage : float
    """

    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    coverage: float

    def told(self) -> dict[str, Any]:
        """The same as lists, for JSON, which has no infinity: None stands for it.

        Examples
        --------
        >>> Intervals(np.array([2.0]), np.array([-np.inf]), np.array([3.0]), 0.9).told()
        {'values': [2.0], 'low': [None], 'high': [3.0], 'coverage': 0.9}
        """
        three = {"values": self.value, "low": self.low, "high": self.high}
        return {name: _finite(part.tolist()) for name, part in three.items()} | {"coverage": self.coverage}


@dataclass(frozen=True)
class Numbers:
    """How the numbers of a brain become digits.

    Attributes
    ----------
    names, flat
        As they were given at first; see `Given`.
    small : list of float
        c of those that are learned as logarithms, else 0.
    centre, step : list of float
        m and e.

    Examples
    --------
    >>> numbers = Numbers.of(Given(np.array([[1.0], [3.0]]), ["height"], True), torch.eye(2))
    >>> codes = numbers.digits(np.array([[2.0], [3.5]])).double() @ numbers.weights
    >>> numbers.back(codes.numpy()).round(3).tolist()
    [[2.0], [3.5]]
    """

    names: list[str]
    small: list[float]
    centre: list[float]
    step: list[float]
    flat: bool

    @classmethod
    def of(cls, first: Given, keys: Num[Tensor, "n d"]) -> "Numbers":
        """By the first numbers, and the keys of their samples."""
        y = first.values
        some = slice(None, None, -(-len(y) // _LOOKED_AT))
        small = _small(y[some], keys[some])
        inner = [_inner(column, c) for column, c in zip(y.T, small, strict=True)]
        centre, step = [float(u.mean()) for u in inner], [_deviation(u) / _FINE for u in inner]
        return cls(list(first.names), small, centre, step, first.flat)

    @property
    def width(self) -> int:
        """How many digits a sample has."""
        return _DIGITS * len(self.step)

    @property
    def weights(self) -> Float[Tensor, "p k"]:
        """What makes codes of digits."""
        places = torch.tensor([[_BASE**2], [_BASE], [1]], dtype=torch.float64)
        made: Tensor = torch.block_diag(*[places] * len(self.step))
        return made

    def codes(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Whole numbers, before they are cut."""
        inner = np.stack([_inner(column, c) for column, c in zip(y.T, self.small, strict=True)], 1)
        return np.asarray(np.round((inner - np.array(self.centre)) / np.array(self.step)))

    def digits(self, y: NDArray[np.float64]) -> Int8[Tensor, "n p"]:
        """Three for each number, the largest first."""
        left = torch.from_numpy(self.codes(y).clip(-_MOST, _MOST))[:, :, None]
        found = []
        for place, half in ((_BASE**2, _HALF * _BASE + _HALF), (_BASE, _HALF)):
            digit = torch.floor((left + half) / place)
            found.append(digit)
            left = left - place * digit
        return torch.cat([*found, left], 2).flatten(1).to(torch.int8)

    def back(self, codes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Codes, which need not be whole, as numbers again; shape [n, k]."""
        inner = np.array(self.centre) + np.array(self.step) * codes
        with np.errstate(over="ignore"):
            columns = [c * np.sinh(u) if c else u for u, c in zip(inner.T, self.small, strict=True)]
        return np.stack(columns, 1)

    def intervals(self, found: Estimates, coverage: float) -> Intervals:
        """What was read out, in the units of the numbers."""
        from scipy.special import stdtrit

        times = np.asarray(stdtrit(found.freedom.clamp_min(1e-3).numpy(), (1 + coverage) / 2))
        value, deviation = found.value.numpy(), found.deviation.numpy()
        away = np.where(np.isinf(deviation), np.inf, times * deviation)
        three = [self.back(codes) for codes in (value, value - away, value + away)]
        value, low, high = (part[:, 0] if self.flat else part for part in three)
        return Intervals(value, low, high, coverage)

    def beyond(self, y: NDArray[np.float64]) -> tuple[int, str]:
        """How many numbers lie beyond what the scale reaches; and what to say where that is more than a twentieth."""
        beyond = np.abs(self.codes(y)) > _MOST
        share = beyond.mean(0)
        worst = int(share.argmax())
        if share[worst] <= 0.05:
            return int(beyond.sum()), ""
        return int(beyond.sum()), (
            f"{100 * share[worst]:.0f} % of the numbers to learn{self._of(worst)} lie beyond what the first ones have "
            "shown, and were cut to it. Create a new brain, and let it begin with a mixture of all samples."
        )

    def note(self) -> str:
        """What was decided by the first numbers."""
        places = [place for place, c in enumerate(self.small) if c]
        if not places:
            return ""
        which = ", ".join(self.names[place] or f"number {place}" for place in places) if any(self.names) else ""
        return (
            f"Learned as logarithms{': ' if which else ''}{which}. By the first numbers, these are explained better. "
            "Predicted values are medians."
        )

    def _of(self, place: int) -> str:
        return f" ({self.names[place]})" if self.names[place] else ""

    def state_dict(self) -> State:
        return {
            "names": self.names,
            "small": self.small,
            "centre": self.centre,
            "step": self.step,
            "flat": self.flat,
        }

    @classmethod
    def from_state(cls, state: State) -> "Numbers":
        """Raises CorruptFile where it is not what `state_dict` has written."""
        try:
            names = [str(name) for name in state["names"]]
            small, centre, step = ([float(one) for one in state[key]] for key in ("small", "centre", "step"))
            flat = bool(state["flat"])
        except (KeyError, TypeError, ValueError):
            raise CorruptFile("It holds numbers to learn without a scale.") from None
        alike = 0 < len(names) == len(small) == len(centre) == len(step) and (len(names) == 1 or not flat)
        finite = all(map(math.isfinite, (*small, *centre, *step)))
        if not alike or not finite or min(step) <= 0 or min(small) < 0:
            raise CorruptFile("It holds numbers to learn whose scale is none.")
        return cls(names, small, centre, step, flat)


def beside(keys: Num[Tensor, "n d"], digits: Int8[Tensor, "n p"]) -> Num[Tensor, "n e"]:
    """Keys that end in digits; whole numbers stay as small as they are."""
    if keys.dtype == torch.uint8:
        keys = keys.to(torch.int8) if not len(keys) or int(keys.max()) < 128 else keys.to(torch.int16)
    return torch.cat([keys, digits.to(keys.dtype)], 1)


def check_coverage(coverage: Any) -> float:
    """The share of cases that intervals or sets shall cover.

    Raises
    ------
    BadData
        Not a number between 0 and 1.
    """
    if not isinstance(coverage, int | float | np.floating) or not 0 < coverage < 1:
        raise BadData(f"coverage is {coverage!r}. Expected a share between 0 and 1, such as 0.9.")
    return float(coverage)


def _finite(values: Any) -> Any:
    if isinstance(values, list):
        return [_finite(value) for value in values]
    return values if math.isfinite(values) else None


def _small(y: NDArray[np.float64], keys: Num[Tensor, "n d"]) -> list[float]:
    """c of each column that is to be learned as its logarithm; 0 for the others."""
    n, k = y.shape
    least = y.min(0)
    asked = [column for column in range(k) if n >= _ENOUGH and least[column] > 0 and y[:, column].std() > 0]
    found = [0.0] * k
    if not asked:
        return found
    c = least / 8
    both = [(y[:, one], np.asarray(_inner(y[:, one], c[one]))) for one in asked]
    outputs = torch.from_numpy(np.stack([u - u.mean() for pair in both for u in pair], 1))
    h = keys.double()
    h = h - h.mean(0)
    seen = spectrum(h.T @ h, h.T @ outputs, samples=n)
    energies = outputs.square().sum(0).tolist()
    evidence = [
        log_evidence(seen._replace(turned=seen.turned[:, [place]].contiguous()), energy, n)
        for place, energy in enumerate(energies)
    ]
    for place, one in enumerate(asked):
        slope = -np.log(np.hypot(y[:, one], c[one])).sum()  # what a density of u is multiplied by for one of y
        if evidence[2 * place + 1] + slope - evidence[2 * place] > _SURE:
            found[one] = float(c[one])
    return found


def _inner(column: NDArray[np.float64], c: float) -> NDArray[np.float64]:
    return np.asarray(np.arcsinh(column / c)) if c else column


def _deviation(u: NDArray[np.float64]) -> float:
    """Of the first numbers; of few, or of many that are the same, not less than 1/256 of the largest."""
    found, largest = float(u.std()), float(np.abs(u).max(initial=0.0))
    if len(u) < _FEW or not found > 1e-12 * largest:
        found = max(found, largest / 256)
    return found or 1.0
