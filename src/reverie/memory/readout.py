"""A solved read-out of an associative memory's sums; it follows small writes by rank, without being solved anew."""

import torch
from torch import Tensor

from reverie.errors import BadData
from reverie.functional import choose_ridge, spectrum
from reverie.memory.sums import Sums
from reverie.memory.whole_readout import WholeReadout

__all__ = ["Readout"]

_STALE = 0.1  # λ is chosen anew when the number of samples has changed by more than this share


class Readout:
    """A solved read-out: weights, λ, and whatever is needed to follow small writes by rank.

    Where the memory has settled, the variance is asked of the Cholesky factor in single precision, in a quarter of the
    time that the inverse takes. Substitution in the factor is stable; the inverse in single precision would not be.
    """

    def __init__(self, ridge: float, chosen_at: float | None, factor: Tensor, cross: Tensor) -> None:
        self.ridge = ridge
        self.chosen_at = chosen_at
        self.factor: Tensor | None = factor
        self.single: Tensor | None = None
        self.whole: WholeReadout | None = None
        self.inverse: Tensor | None = None
        self.weights: Tensor | None = torch.cholesky_solve(cross, factor)

    @classmethod
    def solve(cls, sums: Sums, ridge: float | str, settled: tuple[float, float] | None = None) -> "Readout":
        """Solve with λ as given, as settled for about as many samples, or as the sums tell now."""
        gram, cross, energy = sums.centred()
        chosen_at, rests = None, False
        if ridge == "gcv" and settled is not None and abs(sums.n - settled[1]) <= _STALE * settled[1]:
            (ridge, chosen_at), rests = settled, True
        elif ridge == "gcv":
            ridge, chosen_at = choose_ridge(spectrum(gram, cross, samples=sums.n), energy, sums.n), sums.n
        gram.diagonal().add_(float(ridge))
        factor, failed = torch.linalg.cholesky_ex(gram)
        if failed:
            raise BadData(f"The sums are not positive definite with ridge {ridge}. Give a larger ridge, or 'gcv'.")
        solved = cls(float(ridge), chosen_at, factor, cross)
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
        h = keys.double()
        mean, m = h.mean(0), len(h)
        after = sums.n + sign * m
        shift = (sums.n * m / after) ** 0.5 * (mean - sums.sum_h / sums.n)
        rows = torch.cat([h - mean, shift[None]])
        pu = self.inverse @ rows.T
        inner = torch.eye(m + 1, dtype=torch.float64, device=h.device) + sign * (rows @ pu)
        self.inverse -= sign * (pu @ torch.linalg.solve(inner, pu.T))
        self.weights = None

    def mapping(self, sums: Sums) -> tuple[Tensor, Tensor]:
        """The weights and the intercept."""
        if self.weights is None:
            assert self.inverse is not None
            self.weights = self.inverse @ (sums.cross - torch.outer(sums.sum_h, sums.sum_y) / sums.n)
        return self.weights, sums.sum_y / sums.n - (sums.sum_h / sums.n) @ self.weights

    def values(self, keys: Tensor, sums: Sums) -> Tensor:
        weights, intercept = self.mapping(sums)
        return torch.addmm(intercept, keys.double(), weights)

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
        """1 − GCV / variance of the outputs."""
        inverse, weights, _ = self.solution(sums)
        gram, cross, energy = sums.centred()
        residual = energy - 2 * float((weights * cross).sum()) + float((weights * (gram @ weights)).sum())
        freedom = len(gram) - self.ridge * float(inverse.diagonal().sum())
        left = sums.n - freedom - 1
        return 1 - sums.n * residual / (left * left) * (sums.n - 1) / energy if left > 0 and energy > 0 else 0.0

    def variance(self, keys: Tensor, sums: Sums) -> Tensor:
        centred = keys.double() - sums.sum_h / sums.n
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
