"""River's adaptive random forest: Hoeffding trees on resampled samples, replaced where their errors rise.

It learns one sample at a time, from numbers and from the words of a table's cells. River has no file format but pickle,
which runs code. So this learner keeps the samples, says so by `stored_samples`, and grows the same forest again from
them when it is resumed; its state is theirs, and not the forest's.

Reference: Gomes et al., 2017, Machine Learning 106.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from reverie.errors import BadData, MissingData
from reverie.learners.kept import KeepsAll
from reverie.learners.rows import Rows, some_of

__all__ = ["RiverForest"]

_LEAST = 1e-9  # probability of a class


@dataclass(kw_only=True, eq=False, repr=False)
class RiverForest(KeepsAll):
    """River's `ARFClassifier`; it needs the extra `[drift]`.

    Parameters
    ----------
    trees : int
    """

    trains_anew: ClassVar[bool] = False

    trees: int = 10
    seed: int = 0

    def _check_samples(self, X: Any, *, first: bool) -> Any:
        x = super()._check_samples(X, first=first)
        if isinstance(x, list):
            raise BadData(
                "Given sentences. The learner river-arf takes numbers, pictures, sounds and tables: leave it out."
            )
        return x

    def _begin(self, shape: tuple[int, ...]) -> None:
        super()._begin(shape)
        self.forest_ = _forest(self.trees, self.seed)
        self.grown_ = 0

    def _fit(self, rows: Rows, y: Int64[Tensor, " n"]) -> Any:
        """The forest, after the samples that it has not seen yet."""
        new = some_of(rows, slice(self.grown_, None))
        for sample, label in zip(_samples(new), y[self.grown_ :].tolist(), strict=True):
            self.forest_.learn_one(sample, label)
        self.grown_ = len(y)
        return self.forest_

    def _ask(self, model: Any, rows: Rows) -> Float[Tensor, "n k"]:
        found = [model.predict_proba_one(sample) for sample in _samples(rows)]
        scores = torch.full((len(found), len(self.label_book_)), _LEAST, dtype=torch.float64)
        for row, votes in enumerate(found):
            for label, vote in votes.items():
                scores[row, label] += vote
        return scores.log()


def _samples(rows: Rows) -> list[dict[Any, Any]]:
    """Each row as River takes it: a dictionary, without what is missing."""
    if isinstance(rows, Tensor):
        return [dict(enumerate(row)) for row in rows.flatten(1).double().tolist()]
    assert isinstance(rows, dict)
    columns = {name: column.tolist() if isinstance(column, Tensor) else column for name, column in rows.items()}
    total = len(next(iter(columns.values())))
    return [
        {
            name: column[row]
            for name, column in columns.items()
            if column[row] is not None and column[row] == column[row]
        }
        for row in range(total)
    ]


def _forest(trees: int, seed: int) -> Any:
    try:
        from river.forest import ARFClassifier
    except ImportError:
        raise MissingData(
            "The learner river-arf needs the package river, which is not installed. Run: pip install 'reverie[drift]'"
        ) from None
    return ARFClassifier(n_models=trees, seed=seed)
