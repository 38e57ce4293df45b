"""The guard: no module gets weight unless rows that it has not seen speak for it. It says what it found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["FEW", "MARGIN", "Verdict", "judge"]

FEW = 20
"""Below so many rows, held-out errors say little: only confirmed theory may carry weight."""

MARGIN = 1.5
"""A module must lower the held-out loss by so many standard errors of the difference, row by row. Below twenty rows its
status decides, for rows cannot."""


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
    guard: bool,
    margin: float | None = None,
    measure: str = "mean squared error",
) -> tuple[NDArray[Any], Verdict]:
    """Weights of the members, and the verdict.

    Parameters
    ----------
    held : array, shape [members, n, k]
        Answers on held-out rows: the plain model's first, then two for each module.
    weigh, losses : callable
        Weights from answers; the loss of each row, whose mean is the error.
    """
    if margin is None:
        margin = MARGIN if len(goal) >= FEW else 0.0
    reasons: dict[str, str] = {}
    alive = list(range(len(names)))
    if guard and len(goal) < FEW:
        for place, name in enumerate(names):
            if not confirmed[place]:
                reasons[name] = f"with {len(goal)} rows only confirmed theory is trusted (needs {FEW})"
        alive = [place for place in alive if names[place] not in reasons]

    def solve(chosen: list[int]) -> tuple[NDArray[Any], NDArray[Any]]:
        rows = [0, *(1 + 2 * place + part for place in chosen for part in (0, 1))]
        weights = np.zeros(len(held))
        weights[rows] = weigh(held[rows], goal) if len(rows) > 1 else 1.0
        return weights, losses(np.tensordot(weights, held, axes=1), goal)

    weights, fused = solve(alive)
    while guard and alive:
        gains = {}
        for place in alive:
            _, rest = solve([one for one in alive if one != place])
            gap = rest - fused
            gains[place] = float(gap.mean()) - margin * float(gap.std()) / len(gap) ** 0.5
        worst = min(gains, key=lambda place: gains[place])
        share = weights[1 + 2 * worst : 3 + 2 * worst].sum()
        if gains[worst] > 0 and share > 0.005:
            break
        reasons[names[worst]] = "no gain on held-out rows"
        alive.remove(worst)
        weights, fused = solve(alive)
    used = tuple(names[place] for place in alive)
    dropped = tuple(name for name in names if name in reasons)
    return weights, Verdict(float(losses(held[0], goal).mean()), float(fused.mean()), used, dropped, reasons, measure)
