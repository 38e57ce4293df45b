"""The guard: no module gets weight unless rows that it has not seen speak for it. It says what it found.

Three things make chance look like a gain, and each is met:

- weights that fit the rows on which they are judged: the mixture of a fold has weights from the other folds;
- rows that belong together: the gain is tested over groups where there are any, one-sided, by Student's t;
- the best of many draws: what passes is shrunk towards the plain model by 1 − (1.5/t)², in the way in which James and
  Stein shrink a mean: a gain that is barely one has next to no weight, and a clear one nearly all of it.

Tested is the mean gain in loss, which a few rows may decide; or, for values and where that is positive, the mean of
each row's gain over its loss with and without, which all rows decide (log loss is relative as it is; of classes that
were all but certain before, no gain is believed). Level and shrinkage were chosen on made-up sets (modules that are
right, about shuffled rows, mirrored on half of their inputs), not on those of the benchmark.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["FEW", "LEVEL", "SHRINKAGE", "Verdict", "judge"]

FEW = 20
"""Below so many rows, held-out errors say little: only confirmed theory may carry weight, and its status decides."""

LEVEL = 0.05
"""How often chance alone may pass a test of one module."""

SHRINKAGE = 1.5
"""t at which what passed would have no weight at all."""


@dataclass(frozen=True)
class Verdict:
    """What the guard found.

    Attributes
    ----------
    without, fused : float
        Loss on held-out rows of the plain model, and of the fusion; `measure` names it.
    used, dropped : tuple of str
        Modules.
    words : str
        The same for people.
    """

    without: float
    fused: float
    used: tuple[str, ...]
    dropped: tuple[str, ...]
    reasons: dict[str, str] = field(default_factory=dict)
    measure: str = "mean squared error"

    @property
    def words(self) -> str:
        lines = []
        if self.used:
            gain = 100 * (1 - self.fused / self.without) if self.without else 0.0
            lines.append(
                f"Used: {', '.join(self.used)}. On held-out rows the {self.measure} is {self.fused:.4g}, "
                f"{self.without:.4g} without ({gain:.0f} % less)."
            )
        lines += [f"Not used: {name}, {self.reasons[name]}." for name in self.dropped]
        return " ".join(lines) or "No module was given."


def judge(
    held: NDArray[Any],
    goal: NDArray[Any],
    names: Sequence[str],
    confirmed: Sequence[bool],
    *,
    weigh: Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]],
    losses: Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]],
    masks: NDArray[Any],
    groups: NDArray[Any] | None = None,
    guard: bool = True,
    classes: bool = False,
) -> tuple[NDArray[Any], Verdict]:
    """Weights of the members, and the verdict.

    Parameters
    ----------
    held : array, shape [members, n, k]
        Answers on held-out rows: the plain model's first, then two for each module.
    weigh, losses : callable
        Weights from answers; the loss of each row, whose mean is the error.
    masks : array of bool, shape [folds, n]
        The rows that the members of a fold were trained on.
    groups : array, shape [n], optional
        Rows of one group are not independent of one another.
    classes : bool
        Whether losses are log losses.
    """
    few = len(goal) < FEW
    reasons: dict[str, str] = {}
    alive = list(range(len(names)))
    if guard and few:
        for place, name in enumerate(names):
            if not confirmed[place]:
                reasons[name] = f"with {len(goal)} rows only confirmed theory is trusted (needs {FEW})"
        alive = [place for place in alive if names[place] not in reasons]

    def solve(chosen: list[int], rows: Any = slice(None)) -> NDArray[Any]:
        members = [0, *(1 + 2 * place + part for place in chosen for part in (0, 1))]
        weights = np.zeros(len(held))
        weights[members] = weigh(held[members][:, rows], goal[rows]) if chosen else 1.0
        return weights

    def mixed(chosen: list[int]) -> NDArray[Any]:
        """Answers on held-out rows, [n, k]."""
        if few or not chosen:
            return np.tensordot(solve(chosen), held, axes=1)
        found = np.zeros(goal.shape)
        for seen in masks:
            found[~seen] = np.tensordot(solve(chosen, seen), held[:, ~seen], axes=1)
        return found

    def evidence(before: NDArray[Any], after: NDArray[Any]) -> float:
        """t of the gain from losses before to losses after; 0 where there is none in the mean."""
        if classes:  # by Laplace's rule n rows cannot tell more certain from certain
            before, after = (np.maximum(loss, -np.log1p(-1 / (len(goal) + 2))) for loss in (before, after))
        gap = before - after
        if not gap.mean() > 0:
            return 0.0
        return max(_t(gap, groups), 0.0 if classes else _t(gap / np.maximum(before + after, 1e-300), groups))

    fused = losses(mixed(alive), goal)
    while guard and alive:
        gains = {}
        for place in alive:
            rest = losses(mixed([one for one in alive if one != place]), goal)
            gains[place] = float((rest - fused).mean()) if few else evidence(rest, fused) - _bar(goal, groups)
        worst = min(gains, key=lambda place: gains[place])
        if gains[worst] > 0:
            break
        reasons[names[worst]] = "no gain on held-out rows"
        alive.remove(worst)
        fused = losses(mixed(alive), goal)
    plain, weights = losses(held[0], goal), solve(alive)
    if guard and alive and not few:
        kept = 1 - (SHRINKAGE / max(evidence(plain, fused), SHRINKAGE)) ** 2
        weights *= kept
        weights[0] += 1 - kept
        fused = losses(kept * mixed(alive) + (1 - kept) * held[0], goal)
    used = tuple(names[place] for place in alive)
    dropped = tuple(name for name in names if name in reasons)
    measure = "log loss" if classes else "mean squared error"
    return weights, Verdict(float(plain.mean()), float(fused.mean()), used, dropped, reasons, measure)


def _t(gain: NDArray[Any], groups: NDArray[Any] | None) -> float:
    """The mean over its standard error; groups are independent, their rows are not."""
    names, group = np.unique(np.arange(len(gain)) if groups is None else groups, return_inverse=True)
    mean, many = float(gain.mean()), len(names)
    apart = np.bincount(group, gain) - mean * np.bincount(group)
    error = float(np.sqrt(many / max(many - 1, 1) * np.sum(apart**2))) / len(gain)
    return mean / max(error, 1e-300)


def _bar(goal: NDArray[Any], groups: NDArray[Any] | None) -> float:
    """The t that chance exceeds in `LEVEL` of all cases."""
    from scipy.special import stdtrit

    many = len(goal) if groups is None else len(np.unique(groups))
    return float(stdtrit(many - 1, 1 - LEVEL)) if many > 1 else np.inf
