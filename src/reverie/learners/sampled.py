"""Learners that take samples as they were read: photos of any size, sounds, rows of a table by name, and sentences.

Arrays are taken as every learner takes them.
"""

from abc import ABC
from typing import Any, ClassVar

import numpy as np

from reverie.errors import BadData
from reverie.learners.base import Classifier
from reverie.streams import Pictures, Sounds, Table, is_frame

__all__ = ["SampleClassifier"]


class SampleClassifier(Classifier, ABC):
    """A classifier whose `X` may also be Pictures, Sounds, a Table, or a list of sentences; `shape_` is () then.

    A frame of pandas, polars or pyarrow is a Table: its columns go by their names.
    """

    takes_samples: ClassVar[bool] = True

    def _shape(self, x: Any) -> tuple[int, ...]:
        return () if _as_read(x) else super()._shape(x)

    def _check_samples(self, X: Any, *, first: bool) -> Any:
        X = Table.of(X) if is_frame(X) else X
        read = _as_read(X)
        if not first and read != (self.shape_ == ()) and (read or hasattr(X, "__len__")):
            known = "pictures, sounds, tables or sentences" if self.shape_ == () else f"arrays of shape {self.shape_}"
            raise BadData(
                f"X is a {type(X).__name__}, and {type(self).__name__} has learned {known}. Give the same form."
            )
        if not read:
            return super()._check_samples(X, first=first)
        if not len(X):
            raise BadData("There are no samples. Expected at least one.")
        if isinstance(X, Table) and first:
            self.feature_names_in_ = np.array(X.names, dtype=object)
        return X


def _as_read(x: Any) -> bool:
    """Whether these are samples as `reverie.streams.read_samples` gives them, and not an array."""
    return isinstance(x, Pictures | Sounds | Table) or (
        isinstance(x, list) and bool(x) and all(isinstance(one, str) for one in x)
    )
