"""Search by words: BM25 over windows of neighbouring turns.

A turn of a conversation is short and takes half of its sense from what was said around it. So the document that is
scored for a turn is the turn and its neighbours in the same session. A passage of a long text says enough by itself:
what stands around it counts as so many words at most, as in Dirichlet smoothing (Zhai & Lafferty, 2004, ACM TOIS 22).
With c words around it, each of them counts as α = min(1, most / c). With f the occurrences of a word in a window so
counted, n windows, l the length of a window and ℓ the mean length, a window scores ::

    Σ_w idf(w)·f(w)·(k₁ + 1) / (f(w) + k₁·(1 − b + b·l/ℓ)),   idf(w) = ln(1 + (n − n_w + ½)/(n_w + ½))

(Robertson & Zaragoza, 2009). Only the turns' own words are kept, once: the occurrences in a window are sums over its
turns, taken when it is asked for. So a window costs nothing to store, a turn that comes changes the windows around
it, and one that is forgotten is gone from all of them.
"""

from array import array
from collections import Counter
from collections.abc import Sequence
from typing import Any

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
        self._words = _Bags()
        self._where: dict[str, array[int]] = {}
        self._often: dict[str, array[float]] = {}
        self._last: dict[str, int] = {}
        # before, after: the places of the neighbours, −1 for none; own: words of each turn; one entry more for −1
        self._columns: dict[str, NDArray[Any]] = {name: np.full(64, -1) for name in ("before", "after")}
        self._columns["own"] = np.zeros(64)
        self._shares: dict[tuple[int, float], NDArray[np.float64]] = {}
        self._lengths: dict[tuple[int, float], NDArray[np.float64]] = {}

    def __len__(self) -> int:
        return len(self._words)

    def add(self, words: Sequence[str], *, session: str | None = None) -> int:
        """A turn more, after the last of its session; its place."""
        place = len(self)
        before = -1 if session is None else self._last.get(session, -1)
        if session is not None:
            self._last[session] = place
        if place + 1 == len(self._columns["own"]):
            self._columns = {
                name: np.concatenate([column, np.full_like(column, 0 if name == "own" else -1)])
                for name, column in self._columns.items()
            }
        self._columns["before"][place] = before
        if before >= 0:
            self._columns["after"][before] = place
        counts = Counter(words)
        self._words.append(counts)
        self._columns["own"][place] = counts.total()
        self._changed()
        for word, count in counts.items():
            self._where.setdefault(word, array("q")).append(place)
            self._often.setdefault(word, array("d")).append(count)
        return place

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The turns and their words as arrays, which `of` takes; beside them go `told`."""
        words = list(self._where)
        where = [np.frombuffer(self._where[word], np.int64) for word in words]
        often = [np.frombuffer(self._often[word]) for word in words]
        return {
            "words": np.frombuffer("\n".join(words).encode(), np.uint8),
            "word ends": np.cumsum([0, *map(len, where)]),
            "where": np.concatenate([*where, np.zeros(0, np.int64)]).astype(np.int32),
            "often": np.concatenate([*often, np.zeros(0)]).astype(np.uint32),
            **{f"column {name}": self._column(name) for name in self._columns},
        }

    @property
    def told(self) -> dict[str, int]:
        """The last turn of each session."""
        return self._last

    @classmethod
    def of(cls, arrays: dict[str, NDArray[Any]], told: dict[str, int], turns: int) -> "WindowIndex":
        """The index of `arrays` and `told`.

        Raises
        ------
        ValueError
            Where they are not those of so many turns.
        """
        made = cls()
        words = arrays["words"].tobytes().decode().split("\n") if arrays["words"].size else []
        ends, where, often = arrays["word ends"], arrays["where"].astype(np.int64), arrays["often"].astype(np.float64)
        fits = ends.shape == (len(words) + 1,) and ends[0] == 0 and (np.diff(ends) > 0).all()
        if not fits or not ends[-1] == len(where) == len(often) or not _within(where, 0, turns):
            raise ValueError("words of other turns")
        for word, start, end in zip(words, ends[:-1].tolist(), ends[1:].tolist(), strict=True):
            made._where[word], made._often[word] = array("q"), array("d")
            made._where[word].frombytes(where[start:end].tobytes())
            made._often[word].frombytes(often[start:end].tobytes())
        for name, like in made._columns.items():
            column = arrays[f"column {name}"]
            if column.shape != (turns + 1,) or column.dtype != like.dtype:
                raise ValueError("turns of another number")
            if name in ("before", "after") and not _within(column, -1, turns):
                raise ValueError("turns beside others that there are not")
            made._columns[name] = np.concatenate(
                [column, np.full(max(64, turns), 0 if name == "own" else -1, like.dtype)]
            )
        if not all(isinstance(place, int) and 0 <= place < turns for place in told.values()):
            raise ValueError("sessions of other turns")
        made._last = dict(told)
        made._words = _Bags(words, ends, where, often, turns)
        return made

    def remove(self, place: int) -> None:
        """Forget the words of a turn; its neighbours stay where they are."""
        for word in self._words[place]:
            at = self._where[word].index(place)
            del self._where[word][at], self._often[word][at]
            if not self._where[word]:
                del self._where[word], self._often[word]
        self._words[place] = Counter()
        self._columns["own"][place] = 0.0
        self._changed()

    def _changed(self) -> None:
        self._lengths.clear()
        self._shares.clear()

    def _column(self, name: str) -> NDArray[Any]:
        return self._columns[name][: len(self) + 1]

    def having(self, words: Sequence[str]) -> NDArray[np.int64]:
        """The places of turns that have all of these words."""
        found = [set(self._where.get(word, ())) for word in words]
        return np.array(sorted(set.intersection(*found)), dtype=np.int64)

    def distinct(self, place: int) -> int:
        """How many different words a turn has."""
        return len(self._words[place])

    def window(self, places: NDArray[np.int64], reach: int) -> NDArray[np.int64]:
        """The places of some turns' windows, earlier ones first, −1 where there is none; shape [n, 2·reach + 1]."""
        sides: list[list[NDArray[np.int64]]] = []
        for name in ("before", "after"):
            near, sides = self._column(name), [*sides, []]
            for _ in range(reach):
                sides[-1].append(near[sides[-1][-1] if sides[-1] else places])
        return np.stack([*reversed(sides[0]), places, *sides[1]], axis=1)

    def spread(self, values: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
        """The sum of a value over each turn's window: itself and so many turns before and after it.

        Parameters
        ----------
        values : array, shape [turns]
        reach : int
        """
        last = np.append(values, 0.0)  # what −1 points to
        total = last.copy()
        for name in ("before", "after"):
            near = self._column(name)
            place = near
            for step in range(reach):
                total += last[place]
                if step + 1 < reach:
                    place = near[place]
        return total[:-1]

    def share(self, reach: int, most: float = np.inf) -> NDArray[np.float64]:
        """α: how much each word around a turn counts, for all of them to count as `most` words; shape [turns]."""
        if (reach, most) not in self._shares:
            own = self._column("own")[:-1]
            around = self.spread(own, reach) - own
            self._shares[reach, most] = np.minimum(1.0, most / np.maximum(around, 1.0))
        return self._shares[reach, most]

    def rarity(self, words: Sequence[str]) -> NDArray[np.float64]:
        """idf of each word, by how many turns say it themselves; shape [words]."""
        having = np.array([len(self._where.get(word, ())) for word in words], np.float64)
        there = int((self._column("own") > 0).sum())
        return np.asarray(np.log(1 + (there - having + 0.5) / (having + 0.5)))

    def scores(self, words: Sequence[str], *, reach: int, most: float = np.inf) -> NDArray[np.float64]:
        """BM25 of each turn's window; shape [turns].

        Parameters
        ----------
        reach : int
            Turns before and after, in a window; 0: the turn's own words.
        most : float
            As how many words those around the turn count at most.
        """
        n = len(self)
        total = np.zeros(n)
        share = self.share(reach, most)
        lengths = self._window_lengths(reach, most)
        for word, weight in Counter(words).items():
            if word not in self._where:
                continue
            places, said = np.frombuffer(self._where[word], dtype=np.int64), np.frombuffer(self._often[word])
            window = self.window(places, reach)
            often = np.repeat(said, window.shape[1])
            f = np.bincount(window.ravel() + 1, weights=often, minlength=n + 1)[1:] * share
            f[places] += said * (1 - share[places])  # its own words count whole
            found = np.flatnonzero(f)
            rare = np.log(1 + (n - len(found) + 0.5) / (len(found) + 0.5))
            f = f[found]
            total[found] += weight * rare * f * (_K1 + 1) / (f + _K1 * (1 - _B + _B * lengths[found]))
        return total

    def _window_lengths(self, reach: int, most: float) -> NDArray[np.float64]:
        """Words in each window, in units of their mean."""
        if (reach, most) not in self._lengths:
            own = self._column("own")[:-1]
            lengths = own + self.share(reach, most) * (self.spread(own, reach) - own)
            self._lengths[reach, most] = lengths / max(float(lengths.mean()) if len(lengths) else 0.0, 1e-9)
        return self._lengths[reach, most]


class _Bags:
    """The words of each turn, with how often they occur; of turns that were kept, put together when asked for."""

    def __init__(
        self,
        words: Sequence[str] = (),
        ends: NDArray[Any] | None = None,
        where: NDArray[Any] | None = None,
        often: NDArray[Any] | None = None,
        turns: int = 0,
    ) -> None:
        self._vocabulary, self._ends, self._where, self._often = words, ends, where, often
        self._length = turns
        self._made: dict[int, Counter[str]] = {}

    def __len__(self) -> int:
        return self._length

    def append(self, counts: Counter[str]) -> None:
        self._made[self._length] = counts
        self._length += 1

    def __setitem__(self, place: int, counts: Counter[str]) -> None:
        self._made[place] = counts

    def __getitem__(self, place: int) -> Counter[str]:
        if place in self._made or self._where is None or self._ends is None or self._often is None:
            return self._made[place]
        at = np.flatnonzero(self._where == place)
        of = np.searchsorted(self._ends, at, side="right") - 1
        return Counter({self._vocabulary[word]: int(self._often[n]) for word, n in zip(of, at, strict=True)})


def _within(places: NDArray[Any], least: int, end: int) -> bool:
    return not len(places) or least <= int(places.min()) <= int(places.max()) < end
