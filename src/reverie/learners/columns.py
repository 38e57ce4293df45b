"""The columns of numbers that peers see: TF-IDF of sentences, one-hot and scaled columns of tables, scaled pixels.

Everything is fitted to the samples that are kept. Numbers are scaled to deviation 1; one that is missing becomes the
mean, with a column that says so. Of a category, each of its thousand most frequent values has a column.
"""

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from torch import Tensor

from reverie.errors import BadData
from reverie.learners.rows import Rows

__all__ = ["Columns"]

_CATEGORIES = 1000
_WORDS = 200_000  # words and pairs of words, the most frequent


class Columns:
    """How rows become columns of numbers, fitted to the rows given.

    Examples
    --------
    >>> columns = Columns({"town": ["Rome", "Oslo", None]})
    >>> columns({"town": ["Oslo", "Bonn"]}).toarray().tolist()
    [[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    """

    def __init__(self, rows: Rows) -> None:
        self.words: Any = None
        self.numbers: Any = None
        self.categories: Any = None
        if isinstance(rows, list):
            words = TfidfVectorizer(
                sublinear_tf=True, ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b", max_features=_WORDS
            )
            try:
                self.words = words.fit(rows)
            except ValueError:
                raise BadData("The sentences hold no words. Expected some that do.") from None
            return
        numbers, categories = _parts(rows)
        if numbers is not None:
            filled = SimpleImputer(add_indicator=True, keep_empty_features=True)
            self.numbers = make_pipeline(filled, StandardScaler()).fit(numbers)
        if categories is not None:
            self.categories = OneHotEncoder(max_categories=_CATEGORIES, handle_unknown="infrequent_if_exist")
            self.categories.fit(categories)

    def __call__(self, rows: Rows) -> Any:
        """A matrix, sparse where there are words or categories."""
        if isinstance(rows, list):
            return self.words.transform(rows)
        numbers, categories = _parts(rows)
        dense = None if numbers is None else self.numbers.transform(numbers)
        if categories is None:
            return dense
        cells = self.categories.transform(categories)
        return cells if dense is None else hstack([csr_matrix(dense), cells], format="csr")


def _parts(rows: Tensor | dict[str, Any]) -> tuple[Any, Any]:
    """Numbers [n, p] and words [n, q]; None where there are none."""
    if isinstance(rows, Tensor):
        return rows.flatten(1).double().numpy(), None
    numbers = [column.numpy() for column in rows.values() if isinstance(column, Tensor)]
    words = [["" if cell is None else cell for cell in column] for column in rows.values() if isinstance(column, list)]
    return (
        np.stack(numbers, axis=1) if numbers else None,
        np.array(words, dtype=object).T if words else None,
    )
