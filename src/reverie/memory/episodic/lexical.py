"""Search by words: BM25 over windows of neighbouring turns.

A turn of a conversation is short and takes half of its sense from what was said around it. So the document that is
scored for a turn is the turn and its neighbours in the same session. With f the occurrences of a word among the n
windows' own words, l the length of a window and ℓ the mean length, a window scores ::

    Σ_w idf(w)·f(w)·(k₁ + 1) / (f(w) + k₁·(1 − b + b·l/ℓ)),   idf(w) = ln(1 + (n − n_w + ½)/(n_w + ½))

(Robertson & Zaragoza, 2009). Only the turns' own words are kept, once: the occurrences in a window are sums over its
turns, taken when it is asked for. So a window costs nothing to store, a turn that comes changes the windows around
it, and one that is forgotten is gone from all of them.
"""

from array import array
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["WindowIndex"]

_K1, _B = 1.2, 0.75


class WindowIndex:
    """Turns by their words.

    Examples
    --------
    >>> index = WindowIndex()
    >>> for text in ("where were you", "in rome", "the weather is fine"):
    ...     _ = index.add(text.split(), session="monday")
    >>> index.scores(["rome"], reach=0).round(2).tolist()
    [0.0, 1.14, 0.0]
    >>> (index.scores(["rome"], reach=1) > 0).tolist()
    [True, True, True]
    """

    def __init__(self) -> None:
        self._words: list[Counter[str]] = []
        self._where: dict[str, array[int]] = {}
        self._often: dict[str, array[float]] = {}
        self._last: dict[str, int] = {}
        self._before, self._after = array("q"), array("q")
        self._lengths: dict[int, NDArray[np.float64]] = {}

    def __len__(self) -> int:
        return len(self._words)

    def add(self, words: Sequence[str], *, session: str | None = None) -> int:
        """A turn more, after the last of its session; its place."""
        place = len(self)
        before = -1 if session is None else self._last.get(session, -1)
        if session is not None:
            self._last[session] = place
        self._before.append(before)
        self._after.append(-1)
        if before >= 0:
            self._after[before] = place
        counts = Counter(words)
        self._words.append(counts)
        for word, count in counts.items():
            self._where.setdefault(word, array("q")).append(place)
            self._often.setdefault(word, array("d")).append(count)
        self._lengths.clear()
        return place

    def remove(self, place: int) -> None:
        """Forget the words of a turn; its neighbours stay where they are."""
        for word in self._words[place]:
            at = self._where[word].index(place)
            del self._where[word][at], self._often[word][at]
            if not self._where[word]:
                del self._where[word], self._often[word]
        self._words[place] = Counter()
        self._lengths.clear()

    def distinct(self, place: int) -> int:
        """How many different words a turn has."""
        return len(self._words[place])

    def window(self, places: NDArray[np.int64], reach: int) -> NDArray[np.int64]:
        """The places of some turns' windows, earlier ones first, −1 where there is none; shape [n, 2·reach + 1]."""
        sides = []
        for links in (self._before, self._after):
            near, place = np.frombuffer(links, dtype=np.int64), places
            side = []
            for _ in range(reach):
                place = np.where(place >= 0, near[place], -1)
                side.append(place)
            sides.append(side)
        return np.stack([*reversed(sides[0]), places, *sides[1]], axis=1)

    def spread(self, values: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
        """The sum of a value over each turn's window: itself and so many turns before and after it.

        Parameters
        ----------
        values : array, shape [turns]
        reach : int
        """
        total = values.astype(np.float64, copy=True)
        for links in (self._before, self._after):
            near = np.frombuffer(links, dtype=np.int64) if len(links) else np.zeros(0, np.int64)
            place = near
            for step in range(reach):
                there = place >= 0
                total[there] += values[place[there]]
                if step + 1 < reach:
                    place = np.where(there, near[place], -1)
        return total

    def scores(self, words: Sequence[str], *, reach: int) -> NDArray[np.float64]:
        """BM25 of each turn's window; shape [turns]."""
        n = len(self)
        total = np.zeros(n)
        lengths = self._window_lengths(reach)
        for word, weight in Counter(words).items():
            if word not in self._where:
                continue
            often = np.zeros(n)
            often[np.frombuffer(self._where[word], dtype=np.int64)] = np.frombuffer(self._often[word])
            often = self.spread(often, reach)
            found = np.flatnonzero(often)
            rare = np.log(1 + (n - len(found) + 0.5) / (len(found) + 0.5))
            f = often[found]
            total[found] += weight * rare * f * (_K1 + 1) / (f + _K1 * (1 - _B + _B * lengths[found]))
        return total

    def _window_lengths(self, reach: int) -> NDArray[np.float64]:
        """Words in each window, in units of their mean."""
        if reach not in self._lengths:
            own = np.array([count.total() for count in self._words], dtype=np.float64)
            lengths = self.spread(own, reach)
            self._lengths[reach] = lengths / max(float(lengths.mean()) if len(lengths) else 0.0, 1e-9)
        return self._lengths[reach]
