"""Watching for drift: are samples still as near to their class as they were?

When m samples of a known class are learned together (at most sixteen), the distance of their mean from that of the
class is set in relation to what the class's own spread σ² lets expect::

    m ‖mean of the m samples − μ_c‖² / σ_c²

This is about 1 while the world stays as it is, whatever classes come, and grows when a camera ages or a word changes
its use. The last thousand ratios are kept, and River's ADWIN looks for a change in their logarithms. Where anything is
forgotten, so is all of this.

Reference: Bifet & Gavaldà, 2007, SDM (ADWIN: adaptive windowing).
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Num
from torch import Tensor

from reverie.contracts import State
from reverie.errors import MissingData
from reverie.memory import AssociativeMemory

__all__ = ["Drift", "Watch"]

_TOGETHER = 16  # samples of a class, at most, in one ratio
_KEPT = 1000  # ratios
_SEEN = 20  # samples of a class before its spread is known


@dataclass(frozen=True)
class Drift:
    """What the watch has to say.

    Attributes
    ----------
    found : bool
    since : int or None
        The version at which samples had become different.
    before, now : float
        Geometric mean of the ratios, before and since; 1 is as ever.
    """

    found: bool
    since: int | None
    before: float
    now: float


class Watch:
    """Keeps the distances of classes and the last ratios; bounded."""

    def __init__(self) -> None:
        self.usual: dict[str, list[float]] = {}  # label: samples, sum of squared distances
        self.values: list[float] = []
        self.versions: list[int] = []

    def see(self, memory: AssociativeMemory, keys: Num[Tensor, "n d"], columns: Tensor, labels: list[Any]) -> State:
        """What `apply` shall keep of these samples; changes nothing."""
        ratios: list[float] = []
        distances = {}
        _, means = memory.means() if memory.samples else (None, torch.zeros(0, keys.shape[1]))
        counts = memory.value_sums if memory.samples else torch.zeros(0)
        for column in columns.unique().tolist():
            if column >= len(counts) or counts[column] < 1:
                continue
            away = keys[columns == column].double() - means[column]
            label = str(labels[column])
            distances[label] = [float(len(away)), float(away.square().sum())]
            seen, total = self.usual.get(label, [0.0, 0.0])
            if seen >= _SEEN and total > 0:
                ratios += (_of_parts(away) * seen / total).tolist()
        return {"distances": distances, "values": ratios}

    def apply(self, seen: State, version: int) -> None:
        """Keep what was seen."""
        for label, (count, total) in seen["distances"].items():
            old = self.usual.get(label, [0.0, 0.0])
            self.usual[label] = [old[0] + count, old[1] + total]
        self.values = [*self.values, *seen["values"]][-_KEPT:]
        self.versions = [*self.versions, *[version] * len(seen["values"])][-_KEPT:]

    def forget(self, label: Any) -> None:
        """Keep no distances of a class."""
        self.usual.pop(str(label), None)

    def look(self) -> Drift:
        """Look for a change in what is kept.

        Raises
        ------
        MissingData
            River is not installed.
        """
        try:
            from river.drift import ADWIN
        except ImportError:
            raise MissingData("Drift is detected with River. Run: pip install 'reverie[drift]'") from None
        detector = ADWIN(clock=1)
        logs = [math.log(max(value, 1e-12)) for value in self.values]
        for value in logs:
            detector.update(value)
        start = len(logs) - min(int(detector.width), len(logs))
        if start == 0:
            usual = _geometric(logs)
            return Drift(False, None, usual, usual)
        return Drift(True, self.versions[start], _geometric(logs[:start]), _geometric(logs[start:]))

    def state_dict(self) -> State:
        return {"usual": self.usual, "values": self.values, "versions": self.versions}

    @classmethod
    def from_state(cls, state: State) -> "Watch":
        watch = cls()
        watch.usual = {label: list(pair) for label, pair in state["usual"].items()}
        watch.values, watch.versions = list(state["values"]), list(state["versions"])
        return watch


def _geometric(logs: list[float]) -> float:
    return math.exp(sum(logs) / len(logs)) if logs else 1.0


def _of_parts(away: Float[Tensor, "n d"]) -> Float[Tensor, " parts"]:
    """m ‖mean‖² of each `_TOGETHER` rows; of the rest too."""
    whole = len(away) // _TOGETHER * _TOGETHER
    squares = away[:whole].view(-1, _TOGETHER, away.shape[1]).sum(1).square().sum(1) / _TOGETHER
    rest = away[whole:]
    return torch.cat([squares, rest.sum(0).square().sum()[None] / len(rest)]) if len(rest) else squares
