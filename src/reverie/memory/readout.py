"""A solved read-out of an associative memory's sums; it follows small writes by rank, without being solved anew."""

import torch
from torch import Tensor

from reverie.errors import BadData
from reverie.functional import choose_ridge, spectrum
from reverie.memory.sums import Sums
from reverie.memory.whole_readout import WholeReadout

__all__ = ["Readout"]

_STALE = 0.1  # λ is chosen anew when the number of samples has changed by more than this share
_EPS = 2.0**-52


class Readout:
    """A solved read-out: weights, λ, and whatever is needed to follow small writes by rank.

    Where the memory has settled, the variance is asked of the Cholesky factor in single precision, in a quarter of the
    time that the inverse takes. Substitution in the factor is stable; the inverse in single precision would not be.

    Value columns to which nothing was written, or of which everything was erased, take no part: what is answered of the
    others is the same, to the last bit, as if they had never been. `written` are the others; None: all.
    """

    def __init__(
        self, ridge: float, chosen_at: float | None, factor: Tensor, cross: Tensor, written: Tensor | None
    ) -> None:
        self.ridge = ridge
        self.chosen_at = chosen_at
        self.factor: Tensor | None = factor
        self.single: Tensor | None = None
        self.whole: WholeReadout | None = None
        self.inverse: Tensor | None = None
        self.written = written
        self.weights: Tensor | None = torch.cholesky_solve(cross, factor)

    @classmethod
    def solve(cls, sums: Sums, ridge: float | str, settled: tuple[float, float] | None = None) -> "Readout":
        """Solve with λ as given, as settled for about as many samples, or as the sums tell now.

        Where λ is so small that rounding makes the matrix indefinite, the next larger one that solves is taken.
        """
        gram, cross, energy = sums.centred()
        chosen_at, rests = None, False
        if ridge == "gcv" and settled is not None and abs(sums.n - settled[1]) <= _STALE * settled[1]:
            (ridge, chosen_at), rests = settled, True
        elif ridge == "gcv":
            seen = spectrum(gram, cross, samples=sums.n)
            ridge, chosen_at = choose_ridge(seen, energy, sums.n, labels=sums.one_hot), sums.n
        factor, ridge = _factored(gram, float(ridge))
        written = sums.written()
        if written is not None:
            cross = cross[:, written]
        solved = cls(ridge, chosen_at, factor, cross, written)
        return solved.rest() if rests else solved

    def rest(self) -> "Readout":
        """From now on tell the variance in single precision, until something is written."""
        if self.factor is not None:
            self.single = self.factor.float()
        return self

    def stale(self, n: float) -> bool:
        """True when λ was chosen for a number of samples that differs by more than a tenth."""
        return self.chosen_at is not None and abs(n - self.chosen_at) > _STALE * self.chosen_at

    def prepare_to_follow(self) -> None:
        """Compute the inverse once, so that small writes update it by rank instead of solving again."""
        factor = self.factor
        if self.inverse is None and factor is not None:
            self.inverse = torch.cholesky_inverse(factor)
            self.factor = None

    def follow(self, sums: Sums, keys: Tensor, sign: int) -> None:
        """Woodbury's update of the inverse for rows added to (or taken from) the centred Gram matrix.

        Rows h_i − h̄_new-batch and √(n m / (n ± m)) (h̄_batch − h̄) are what the centred Gram matrix changes by
        (Chan, Golub, LeVeque, 1983, The American Statistician 37).
        """
        assert self.inverse is not None or self.factor is not None
        self.prepare_to_follow()
        assert self.inverse is not None
        self.single = self.whole = None
        h = sums.about_origin(keys)
        mean, m = h.mean(0), len(h)
        after = sums.n + sign * m
        shift = (sums.n * m / after) ** 0.5 * (mean - sums.mean)
        rows = torch.cat([h - mean, shift[None]])
        pu = self.inverse @ rows.T
        inner = torch.eye(m + 1, dtype=torch.float64, device=h.device) + sign * (rows @ pu)
        self.inverse -= sign * (pu @ torch.linalg.solve(inner, pu.T))
        self.weights = None

    def mapping(self, sums: Sums) -> tuple[Tensor, Tensor]:
        """The weights and the intercept."""
        weights, intercept = self._of_written(sums)
        return self._spread(weights, sums), self._spread(intercept, sums)

    def _of_written(self, sums: Sums) -> tuple[Tensor, Tensor]:
        """Weights and intercept of the columns that something was written to."""
        mean, cross, means = sums.mean, sums.cross, sums.sum_y / sums.n
        if self.written is not None:
            cross, means = cross[:, self.written], means[self.written]
        if self.weights is None:
            assert self.inverse is not None
            self.weights = self.inverse @ (cross - torch.outer(sums.sum_h, means))
        return self.weights, means - mean @ self.weights

    def _spread(self, values: Tensor, sums: Sums) -> Tensor:
        """All columns of what is known of the written ones; the others are zero."""
        if self.written is None:
            return values
        return values.new_zeros(*values.shape[:-1], len(sums.sum_y)).index_copy_(-1, self.written, values)

    def values(self, keys: Tensor, sums: Sums) -> Tensor:
        weights, intercept = self._of_written(sums)
        return self._spread(torch.addmm(intercept, sums.about_origin(keys), weights), sums)

    def glance(self, sums: Sums) -> WholeReadout | None:
        """The read-out in whole numbers, for spike counts; None where the memory has not settled."""
        if self.whole is None and self.single is not None:
            self.whole = WholeReadout(*self.mapping(sums))
        return self.whole

    def solution(self, sums: Sums) -> tuple[Tensor, Tensor, Tensor]:
        """The inverse, the weights and the intercept."""
        self.prepare_to_follow()
        assert self.inverse is not None
        return self.inverse, *self.mapping(sums)

    def explained(self, sums: Sums) -> float:
        """1 − GCV / variance of the outputs; a residual that is lost in its error counts as that error."""
        residual, left, energy = self._residual(sums)
        return 1 - sums.n * residual / (left * left) * (sums.n - 1) / energy if left > 0 and energy > 0 else 0.0

    def noise(self, sums: Sums) -> tuple[float, float]:
        """Of one output: the variance of its noise, and its degrees of freedom; see `reverie.memory.regression`."""
        residual, left, _ = self._residual(sums)
        whole = residual + self.ridge * float(self._of_written(sums)[0].square().sum())
        found = [(residual / left, left)] if left > 1 else []
        found += [(whole / (sums.n - 1), sums.n - 1)] if sums.n > 1 else []
        return max(found, default=(float("inf"), 0.0))

    def _residual(self, sums: Sums) -> tuple[float, float, float]:
        """The squares that the read-out leaves, the degrees of freedom that it leaves, and the outputs' energy."""
        inverse, weights, _ = self.solution(sums)
        gram, cross, energy = sums.centred()
        residual = energy - 2 * float((weights * cross).sum()) + float((weights * (gram @ weights)).sum())
        residual = max(residual, _EPS * len(gram) * energy)
        freedom = len(gram) - self.ridge * float(inverse.diagonal().sum())
        return residual, sums.n - freedom - 1, energy

    def variance(self, keys: Tensor, sums: Sums) -> Tensor:
        centred = sums.about_origin(keys) - sums.mean
        if (single := self.single) is not None:
            whitened: Tensor = torch.linalg.solve_triangular(single, centred.T.float(), upper=False)
            return whitened.square_().sum(0).double() + 1 / sums.n
        # In this order, for `prepare_to_follow` sets the second before it drops the first.
        factor, inverse = self.factor, self.inverse
        if inverse is not None:
            spread = ((centred @ inverse) * centred).sum(1)
        else:
            assert factor is not None
            spread = torch.linalg.solve_triangular(factor, centred.T, upper=False).square().sum(0)
        return spread + 1 / sums.n


def _factored(gram: Tensor, ridge: float) -> tuple[Tensor, float]:
    """The Cholesky factor of G + λI, and λ: the given one, or the next larger one with which there is a factor."""
    diagonal = gram.diagonal().clone()
    while True:
        gram.diagonal().copy_(diagonal + ridge)
        factor, failed = torch.linalg.cholesky_ex(gram)
        if not failed:
            return factor, ridge
        if not bool(torch.isfinite(diagonal).all()):
            raise BadData("The sums hold numbers that are not finite. Make the memory anew from finite keys.")
        ridge = max(10 * ridge, _EPS * float(diagonal.abs().sum()))
