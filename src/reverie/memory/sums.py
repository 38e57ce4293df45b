"""The sums of an associative memory: added to, subtracted from, merged, and packed, exactly.

Keys that are whole numbers of eight bits are multiplied as such; other small integers in float32 blocks so short that
every partial sum is an integer below 2²⁴; larger ones in float64. All are exact, and added in float64, exact as long as
every sum stays below 2⁵³: `room` says whether it will.

Keys that are not whole numbers are multiplied and added in float64, about an `origin` that the first of them fix (their
median), so that a mean that is a million times the spread costs nothing.

The Gram matrix is nearly all there is to keep. `halve` rounds it to sixteen bits, as correlations: two bytes for each
pair of inputs instead of four (integers) or eight. What the read-out answers hardly changes, but the sums are exact no
more: the rounding errs by some n/10⁵ samples.
"""

import torch
from torch import Tensor

from reverie.contracts import State
from reverie.errors import BadData
from reverie.functional import whole_product

__all__ = ["WHOLE", "Sums", "symmetric"]

WHOLE = 2.0**53
"""Float64 holds every whole number below this."""

_PANELS = 8  # the Gram matrix is symmetric: only panels on and above the diagonal are computed
_CODES = 32767  # of sixteen bits, to either side of zero
_EXACT = 2**24  # float32 holds every integer up to here
_FAR = 2**8  # a mean from which on whole-number sums are moved before they are centred


class Sums:
    """The sums themselves. `grams` has one matrix, or one per class; only their upper panels are kept up to date.

    Value columns lie in room that doubles when it is full, so that classes can come one by one.
    """

    def __init__(
        self,
        n: float,
        sum_h: Tensor,
        sum_y: Tensor,
        sum_yy: Tensor,
        grams: list[Tensor],
        cross: Tensor,
        per_class: bool,
        origin: Tensor | None = None,
    ) -> None:
        self.n, self.sum_h, self.grams, self.per_class, self.origin = n, sum_h, grams, per_class, origin
        self._columns = len(sum_y)
        self._sum_y, self._sum_yy, self._cross = sum_y, sum_yy, cross
        self.rounded = False  # whether they were ever rounded to sixteen bits: no subtraction is exact then
        self._halved: tuple[Tensor, Tensor] | None = None  # correlations in sixteen bits, and scales; None: not halved

    @classmethod
    def empty(cls, d: int, per_class: bool, device: torch.device) -> "Sums":
        def zeros(*shape: int) -> Tensor:
            return torch.zeros(*shape, dtype=torch.float64, device=device)

        return cls(0.0, zeros(d), zeros(0), zeros(0), [] if per_class else [zeros(d, d)], zeros(d, 0), per_class)

    @property
    def sum_y(self) -> Tensor:
        return self._sum_y[: self._columns]

    @property
    def sum_yy(self) -> Tensor:
        return self._sum_yy[: self._columns]

    @property
    def cross(self) -> Tensor:
        return self._cross[:, : self._columns]

    @property
    def mean(self) -> Tensor:
        """Of the keys, about the origin."""
        return self.sum_h / self.n

    @property
    def one_hot(self) -> bool:
        """Whether every value was a label: a one among zeros."""
        return bool((self.sum_y == self.sum_yy).all()) and float(self.sum_y.sum()) == self.n

    def written(self) -> Tensor | None:
        """The columns of values other than zero; None: all of them, or none."""
        there = self.sum_yy != 0
        return None if bool(there.all()) or not bool(there.any()) else there.nonzero().flatten()

    def about_origin(self, keys: Tensor) -> Tensor:
        """Keys in float64, less the origin."""
        return keys.double() if self.origin is None else keys.double() - self.origin

    def add(self, keys: Tensor, values: Tensor, sign: int) -> None:
        """Add (or with `sign` −1 subtract) keys with any values."""
        self._halved = None
        self._widen(values.shape[1])
        k = values.shape[1]
        rows, work = _way(keys)
        values64 = values.double()
        whole = work != torch.float64 and _whole(values)
        exact = torch.float32 if whole else torch.float64
        for h, y in zip(keys.split(rows), values64.split(rows), strict=True):
            h = self.about_origin(h) if work == torch.float64 else h.to(work)
            if self.per_class:
                of_class = y.argmax(1)
                for column in of_class.unique().tolist():
                    _add_gram(self.grams[column], h[of_class == column], sign)
            else:
                _add_gram(self.grams[0], h, sign)
            self.cross[:, :k].add_(h.to(exact).T @ y.to(exact), alpha=sign)
            self.sum_h.add_(h.sum(0, dtype=torch.float64), alpha=sign)
        self.n += sign * len(keys)
        self.sum_y[:k].add_(values64.sum(0), alpha=sign)
        self.sum_yy[:k].add_(values64.square().sum(0), alpha=sign)

    def add_labels(self, keys: Tensor, columns: Tensor, sign: int, *, width: int = 0) -> None:
        """Add (or subtract) keys with one-hot values, given by their columns; the same sums, whatever their number.

        `width`: how many columns there shall be at least.
        """
        self._halved = None
        self._widen(max(width, int(columns.max()) + 1 if len(columns) else 0))
        if len(keys) == 0:
            return
        rows, work = _way(keys)
        present, place, counts = columns.unique(return_inverse=True, return_counts=True)
        if self.per_class:
            order = place.argsort(stable=True)
            for column, chosen in zip(present.tolist(), order.split(counts.tolist()), strict=True):
                for part in chosen.split(rows):
                    h = keys[part]
                    _add_gram(self.grams[column], self.about_origin(h) if work == torch.float64 else h.to(work), sign)
        sums = torch.zeros(len(present), keys.shape[1], dtype=torch.float64, device=keys.device)
        for h, where in zip(keys.split(rows), place.split(rows), strict=True):
            if not self.per_class:
                _add_gram(self.grams[0], self.about_origin(h) if work == torch.float64 else h.to(work), sign)
            sums.index_add_(0, where, self.about_origin(h))
        self._cross[:, present] += sign * sums.T
        self.sum_h.add_(sums.sum(0), alpha=sign)
        self.n += sign * len(keys)
        self._sum_y[present] += sign * counts
        self._sum_yy[present] += sign * counts

    def add_factor(self, r: Tensor, columns: list[int], *, exact: bool, sign: int) -> None:
        """Add RᵀR, the sums of one-hot values in `columns` and their keys; see `reverie.memory.contribution`."""
        self._halved = None
        self._widen(max(columns) + 1)
        r = r.contiguous().to(torch.float64, copy=True)  # its own memory: products may depend on alignment
        ry, rh = r[:, : len(columns)], r[:, len(columns) :]
        count, cross = (ry.T @ ry).diagonal(), rh.T @ ry
        count = count.round()
        if exact:
            cross = cross.round()
        self.n += sign * float(count.sum())
        self._sum_y[columns] += sign * count
        self._sum_yy[columns] += sign * count
        self.sum_h += sign * cross.sum(1)
        self._cross[:, columns] += sign * cross
        _add_gram(self.grams[columns[0] if self.per_class else 0], rh, sign, exact)

    def merge(self, other: "Sums", columns: list[int] | None, sign: int = 1) -> None:
        place = list(range(len(other.sum_y))) if columns is None else columns
        self._halved = None
        self._widen(max(place, default=-1) + 1)
        if self.n == 0 and self.origin is None:
            self.origin = other.origin
        if sign > 0 and self.origin is None and self.largest() + other.largest() >= WHOLE and _whole(self.cross):
            raise BadData("Together the sums would pass 2⁵³, and be exact no more. Keep the two memories apart.")
        other = other.moved(self.origin)
        self.rounded |= other.rounded
        self.n += sign * other.n
        self.sum_h += sign * other.sum_h
        self._sum_y[place] += sign * other.sum_y
        self._sum_yy[place] += sign * other.sum_yy
        self._cross[:, place] += sign * other.cross
        mine = [self.grams[column] for column in place] if self.per_class else self.grams
        for gram, others in zip(mine, other.grams, strict=True):
            gram.add_(others, alpha=sign)

    def moved(self, origin: Tensor | None) -> "Sums":
        """The same sums about another origin."""
        zero = torch.zeros_like(self.sum_h)
        by = (zero if self.origin is None else self.origin) - (zero if origin is None else origin)
        if not bool(by.any()):
            return self
        grams = []
        for gram, (n, total) in zip(self.grams, self._of_grams(), strict=True):
            both = torch.outer(total, by)
            grams.append(gram + both + both.T + n * torch.outer(by, by))
        cross = self.cross + torch.outer(by, self.sum_y)
        sums = self.sum_h + self.n * by, self.sum_y.clone(), self.sum_yy.clone()
        return Sums(self.n, *sums, grams, cross, self.per_class, origin)

    def drop(self, column: int) -> None:
        keep = [index for index in range(len(self.sum_y)) if index != column]
        if self._halved is not None:
            self._halved = self._halved[0][keep], self._halved[1][keep]
        self.n -= float(self.sum_y[column])
        self.sum_h -= self.cross[:, column]
        self._sum_y, self._sum_yy, self._cross = self.sum_y[keep], self.sum_yy[keep], self.cross[:, keep]
        self.grams = [self.grams[index] for index in keep]
        self._columns = len(keep)

    def restrict(self, inputs: Tensor) -> None:
        """Keep the sums of these inputs only."""
        self._halved = None
        self.sum_h, self._cross = self.sum_h[inputs], self.cross[inputs]
        self.origin = None if self.origin is None else self.origin[inputs]
        self.grams = [symmetric(gram)[inputs][:, inputs] for gram in self.grams]

    def moments(self) -> tuple[Tensor, Tensor, Tensor]:
        """Counts [k], means [k, d], and covariances within classes: one each [k, d, d], or one for all [1, d, d].

        For one-hot values.
        """
        counts = self.sum_y.clamp_min(1)
        means = (self.cross / counts).T
        if self.per_class:
            covariances = [
                symmetric(gram) / count - torch.outer(mean, mean)
                for gram, count, mean in zip(self.grams, counts.tolist(), means, strict=True)
            ]
            return self.sum_y, self.absolute(means), torch.stack(covariances)
        within = (symmetric(self.grams[0]) - (means.T * self.sum_y) @ means) / max(self.n, 1)
        return self.sum_y, self.absolute(means), within[None]

    def absolute(self, means: Tensor) -> Tensor:
        """Means about the origin as means of keys."""
        return means if self.origin is None else means + self.origin

    def energy(self) -> Tensor:
        """Σ (h − h̄)² of each input."""
        total = sum((gram.diagonal() for gram in self.grams), torch.zeros_like(self.sum_h))
        return (total - self.sum_h.square() / max(self.n, 1)).clamp_min(0)

    def room(self, keys: Tensor) -> bool:
        """Whether these whole numbers can be added, and every sum stay exact."""
        held = self.largest()
        if held + len(keys) * float(max(int(keys.max()), -int(keys.min()))) ** 2 < WHOLE:
            return True
        return held + float(keys.double().square().sum(0).max()) < WHOLE

    def largest(self) -> float:
        """A bound for the largest sum of squares."""
        return sum((float(gram.diagonal().max()) for gram in self.grams if gram.numel()), 0.0)

    def _widen(self, k: int) -> None:
        if k <= self._columns:
            return
        room = self._cross.shape[1]
        if k > room:
            pad, missing = torch.nn.functional.pad, max(k, 2 * room) - room
            self._sum_y, self._sum_yy = pad(self._sum_y, (0, missing)), pad(self._sum_yy, (0, missing))
            self._cross = pad(self._cross, (0, missing))
        if self.per_class:
            d, like = len(self.sum_h), self.sum_h
            self.grams += [like.new_zeros(d, d) for _ in range(k - self._columns)]
        self._columns = k

    def centred(self) -> tuple[Tensor, Tensor, float]:
        """Gram matrix, cross products and output energy about the means.

        Sums of whole numbers are first moved by whole numbers, which is exact, where the means are large.
        """
        gram = torch.zeros_like(self.grams[0]) if self.grams else torch.zeros(0, 0, dtype=torch.float64)
        for one in self.grams:
            gram += one
        gram, total, cross = symmetric(gram), self.sum_h, self.cross
        about = (total / self.n).round()
        if self.origin is None and float(about.abs().max()) >= _FAR and _whole(total):
            left = total - self.n * about
            gram.addr_(about, total, alpha=-1).addr_(left, about, alpha=-1)
            total, cross = left, cross - torch.outer(about, self.sum_y)
        gram.addr_(total, total, alpha=-1 / self.n)
        cross = cross - torch.outer(total, self.sum_y) / self.n
        return gram, cross, float((self.sum_yy - self.sum_y.square() / self.n).sum())

    def halve(self) -> None:
        """Round the Gram matrices to sixteen bits: correlations about the mean, −1…1 in steps of 1/32767."""
        row, column = torch.triu_indices(len(self.sum_h), len(self.sum_h))
        codes, scales = [], []
        for gram, (n, total) in zip(self.grams, self._of_grams(), strict=True):
            about = gram[row, column] - total[row] * total[column] / max(n, 1)
            scale = (gram.diagonal() - total.square() / max(n, 1)).clamp_min(0).sqrt()
            part = (_CODES * about / (scale[row] * scale[column]).clamp_min(1e-300)).round()
            codes.append(part.clamp_(-_CODES, _CODES).to(torch.int16))
            scales.append(scale)
        self._halved = torch.stack(codes), torch.stack(scales)
        self.rounded = True
        self._restore()

    def _restore(self) -> None:
        """The Gram matrices of the sixteen bits; whole numbers where the scales are those of whole numbers."""
        assert self._halved is not None
        row, column = torch.triu_indices(len(self.sum_h), len(self.sum_h))
        whole = _whole(self.cross)
        for gram, code, scale, (n, total) in zip(self.grams, *self._halved, self._of_grams(), strict=True):
            upper = code.double() / _CODES * scale[row] * scale[column] + total[row] * total[column] / max(n, 1)
            gram[row, column] = upper.round() if whole else upper

    def _of_grams(self) -> list[tuple[float, Tensor]]:
        """How many keys each Gram matrix is of, and their sum."""
        if not self.per_class:
            return [(self.n, self.sum_h)]
        return list(zip(self.sum_y.tolist(), self.cross.T, strict=True))

    def pack(self) -> State:
        """Only what is needed: the upper triangle, as int32 where the sums are integers that fit."""
        grams: State
        if self._halved is not None:
            grams = {"codes": self._halved[0], "scales": self._halved[1]}
        else:
            row, column = torch.triu_indices(len(self.sum_h), len(self.sum_h), device=self.sum_h.device)
            uppers = [gram[row, column] for gram in self.grams]
            grams = {"upper": _narrow(torch.stack(uppers) if uppers else self.sum_h.new_zeros(0, len(row)))}
        if self.rounded:
            grams["rounded"] = True
        if self.origin is not None:
            grams["origin"] = self.origin.clone()
        return grams | {
            "n": self.n,
            "per_class": self.per_class,
            "sum_h": self.sum_h.clone(),
            "sum_y": self.sum_y.clone(),
            "sum_yy": self.sum_yy.clone(),
            "cross": _narrow(self.cross),
        }

    @classmethod
    def unpack(cls, state: State) -> "Sums":
        d = len(state["sum_h"])
        halved = "codes" in state
        origin = state["origin"].clone() if "origin" in state else None
        grams = [torch.zeros(d, d, dtype=torch.float64) for _ in state["codes" if halved else "upper"]]
        sums = state["sum_h"].clone(), state["sum_y"].clone(), state["sum_yy"].clone()
        made = cls(float(state["n"]), *sums, grams, state["cross"].double().clone(), bool(state["per_class"]), origin)
        made.rounded = halved or bool(state.get("rounded"))
        if halved:
            made._halved = state["codes"].clone(), state["scales"].clone()
            made._restore()
        else:
            row, column = torch.triu_indices(d, d)
            for gram, upper in zip(grams, state["upper"], strict=True):
                gram[row, column] = upper.double()
        return made


def _whole(values: Tensor) -> bool:
    return bool((values == values.round()).all())


def symmetric(gram: Tensor) -> Tensor:
    """The whole of a matrix whose upper triangle is given."""
    upper = gram.triu()
    return upper + upper.triu(1).T


def _way(keys: Tensor) -> tuple[int, torch.dtype]:
    """How many rows are multiplied at once, and as what, so that sums of whole numbers are exact."""
    if keys.is_floating_point() or keys.is_complex():
        return 1024, torch.float64
    least, most = (int(keys.min()), int(keys.max())) if len(keys) else (0, 1)
    if least >= -128 and most <= 127:
        return 8192, torch.int8
    rows = _EXACT // max(1, most, -least) ** 2
    return (min(rows, 1024), torch.float32) if rows >= 64 else (1024, torch.float64)  # large: float64 holds them


def _add_gram(gram: Tensor, h: Tensor, sign: int, exact: bool = False) -> None:
    """gram += sign · hᵀh, panels on and above the diagonal only; `exact`: the products are known to be integers."""
    d = gram.shape[0]
    step = -(-d // _PANELS) if d >= 256 else d
    for start in range(0, d, step):
        left, right = h[:, start : start + step], h[:, start:]
        block = whole_product(left, right) if h.dtype == torch.int8 else left.T @ right
        gram[start : start + step, start:].add_(block.round_() if exact else block, alpha=sign)


def _narrow(sums: Tensor) -> Tensor:
    """Integers that fit int32 are kept in it: half the bytes, the same numbers."""
    fits = bool((sums.abs() < 2**31).all()) and _whole(sums)
    return sums.to(torch.int32) if fits else sums.clone(memory_format=torch.contiguous_format)
