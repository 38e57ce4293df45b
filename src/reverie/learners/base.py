"""The face every learner shows, which is scikit-learn's, so that each learner's file holds only its idea.

A learner writes five things: `_begin` (make the state for inputs of a shape), `_grow` (make room for more classes),
`_learn` (one experience, awake), `_scores` (logits of all classes seen), and what of its state is to be kept (`_state`,
`_restore`). `_sleep` is written where there is something to consolidate.
"""

from abc import ABC, abstractmethod
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64, Num
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_is_fitted, column_or_1d
from torch import Tensor

from reverie.contracts import Cost, Learner, State
from reverie.errors import BadData

__all__ = ["Classifier"]

_BLOCK = 2000  # samples scored at once


class Classifier(ClassifierMixin, BaseEstimator, Learner, ABC):  # type: ignore[misc]  # scikit-learn is untyped
    """Checks what comes in, keeps the list of classes, and hands clean tensors to the learner.

    `X` and `y` may be whatever scikit-learn takes, or tensors; they are checked here, so their types are open.

    Hyper-parameters are keyword arguments of the learner, stored under their own names. Class indices 0, 1, … are in
    order of first sight; `classes_` is sorted, as scikit-learn has it.
    """

    seed: int

    # what a learner writes

    @abstractmethod
    def _begin(self, shape: tuple[int, ...]) -> None:
        """Make the state for samples of this shape."""

    @abstractmethod
    def _grow(self, n_classes: int) -> None:
        """Make room for `n_classes` classes in all."""

    @abstractmethod
    def _learn(
        self, x: Num[Tensor, "n *shape"], y: Int64[Tensor, " n"], candidates: Int64[Tensor, " c"] | None
    ) -> None:
        """Learn one experience."""

    def _sleep(self) -> None:
        """Consolidate what was learned since the last sleep."""
        return

    @abstractmethod
    def _scores(self, x: Num[Tensor, "n *shape"]) -> Float[Tensor, "n k"]:
        """Logits: their softmax is the probability of each class index."""

    @abstractmethod
    def _state(self) -> State:
        """Tensors and JSON values that the learner cannot do without."""

    @abstractmethod
    def _restore(self, state: State) -> None:
        """Put back what `_state` gave, into a state made by `_begin` and `_grow`."""

    # scikit-learn's face

    def fit(self, X: Any, y: Any) -> "Classifier":
        """Forget everything, learn this, and sleep."""
        for name in [name for name in vars(self) if name.endswith("_") and not name.startswith("__")]:
            delattr(self, name)
        return self.partial_fit(X, y).sleep()

    def partial_fit(self, X: Any, y: Any, classes: Any = None, *, candidates: Any = None) -> "Classifier":
        """Learn one experience, awake.

        Parameters
        ----------
        X : array or Tensor, shape [n, *shape]
        y : array or Tensor, shape [n]
            Integers or strings. New ones may come at any time.
        classes : ignored
            Here for scikit-learn's sake; no list of classes is needed.
        candidates : sequence of labels, optional
            Where answers will be sought only among some labels (task-incremental), these.

        Raises
        ------
        BadData
            Empty, not finite, of another shape or label type than before. Nothing is learned then.
        """
        first = not hasattr(self, "shape_")
        x = self._check_samples(X, first=first)
        labels = self._check_labels(y, len(x))
        if first:
            self.shape_ = self._shape(x)
            self.n_features_in_ = int(np.prod(self.shape_))
            self.label_book_: dict[Any, int] = {}
            self.classes_ = labels[:0]
            self.cost_ = Cost()
            self.experience_ = 0
            self.generator_ = torch.Generator().manual_seed(self.seed)
            self._begin(self.shape_)
        unique, inverse = np.unique(labels, return_inverse=True)
        wanted = [] if candidates is None else list(np.asarray(candidates).tolist())
        for label in [*unique.tolist(), *wanted]:
            self.label_book_.setdefault(label, len(self.label_book_))
        self.classes_ = np.asarray(sorted(self.label_book_))
        self._grow(len(self.label_book_))
        index = torch.tensor([self.label_book_[label] for label in unique.tolist()], dtype=torch.int64)
        among = None if candidates is None else self._indices(wanted)
        self._learn(x, index[torch.from_numpy(inverse.reshape(-1))], among)
        return self

    def sleep(self) -> "Classifier":
        """End an experience: consolidate what was learned since the last sleep."""
        check_is_fitted(self, "shape_")
        self._sleep()
        self.experience_ += 1
        return self

    def predict(self, X: Any, *, candidates: Any = None) -> NDArray[Any]:
        """The most likely label of each sample, among `candidates` (default: all labels seen)."""
        columns, labels = self._columns(candidates)
        scores = self._all_scores(X)[:, columns]
        return np.asarray(labels[scores.argmax(1).numpy()])

    def predict_proba(self, X: Any, *, candidates: Any = None) -> NDArray[Any]:
        """Probability of each label in `classes_`, shape [n, k]; zero outside `candidates`."""
        columns, labels = self._columns(candidates)
        within = torch.softmax(self._all_scores(X)[:, columns].double(), dim=1).numpy()
        out = np.zeros((len(within), len(self.classes_)))
        out[:, np.searchsorted(self.classes_, labels)] = within
        return out

    def decision_function(self, X: Any) -> NDArray[Any]:
        """Logits in the order of `classes_`; of two classes, those of the second minus those of the first."""
        columns, _ = self._columns(None)
        scores = self._all_scores(X)[:, columns].double().numpy()
        return np.asarray(scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores)

    def _columns(self, candidates: Any) -> tuple[Tensor, NDArray[Any]]:
        check_is_fitted(self, "shape_")
        labels = self.classes_ if candidates is None else np.asarray(candidates)
        return self._indices(labels.tolist()), labels

    def _indices(self, labels: list[Any]) -> Int64[Tensor, " c"]:
        unknown = [label for label in labels if label not in self.label_book_]
        if unknown or not labels:
            raise BadData(f"Unknown candidates {unknown}. Expected some of the labels seen: {self.classes_.tolist()}.")
        return torch.tensor([self.label_book_[label] for label in labels], dtype=torch.int64)

    def _all_scores(self, X: Any) -> Tensor:
        x = self._check_samples(X, first=False)
        with torch.no_grad():
            return torch.cat([self._scores(x[i : i + _BLOCK]).cpu() for i in range(0, len(x), _BLOCK)])

    # what comes in; `reverie.learners.sampled` takes more than arrays

    def _shape(self, x: Any) -> tuple[int, ...]:
        """The shape of a sample."""
        return tuple(x.shape[1:])

    def _check_samples(self, X: Any, *, first: bool) -> Any:
        if isinstance(X, Tensor):
            x = X.detach()
            if x.ndim < 2 or 0 in x.shape or x.dtype in (torch.bool, torch.complex64, torch.complex128):
                raise BadData(
                    f"X has shape {tuple(x.shape)} and type {x.dtype}. Expected a real tensor [n, *shape] with n ≥ 1."
                )
            if x.is_floating_point() and not bool(torch.isfinite(x).all()):
                raise BadData("X contains NaN or infinity. Expected finite numbers: drop or impute those samples.")
            x = x.float() if x.is_floating_point() else x
        else:
            try:
                array = check_array(X, dtype=None, allow_nd=True, estimator=self)
                if array.dtype.kind not in "uif":
                    array = array.astype(np.float64)
                x = torch.from_numpy(
                    np.ascontiguousarray(array if array.dtype == np.uint8 else array.astype(np.float32))
                )
                x = x.clone() if x.data_ptr() == array.__array_interface__["data"][0] else x
            except (ValueError, TypeError) as error:
                if isinstance(error, TypeError) and "sparse" in str(error).lower():
                    raise
                raise BadData(str(error)) from None
        if not first and tuple(x.shape[1:]) != self.shape_:
            raise BadData(
                f"X has {int(np.prod(x.shape[1:]))} features, but {type(self).__name__} is expecting "
                f"{self.n_features_in_} features as input (samples of shape {self.shape_}, given {tuple(x.shape[1:])})."
            )
        return x

    def _check_labels(self, y: Any, n: int) -> NDArray[Any]:
        if y is None:
            raise BadData(f"This {type(self).__name__} estimator requires y to be passed, but the target y is None.")
        try:
            labels = column_or_1d(y.detach().cpu().numpy() if isinstance(y, Tensor) else y, warn=True)
            check_classification_targets(labels)
        except ValueError as error:
            raise BadData(str(error)) from None
        if len(labels) != n:
            raise BadData(f"X has {n} samples and y has {len(labels)} labels. Expected one label for each sample.")
        if labels.dtype.kind == "f":
            labels = labels.astype(np.int64) if (labels == labels.astype(np.int64)).all() else labels
        kind = "text" if labels.dtype.kind in "UOS" else "number"
        before = getattr(self, "label_book_", None)
        if before:
            known = "text" if isinstance(next(iter(before)), str) else "number"
            if kind != known:
                raise BadData(
                    f"y holds labels of type {kind}, but those seen so far are of type {known}. Use one type."
                )
        return np.asarray(labels)

    # keeping

    @property
    def stored_samples(self) -> int:
        """How many raw samples are kept. Zero but for those learners that say otherwise."""
        return 0

    def state_dict(self) -> State:
        """Everything needed to go on later as if nothing had happened, random state included."""
        check_is_fitted(self, "shape_")
        return {
            "labels": list(self.label_book_),
            "shape": list(self.shape_),
            "experience": self.experience_,
            "cost": vars(self.cost_).copy(),
            "generator": self.generator_.get_state(),
            "own": deepcopy(self._state()),
        }

    def load_state_dict(self, state: State) -> None:
        """Put back what `state_dict` gave."""
        self.shape_ = tuple(state["shape"])
        self.n_features_in_ = int(np.prod(self.shape_))
        self.label_book_ = {label: index for index, label in enumerate(state["labels"])}
        self.classes_ = np.asarray(sorted(self.label_book_))
        self.cost_ = Cost(**state["cost"])
        self.experience_ = int(state["experience"])
        self.generator_ = torch.Generator().manual_seed(self.seed)
        self._begin(self.shape_)
        self._grow(len(self.label_book_))
        self._restore(deepcopy(state["own"]))
        self.generator_.set_state(state["generator"].cpu())
