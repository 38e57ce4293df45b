"""Logistic regression on all samples so far, trained anew in each sleep: what most users have. It keeps them all.

    p(c | x) = softmax(W x + b),    W, b = argmin Σ −log p(y | x) + ‖W‖² / 2 C

x are the columns of `reverie.learners.columns`.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from reverie.learners.columns import Columns
from reverie.learners.kept import KeepsAll
from reverie.learners.rows import Rows

__all__ = ["SklearnLogistic"]

_ITERATIONS = 1000  # of the solver at most; what it has reached then counts


@dataclass(kw_only=True, eq=False, repr=False)
class SklearnLogistic(KeepsAll):
    """scikit-learn's `LogisticRegression`.

    Parameters
    ----------
    C : float
        Inverse strength of the ridge.
    """

    C: float = 1.0
    seed: int = 0

    def _fit(self, rows: Rows, y: Int64[Tensor, " n"]) -> Any:
        columns, model = Columns(rows), None
        if len(y.unique()) > 1:
            model = LogisticRegression(C=self.C, max_iter=_ITERATIONS)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                model.fit(columns(rows), y.numpy())
        return columns, model, y.unique()

    def _ask(self, model: Any, rows: Rows) -> Float[Tensor, "n k"]:
        columns, regression, classes = model
        x = columns(rows)
        found = np.zeros((x.shape[0], 1)) if regression is None else regression.predict_log_proba(x)
        scores = torch.full((len(found), len(self.label_book_)), -torch.inf, dtype=torch.float64)
        scores[:, classes] = torch.from_numpy(found)
        return scores
