"""Several labels read out of a memory, each with its probability.

The sums are of keys that end in zeros and ones, [h | y]: y_j is whether a sample has label j. Each label's score s is
the ridge regression of y_j on h, with a λ of its own (`reverie.functional.ridge`). Sums tell the scores' means among
samples with the label and without it, m₁ and m₀, and their variance v within both. For two classes this is the
direction of linear discriminant analysis, and where scores are normal within both, with π the share of samples ::

    p(y_j | h) = σ(b (s − (m₁ + m₀) / 2) + log π / (1 − π)),     b = (m₁ − m₀) / v

A score of a sample that was learned tells too much of its label. What it would be if that sample had not been learned
follows from its leverage ℓ; with the mean leverage a, as generalised cross-validation has it ::

    s' = (s − a y) / (1 − a),    m₁' = (m₁ − a) / (1 − a),    m₀' = m₀ / (1 − a),    v' = v / (1 − a)²

Those are used. A label that is not explained at all has b = 0, and all samples have its probability π.

From which probability on a label is given is chosen so that the expected micro F1 is the largest: the harmonic mean of
precision and recall over all labels. For calibrated probabilities the best threshold is half of the best F1, and the
same for all labels; what is expected follows from the same normal distributions.

References: Hastie, Tibshirani & Friedman, 2009, section 4.3 (regression on indicators, and discriminant analysis);
Golub, Heath & Wahba, 1979, Technometrics 21 (generalised cross-validation); Lipton, Elkan & Naryanaswamy, 2014, ECML
PKDD (thresholds for F1).
"""

import torch
from jaxtyping import Float, Num
from torch import Tensor

from reverie.functional import choose_ridge, spectrum
from reverie.memory.associative import AssociativeMemory

__all__ = ["Labelling"]

_THRESHOLDS = [step / 100 for step in range(5, 96)]
_LEAST = 1e-9  # of a variance of scores, whose labels are 0 and 1
_MOST = 0.999  # leverage


class Labelling:
    """The labels that keys stand for.

    Parameters
    ----------
    memory : AssociativeMemory
        Its keys end in p zeros and ones.

    Attributes
    ----------
    counts : Float[Tensor, " p"]
        How many samples have each label.
    threshold : float
        The probability from which on labels are given, for the largest expected micro F1.
    expected : float
        That F1; nan where no sample has a label.

    Examples
    --------
    >>> h = torch.arange(20)[:, None]
    >>> memory = AssociativeMemory()
    >>> memory.write(torch.cat([h, h > 9, h < 15], 1), torch.ones(20, 1))
    >>> labelling = Labelling(memory, 2)
    >>> labelling.counts.tolist(), (labelling(torch.tensor([[2], [19]])) > 0.5).tolist()
    ([10.0, 15.0], [[False, True], [True, False]])
    """

    def __init__(self, memory: AssociativeMemory, p: int) -> None:
        sums = memory.sums_with_values(torch.eye(p, dtype=torch.float64))
        gram, cross, _ = sums.centred()
        n = sums.n
        self.counts = sums.sum_y
        share = (self.counts / n).clamp(1 / (2 * n + 2), 1 - 1 / (2 * n + 2))  # never quite none or all
        prior = torch.logit(share)
        ones, zeros, variance = share.clone(), share.clone(), torch.ones(p, dtype=torch.float64)
        seen = spectrum(gram, cross, samples=n)
        assert seen.back is not None
        solved = torch.zeros_like(seen.turned)
        for label in ((self.counts > 0) & (self.counts < n)).nonzero().flatten().tolist():
            one = seen._replace(turned=seen.turned[:, [label]].contiguous())
            energy = float(self.counts[label] * (1 - self.counts[label] / n))
            ridge = memory.given_ridge
            ridge = choose_ridge(one, energy, n) if ridge is None else ridge
            found = one.solve(one.turned, ridge)
            if not bool(torch.isfinite(found).all()):
                continue
            solved[:, [label]] = found
            along = float((found * one.turned).sum())
            between = along / energy  # m₁ − m₀
            within = (along - ridge * float(found.square().sum())) / n - energy / n * between**2
            freedom = float((seen.eigenvalues / (seen.eigenvalues + ridge)).sum())
            leverage = min((freedom + 1) / n, _MOST)
            pi = float(self.counts[label]) / n
            ones[label] = (pi + (1 - pi) * between - leverage) / (1 - leverage)
            zeros[label] = pi * (1 - between) / (1 - leverage)
            variance[label] = max(within, _LEAST) / (1 - leverage) ** 2
        apart = (ones - zeros).clamp_min(0)
        slope = apart / variance
        self._mean = sums.mean if sums.origin is None else sums.mean + sums.origin
        self._weights = seen.back(solved) * slope
        self._bias = prior + slope * (share - (ones + zeros) / 2)
        self.threshold, self.expected = _best(share, apart / variance.sqrt(), prior)

    def __call__(self, keys: Num[Tensor, "n d"]) -> Float[Tensor, "n p"]:
        """The probability of each label for keys, which are without those inputs."""
        return torch.sigmoid((keys.double() - self._mean) @ self._weights + self._bias)


def _best(share: Tensor, away: Tensor, prior: Tensor) -> tuple[float, float]:
    """The threshold of the largest expected micro F1, and that.

    Parameters
    ----------
    away : Tensor, shape [p]
        How far the scores of samples with and without a label lie apart, in deviations.
    """
    best, most = 0.5, float("nan")
    if not float(share.sum()) > 0:
        return best, most
    flat = away < 1e-6
    for threshold in _THRESHOLDS:
        cut = (
            torch.logit(torch.tensor(threshold, dtype=torch.float64)) - prior
        )  # the log-likelihood ratio from which on
        at = cut / away.clamp_min(1e-6)
        given = torch.special.ndtr(away / 2 - at), torch.special.ndtr(-away / 2 - at)
        always = (cut <= 0).double()
        hits, false = (torch.where(flat, always, part) for part in given)
        right, wrong = float((share * hits).sum()), float(((1 - share) * false).sum())
        found = 2 * right / (right + wrong + float(share.sum()))
        if not found <= most:
            best, most = threshold, found
    return best, most
