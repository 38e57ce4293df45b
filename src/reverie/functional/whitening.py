"""What retina and thalamus do before the cortex sees: contrast without brightness, and no correlation left::

    p ← (p − mean p) / √(var p + c)                       contrast normalisation of a patch
    z = (p − p̄) V (Λ + εI)^−½ Vᵀ                          whitening, from Cov(p) = V Λ Vᵀ

Reference: Coates, Lee, Ng, 2011, AISTATS (c = 10 grey levels of 255, squared; ε = 0.1).
"""

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["normalise_contrast", "normalise_contrast_", "whitening"]


def normalise_contrast(patches: Float[Tensor, "n d"], *, floor: float = 10 / 255**2) -> Float[Tensor, "n d"]:
    """Each patch with mean zero and variance one; `floor` is added to its variance, so that nothing stays nothing.

    Examples
    --------
    >>> normalise_contrast(torch.tensor([[0.0, 1.0]]), floor=0.0)
    tensor([[-1.,  1.]])
    """
    return normalise_contrast_(patches.clone(), torch.empty_like(patches), floor=floor)


def normalise_contrast_(
    patches: Float[Tensor, "n d"], work: Float[Tensor, "n d"], *, floor: float = 10 / 255**2
) -> Float[Tensor, "n d"]:
    """The same in place; `work` is overwritten. No memory is asked for, which is what costs most here."""
    patches -= patches.mean(1, keepdim=True)
    torch.mul(patches, patches, out=work)
    patches *= (work.mean(1, keepdim=True) + floor).rsqrt_()
    return patches


def whitening(patches: Float[Tensor, "n d"], *, floor: float = 0.1) -> tuple[Float[Tensor, " d"], Float[Tensor, "d d"]]:
    """The mean of the patches and the symmetric matrix that decorrelates them; `floor` is ε."""
    mean = patches.double().mean(0)
    centred = patches.double() - mean
    eigenvalues, vectors = torch.linalg.eigh(centred.T @ centred / len(patches))
    matrix = (vectors * (eigenvalues.clamp_min(0) + floor).rsqrt()) @ vectors.T
    return mean.float(), matrix.float()
