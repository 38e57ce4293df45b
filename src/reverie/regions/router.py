"""Which region is active: evidence is summed until it is enough, so that a single surprise changes nothing.

At each moment every region says how well it would have expected what came (a log likelihood), and so does one that
knows nothing. For each region r that is not active, and for nothing known, Page's cumulative sum grows with what it
explains better than the active one, and is never below zero::

    S_r ← max(0, S_r + clip(log p_r − max(log p_active, log p_nothing), ±c))        of a known region
    S_0 ← max(0, S_0 + clip(log p_nothing − log p_active, ±c))                      of a new one

When a sum passes the threshold, that region becomes active, from the moment on at which its sum was last zero. Known
regions come before a new one, which opens where none of them explains what comes.

Reference: Page, 1954, Biometrika 41 (continuous inspection schemes).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reverie.contracts import State
from reverie.errors import BadData, CorruptFile

__all__ = ["Router", "Switch"]


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
    >>> router.look([-1.0, -9.0], nothing=-5.0)  # the active region explains it best
    >>> [router.look([-9.0, -1.0], nothing=-5.0) for _ in range(3)][-1]
    Switch(region=1, since=3)
    """

    def __init__(self, *, threshold: float = 20.0, most: float = 4.0) -> None:
        if not 0 < most <= threshold < math.inf:
            raise BadData(f"threshold is {threshold} and most {most}. Expected 0 < most ≤ threshold.")
        self.threshold, self.most = threshold, most
        self.active = 0
        self._sums: list[float] = []  # of each region, and of nothing known
        self._for: list[int] = []  # moments since a sum was zero

    def look(self, evidence: Sequence[float], *, nothing: float) -> Switch | None:
        """One moment.

        Parameters
        ----------
        evidence : sequence of float
            Log likelihood of what came, of each region.
        nothing : float
            The same, of a region that knows nothing.
        """
        k = len(evidence)
        if not 0 <= self.active < k:
            raise BadData(f"Region {self.active} is active; evidence came for {k}.")
        if len(self._sums) != k + 1:
            self._sums, self._for = [0.0] * (k + 1), [0] * (k + 1)
        for r, said in enumerate((*evidence, nothing)):
            gain = said - (evidence[self.active] if r == k else max(evidence[self.active], nothing))
            gain = 0.0 if math.isnan(gain) else min(self.most, max(-self.most, gain))
            self._sums[r] = max(0.0, self._sums[r] + gain) if r != self.active else 0.0
            self._for[r] = self._for[r] + 1 if self._sums[r] > 0 else 0
        best = max(range(k), key=lambda r: self._sums[r])
        found = best if self._sums[best] >= self.threshold else k
        if self._sums[found] < self.threshold:
            return None
        since, self.active = self._for[found], found
        self.rest()
        return Switch(found, since)

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
