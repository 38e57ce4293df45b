"""A sketch of the classes' covariances, for memories that keep one Gram matrix for all classes.

With its first keys a sketch fixes m leading directions. A key h is projected on them and rounded to eight bits::

    u = round((Uᵀ h − centre) / step),   −127 … 127

and of u sums are kept for each class (Σ u, Σ u uᵀ) and, along the first t directions, the third moments of all
(`reverie.memory.third`). All are whole numbers: they add, subtract and merge exactly, in any order. That takes some
hundred numbers for each sample, where a matrix of whole keys for each class would take millions.

A sketch holds what was written since it was begun. It is *whole* where that is all that the memory holds. Sums along
fixed directions cannot follow a memory that drops inputs: a pruned memory begins another sketch.
"""

from typing import Any

import torch
from jaxtyping import Float, Int8, Int64, Integer
from torch import Tensor

from reverie.contracts import State
from reverie.functional import WholeMatrix
from reverie.memory.contribution import absorb, contribution
from reverie.memory.directions import Moments, leading
from reverie.memory.gram import symmetric
from reverie.memory.sums import Sums
from reverie.memory.third import centred_third, numbers_of, third_sums, whole_third

__all__ = ["LEAST_INPUTS", "MOST_SAMPLES", "Sketch", "size_of_sketch"]

LEAST_INPUTS = 400
"""Keys of fewer inputs are not sketched."""
MOST_SAMPLES = 2**53 // 32**3
"""The third moments of so many samples are whole numbers that float64 holds."""

_MOST, _THIRD = 200, 100  # directions
_SHARE = 4  # inputs for each direction, at least
_PER_DIRECTION = 2  # first keys for each direction, at least
_SPREAD = 16  # steps in a standard deviation of the first keys


def size_of_sketch(d: int, room: int) -> tuple[int, int]:
    """How many directions a sketch of d inputs has, and along how many of them there are third moments.

    Parameters
    ----------
    room : int
        Bytes that it may take with ten classes.

    Examples
    --------
    >>> size_of_sketch(3600, 2**40), size_of_sketch(500, 2**40), size_of_sketch(900, 200_000)
    ((200, 100), (124, 62), (70, 35))
    >>> size_of_sketch(100, 2**40)
    (0, 0)
    """
    if d < LEAST_INPUTS:
        return 0, 0
    for m in range(min(_MOST, d // _SHARE) // 2 * 2, 0, -2):
        t = min(_THIRD, m // 2)
        if Sketch.bytes(d, m, t, 10) <= room:
            return m, t
    return 0, 0


class Sketch:
    """Sums of projected keys.

    Parameters
    ----------
    directions : Int8[Tensor, "d m"]
    centre, step : Tensor, shape [m]
        Whole numbers.
    t : int
        Along how many directions there are third moments.

    Examples
    --------
    >>> keys = torch.randint(0, 50, (300, 400), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    >>> sketch = Sketch.begin(keys)
    >>> batch = sketch.contribution(keys, torch.arange(300) % 3)
    >>> sketch.absorb(batch, +1)
    >>> sketch.counts(3).tolist()
    [100.0, 100.0, 100.0]
    >>> sketch.absorb(batch, -1)
    >>> float(sketch.third.abs().max())
    0.0
    """

    def __init__(self, directions: Int8[Tensor, "d m"], centre: Tensor, step: Tensor, t: int) -> None:
        self.directions, self.centre, self.step, self.t = directions, centre.double(), step.double(), t
        self._matrix = WholeMatrix(directions)
        self.sums = Sums.empty(directions.shape[1], True, torch.device("cpu"))
        self.third = torch.zeros(numbers_of(t), dtype=torch.float64)

    @classmethod
    def begin(cls, keys: Integer[Tensor, "n d"], room: int = 2**40) -> "Sketch | None":
        """An empty sketch along the leading directions of the first keys; None: they are too few, or too small.

        Parameters
        ----------
        room : int
            Bytes that it may take with ten classes.
        """
        m, _ = size_of_sketch(keys.shape[1], room)
        if m == 0 or len(keys) < _PER_DIRECTION * m:
            return None
        exact = keys[: 10 * m].double()
        mean = exact.mean(0)
        return cls.along(mean, (exact - mean).T @ (exact - mean) / len(exact), room)

    @classmethod
    def along(cls, mean: Float[Tensor, " d"], covariance: Float[Tensor, "d d"], room: int) -> "Sketch | None":
        """An empty sketch along the leading directions of keys with this mean and covariance."""
        m, t = size_of_sketch(len(mean), room)
        directions = leading(covariance, m) if m else torch.zeros(len(mean), 0, dtype=torch.int8)
        if directions.shape[1] < 2:
            return None
        along = directions.double()
        spread = ((covariance @ along) * along).sum(0).clamp_min(0).sqrt()
        return cls(directions, (mean @ along).round(), (spread / _SPREAD).ceil().clamp_min(1), min(t, m // 2))

    @property
    def width(self) -> int:
        """Along how many directions."""
        return self.directions.shape[1]

    def another(self) -> "Sketch":
        """An empty one along the same directions."""
        return Sketch(self.directions, self.centre, self.step, self.t)

    def same_directions(self, other: "Sketch") -> bool:
        """Whether the sums of both can be added."""
        mine, theirs = (self.directions, self.centre, self.step), (other.directions, other.centre, other.step)
        return self.t == other.t and all(torch.equal(one, two) for one, two in zip(mine, theirs, strict=True))

    # what is written

    def project(self, keys: Integer[Tensor, "n d"]) -> Int8[Tensor, "n m"]:
        """u of keys."""
        small = keys.dtype in (torch.int8, torch.uint8) and (not keys.numel() or int(keys.max()) <= 127)
        found = []
        for part in keys.split(1024):
            x = self._matrix(part.to(torch.int8)).double() if small else part.double() @ self.directions.double()
            found.append(((x - self.centre) / self.step).round().clamp(-127, 127).to(torch.int8))
        return torch.cat(found) if found else torch.zeros(0, self.width, dtype=torch.int8)

    def contribution(
        self, keys: Integer[Tensor, "n d"], columns: Int64[Tensor, " n"], *, weights: Int64[Tensor, " n"] | None = None
    ) -> State:
        """What the sums change by when keys are written, each so many times; to be logged, added or subtracted.

        Third moments of few samples are kept as their rows, sorted: the tensor of up to t samples tells them anyway
        (its decomposition is unique; Kruskal, 1977, Linear Algebra and its Applications 18).
        """
        u = self.project(keys)
        batch = contribution(u, columns, per_class=True, weights=weights)
        short = u[:, : self.t].contiguous()
        third: State = {"sums": _narrow(third_sums(short, weights))}
        if len(u) <= self.t:
            order = sorted(range(len(u)), key=lambda row: short[row].tolist())
            third = {"rows": short[order], "weights": None if weights is None else weights[order]}
        return {"batch": batch, "third": third}

    def absorb(self, part: State, sign: int) -> None:
        """Add or subtract what `contribution` made."""
        absorb(self.sums, part["batch"], sign)
        third = part["third"]
        sums = third["sums"].double() if "sums" in third else third_sums(third["rows"], third["weights"])
        self.third.add_(sums, alpha=sign)

    def write(self, keys: Integer[Tensor, "n d"], columns: Int64[Tensor, " n"]) -> None:
        """Add keys."""
        if len(keys):
            self.absorb(self.contribution(keys, columns), +1)

    def merge(self, other: "Sketch", columns: list[int]) -> None:
        """Add another's sums; `columns[j]` is where its column j belongs here."""
        self.sums.merge(other.sums, columns[: len(other.sums.sum_y)])
        self.third += other.third

    # what it tells

    def counts(self, k: int) -> Float[Tensor, " k"]:
        """Samples of each of k columns."""
        found = torch.zeros(k, dtype=torch.float64)
        there = min(k, len(self.sums.sum_y))
        found[:there] = self.sums.sum_y[:there]
        return found

    def moments(
        self,
        there: Int64[Tensor, " k"],
        *,
        third: bool = True,
        without: tuple[Integer[Tensor, "n d"], Int64[Tensor, " n"]] | None = None,
    ) -> Moments | None:
        """Of these columns; None: there are fewer samples than directions. Of a class without samples all is zero.

        Parameters
        ----------
        third : bool
            Tell of the third moments.
        without : tuple of Tensor, optional
            Keys, and the places of their columns among `there`, that are taken out first, exactly.
        """
        m, t, k = self.width, self.t, len(there)
        u = torch.zeros(0, m, dtype=torch.int8) if without is None else self.project(without[0])
        of = there.new_zeros(0) if without is None else without[1]
        counts, means, grams = torch.zeros(k).double(), torch.zeros(k, m).double(), torch.zeros(k, m, m).double()
        for place, column in enumerate(there.tolist()):
            own = u[of == place].double()
            if column < len(self.sums.sum_y) and (n := float(self.sums.sum_y[column]) - len(own)) > 0:
                counts[place] = n
                means[place] = (self.sums.cross[:, column] - own.sum(0)) / n
                grams[place] = symmetric(self.sums.gram(column)) - own.T @ own
        if counts.sum() <= m:
            return None
        number = counts.clamp_min(1)[:, None, None]
        covariances = (grams / number - means[:, :, None] * means[:, None]) * torch.outer(self.step, self.step)
        found = None
        if third and t:
            total = self.third - third_sums(u[:, :t].contiguous())
            found = centred_third(whole_third(total, t), counts, means[:, :t], grams[:, :t, :t]) / counts.sum()
            step = self.step[:t]
            found = found * step[:, None, None] * step[:, None] * step
        return Moments(counts, list(covariances), found)

    # keeping

    def state(self) -> State:
        """For keeping."""
        fixed = {"directions": self.directions, "centre": self.centre, "step": self.step, "t": self.t}
        return fixed | {"sums": self.sums.pack(), "third": _narrow(self.third)}

    @classmethod
    def of(cls, state: State) -> "Sketch":
        """What `state` gave."""
        made = cls(state["directions"], state["centre"], state["step"], int(state["t"]))
        made.sums, made.third = Sums.unpack(state["sums"]), state["third"].double().clone()
        return made

    @staticmethod
    def bytes(d: int, m: int, t: int, classes: int) -> int:
        """Bytes that it takes, where sums fit 32 bits.

        Examples
        --------
        >>> Sketch.bytes(3600, 200, 100, 10)
        2210800
        """
        return d * m + 4 * (classes * m * (m + 1) // 2 + numbers_of(t))


def _narrow(sums: Tensor) -> Tensor:
    """Whole numbers in as few bytes as hold them."""
    largest = float(sums.abs().max()) if sums.numel() else 0.0
    kind: Any = torch.int32 if largest < 2**31 else torch.int64
    return sums.to(kind)
