"""Which region is active: evidence is summed until it is enough, so that a single surprise changes nothing.

At each moment every region r says how well it would have expected what came (a log likelihood, p_r), and how well it
would have, had it known nothing of the part that surprises it most (q_r). For each region that is not active, and for a
new one, Page's cumulative sum grows with what it explains better than the active one, and is never below zero::

    S_r ← max(0, S_r + clip(p_r − max(p_active, q_r), ±c))        of a known region
    S_0 ← max(0, S_0 + clip(q_active − p_active, ±c))             of a new one

When a sum passes the threshold, that region becomes active, from the moment on at which its sum was last zero. A new
one opens where no known one explains what comes: its sum must pass half as much again, and where a known one has half
of the threshold by then, that becomes active.

Reference: Page, 1954, Biometrika 41 (continuous inspection schemes).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reverie.contracts import State
from reverie.errors import BadData, CorruptFile

__all__ = ["Router", "Switch"]


_NEW = 1.5  # thresholds that open a new region


@dataclass(frozen=True)
class Switch:
    """Another region is active.

    Attributes
    ----------
    region : int
        Which; one more than there were, where a new one is to open.
    since : int
        For how many moments it has been so; the last one counts.
    """

    region: int
    since: int


class Router:
    """Sums evidence.

    Parameters
    ----------
    threshold : float
        Nats that are enough.
    most : float
        c, nats that one moment can bring.

    Examples
    --------
    >>> router = Router(threshold=10.0, most=4.0)
    >>> router.look([-1.0, -9.0], [-2.0, -5.0])  # the active region explains it best
    >>> [router.look([-9.0, -1.0], [-5.0, -5.0]) for _ in range(3)][-1]
    Switch(region=1, since=3)
    """

    def __init__(self, *, threshold: float = 20.0, most: float = 4.0) -> None:
        if not 0 < most <= threshold < math.inf:
            raise BadData(f"threshold is {threshold} and most {most}. Expected 0 < most ≤ threshold.")
        self.threshold, self.most = threshold, most
        self.active = 0
        self._sums: list[float] = []  # of each region, and of nothing known
        self._for: list[int] = []  # moments since a sum was zero

    def look(self, evidence: Sequence[float], unknown: Sequence[float]) -> Switch | None:
        """One moment.

        Parameters
        ----------
        evidence : sequence of float
            Log likelihood of what came, of each region.
        unknown : sequence of float
            The same, had each known nothing of what surprises it most.
        """
        k, active = len(evidence), self.active
        if not 0 <= active < k or len(unknown) != k:
            raise BadData(f"Region {active} is active; evidence came for {k}, and for {len(unknown)} of the unknown.")
        if len(self._sums) != k + 1:
            self._sums, self._for = [0.0] * (k + 1), [0] * (k + 1)
        gains = [said - max(evidence[active], without) for said, without in zip(evidence, unknown, strict=True)]
        for r, gain in enumerate((*gains, unknown[active] - evidence[active])):
            held = 0.0 if math.isnan(gain) else min(self.most, max(-self.most, gain))
            self._sums[r] = max(0.0, self._sums[r] + held) if r != active else 0.0
            self._for[r] = self._for[r] + 1 if self._sums[r] > 0 else 0
        best = max(range(k), key=self._sums.__getitem__)
        if self._sums[best] >= self.threshold:
            found = best
        elif self._sums[k] >= _NEW * self.threshold:
            found = best if self._sums[best] >= self.threshold / 2 else k
        else:
            return None
        since, self.active = self._for[found], found
        self.rest()
        return Switch(found, since)

    def drop(self, region: int) -> None:
        """A region that is not active is no more: those behind it move up."""
        if region == self.active:
            raise BadData(f"Region {region} is active. Let another one be active first.")
        self.active -= int(self.active > region)
        self.rest()

    def rest(self) -> None:
        """Begin to sum anew."""
        self._sums, self._for = [], []

    def state_dict(self) -> State:
        """Which is active, and the sums."""
        return {"active": self.active, "sums": list(self._sums), "for": list(self._for)}

    def load_state_dict(self, state: State) -> None:
        """Put back what `state_dict` gave."""
        try:
            self.active = int(state["active"])
            self._sums, self._for = [float(s) for s in state["sums"]], [int(n) for n in state["for"]]
        except (KeyError, TypeError, ValueError) as error:
            raise CorruptFile(f"This is not the state of a router ({error!r}). Restore a copy.") from None
