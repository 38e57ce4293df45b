"""A theory's answer as class probabilities: logistic regression on its score, shrunk where rows are few."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reverie.disciplines.theory import Theory

__all__ = ["Scored"]


@dataclass(frozen=True)
class Scored:
    """A theory whose answer was turned into probabilities of k classes."""

    theory: Theory
    model: Any
    centre: float
    spread: float
    k: int

    @classmethod
    def fit(cls, theory: Theory, columns: Mapping[str, Any], goal: NDArray[Any], rows: NDArray[Any]) -> "Scored":
        """Learn on the chosen rows; `goal` has shape [n, k]."""
        from sklearn.linear_model import LogisticRegression

        raw = theory.answer(columns)[rows]
        labels = goal[rows].argmax(1)
        good = np.isfinite(raw)
        centre, spread = (float(raw[good].mean()), float(raw[good].std()) or 1.0) if good.any() else (0.0, 1.0)
        score = np.where(good, (raw - centre) / spread, 0.0)[:, None]
        model = LogisticRegression().fit(score, labels) if len(set(labels.tolist())) > 1 else int(labels[0])
        return cls(theory, model, centre, spread, goal.shape[1])

    def predict(self, columns: Mapping[str, Any]) -> NDArray[Any]:
        """Shape [m, k]."""
        raw = self.theory.answer(columns)
        score = np.where(np.isfinite(raw), (raw - self.centre) / self.spread, 0.0)[:, None]
        found = np.full((len(raw), self.k), 1e-6)
        if isinstance(self.model, int):
            found[:, self.model] += 1.0
        else:
            found[:, self.model.classes_] += self.model.predict_proba(score)
        return np.asarray(found / found.sum(1, keepdims=True))
