"""The sums of an associative memory: added to, subtracted from, merged, and packed, exactly.

Keys that are whole numbers of eight bits are multiplied as such; other small integers in float32 blocks so short that
every partial sum is an integer below 2²⁴: both are exact, and added in float64, exact below 2⁵³. Other keys are
multiplied and added in float64.

The Gram matrix is nearly all there is to keep. `halve` rounds it to sixteen bits, as correlations: two bytes for each
pair of inputs instead of four (integers) or eight. What the read-out answers hardly changes, but the sums are exact no
more: the rounding errs by some n/10⁵ samples.
"""

import torch
from torch import Tensor

from reverie.contracts import State
from reverie.functional import whole_product

__all__ = ["Sums"]

_PANELS = 8  # the Gram matrix is symmetric: only panels on and above the diagonal are computed
_CODES = 32767  # of sixteen bits, to either side of zero
_EXACT = 2**24  # float32 holds every integer up to here


class Sums:
    """The sums themselves. `grams` has one matrix, or one per class; only their upper panels are kept up to date."""

    def __init__(
        self, n: float, sum_h: Tensor, sum_y: Tensor, sum_yy: Tensor, grams: Tensor, cross: Tensor, per_class: bool
    ) -> None:
        self.n, self.sum_h, self.sum_y, self.sum_yy = n, sum_h, sum_y, sum_yy
        self.grams, self.cross, self.per_class = grams, cross, per_class
        self._halved: tuple[Tensor, Tensor] | None = None  # correlations in sixteen bits, and scales; None: not halved

    @classmethod
    def empty(cls, d: int, per_class: bool, device: torch.device) -> "Sums":
        def zeros(*shape: int) -> Tensor:
            return torch.zeros(*shape, dtype=torch.float64, device=device)

        return cls(0.0, zeros(d), zeros(0), zeros(0), zeros(0 if per_class else 1, d, d), zeros(d, 0), per_class)

    def add(self, keys: Tensor, values: Tensor, sign: int) -> None:
        self._halved = None
        self._widen(values.shape[1])
        rows, work = _way(keys)
        values64 = values.double()
        whole = work != torch.float64 and bool((values == values.round()).all())
        exact = torch.float32 if whole else torch.float64
        for h, y in zip(keys.split(rows), values64.split(rows), strict=True):
            h = h.to(work)
            if self.per_class:
                of_class = y.argmax(1)
                for column in of_class.unique().tolist():
                    _add_gram(self.grams[column], h[of_class == column], sign)
            else:
                _add_gram(self.grams[0], h, sign)
            self.cross[:, : y.shape[1]].add_(h.to(exact).T @ y.to(exact), alpha=sign)
            self.sum_h.add_(h.sum(0, dtype=torch.float64), alpha=sign)
        self.n += sign * len(keys)
        self.sum_y[: values.shape[1]].add_(values64.sum(0), alpha=sign)
        self.sum_yy[: values.shape[1]].add_(values64.square().sum(0), alpha=sign)

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
        self.sum_y[columns] += sign * count
        self.sum_yy[columns] += sign * count
        self.sum_h += sign * cross.sum(1)
        self.cross[:, columns] += sign * cross
        _add_gram(self.grams[columns[0] if self.per_class else 0], rh, sign, exact)

    def merge(self, other: "Sums", columns: list[int] | None, sign: int = 1) -> None:
        place = list(range(len(other.sum_y))) if columns is None else columns
        self._halved = None
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
        if self._halved is not None:
            keep = [index for index in range(len(self.sum_y)) if index != column]
            self._halved = self._halved[0][keep], self._halved[1][keep]
        keep = [index for index in range(len(self.sum_y)) if index != column]
        self.n -= float(self.sum_y[column])
        self.sum_h -= self.cross[:, column]
        self.sum_y, self.sum_yy = self.sum_y[keep], self.sum_yy[keep]
        self.cross, self.grams = self.cross[:, keep], self.grams[keep]

    def restrict(self, inputs: Tensor) -> None:
        """Keep the sums of these inputs only."""
        self._halved = None
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

    def halve(self) -> None:
        """Round the Gram matrices to sixteen bits: correlations about the mean, −1…1 in steps of 1/32767."""
        row, column = torch.triu_indices(*self.grams.shape[1:])
        codes, scales = [], []
        for gram, (n, total) in zip(self.grams, self._of_grams(), strict=True):
            about = gram[row, column] - total[row] * total[column] / max(n, 1)
            scale = (gram.diagonal() - total.square() / max(n, 1)).clamp_min(0).sqrt()
            codes.append((_CODES * about / (scale[row] * scale[column]).clamp_min(1e-300)).round().to(torch.int16))
            scales.append(scale)
        self._halved = torch.stack(codes), torch.stack(scales)
        self._restore()

    def _restore(self) -> None:
        """The Gram matrices of the sixteen bits; whole numbers where the scales are those of whole numbers."""
        assert self._halved is not None
        row, column = torch.triu_indices(*self.grams.shape[1:])
        whole = bool((self.cross == self.cross.round()).all())
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
        if self._halved is not None:
            grams = {"codes": self._halved[0], "scales": self._halved[1]}
        else:
            row, column = torch.triu_indices(*self.grams.shape[1:], device=self.grams.device)
            grams = {"upper": _narrow(self.grams[:, row, column])}
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
        grams = torch.zeros(len(state["codes" if halved else "upper"]), d, d, dtype=torch.float64)
        sums = state["sum_h"].clone(), state["sum_y"].clone(), state["sum_yy"].clone()
        made = cls(float(state["n"]), *sums, grams, state["cross"].double().clone(), bool(state["per_class"]))
        if halved:
            made._halved = state["codes"].clone(), state["scales"].clone()
            made._restore()
        else:
            row, column = torch.triu_indices(d, d)
            grams[:, row, column] = state["upper"].double()
        return made


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
    fits = bool((sums.abs() < 2**31).all()) and bool((sums == sums.round()).all())
    return sums.to(torch.int32) if fits else sums
