"""The nearest neighbours of all samples so far: each of the k nearest has a vote. It keeps them all.

Distances are Euclidean, between the columns of `reverie.learners.columns`.
"""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int64
from sklearn.neighbors import KNeighborsClassifier
from torch import Tensor

from reverie.learners.columns import Columns
from reverie.learners.kept import KeepsAll
from reverie.learners.rows import Rows

__all__ = ["KNN"]

_NONE = 1e-3  # votes of a class that no neighbour has


@dataclass(kw_only=True, eq=False, repr=False)
class KNN(KeepsAll):
    """scikit-learn's `KNeighborsClassifier`.

    Parameters
    ----------
    neighbours : int
        That vote; fewer where fewer samples are known.
    """

    neighbours: int = 5
    seed: int = 0

    def _fit(self, rows: Rows, y: Int64[Tensor, " n"]) -> Any:
        columns = Columns(rows)
        return columns, KNeighborsClassifier(min(self.neighbours, len(y))).fit(columns(rows), y.numpy())

    def _ask(self, model: Any, rows: Rows) -> Float[Tensor, "n k"]:
        columns, known = model
        votes = torch.zeros(
            len(found := known.predict_proba(columns(rows))), len(self.label_book_), dtype=torch.float64
        )
        votes[:, known.classes_] = torch.from_numpy(found) * known.n_neighbors
        return (votes + _NONE).log()
