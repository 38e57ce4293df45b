"""The sums of an associative memory: added to, subtracted from, merged, and packed, exactly.

Keys of a small integer type are multiplied in float32 blocks so short that every partial sum is an integer below 2²⁴,
hence exact, and added in float64, exact below 2⁵³. Other keys are multiplied and added in float64.
"""

import torch
from torch import Tensor

from reverie.contracts import State

__all__ = ["Sums"]

_PANELS = 8  # the Gram matrix is symmetric: only panels on and above the diagonal are computed
_EXACT = 2**24  # float32 holds every integer up to here


class Sums:
    """The sums themselves. `grams` has one matrix, or one per class; only their upper panels are kept up to date."""

    def __init__(
        self, n: float, sum_h: Tensor, sum_y: Tensor, sum_yy: Tensor, grams: Tensor, cross: Tensor, per_class: bool
    ) -> None:
        self.n, self.sum_h, self.sum_y, self.sum_yy = n, sum_h, sum_y, sum_yy
        self.grams, self.cross, self.per_class = grams, cross, per_class

    @classmethod
    def empty(cls, d: int, per_class: bool, device: torch.device) -> "Sums":
        def zeros(*shape: int) -> Tensor:
            return torch.zeros(*shape, dtype=torch.float64, device=device)

        return cls(0.0, zeros(d), zeros(0), zeros(0), zeros(0 if per_class else 1, d, d), zeros(d, 0), per_class)

    def add(self, keys: Tensor, values: Tensor, sign: int) -> None:
        self._widen(values.shape[1])
        integral = not (keys.is_floating_point() or keys.is_complex())
        if integral:
            largest = max(1, int(keys.max()) if len(keys) else 1, -int(keys.min()) if len(keys) else 1)
            rows, work = max(1, _EXACT // largest**2), torch.float32
        else:
            rows, work = 1024, torch.float64
        if integral and rows < 64:  # large integers: float64 holds their products
            rows, work = 1024, torch.float64
        rows = min(rows, 1024)
        values64 = values.double()
        for h, y in zip(keys.split(rows), values64.split(rows), strict=True):
            h = h.to(work)
            if self.per_class:
                of_class = y.argmax(1)
                for column in of_class.unique().tolist():
                    _add_gram(self.grams[column], h[of_class == column], sign)
            else:
                _add_gram(self.grams[0], h, sign)
            self.cross[:, : y.shape[1]].add_((h.T @ y.to(work)).double() if integral else h.T @ y, alpha=sign)
            self.sum_h.add_(h.double().sum(0), alpha=sign)
        self.n += sign * len(keys)
        self.sum_y[: values.shape[1]].add_(values64.sum(0), alpha=sign)
        self.sum_yy[: values.shape[1]].add_(values64.square().sum(0), alpha=sign)

    def add_factor(self, r: Tensor, columns: list[int], *, exact: bool, sign: int) -> None:
        """Add RᵀR, the sums of one-hot values in `columns` and their keys; see `reverie.memory.contribution`."""
        self._widen(max(columns) + 1)
        r = r.contiguous().to(torch.float64, copy=True)  # its own memory: products may depend on alignment
        ry, rh = r[:, : len(columns)], r[:, len(columns) :]
        count, cross = (ry.T @ ry).diagonal(), rh.T @ ry
        count = count.round()
        if exact:
            cross = cross.round()
        self.n += sign * float(count.sum())
        self.sum_y[columns] += sign * count
        self.sum_yy[columns] += sign * count
        self.sum_h += sign * cross.sum(1)
        self.cross[:, columns] += sign * cross
        _add_gram(self.grams[columns[0] if self.per_class else 0], rh, sign, exact)

    def merge(self, other: "Sums", columns: list[int] | None, sign: int = 1) -> None:
        place = list(range(len(other.sum_y))) if columns is None else columns
        self._widen(max(place, default=-1) + 1)
        self.n += sign * other.n
        self.sum_h += sign * other.sum_h
        self.sum_y[place] += sign * other.sum_y
        self.sum_yy[place] += sign * other.sum_yy
        self.cross[:, place] += sign * other.cross
        if self.per_class:
            self.grams[place] += sign * other.grams
        else:
            self.grams.add_(other.grams, alpha=sign)

    def drop(self, column: int) -> None:
        keep = [index for index in range(len(self.sum_y)) if index != column]
        self.n -= float(self.sum_y[column])
        self.sum_h -= self.cross[:, column]
        self.sum_y, self.sum_yy = self.sum_y[keep], self.sum_yy[keep]
        self.cross, self.grams = self.cross[:, keep], self.grams[keep]

    def restrict(self, inputs: Tensor) -> None:
        """Keep the sums of these inputs only."""
        self.sum_h, self.cross = self.sum_h[inputs], self.cross[inputs]
        whole = [gram.triu() for gram in self.grams]
        self.grams = torch.stack([(gram + gram.triu(1).T)[inputs][:, inputs] for gram in whole])

    def moments(self) -> tuple[Tensor, Tensor, Tensor]:
        """Counts [k], means [k, d], and covariances within classes: one each [k, d, d], or one for all [1, d, d].

        For one-hot values.
        """
        counts = self.sum_y.clamp_min(1)
        means = (self.cross / counts).T
        grams = torch.stack([gram.triu() + gram.triu(1).T for gram in self.grams])
        if self.per_class:
            return self.sum_y, means, grams / counts[:, None, None] - means[:, :, None] * means[:, None, :]
        return self.sum_y, means, (grams - (means.T * self.sum_y) @ means) / max(self.n, 1)

    def _widen(self, k: int) -> None:
        missing = k - len(self.sum_y)
        if missing <= 0:
            return
        pad = torch.nn.functional.pad
        self.sum_y, self.sum_yy = pad(self.sum_y, (0, missing)), pad(self.sum_yy, (0, missing))
        self.cross = pad(self.cross, (0, missing))
        if self.per_class:
            self.grams = pad(self.grams, (0, 0, 0, 0, 0, missing))

    def centred(self) -> tuple[Tensor, Tensor, float]:
        """Gram matrix, cross products and output energy about the means."""
        gram = self.grams.sum(0).triu_()
        gram = gram + gram.triu(1).T
        gram.addr_(self.sum_h, self.sum_h, alpha=-1 / self.n)
        cross = self.cross - torch.outer(self.sum_h, self.sum_y) / self.n
        return gram, cross, float((self.sum_yy - self.sum_y.square() / self.n).sum())

    def pack(self) -> State:
        """Only what is needed: the upper triangle, as int32 where the sums are integers that fit."""
        row, column = torch.triu_indices(*self.grams.shape[1:], device=self.grams.device)
        upper = self.grams[:, row, column]
        return {
            "n": self.n,
            "per_class": self.per_class,
            "sum_h": self.sum_h.clone(),
            "sum_y": self.sum_y.clone(),
            "sum_yy": self.sum_yy.clone(),
            "cross": _narrow(self.cross),
            "upper": _narrow(upper),
        }

    @classmethod
    def unpack(cls, state: State) -> "Sums":
        d = len(state["sum_h"])
        upper = state["upper"].double()
        grams = torch.zeros(len(upper), d, d, dtype=torch.float64)
        row, column = torch.triu_indices(d, d)
        grams[:, row, column] = upper
        sums = state["sum_h"].clone(), state["sum_y"].clone(), state["sum_yy"].clone()
        return cls(float(state["n"]), *sums, grams, state["cross"].double().clone(), bool(state["per_class"]))


def _add_gram(gram: Tensor, h: Tensor, sign: int, exact: bool = False) -> None:
    """gram += sign · hᵀh, panels on and above the diagonal only; `exact`: the products are known to be integers."""
    d = gram.shape[0]
    step = -(-d // _PANELS) if d >= 256 else d
    for start in range(0, d, step):
        block = h[:, start : start + step].T @ h[:, start:]
        gram[start : start + step, start:].add_(block.round_() if exact else block, alpha=sign)


def _narrow(sums: Tensor) -> Tensor:
    """Integers that fit int32 are kept in it: half the bytes, the same numbers."""
    fits = bool((sums.abs() < 2**31).all()) and bool((sums == sums.round()).all())
    return sums.to(torch.int32) if fits else sums
