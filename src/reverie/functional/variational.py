"""The terms of a variational autoencoder's loss (Kingma & Welling, 2014, arXiv:1312.6114).

Reconstruction terms are averaged over the d inputs, Kullback–Leibler terms are per sample and are divided by d by the
caller, as van de Ven, Siegelmann & Tolias (2020, Nature Communications 11:4069) weigh them.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

__all__ = [
    "bernoulli_nll",
    "gaussian_nll",
    "kl_to_mixture",
    "kl_to_standard_normal",
    "log_normal",
    "reparameterise",
]


def reparameterise(
    mean: Float[Tensor, "n z"], log_var: Float[Tensor, "n z"], generator: torch.Generator
) -> Float[Tensor, "n z"]:
    """Draw z ~ N(mean, exp(log_var)) so that gradients reach both."""
    noise = torch.randn(mean.shape, generator=generator, dtype=mean.dtype).to(mean.device)
    return mean + noise * (0.5 * log_var).exp()


def log_normal(
    z: Float[Tensor, "*n z"], mean: Float[Tensor, "*m z"], log_var: Float[Tensor, "*m z"]
) -> Float[Tensor, "*k"]:
    """Log density of a diagonal normal distribution, summed over the last axis.

    Examples
    --------
    >>> log_normal(torch.zeros(1, 2), torch.zeros(1, 2), torch.zeros(1, 2))
    tensor([-1.8379])
    """
    return -0.5 * (math.log(2 * math.pi) + log_var + (z - mean).square() * (-log_var).exp()).sum(-1)


def kl_to_standard_normal(mean: Float[Tensor, "n z"], log_var: Float[Tensor, "n z"]) -> Float[Tensor, " n"]:
    """KL(N(mean, exp(log_var)) ‖ N(0, 1)), in closed form.

    Examples
    --------
    >>> kl_to_standard_normal(torch.ones(1, 3), torch.zeros(1, 3))
    tensor([1.5000])
    """
    return -0.5 * (1 + log_var - mean.square() - log_var.exp()).sum(1)


def kl_to_mixture(
    z: Float[Tensor, "n z"],
    mean: Float[Tensor, "n z"],
    log_var: Float[Tensor, "n z"],
    mode_means: Float[Tensor, "k z"],
    mode_log_vars: Float[Tensor, "k z"],
    weights: Float[Tensor, "n k"],
) -> Float[Tensor, " n"]:
    """KL from N(mean, exp(log_var)) to a mixture of normals, estimated from the one sample `z`.

    Parameters
    ----------
    weights : shape [n, k]
        Each sample's probability of each mode: one-hot where the class is known, soft where it was dreamt.
    """
    by_mode = log_normal(z[:, None, :], mode_means[None], mode_log_vars[None])
    log_prior = torch.logsumexp(by_mode + weights.log(), dim=1)  # a weight of zero shuts its mode out altogether
    return log_normal(z, mean, log_var) - log_prior


def bernoulli_nll(logits: Float[Tensor, "n d"], x: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
    """Binary cross-entropy of inputs in 0…1, averaged over the d inputs."""
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none").mean(1)


def gaussian_nll(mean: Float[Tensor, "n d"], x: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
    """Half the squared error, averaged over the d inputs: unit-variance normal likelihood without its constant."""
    return 0.5 * (mean - x).square().mean(1)
