"""Weights that are not negative and sum to one, from answers on rows that a member has not seen.

With squared error this is a small quadratic programme; with log loss the weights of a mixture, found by EM. The super
learner of van der Laan, Polley and Hubbard (2007, doi:10.2202/1544-6115.1309) is the same idea.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["mixture_weights", "simplex_weights"]


def simplex_weights(answers: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    """Minimise ‖y − answers · w‖² with w ≥ 0, Σ w = 1.

    Parameters
    ----------
    answers : array, shape [n, members]
    y : array, shape [n]

    Examples
    --------
    >>> y = np.array([1.0, 2.0, 3.0])
    >>> simplex_weights(np.stack([y, 0 * y], axis=1), y).round(3)
    array([1., 0.])
    """
    from scipy.optimize import nnls

    size = max(float(np.abs(answers - y[:, None]).max()), 1e-12)
    gaps = (answers - y[:, None]) / size  # Σ w = 1: the gap of the mixture is the mixture of the gaps
    heavy = 1e3 * np.sqrt(len(y))
    even = 1e-4 * np.sqrt(len(y)) * np.eye(answers.shape[1])  # members that agree share
    matrix = np.concatenate([gaps, even, np.full((1, answers.shape[1]), heavy)])
    goal = np.concatenate([np.zeros(len(y) + answers.shape[1]), [heavy]])
    weights, _ = nnls(matrix, goal)
    return np.asarray(weights / weights.sum())


def mixture_weights(likelihoods: NDArray[Any], *, steps: int = 500) -> NDArray[Any]:
    """Maximise Σ log(likelihoods · w) over the simplex, by EM.

    Parameters
    ----------
    likelihoods : array, shape [n, members]
        The probability that each member gave to what happened.

    Examples
    --------
    >>> mixture_weights(np.array([[0.9, 0.5], [0.8, 0.5]])).round(2)
    array([1., 0.])
    """
    likelihoods = np.clip(likelihoods, 1e-12, None)
    weights = np.full(likelihoods.shape[1], 1.0 / likelihoods.shape[1])
    for _ in range(steps):
        shares = likelihoods * weights
        weights = (shares / shares.sum(1, keepdims=True)).mean(0)
    return np.asarray(weights)
