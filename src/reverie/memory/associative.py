"""The exact associative memory: Hebb's rule with the decorrelation that lateral inhibition gives.

It keeps sums over keys h and values y, nothing else::

    n,  Σ h,  Σ y,  G = Σ h hᵀ,  C = Σ h yᵀ,  Σ y²

and reads out the ridge regression of y on h, with an intercept that is not shrunk::

    ŷ(h) = ȳ + Wᵀ (h − h̄),     W = (G − n h̄ h̄ᵀ + λ I)⁻¹ (C − n h̄ ȳᵀ)

The sums do not depend on order, so nothing is forgotten. They add: two memories merge exactly. They subtract: samples,
or a class, can be forgotten exactly. λ comes from the sums (generalised cross-validation).

Keys of a small integer type (spike counts, 8-bit pixels) are multiplied in float32 blocks so short that every
partial sum is an integer below 2²⁴, hence exact, and added in float64, exact below 2⁵³: such sums are the same to the
last bit in any order. Other keys are multiplied and added in float64.

References: Kohonen & Ruohonen, 1973, IEEE Trans. Computers 22 (optimal associative mapping); Zhuang et al., 2022,
ACIL, NeurIPS (class-incremental learning by recursive least squares).
"""

from typing import Literal

import torch
from jaxtyping import Float, Num
from torch import Tensor

from reverie.contracts import Memory, State
from reverie.errors import BadData
from reverie.functional import choose_ridge, spectrum

__all__ = ["AssociativeMemory"]

_PANELS = 8  # the Gram matrix is symmetric: only panels on and above the diagonal are computed
_EXACT = 2**24  # float32 holds every integer up to here


class AssociativeMemory(Memory):
    """Exact least-squares associations from sums.

    Parameters
    ----------
    ridge : "gcv" or float
        λ, or how to choose it.
    per_class : bool
        Keep one Gram matrix per value column (one-hot values), so that a class can be forgotten without its samples.
        State grows by d² per class.

    Examples
    --------
    >>> memory = AssociativeMemory(ridge=1e-9)
    >>> memory.write(torch.tensor([[0.0], [1.0]]), torch.tensor([[1.0], [3.0]]))
    >>> memory.read(torch.tensor([[2.0]])).round(decimals=3)
    tensor([[5.]], dtype=torch.float64)
    """

    def __init__(self, *, ridge: float | Literal["gcv"] = "gcv", per_class: bool = False) -> None:
        self.ridge = ridge
        self.per_class = per_class
        self._sums: _Sums | None = None
        self._readout: _Readout | None = None
        self._online = False  # the last writes were small and each was followed by a read
        self._rows_since_read = 0

    # writing

    def write(self, keys: Num[Tensor, "n d"], values: Num[Tensor, "n k"]) -> None:
        """Add associations. More value columns than before open new ones, which were zero until now."""
        self._change(keys, values, +1)

    def erase(self, keys: Num[Tensor, "n d"], values: Num[Tensor, "n k"]) -> None:
        """Subtract associations that were written: the memory is then as if it had never seen them."""
        self._change(keys, values, -1)

    def _change(self, keys: Tensor, values: Tensor, sign: int) -> None:
        if self._sums is None:
            self._sums = _Sums.empty(keys.shape[1], self.per_class, keys.device)
        sums = self._sums
        if keys.shape[1] != sums.sum_h.shape[0]:
            raise BadData(f"Keys have {keys.shape[1]} features, expected {sums.sum_h.shape[0]} as at the first write.")
        small = len(keys) * 8 < keys.shape[1]
        if small and self._readout is not None and self._online:
            self._readout.follow(sums, keys, sign)
        else:
            self._readout = None
            self._online = small
        self._rows_since_read += len(keys)
        sums.add(keys, values, sign)

    def merge(self, other: "AssociativeMemory", columns: list[int] | None = None) -> None:
        """Add another memory's sums. `columns[j]` is where the other's value column j belongs here."""
        if other._sums is None:
            return
        if self.per_class != other.per_class:
            raise BadData(
                "One memory keeps sums per class and the other does not. Create both with the same per_class."
            )
        if self._sums is None:
            self._sums = _Sums.empty(other._sums.sum_h.shape[0], self.per_class, other._sums.sum_h.device)
        if self._sums.sum_h.shape != other._sums.sum_h.shape:
            raise BadData(
                f"The other memory's keys have {other._sums.sum_h.shape[0]} features, expected "
                f"{self._sums.sum_h.shape[0]}. Merge memories with the same encoder."
            )
        self._sums.merge(other._sums, columns)
        self._readout = None

    def forget_column(self, column: int) -> None:
        """Subtract all that was written with one-hot value `column`, and drop the column."""
        if self._sums is None or not self.per_class:
            raise BadData(
                "This memory keeps one sum for all classes, so a class can be forgotten only with its samples. "
                "Give the samples, or create the memory with per_class=True."
            )
        self._sums.drop(column)
        self._readout = None

    # reading

    @property
    def samples(self) -> float:
        """How many associations the sums hold."""
        return float(self._sums.n) if self._sums is not None else 0.0

    @property
    def value_sums(self) -> Float[Tensor, " k"]:
        """Σ y: for one-hot values, how many samples each class has."""
        return self._need().sum_y

    def refresh(self) -> None:
        """Forget the solved read-out; the next read chooses λ anew and solves from the sums."""
        self._readout = None
        self._online = False

    def read(self, keys: Num[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """The value associated with each key."""
        readout = self._solved()
        return torch.cat([readout.values(block, self._need()) for block in keys.split(1024)])

    def novelty(self, keys: Num[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """Posterior variance of the read-out at each key, in units of the noise variance: (h−h̄)ᵀ(G+λI)⁻¹(h−h̄) + 1/n.

        Near zero for keys like many that were written, large for keys in directions never written.
        """
        readout = self._solved()
        return torch.cat([readout.variance(block, self._need()) for block in keys.split(1024)])

    def _solved(self) -> "_Readout":
        sums = self._need()
        if self._readout is None or self._readout.stale(sums.n):
            self._readout = _Readout.solve(sums, self.ridge)
        if self._online and self._rows_since_read * 8 < sums.sum_h.shape[0]:
            self._readout.prepare_to_follow()
        self._rows_since_read = 0
        return self._readout

    def _need(self) -> "_Sums":
        if self._sums is None:
            raise BadData("The memory is empty: nothing was written. Write associations first.")
        return self._sums

    # keeping

    def state_dict(self) -> State:
        return {} if self._sums is None else self._sums.pack()

    def load_state_dict(self, state: State) -> None:
        self._sums = _Sums.unpack(state) if state else None
        self._readout = None
        self._online = False
        self._rows_since_read = 0


class _Sums:
    """The sums themselves. `grams` has one matrix, or one per class; only their upper panels are kept up to date."""

    def __init__(
        self, n: float, sum_h: Tensor, sum_y: Tensor, sum_yy: Tensor, grams: Tensor, cross: Tensor, per_class: bool
    ) -> None:
        self.n, self.sum_h, self.sum_y, self.sum_yy = n, sum_h, sum_y, sum_yy
        self.grams, self.cross, self.per_class = grams, cross, per_class

    @classmethod
    def empty(cls, d: int, per_class: bool, device: torch.device) -> "_Sums":
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

    def merge(self, other: "_Sums", columns: list[int] | None) -> None:
        place = list(range(len(other.sum_y))) if columns is None else columns
        self._widen(max(place, default=-1) + 1)
        self.n += other.n
        self.sum_h += other.sum_h
        self.sum_y[place] += other.sum_y
        self.sum_yy[place] += other.sum_yy
        self.cross[:, place] += other.cross
        if self.per_class:
            self.grams[place] += other.grams
        else:
            self.grams += other.grams

    def drop(self, column: int) -> None:
        keep = [index for index in range(len(self.sum_y)) if index != column]
        self.n -= float(self.sum_y[column])
        self.sum_h -= self.cross[:, column]
        self.sum_y, self.sum_yy = self.sum_y[keep], self.sum_yy[keep]
        self.cross, self.grams = self.cross[:, keep], self.grams[keep]

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
    def unpack(cls, state: State) -> "_Sums":
        d = len(state["sum_h"])
        upper = state["upper"].double()
        grams = torch.zeros(len(upper), d, d, dtype=torch.float64)
        row, column = torch.triu_indices(d, d)
        grams[:, row, column] = upper
        sums = state["sum_h"].clone(), state["sum_y"].clone(), state["sum_yy"].clone()
        return cls(float(state["n"]), *sums, grams, state["cross"].double().clone(), bool(state["per_class"]))


class _Readout:
    """A solved read-out: weights, λ, and whatever is needed to follow small writes by rank."""

    def __init__(self, ridge: float, chosen_at: float | None, factor: Tensor, cross: Tensor) -> None:
        self.ridge = ridge
        self.chosen_at = chosen_at
        self.factor: Tensor | None = factor
        self.inverse: Tensor | None = None
        self.weights: Tensor | None = torch.cholesky_solve(cross, factor)

    @classmethod
    def solve(cls, sums: _Sums, ridge: float | str) -> "_Readout":
        gram, cross, energy = sums.centred()
        chosen_at = None
        if ridge == "gcv":
            ridge, chosen_at = choose_ridge(spectrum(gram, cross), energy, sums.n), sums.n
        gram.diagonal().add_(float(ridge))
        factor, failed = torch.linalg.cholesky_ex(gram)
        if failed:
            raise BadData(f"The sums are not positive definite with ridge {ridge}. Give a larger ridge, or 'gcv'.")
        return cls(float(ridge), chosen_at, factor, cross)

    def stale(self, n: float) -> bool:
        """True when λ was chosen for a number of samples that differs by more than a tenth."""
        return self.chosen_at is not None and abs(n - self.chosen_at) > 0.1 * self.chosen_at

    def prepare_to_follow(self) -> None:
        """Compute the inverse once, so that small writes update it by rank instead of solving again."""
        if self.inverse is None:
            assert self.factor is not None
            self.inverse = torch.cholesky_inverse(self.factor)
            self.factor = None

    def follow(self, sums: _Sums, keys: Tensor, sign: int) -> None:
        """Woodbury's update of the inverse for rows added to (or taken from) the centred Gram matrix.

        Rows h_i − h̄_new-batch and √(n m / (n ± m)) (h̄_batch − h̄) are what the centred Gram matrix changes by
        (Chan, Golub, LeVeque, 1983, The American Statistician 37).
        """
        assert self.inverse is not None or self.factor is not None
        self.prepare_to_follow()
        assert self.inverse is not None
        h = keys.double()
        mean, m = h.mean(0), len(h)
        after = sums.n + sign * m
        shift = (sums.n * m / after) ** 0.5 * (mean - sums.sum_h / sums.n)
        rows = torch.cat([h - mean, shift[None]])
        pu = self.inverse @ rows.T
        inner = torch.eye(m + 1, dtype=torch.float64, device=h.device) + sign * (rows @ pu)
        self.inverse -= sign * (pu @ torch.linalg.solve(inner, pu.T))
        self.weights = None

    def values(self, keys: Tensor, sums: _Sums) -> Tensor:
        if self.weights is None:
            assert self.inverse is not None
            self.weights = self.inverse @ (sums.cross - torch.outer(sums.sum_h, sums.sum_y) / sums.n)
        mean_value = sums.sum_y / sums.n - (sums.sum_h / sums.n) @ self.weights
        return torch.addmm(mean_value, keys.double(), self.weights)

    def variance(self, keys: Tensor, sums: _Sums) -> Tensor:
        centred = keys.double() - sums.sum_h / sums.n
        if self.inverse is not None:
            spread = ((centred @ self.inverse) * centred).sum(1)
        else:
            assert self.factor is not None
            spread = torch.linalg.solve_triangular(self.factor, centred.T, upper=False).square().sum(0)
        return spread + 1 / sums.n


def _add_gram(gram: Tensor, h: Tensor, sign: int) -> None:
    """gram += sign · hᵀh, panels on and above the diagonal only."""
    d = gram.shape[0]
    step = -(-d // _PANELS) if d >= 256 else d
    for start in range(0, d, step):
        block = h[:, start : start + step].T @ h[:, start:]
        gram[start : start + step, start:].add_(block, alpha=sign)


def _narrow(sums: Tensor) -> Tensor:
    """Integers that fit int32 are kept in it: half the bytes, the same numbers."""
    fits = bool((sums.abs() < 2**31).all()) and bool((sums == sums.round()).all())
    return sums.to(torch.int32) if fits else sums
