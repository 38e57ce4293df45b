"""The strength of a ridge read-out, chosen from sums alone by generalised cross-validation.

With centred sums G = Σ h hᵀ, C = Σ h yᵀ, Y² = Σ y² over n samples and G = V Λ Vᵀ, A = Vᵀ C, the residual and the
effective degrees of freedom of the read-out W = (G + λI)⁻¹ C are ::

    RSS(λ) = Y² − 2 Σ A² / (Λ+λ) + Σ A² Λ / (Λ+λ)²        df(λ) = Σ Λ / (Λ+λ)

and λ minimises GCV(λ) = n RSS / (n − df − 1)² (Golub, Heath, Wahba, 1979, Technometrics 21; the 1 is the mean).
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.functional.factor import has_low_rank, thin_factor

__all__ = ["Spectrum", "choose_ridge", "spectrum"]


class Spectrum(NamedTuple):
    """A Gram matrix seen along its eigenvectors; those that have no energy of their own may stand as zeros."""

    eigenvalues: Float[Tensor, " d"]
    energy: Float[Tensor, " d"]
    """Σ over outputs of (Vᵀ C)²."""


def spectrum(gram: Float[Tensor, "d d"], cross: Float[Tensor, "d k"], *, samples: float = torch.inf) -> Spectrum:
    """Decompose the sums.

    Parameters
    ----------
    samples : float
        Of how many the sums are: the rank of the Gram matrix is no higher. Few samples take d · samples² operations,
        many take d³.

    Examples
    --------
    >>> h = torch.tensor([[1.0, 2.0, 2.0]], dtype=torch.float64)
    >>> spectrum(h.T @ h, h.T, samples=1.0).eigenvalues
    tensor([9., 0., 0.], dtype=torch.float64)
    """
    if has_low_rank(samples, len(gram)):
        return _low_rank_spectrum(gram, cross)
    # In float32, for λ needs two digits only; in float64 where float32 does not converge.
    try:
        eigenvalues, vectors = torch.linalg.eigh(gram.float())
        converged = bool(torch.isfinite(vectors).all() & torch.isfinite(eigenvalues).all())
    except RuntimeError:
        converged = False
    if not converged:  # many directions without any energy: a slower method that always converges
        from scipy.linalg import eigh

        values, columns = eigh(gram.double().cpu().numpy(), driver="evr")
        eigenvalues, vectors = torch.from_numpy(values).to(gram.device), torch.from_numpy(columns).to(gram.device)
    energy = (vectors.T.double() @ cross.double()).square().sum(1)
    return Spectrum(eigenvalues.double().clamp_min(0), energy)


def _low_rank_spectrum(gram: Tensor, cross: Tensor) -> Spectrum:
    """Through G = L Lᵀ, L of [d, r]: the eigenvalues are those of Lᵀ L."""
    thin = thin_factor(gram)
    inner, turned = torch.linalg.eigh(thin.T @ thin)
    inner = inner.clamp_min(1e-300)
    along = (turned.T @ (thin.T @ cross.double())).square().sum(1) / inner
    missing = len(gram) - thin.shape[1]
    return Spectrum(*(torch.nn.functional.pad(part.flip(0), (0, missing)) for part in (inner, along)))


def choose_ridge(seen: Spectrum, output_energy: float, samples: float) -> float:
    """The λ that minimises generalised cross-validation on a fixed grid, a quarter of a decade fine.

    Parameters
    ----------
    output_energy : float
        Y² = Σ y², centred, over all outputs.
    samples : float
        n.

    Returns
    -------
    float
        λ, in the units of the Gram matrix's eigenvalues.

    Examples
    --------
    Outputs that the features do not explain at all want the strongest read-out damping on the grid:

    >>> nothing = Spectrum(torch.ones(3, dtype=torch.float64), torch.zeros(3, dtype=torch.float64))
    >>> choose_ridge(nothing, output_energy=1.0, samples=10.0)
    100.0
    """
    values, energy = seen
    scale = float(values.mean()) or 1.0
    grid = scale * 10.0 ** torch.arange(-6, 2.01, 0.25, dtype=torch.float64)
    shrunk = values + grid[:, None]
    residual = output_energy - (energy * (2 * shrunk - values) / shrunk.square()).sum(1)
    freedom = (values / shrunk).sum(1)
    left = samples - freedom - 1
    score = residual.clamp_min(0) / left.square()
    score[left < 0.02 * samples] = torch.inf  # an interpolating fit: its zero residual says nothing
    return float(grid[int(score.argmin())]) if score.isfinite().any() else float(grid[-1])
