"""The sums of an associative memory: added to, subtracted from, merged, and packed, exactly.

Keys that are whole numbers of eight bits are multiplied as such; other small integers in float32 blocks so short that
every partial sum is an integer below 2²⁴; larger ones in float64. All are exact, and added in float64, exact as long as
every sum stays below 2⁵³: `room` says whether it will.

Keys that are not whole numbers are multiplied and added in float64, about an `origin` that the first of them fix (their
median), so that a mean that is a million times the spread costs nothing.

The Gram matrix is nearly all there is to keep. Where there is one for each class, that of a class of whole numbers with
fewer samples than half of the features is kept as its thin factor (`reverie.memory.thin`), and the sum of all of those
beside them, for the read-out. Keys that are not whole numbers have matrices.

`halve` rounds to sixteen bits, a matrix as correlations: two bytes for each pair of inputs instead of four (integers)
or eight. What the read-out answers hardly changes, but the sums are exact no more: the rounding errs by some n/10⁵
samples.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeGuard

import torch
from torch import Tensor
from torch.nn.functional import hardshrink

from reverie.contracts import State
from reverie.errors import BadData
from reverie.memory.gram import add_gram, packed, symmetric, unpacked
from reverie.memory.thin import ThinGram, factored, is_thin, pack_thin, unpack_thin

__all__ = ["WHOLE", "Sums", "bytes_of_sums"]

WHOLE = 2.0**53
"""Float64 holds every whole number below this."""

_CODES = 32767  # of sixteen bits, to either side of zero
_EXACT = 2**24  # float32 holds every integer up to here
_FACTORED = 2**16  # a whole number that may be in a thin factor, at most
_AT_ONCE = 2**18  # numbers that are narrowed at once: they stay in the cache
_FADED = 1e-290  # sums below this are zero: a processor is slow with the smallest numbers
_FAR = 2**8  # a mean from which on whole-number sums are moved before they are centred


class Sums:
    """The sums themselves.

    `grams` has one matrix for all, or a matrix or a thin factor for each class; of matrices only the upper panels are
    kept up to date. `rest` is the sum of what has a factor.

    Value columns lie in room that doubles when it is full, so that classes can come one by one.
    """

    def __init__(
        self,
        n: float,
        sum_h: Tensor,
        sum_y: Tensor,
        sum_yy: Tensor,
        grams: list[Tensor | ThinGram],
        cross: Tensor,
        per_class: bool,
        origin: Tensor | None = None,
        rest: Tensor | None = None,
    ) -> None:
        self.n, self.sum_h, self.grams, self.per_class, self.origin = n, sum_h, grams, per_class, origin
        self.rest = rest
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

    @property
    def present(self) -> Tensor:
        """The columns of one-hot values that have samples."""
        return (self.sum_y > 0.5).nonzero().flatten()

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
        whole = work != torch.float64 and _whole(values) and bool((values64.abs() <= 1).all())  # as the keys allow for
        exact = torch.float32 if whole else torch.float64
        if self.per_class and len(keys):
            self._add_per_class(keys, values64.argmax(1), sign, (rows, work))
        for h, y in zip(keys.split(rows), values64.split(rows), strict=True):
            h = self.about_origin(h) if work == torch.float64 else h.to(work)
            if not self.per_class:
                add_gram(self._matrix(0), h, sign)
            self.cross[:, :k].add_(h.to(exact).T @ y.to(exact), alpha=sign)
            self.sum_h.add_(h.sum(0, dtype=torch.float64), alpha=sign)
        self.n += sign * len(keys)
        self.sum_y[:k].add_(values64.sum(0), alpha=sign)
        self.sum_yy[:k].add_(values64.square().sum(0), alpha=sign)

    def add_fading(self, keys: Tensor, values: Tensor, decay: float) -> None:
        """Add keys that are not whole numbers, row by row; before each row all sums are multiplied by `decay`."""
        self._halved = None
        k, m = values.shape[1], len(keys)
        self._widen(k)
        weights = decay ** torch.arange(m - 1, -1, -1, dtype=torch.float64, device=keys.device)
        h, y = self.about_origin(keys), values.double()
        gram, faded = self._matrix(0), decay**m
        for sums in (gram, self.sum_h, self._sum_y, self._sum_yy, self._cross):
            sums.copy_(hardshrink(sums * faded, _FADED))
        add_gram(gram, h * weights.sqrt()[:, None], +1)
        weighted = h * weights[:, None]
        self.cross[:, :k].add_(weighted.T @ y)
        self.sum_h.add_(weighted.sum(0))
        self.n = self.n * faded + float(weights.sum())
        self.sum_y[:k].add_(weights @ y)
        self.sum_yy[:k].add_(weights @ y.square())

    def add_labels(
        self,
        keys: Tensor,
        columns: Tensor,
        sign: int,
        *,
        width: int = 0,
        factors: dict[int, list[tuple[int, Tensor]]] | None = None,
    ) -> None:
        """Add (or subtract) keys with one-hot values, given by their columns; the same sums, whatever their number.

        Parameters
        ----------
        width : int
            How many columns there shall be at least.
        factors : dict, optional
            Of each column, numbers of samples and their factors, where they are known already.
        """
        self._halved = None
        self._widen(max(width, int(columns.max()) + 1 if len(columns) else 0))
        if len(keys) == 0:
            return
        rows, work = _way(keys)
        present, place, counts = columns.unique(return_inverse=True, return_counts=True)
        if self.per_class:
            self._add_per_class(keys, columns, sign, (rows, work), factors)
        sums = torch.zeros(len(present), keys.shape[1], dtype=torch.float64, device=keys.device)
        for h, where in zip(keys.split(rows), place.split(rows), strict=True):
            if not self.per_class:
                add_gram(self._matrix(0), self.about_origin(h) if work == torch.float64 else h.to(work), sign)
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
        r_type = r.dtype
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
        if not self.per_class:
            add_gram(self._matrix(0), rh, sign, exact)
            return
        column, samples = columns[0], round(float(count.sum()))
        gram = self.grams[column]
        if sign > 0 and exact and self._stays_thin(gram, samples) and gram.absorb(rh.to(r_type), samples):
            add_gram(self._rest(), rh, +1, exact=True)
            return
        with self._dense(column, -samples if sign < 0 else 0) as matrix:
            add_gram(matrix, rh, sign, exact)

    # one matrix or factor for each class

    def _matrix(self, column: int) -> Tensor:
        gram = self.grams[column]
        assert isinstance(gram, Tensor)
        return gram

    def _rest(self) -> Tensor:
        if self.rest is None:
            d = len(self.sum_h)
            self.rest = self.sum_h.new_zeros(d, d)
        return self.rest

    def _stays_thin(self, gram: Tensor | ThinGram, samples: int) -> TypeGuard[ThinGram]:
        """Whether a class has a factor, and keeps it with so many samples more."""
        return isinstance(gram, ThinGram) and self.origin is None and is_thin(gram.samples + samples, gram.d)

    @contextmanager
    def _dense(self, column: int, change: int = 0) -> Iterator[Tensor]:
        """The matrix of a class, to be changed; where it had a factor and `change` is negative, it is factored again.

        change : int
            How many samples will be gone.
        """
        thin = self.grams[column]
        if isinstance(thin, Tensor):
            yield thin
            return
        matrix = self.gram(column)
        if thin.blocks:
            self._rest().sub_(matrix)
        self.grams[column] = matrix
        yield matrix
        if change < 0 and (left := factored(matrix, thin.samples + change)) is not None:
            self._rest().add_(matrix)
            self.grams[column] = left

    def _add_per_class(
        self,
        keys: Tensor,
        columns: Tensor,
        sign: int,
        way: tuple[int, torch.dtype],
        factors: dict[int, list[tuple[int, Tensor]]] | None = None,
    ) -> None:
        """Add keys to the matrices or factors of their classes; `way`: how they are multiplied."""
        rows, work = way
        small = work != torch.float64 or (
            not keys.is_floating_point() and max(int(keys.max()), -int(keys.min())) <= _FACTORED
        )
        present, place, counts = columns.unique(return_inverse=True, return_counts=True)
        order = place.argsort(stable=True)
        thin = []
        for column, chosen in zip(present.tolist(), order.split(counts.tolist()), strict=True):
            gram = self.grams[column]
            if sign > 0 and small and self._stays_thin(gram, len(chosen)):
                known = (factors or {}).get(column)
                if _absorbed(gram, known) if known else gram.add(keys[chosen]):
                    thin.append(chosen)
                    continue
            with self._dense(column, sign * len(chosen)) as matrix:
                for part in chosen.split(rows):
                    h = keys[part]
                    add_gram(matrix, self.about_origin(h) if work == torch.float64 else h.to(work), sign)
        if thin:
            for part in torch.cat(thin).split(rows):
                add_gram(self._rest(), keys[part].to(work), +1)

    def gram(self, column: int) -> Tensor:
        """The Gram matrix of a class, its upper panels; one of its own where the class has a factor."""
        gram = self.grams[column]
        if isinstance(gram, Tensor):
            return gram
        matrix = self.sum_h.new_zeros(gram.d, gram.d)
        gram.add_to(matrix, +1)
        return matrix

    def along(self, column: int, directions: Tensor) -> Tensor:
        """Uᵀ G U of a class, for directions U."""
        gram = self.grams[column]
        if isinstance(gram, Tensor):
            return directions.T @ (symmetric(gram) @ directions)
        turned = [block.values() @ directions for block in gram.blocks]
        found = directions.new_zeros(directions.shape[1], directions.shape[1])
        return sum((rows.T @ rows for rows in turned), found)

    def total(self) -> Tensor:
        """The Gram matrix of all, its upper panels; not to be changed."""
        if not self.per_class:
            return self._matrix(0)
        d = len(self.sum_h)
        total = self.sum_h.new_zeros(d, d) if self.rest is None else self.rest.clone()
        for gram in self.grams:
            if isinstance(gram, Tensor):
                total += gram
        return total

    def with_values(self, weights: Tensor) -> "Sums":
        """The sums of the same samples where the last p inputs of a key, weighted [p, k] and added, are k values."""
        d = len(self.sum_h) - len(weights)
        gram, total = symmetric(self.total()), self.sum_h[d:] @ weights
        cross, squares = gram[:d, d:] @ weights, (weights * (gram[d:, d:] @ weights)).sum(0)
        if self.origin is not None:
            base = self.origin[d:] @ weights
            cross = cross + torch.outer(self.sum_h[:d], base)
            squares = squares + 2 * base * total + self.n * base.square()
            total = total + self.n * base
        origin = None if self.origin is None else self.origin[:d]
        return Sums(self.n, self.sum_h[:d].clone(), total, squares, [gram[:d, :d].clone()], cross, False, origin)

    def _diagonal(self) -> Tensor:
        """Of the Gram matrix of all."""
        total = torch.zeros_like(self.sum_h) if self.rest is None else self.rest.diagonal().clone()
        for gram in self.grams:
            if isinstance(gram, Tensor):
                total += gram.diagonal()
        return total

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
        if not self.per_class:
            self._matrix(0).add_(other._matrix(0), alpha=sign)
            return
        for index, column in enumerate(place):
            mine, theirs = self.grams[column], other.grams[index]
            if sign > 0 and isinstance(theirs, ThinGram) and self._stays_thin(mine, theirs.samples):
                mine.blocks = [*mine.blocks, *theirs.blocks]
                theirs.add_to(self._rest(), +1)
                continue
            gone = theirs.samples if isinstance(theirs, ThinGram) else round(float(other.sum_y[index]))
            with self._dense(column, sign * gone) as matrix:
                matrix.add_(other.gram(index), alpha=sign)

    def moved(self, origin: Tensor | None) -> "Sums":
        """The same sums about another origin."""
        zero = torch.zeros_like(self.sum_h)
        by = (zero if self.origin is None else self.origin) - (zero if origin is None else origin)
        if not bool(by.any()):
            return self
        grams: list[Tensor | ThinGram] = []
        for column, (n, total) in enumerate(self._of_grams()):
            gram = self.gram(column)
            both = torch.outer(total, by)
            grams.append(gram + both + both.T + n * torch.outer(by, by))
        cross = self.cross + torch.outer(by, self.sum_y)
        sums = self.sum_h + self.n * by, self.sum_y.clone(), self.sum_yy.clone()
        return Sums(self.n, *sums, grams, cross, self.per_class, origin)

    def drop(self, column: int) -> None:
        keep = [index for index in range(len(self.sum_y)) if index != column]
        dense = [index for index, gram in enumerate(self.grams) if isinstance(gram, Tensor)]
        if self._halved is not None:
            stays = [place for place, index in enumerate(dense) if index != column]
            self._halved = self._halved[0][stays], self._halved[1][stays]
        if isinstance(gone := self.grams[column], ThinGram) and gone.blocks:
            gone.add_to(self._rest(), -1)
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
        if self.rest is not None:
            self.rest = symmetric(self.rest)[inputs][:, inputs]
        for column, gram in enumerate(self.grams):
            if isinstance(gram, Tensor):
                self.grams[column] = symmetric(gram)[inputs][:, inputs]
                continue
            gram.restrict(inputs)
            if not is_thin(gram.samples, gram.d):
                with self._dense(column):
                    pass

    def part(self, inputs: Tensor, there: int) -> "Sums":
        """The sums of these inputs, of the keys whose input `there` is one; others have zeros in all of them.

        For one-hot values and whole numbers: what the zeros have added is the number of keys alone.
        """
        grams = [gram if isinstance(gram, Tensor) else ThinGram(gram.d, list(gram.blocks)) for gram in self.grams]
        counts = self.cross[there].clone()
        sums = float(self.sum_h[there]), self.sum_h, counts, counts.clone(), grams, self.cross, self.per_class
        found = Sums(*sums, rest=self.rest)
        found.rounded = self.rounded
        found.restrict(inputs)
        return found

    def moments(self) -> tuple[Tensor, Tensor, Iterator[Tensor]]:
        """Counts [k], means [k, d], and covariances within classes, each [d, d]: one by one, or one for all.

        For one-hot values. Each covariance is made when it is asked for: all of them may not fit into memory.
        """
        return self.sum_y, self.absolute((self.cross / self.sum_y.clamp_min(1)).T), self._covariances()

    def _covariances(self) -> Iterator[Tensor]:
        if not self.per_class:
            yield self.within() / max(self.n, 1)
            return
        counts = self.sum_y.clamp_min(1)
        for column, count in enumerate(counts.tolist()):
            mean = self.cross[:, column] / count
            yield symmetric(self.gram(column)) / count - torch.outer(mean, mean)

    def within(self) -> Tensor:
        """Σ (h − μ_c) (h − μ_c)ᵀ, each key about the mean of its class; for one-hot values."""
        means = self.cross / self.sum_y.clamp_min(1)
        return symmetric(self.total()) - (means * self.sum_y) @ means.T

    def absolute(self, means: Tensor) -> Tensor:
        """Means about the origin as means of keys."""
        return means if self.origin is None else means + self.origin

    def energy(self) -> Tensor:
        """Σ (h − h̄)² of each input."""
        return (self._diagonal() - self.sum_h.square() / max(self.n, 1)).clamp_min(0)

    def room(self, keys: Tensor, weights: Tensor | None = None) -> bool:
        """Whether these whole numbers can be added, each so many times, and every sum stay exact."""
        held, times = self.largest(), len(keys) if weights is None else int(weights.sum())
        if held + times * float(max(int(keys.max()), -int(keys.min()))) ** 2 < WHOLE:
            return True
        squares = keys.double().square()
        return held + float((squares if weights is None else squares * weights[:, None]).sum(0).max()) < WHOLE

    def largest(self) -> float:
        """A bound for the largest sum of squares."""
        return float(self._diagonal().max()) if len(self.sum_h) else 0.0

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
            self.grams += [
                ThinGram(d) if is_thin(0, d) and like.device.type == "cpu" else like.new_zeros(d, d)
                for _ in range(k - self._columns)
            ]
        self._columns = k

    def centred(self) -> tuple[Tensor, Tensor, float]:
        """Gram matrix, cross products and output energy about the means.

        Sums of whole numbers are first moved by whole numbers, which is exact, where the means are large.
        """
        gram, total, cross = symmetric(self.total()), self.sum_h, self.cross
        about = (total / self.n).round()
        if self.origin is None and float(about.abs().max()) >= _FAR and _whole(total):
            left = total - self.n * about
            gram.addr_(about, total, alpha=-1).addr_(left, about, alpha=-1)
            total, cross = left, cross - torch.outer(about, self.sum_y)
        gram.addr_(total, total, alpha=-1 / self.n)
        cross = cross - torch.outer(total, self.sum_y) / self.n
        return gram, cross, float((self.sum_yy - self.sum_y.square() / self.n).sum())

    def halve(self) -> None:
        """Round the Gram matrices to sixteen bits: correlations about the mean, −1…1 in steps of 1/32767.

        Thin factors are rounded to as many.
        """
        d = len(self.sum_h)
        row, column = torch.triu_indices(d, d)
        codes, scales = [torch.zeros(0, len(row), dtype=torch.int16)], [torch.zeros(0, d, dtype=torch.float64)]
        for gram, n, total in self._matrices():
            about = gram[row, column] - total[row] * total[column] / max(n, 1)
            scale = (gram.diagonal() - total.square() / max(n, 1)).clamp_min(0).sqrt()
            part = (_CODES * about / (scale[row] * scale[column]).clamp_min(1e-300)).round()
            codes.append(part.clamp_(-_CODES, _CODES).to(torch.int16)[None])
            scales.append(scale[None])
        self._halved = torch.cat(codes), torch.cat(scales)
        self.rounded = True
        if self.rest is not None:
            self.rest.zero_()
        for thin in self.grams:
            if isinstance(thin, ThinGram):
                thin.halve()
                thin.add_to(self._rest(), +1)
        self._restore()

    def _restore(self) -> None:
        """The Gram matrices of the sixteen bits; whole numbers where the scales are those of whole numbers."""
        assert self._halved is not None
        row, column = torch.triu_indices(len(self.sum_h), len(self.sum_h))
        whole = _whole(self.cross)
        for (gram, n, total), code, scale in zip(self._matrices(), *self._halved, strict=True):
            upper = code.double() / _CODES * scale[row] * scale[column] + total[row] * total[column] / max(n, 1)
            gram[row, column] = upper.round() if whole else upper

    def _matrices(self) -> list[tuple[Tensor, float, Tensor]]:
        """Those that are kept as such, how many keys each is of, and their sum."""
        return [
            (gram, n, total)
            for gram, (n, total) in zip(self.grams, self._of_grams(), strict=True)
            if isinstance(gram, Tensor)
        ]

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
            d = len(self.sum_h)
            uppers = [packed(gram) for gram in self.grams if isinstance(gram, Tensor)]
            narrow = [_narrow(upper) for upper in uppers]
            same = narrow if all(upper.dtype == torch.int32 for upper in narrow) else uppers
            grams = {"upper": torch.stack(same) if same else torch.zeros(0, d * (d + 1) // 2, dtype=torch.int32)}
        thin = {column: gram for column, gram in enumerate(self.grams) if isinstance(gram, ThinGram)}
        if thin:
            dense = [column for column in range(len(self.grams)) if column not in thin]
            grams |= {"dense": torch.tensor(dense, dtype=torch.int64), "thin": pack_thin(thin)}
            grams["rest"] = _narrow(packed(self._rest()))
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
        cross = state["cross"].double().clone()
        matrices = iter(state["codes" if halved else "upper"])
        thin = set(range(cross.shape[1])) - set(state["dense"].tolist()) if "thin" in state else set[int]()
        factors = unpack_thin(state["thin"], d, sorted(thin)) if thin else {}
        held = cross.shape[1] if state["per_class"] else 1
        grams: list[Tensor | ThinGram] = [
            factors[column] if column in thin else _unpacked(next(matrices), d, halved) for column in range(held)
        ]
        rest = unpacked(state["rest"], d) if thin else None
        sums = state["sum_h"].clone(), state["sum_y"].clone(), state["sum_yy"].clone()
        made = cls(float(state["n"]), *sums, grams, cross, bool(state["per_class"]), origin, rest)
        made.rounded = halved or bool(state.get("rounded"))
        if halved:
            made._halved = state["codes"].clone(), state["scales"].clone()
            made._restore()
        return made


def bytes_of_sums(counts: list[int], d: int, *, per_class: bool, largest: int = 127) -> int:
    """Bytes in memory that the sums of so many whole numbers of each class take.

    Parameters
    ----------
    counts : list of int
        Samples of each class.
    largest : int
        The largest of the numbers.

    Examples
    --------
    >>> bytes_of_sums([130] * 77, 1500, per_class=True), bytes_of_sums([800] * 77, 1500, per_class=True)
    (78984000, 1404924000)
    """
    matrix, number = 8 * d * d, 4 if largest < 128 else 8
    shared = matrix + 8 * d * len(counts)
    if not per_class:
        return shared
    return shared + sum(number * n * d if is_thin(n, d) else matrix for n in counts)


def _unpacked(upper: Tensor, d: int, halved: bool) -> Tensor:
    return torch.zeros(d, d, dtype=torch.float64) if halved else unpacked(upper, d)


def _absorbed(gram: ThinGram, factors: list[tuple[int, Tensor]]) -> bool:
    """Whether all of them are in the factor now; else none is."""
    before = gram.blocks
    if all(gram.absorb(r, samples) for samples, r in factors):
        return True
    gram.blocks = before
    return False


def _whole(values: Tensor) -> bool:
    return bool((values == values.round()).all())


def _way(keys: Tensor) -> tuple[int, torch.dtype]:
    """How many rows are multiplied at once, and as what, so that sums of whole numbers are exact."""
    if keys.is_floating_point() or keys.is_complex():
        return 1024, torch.float64
    least, most = (int(keys.min()), int(keys.max())) if len(keys) else (0, 1)
    if least >= -128 and most <= 127:
        return 8192, torch.int8
    rows = _EXACT // max(1, most, -least) ** 2
    return (min(rows, 1024), torch.float32) if rows >= 64 else (1024, torch.float64)  # large: float64 holds them


def _narrow(sums: Tensor) -> Tensor:
    """Integers that fit int32 are kept in it: half the bytes, the same numbers."""
    flat = sums.reshape(-1)
    narrow = torch.empty_like(flat, dtype=torch.int32)
    for part, into in zip(flat.split(_AT_ONCE), narrow.split(_AT_ONCE), strict=True):
        if not bool((into.copy_(part) == part).all()):
            return sums.clone(memory_format=torch.contiguous_format)
    return narrow.reshape(sums.shape)
