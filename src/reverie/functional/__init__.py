"""Tensor mathematics: one formula per function, no state, no input or output."""

from reverie.functional.calibration import one_hot_logits, one_hot_slope
from reverie.functional.distillation import cross_entropy_among, distillation
from reverie.functional.encoding import delta_spikes, latency_spikes, poisson_spikes
from reverie.functional.events import break_even, event_linear
from reverie.functional.factor import has_low_rank, thin_factor
from reverie.functional.fisher import diagonal_fisher
from reverie.functional.importance import path_importance, quadratic_penalty
from reverie.functional.izhikevich import CELLS, Cell, IzhikevichState, izhikevich
from reverie.functional.lca import Competition, compete, competition_step, dictionary_step, lasso_objective
from reverie.functional.neurons import (
    SURROGATES,
    NeuronState,
    Surrogate,
    integrate_and_fire,
    step_function,
    surrogate_slope,
)
from reverie.functional.nmda import nmda
from reverie.functional.pruning import least_useful, most_useful
from reverie.functional.ridge import Spectrum, choose_ridge, log_evidence, spectrum
from reverie.functional.streaming import Running, bounded_step, sparse_weights
from reverie.functional.variational import (
    bernoulli_nll,
    gaussian_nll,
    kl_to_mixture,
    kl_to_standard_normal,
    log_normal,
    reparameterise,
)
from reverie.functional.whitening import CONTRAST_FLOOR, normalise_contrast, whitening
from reverie.functional.whole import FIFTEEN_BITS, HIGH, ROWS_OF_EIGHT_BITS, WholeMatrix, halves, whole_product
from reverie.functional.winners import boosting, code_product, code_to_dense, k_winners

__all__ = [
    "CELLS",
    "CONTRAST_FLOOR",
    "FIFTEEN_BITS",
    "HIGH",
    "ROWS_OF_EIGHT_BITS",
    "SURROGATES",
    "Cell",
    "Competition",
    "IzhikevichState",
    "NeuronState",
    "Running",
    "Spectrum",
    "Surrogate",
    "WholeMatrix",
    "bernoulli_nll",
    "boosting",
    "bounded_step",
    "break_even",
    "choose_ridge",
    "code_product",
    "code_to_dense",
    "compete",
    "competition_step",
    "cross_entropy_among",
    "delta_spikes",
    "diagonal_fisher",
    "dictionary_step",
    "distillation",
    "event_linear",
    "gaussian_nll",
    "halves",
    "has_low_rank",
    "integrate_and_fire",
    "izhikevich",
    "k_winners",
    "kl_to_mixture",
    "kl_to_standard_normal",
    "lasso_objective",
    "latency_spikes",
    "least_useful",
    "log_evidence",
    "log_normal",
    "most_useful",
    "nmda",
    "normalise_contrast",
    "one_hot_logits",
    "one_hot_slope",
    "path_importance",
    "poisson_spikes",
    "quadratic_penalty",
    "reparameterise",
    "sparse_weights",
    "spectrum",
    "step_function",
    "surrogate_slope",
    "thin_factor",
    "whitening",
    "whole_product",
]
