"""The strength of a ridge read-out, chosen from sums alone by the evidence for it.

Take the read-out as a Gaussian process: weights ~ N(0, s²/λ), noise ~ N(0, s²), the same s² for all k outputs, which is
integrated out at its best value. With centred sums G = Σ h hᵀ, C = Σ h yᵀ, Y² = Σ y² over n samples, the evidence is ::

    − 2/k log p(Y | λ) = (n − 1) log S(λ) + log |I + G/λ| + const,     S(λ) = Y² − tr Cᵀ (G + λI)⁻¹ C

The − 1 is the mean. Unlike generalised cross-validation it has no pole where n is near the number of features d, and
it needs no rule of its own for few samples. For labels (one-hot outputs, the largest wins) the λ of the evidence is
divided by `SHARPER`: the evidence expects Gaussian outputs, and the place of the largest wants less damping. Measured
on parts held out of eleven training sets (keys of the visual cortex, of expansions, hashed sentences, pixels), for
n/d = 0.3 … 3, accuracy below that of the best λ in hindsight, in points, mean | worst: evidence / √10 0.65 | 5.5,
evidence 1.11 | 10.5, generalised cross-validation 0.83 | 5.5, its robust variant (γ = 0.3) 3.9 | 21, the λ with the
least squared error on new samples 0.85 | 6.5 (`benchmarks/ridge.py`). Below n/d = 0.3 it is divided by more, up to
10^1.5: with so few samples damping hardly matters to most data (digits, tables: within a point), and costs five points
where classes are levels of one quantity.

S is a difference of large numbers. What it errs by is bounded, and a λ whose S lies within ten times that cannot win.

Nothing here needs eigenvectors: G = Q T Qᵀ with T tridiagonal takes a third of the time that they take, the eigenvalues
and (T + λI)⁻¹ QᵀC for any λ take next to nothing from there on.

References: MacKay, 1992, Neural Computation 4 (the evidence); Rasmussen & Williams, 2006, chapter 5; Golub & Van Loan,
2013, section 8.3 (tridiagonal form).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from reverie.functional.factor import has_low_rank, thin_factor

__all__ = ["SHARPER", "Spectrum", "choose_ridge", "log_evidence", "spectrum"]

SHARPER = 10**0.5
"""What the λ of the evidence is divided by for labels."""

_STEP = 0.25  # decades from one λ to the next
_USUAL = (-6, 2)  # decades about the mean eigenvalue: looked at first
_LOWEST, _HIGHEST = -12, 4  # and as far as this where the best lies at an edge
_NOTHING_TO_EXPLAIN = 0.1  # times the mean eigenvalue, where the outputs do not vary
_FEW = 0.3  # samples for each feature, below which λ is divided by more
_SHARPEST = 10**1.5  # and at most by this
_EPS = 2.0**-52
_SURE = 10  # a score must be this many times as large as its error


class Spectrum(NamedTuple):
    """A Gram matrix G = Q T Qᵀ in tridiagonal form, and what is to be explained along it.

    Directions that have no energy of their own may be missing from T; their eigenvalues stand as zeros.
    """

    eigenvalues: Float[Tensor, " d"]
    diagonal: Float[Tensor, " r"]
    """Of T."""
    beside: Float[Tensor, " r_less_1"]
    """The numbers beside the diagonal of T."""
    turned: Float[Tensor, "r k"]
    """Qᵀ C."""
    back: Callable[[Float[Tensor, "r m"]], Float[Tensor, "d m"]] | None = None
    """Multiplies by Q."""

    def solve(self, turned: Float[Tensor, "r m"], ridge: float) -> Float[Tensor, "r m"]:
        """(T + λI)⁻¹ times columns, for λ that is well above rounding.

        Examples
        --------
        >>> h = torch.tensor([[1.0, 2.0, 2.0]], dtype=torch.float64)
        >>> seen = spectrum(h.T @ h, h.T)
        >>> seen.back(seen.solve(seen.turned, 1.0)).flatten()
        tensor([0.1000, 0.2000, 0.2000], dtype=torch.float64)
        """
        from scipy.linalg.lapack import dptsv

        if len(turned) < 2:
            return turned / (self.diagonal + ridge)[:, None]
        _, _, solved, failed = dptsv(self.diagonal.numpy() + ridge, self.beside.numpy(), turned.numpy())
        return torch.from_numpy(solved) if failed == 0 else torch.full_like(turned, torch.nan)

    def explained(self, ridge: float) -> float:
        """tr Cᵀ (G + λI)⁻¹ C: the share of Y² that the read-out takes away from S.

        Examples
        --------
        >>> h = torch.tensor([[1.0, 2.0, 2.0]], dtype=torch.float64)
        >>> round(spectrum(h.T @ h, h.T).explained(1.0), 12)
        0.9
        """
        from scipy.linalg.lapack import dptsv

        turned = self.turned.numpy()
        if len(turned) < 2:
            return float((turned**2).sum()) / (float(self.diagonal.sum()) + ridge)
        _, _, solved, failed = dptsv(self.diagonal.numpy() + ridge, self.beside.numpy(), turned)
        return float((turned * solved).sum()) if failed == 0 else float("nan")


def spectrum(gram: Float[Tensor, "d d"], cross: Float[Tensor, "d k"], *, samples: float = torch.inf) -> Spectrum:
    """Decompose the sums, in float64.

    Parameters
    ----------
    samples : float
        Of how many the sums are: the rank of the Gram matrix is no higher. Few samples take d · samples² operations,
        many take 4/3 d³.

    Examples
    --------
    >>> h = torch.tensor([[1.0, 2.0, 2.0]], dtype=torch.float64)
    >>> spectrum(h.T @ h, h.T, samples=1.0).eigenvalues
    tensor([9., 0., 0.], dtype=torch.float64)
    """
    if has_low_rank(samples, len(gram)):
        return _low_rank_spectrum(gram, cross)
    diagonal, beside, turned, back = _tridiagonal(gram.double().cpu().numpy(), cross.double().cpu().numpy())
    parts = torch.from_numpy(diagonal), torch.from_numpy(beside), torch.from_numpy(turned)
    return Spectrum(_eigenvalues(diagonal, beside), *parts, back)


_Array = NDArray[np.float64]


def _tridiagonal(gram: _Array, cross: _Array) -> tuple[_Array, _Array, _Array, Callable[[Tensor], Tensor]]:
    """T's diagonal, what is beside it, Qᵀ C, and what multiplies by Q."""
    from scipy.linalg import lapack

    d = len(gram)
    if d == 1:
        return gram[0].copy(), np.zeros(0), cross.copy(), torch.clone
    work = int(lapack.dsytrd_lwork(d, lower=1)[0])
    reflectors, diagonal, beside, scales, _ = lapack.dsytrd(np.array(gram, order="F"), lower=1, lwork=work)
    turned = np.array(cross, order="F")
    room = 64 * (cross.shape[1] + 65)
    turned[1:], _, _ = lapack.dormqr("L", "T", reflectors[1:, :-1], scales, turned[1:], lwork=room)

    def back(columns: Tensor) -> Tensor:
        found = np.array(columns.numpy(), order="F")
        found[1:], _, _ = lapack.dormqr("L", "N", reflectors[1:, :-1], scales, found[1:], 64 * (found.shape[1] + 65))
        return torch.from_numpy(found)

    return diagonal, beside, turned, back


def _eigenvalues(diagonal: _Array, beside: _Array) -> Tensor:
    from scipy.linalg import eigh_tridiagonal

    values = eigh_tridiagonal(diagonal, beside, eigvals_only=True, lapack_driver="sterf")
    return torch.from_numpy(values).clamp_min_(0)


def _low_rank_spectrum(gram: Tensor, cross: Tensor) -> Spectrum:
    """Through G = L Lᵀ, L of [d, r]: the eigenvalues are those of Lᵀ L, and T holds them."""
    thin = thin_factor(gram).cpu()
    inner, vectors = torch.linalg.eigh(thin.T @ thin)
    inner = inner.clamp_min(1e-300)
    turned = (vectors.T @ (thin.T @ cross.double().cpu())) / inner.sqrt()[:, None]
    values = torch.nn.functional.pad(inner.flip(0), (0, len(gram) - thin.shape[1]))

    def back(columns: Tensor) -> Tensor:
        found: Tensor = thin @ (vectors @ (columns / inner.sqrt()[:, None]))
        return found

    return Spectrum(values, inner, inner.new_zeros(max(0, len(inner) - 1)), turned, back)


def choose_ridge(seen: Spectrum, output_energy: float, samples: float, *, labels: bool = False) -> float:
    """The λ of the largest evidence, on a grid of quarters of a decade.

    The grid is widened where the best λ lies at its edge, down to where S is lost in its error. Where the outputs do
    not vary, nothing can be chosen by them: λ is a tenth of the mean eigenvalue.

    Parameters
    ----------
    output_energy : float
        Y² = Σ y², centred, over all outputs.
    samples : float
        n.
    labels : bool
        The outputs are one-hot, and the largest is the answer.

    Returns
    -------
    float
        λ, in the units of the Gram matrix's eigenvalues.

    Examples
    --------
    Outputs that the features do not explain at all want the strongest damping there is:

    >>> nothing = spectrum(torch.eye(3, dtype=torch.float64), torch.zeros(3, 1, dtype=torch.float64))
    >>> choose_ridge(nothing, output_energy=1.0, samples=10.0)
    10000.0
    """
    scale = float(seen.eigenvalues.mean()) or 1.0
    if not output_energy > 0:
        return _NOTHING_TO_EXPLAIN * scale
    scores: dict[int, float] = {}

    def best(lowest: int, highest: int) -> int:
        for step in range(round(lowest / _STEP), round(highest / _STEP) + 1):
            if step not in scores:
                scores[step] = _score(seen, scale * 10 ** (step * _STEP), output_energy, samples)
        return min(scores, key=lambda step: scores[step])

    chosen = best(*_USUAL)
    if chosen == min(scores):
        chosen = best(_LOWEST, _USUAL[0])
    elif chosen == max(scores):
        chosen = best(_USUAL[1], _HIGHEST)
    if scores[chosen] == np.inf:  # whatever λ: what is left is lost in its error
        return _NOTHING_TO_EXPLAIN * scale
    return scale * 10 ** (chosen * _STEP) / (_sharper(samples / len(seen.eigenvalues)) if labels else 1.0)


def log_evidence(seen: Spectrum, output_energy: float, samples: float) -> float:
    """log p(y | λ) of one output at its best λ, up to a constant that is the same for all outputs of these samples.

    Infinite where the features explain the output so well that what is left is lost in its error.

    Parameters
    ----------
    output_energy : float
        Σ y², centred.

    Examples
    --------
    >>> h = torch.tensor([[-1.0], [0.0], [1.0]], dtype=torch.float64)
    >>> like, unlike = ((spectrum(h.T @ h, h.T @ y), float((y * y).sum())) for y in (h + 0.1 * h**2, h**2 - 2 / 3))
    >>> log_evidence(*like, samples=3) > log_evidence(*unlike, samples=3)
    True
    """
    score = _score(seen, choose_ridge(seen, output_energy, samples), output_energy, samples)
    return -score / 2 if score < np.inf else float("inf")


def _sharper(share: float) -> float:
    """What λ is divided by for labels, n/d being `share`: more where there are fewer samples than `_FEW` features."""
    return min(SHARPER * max(1.0, _FEW / share) ** 3, _SHARPEST)


def _score(seen: Spectrum, ridge: float, output_energy: float, samples: float) -> float:
    """−2/k times the logarithm of the evidence, up to a constant; ∞ where S cannot be told from its error."""
    left = output_energy - seen.explained(ridge)
    d, largest = len(seen.eigenvalues), float(seen.eigenvalues.max())
    error = _EPS * output_energy * (d + (d * largest / ridge) ** 0.5)
    if not left > _SURE * error:
        return float("inf")
    return (samples - 1) * float(np.log(left)) + float(torch.log1p(seen.eigenvalues / ridge).sum())
