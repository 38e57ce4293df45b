"""Tensor mathematics: one formula per function, no state, no input or output."""

from reverie.functional.calibration import one_hot_logits
from reverie.functional.distillation import cross_entropy_among, distillation
from reverie.functional.fisher import diagonal_fisher
from reverie.functional.importance import path_importance, quadratic_penalty
from reverie.functional.pruning import least_useful, most_useful
from reverie.functional.ridge import Spectrum, choose_ridge, spectrum
from reverie.functional.variational import (
    bernoulli_nll,
    gaussian_nll,
    kl_to_mixture,
    kl_to_standard_normal,
    log_normal,
    reparameterise,
)
from reverie.functional.whitening import normalise_contrast, normalise_contrast_, whitening

__all__ = [
    "Spectrum",
    "bernoulli_nll",
    "choose_ridge",
    "cross_entropy_among",
    "diagonal_fisher",
    "distillation",
    "gaussian_nll",
    "kl_to_mixture",
    "kl_to_standard_normal",
    "least_useful",
    "log_normal",
    "most_useful",
    "normalise_contrast",
    "normalise_contrast_",
    "one_hot_logits",
    "path_importance",
    "quadratic_penalty",
    "reparameterise",
    "spectrum",
    "whitening",
]
