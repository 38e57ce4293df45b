"""What retina and thalamus do before the cortex sees: contrast without brightness, and no correlation left::

    p ← (p − mean p) / √(var p + c)                       contrast normalisation of a patch
    z = (p − p̄) V (Λ + εI)^−½ Vᵀ                          whitening, from Cov(p) = V Λ Vᵀ

Reference: Coates, Lee, Ng, 2011, AISTATS (c = 10 grey levels of 255, squared; ε = 0.1).
"""

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["CONTRAST_FLOOR", "normalise_contrast", "whitening"]

CONTRAST_FLOOR = 10 / 255**2
"""c: ten grey levels of 255, squared, in units of pixels in 0…1."""


def normalise_contrast(patches: Float[Tensor, "n d"], *, floor: float = CONTRAST_FLOOR) -> Float[Tensor, "n d"]:
    """Each patch with mean zero and variance one; `floor` is added to its variance, so that nothing stays nothing.

    Examples
    --------
    >>> normalise_contrast(torch.tensor([[0.0, 1.0]]), floor=0.0)
    tensor([[-1.,  1.]])
    """
    centred = patches - patches.mean(1, keepdim=True)
    return centred * (centred.square().mean(1, keepdim=True) + floor).rsqrt_()


def whitening(patches: Float[Tensor, "n d"], *, floor: float = 0.1) -> tuple[Float[Tensor, " d"], Float[Tensor, "d d"]]:
    """The mean of the patches and the symmetric matrix that decorrelates them; `floor` is ε."""
    mean = patches.double().mean(0)
    centred = patches.double() - mean
    eigenvalues, vectors = torch.linalg.eigh(centred.T @ centred / len(patches))
    matrix = (vectors * (eigenvalues.clamp_min(0) + floor).rsqrt()) @ vectors.T
    return mean.float(), matrix.float()
