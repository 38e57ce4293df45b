"""A brain's learning with scikit-learn's interface, and with River's: for pipelines, searches and existing loops.

`BrainClassifier` and `BrainRegressor` learn by `fit` or, batch by batch, by `partial_fit`, and take what a brain takes:
arrays, frames of pandas, polars and pyarrow, sentences, pictures and sounds. They live in memory; `reverie.brain.Brain`
lives in a folder, and can also sleep, forget and merge. `OneByOne` learns single samples.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_array, check_is_fitted

from reverie.brain.given import take_numbers
from reverie.brain.numbers import Intervals, Numbers, beside, check_coverage
from reverie.brain.shards import keys_of
from reverie.errors import BadData
from reverie.learners import BrainClassifier
from reverie.memory import AssociativeMemory
from reverie.memory.regression import Estimates, Regression
from reverie.senses import Senses
from reverie.streams import Pictures, Sounds, Table, is_frame

__all__ = ["BrainClassifier", "BrainRegressor", "OneByOne"]


class BrainRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Numbers learned as a brain learns them (`reverie.brain.numbers`), with intervals.

    Parameters
    ----------
    sense : str
        A name in `reverie.senses.KINDS`, or "auto": the first samples choose it.
    settings : dict, optional
        Hyper-parameters of the sense.
    seed : int

    Attributes
    ----------
    senses_ : Senses
    memory_ : AssociativeMemory
        The sums; all that is kept.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> x, y = load_diabetes(return_X_y=True)
    >>> model = BrainRegressor().fit(x[:300], y[:300])
    >>> model.score(x[300:], y[300:]) > 0.4
    True
    >>> model.predict_intervals(x[300:302], coverage=0.9).low.shape
    (2,)
    """

    senses_: Senses
    numbers_: Numbers
    memory_: AssociativeMemory
    read_out_: Regression

    def __init__(self, *, sense: str = "auto", settings: dict[str, Any] | None = None, seed: int = 0) -> None:
        self.sense, self.settings, self.seed = sense, settings, seed

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: Any, y: Any) -> "BrainRegressor":
        """Forget everything, and learn this."""
        for name in [name for name in vars(self) if name.endswith("_") and not name.startswith("__")]:
            delattr(self, name)
        return self.partial_fit(X, y)

    def partial_fit(self, X: Any, y: Any) -> "BrainRegressor":
        """Learn more samples. The first call forms the sense and the scale of the numbers.

        Parameters
        ----------
        X : array, Tensor, frame, or samples as they were read; n samples
        y : array, Tensor or sequence, shape [n] or [n, k]

        Raises
        ------
        BadData
            What is no finite number, or of another form than before. Nothing is learned then.
        """
        first = not hasattr(self, "memory_")
        x = self._samples(X, first=first)
        if y is None:
            raise BadData(f"This {type(self).__name__} estimator requires y to be passed, but the target y is None.")
        senses = Senses(self.sense, self.settings, self.seed) if first else self.senses_
        samples = senses.take(x)
        given = take_numbers(y, len(samples), None if first else self.numbers_.names)
        if first:
            senses.form(samples, x)
        keys = keys_of(senses, samples)
        numbers = Numbers.of(given, keys) if first else self.numbers_
        memory = AssociativeMemory() if first else self.memory_
        memory.unit = senses.unit
        memory.write(beside(keys, numbers.digits(given.values)), torch.ones(len(keys), 1))
        self.senses_, self.numbers_, self.memory_ = senses, numbers, memory
        self.read_out_ = Regression(memory, numbers.weights)
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        """The expected number of each sample; the median, where a logarithm was learned. Shape [n], or [n, k]."""
        found = self._estimates(X).value.numpy()
        found = self.numbers_.back(found)
        return np.asarray(found[:, 0] if self.numbers_.flat else found)

    def predict_intervals(self, X: Any, *, coverage: float = 0.9) -> Intervals:
        """The same, with the bounds between which a new number lies in a share of `coverage` of the cases."""
        check_coverage(coverage)
        found = self._estimates(X)
        return self.numbers_.intervals(found, coverage)

    def _estimates(self, X: Any) -> Estimates:
        check_is_fitted(self, "memory_")
        x = self._samples(X, first=False)
        return self.read_out_(keys_of(self.senses_, self.senses_.take(x)))

    def _samples(self, X: Any, *, first: bool) -> Any:
        """What the senses take; an array is checked as scikit-learn checks it."""
        x = Table.of(X) if is_frame(X) else X
        if isinstance(x, Pictures | Sounds | Table) or (isinstance(x, list) and x and isinstance(x[0], str)):
            if isinstance(x, Table) and first:
                self.feature_names_in_ = np.array(x.names, dtype=object)
                self.n_features_in_ = len(x.names)
            return x
        try:
            x = check_array(x, dtype=None, allow_nd=True, estimator=self)
        except ValueError as error:
            raise BadData(str(error)) from None
        if first:
            self.n_features_in_ = int(np.prod(x.shape[1:]))
        elif int(np.prod(x.shape[1:])) != self.n_features_in_:
            raise BadData(
                f"X has {int(np.prod(x.shape[1:]))} features, but {type(self).__name__} is expecting "
                f"{self.n_features_in_} features as input."
            )
        return x.astype(np.float64) if x.dtype.kind == "O" else x


class OneByOne:
    """An estimator in River's manner: a sample at a time, as a dictionary of named values.

    A sense forms from samples that show what values there are. So the first ones wait, in memory alone, until there are
    `first` of them; until then nothing is predicted.

    Parameters
    ----------
    estimator : BrainClassifier, BrainRegressor, or any that has `partial_fit`
    first : int
        Samples that form the sense.

    Examples
    --------
    >>> model = OneByOne(BrainClassifier(), first=4)
    >>> for number in range(8):
    ...     before = model.predict_one({"x": float(number % 2), "y": 1.0})
    ...     model.learn_one({"x": float(number % 2), "y": 1.0}, "odd" if number % 2 else "even")
    >>> before
    'odd'
    """

    def __init__(self, estimator: Any, *, first: int = 50) -> None:
        if first < 1:
            raise BadData(f"first is {first}. Expected at least 1.")
        self.estimator, self.first = estimator, first
        self._waiting: list[tuple[dict[str, Any], Any]] | None = []
        self._kinds: dict[str, str] = {}

    def learn_one(self, x: Mapping[str, Any], y: Any) -> None:
        """Learn a sample."""
        if self._waiting is None:
            self.estimator.partial_fit(Table.of([dict(x)], kinds=self._kinds), [y])
            return
        self._waiting.append((dict(x), y))
        if len(self._waiting) >= self.first:
            table = Table.of([row for row, _ in self._waiting])
            self._kinds = dict(table.kinds)
            self.estimator.partial_fit(table, [label for _, label in self._waiting])
            self._waiting = None

    def predict_one(self, x: Mapping[str, Any]) -> Any:
        """The answer; None while the first samples wait."""
        if self._waiting is not None:
            return None
        found = self.estimator.predict(Table.of([dict(x)], kinds=self._kinds))[0]
        return found.item() if isinstance(found, np.generic) else found

    def predict_proba_one(self, x: Mapping[str, Any]) -> dict[Any, float]:
        """The probability of each class; empty while the first samples wait."""
        if self._waiting is not None:
            return {}
        found = self.estimator.predict_proba(Table.of([dict(x)], kinds=self._kinds))[0]
        return dict(zip(self.estimator.classes_.tolist(), found.tolist(), strict=True))
