"""The exact associative memory as a classifier: an encoder that never changes, and sums that never forget.

    h = encoder(x),    scores = ridge read-out of one-hot labels on h, from Σ h hᵀ and Σ h yᵀ alone

One pass, any order, any batches: the same memory. Two of them add up; a class or samples can be subtracted.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64, Num
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from reverie.contracts import State
from reverie.errors import BadData
from reverie.evaluation import count_operations
from reverie.functional import one_hot_logits
from reverie.layers import Expansion
from reverie.learners.base import Classifier
from reverie.memory import AssociativeMemory

__all__ = ["Exact"]

_BLOCK = 1000  # samples expanded at once


@dataclass(kw_only=True, eq=False, repr=False)
class Exact(Classifier):
    """Exact associative memory on raw input, on a random expansion, or on any frozen encoder.

    Parameters
    ----------
    encoder : {"relu", "kwta", "raw"} or Module
        Random rectified expansion, random expansion with k winners, nothing, or a frozen module.
    width : int, optional
        Cells of the expansion; None: 16 per input, at least 512 and at most 4000.
    active : float
        Share of winners of "kwta".
    ridge : "gcv" or float
        λ of the read-out; "gcv": the sums choose it (`reverie.functional.ridge`).
    per_class : bool
        Keep sums per class, so that a class can be forgotten without its samples (state × classes).
    """

    encoder: Any = "relu"
    width: int | None = None
    active: float = 0.1
    ridge: Any = "gcv"
    per_class: bool = False
    seed: int = 0

    def _begin(self, shape: tuple[int, ...]) -> None:
        if isinstance(self.encoder, nn.Module):
            self.encoder_: nn.Module = self.encoder
        elif self.encoder == "raw":
            self.encoder_ = nn.Flatten()
        elif self.encoder in ("relu", "kwta"):
            width = self.width or min(4000, max(512, 16 * self.n_features_in_))
            projection = torch.Generator().manual_seed(self.seed)
            self.encoder_ = Expansion(
                self.n_features_in_, width, kind=self.encoder, active=self.active, generator=projection
            )
        else:
            raise BadData(f"encoder is {self.encoder!r}. Expected 'relu', 'kwta', 'raw', or a torch module.")
        if self.ridge != "gcv" and not (isinstance(self.ridge, int | float) and self.ridge > 0):
            raise BadData(f"ridge is {self.ridge!r}. Expected 'gcv' or a positive number.")
        self.memory_ = AssociativeMemory(ridge=self.ridge, per_class=self.per_class)

    def _grow(self, n_classes: int) -> None:
        return

    @torch.no_grad()
    def _keys(self, x: Num[Tensor, "n *shape"]) -> Num[Tensor, "n d"]:
        keys: Tensor = self.encoder_(x)
        return keys.flatten(1)

    def _learn(
        self, x: Num[Tensor, "n *shape"], y: Int64[Tensor, " n"], candidates: Int64[Tensor, " c"] | None
    ) -> None:
        with count_operations(self.cost_):
            for block, labels in zip(x.split(_BLOCK), y.split(_BLOCK), strict=True):
                self.memory_.write(self._keys(block), self._one_hot(labels))

    def _one_hot(self, y: Tensor) -> Tensor:
        return nn.functional.one_hot(y, len(self.label_book_))

    def _sleep(self) -> None:
        self.memory_.refresh()

    def _scores(self, x: Num[Tensor, "n *shape"]) -> Float[Tensor, "n k"]:
        logits = one_hot_logits(self.memory_.read(self._keys(x)), self.memory_.value_sums)
        missing = len(self.label_book_) - logits.shape[1]
        return torch.nn.functional.pad(logits, (0, missing), value=-torch.inf)

    def novelty(self, X: Any) -> NDArray[np.float64]:
        """Posterior variance of the read-out at each sample, in units of the noise: small where much was learned."""
        check_is_fitted(self, "shape_")
        x = self._check_samples(X, first=False)
        return np.concatenate([self.memory_.novelty(self._keys(block)).numpy() for block in x.split(_BLOCK)])

    def merge(self, other: "Exact") -> "Exact":
        """Add what another learner has learned, as if this one had learned it too. Encoders must be the same.

        Raises
        ------
        BadData
            Where the encoders differ; nothing is merged then.
        """
        check_is_fitted(self, "shape_")
        check_is_fitted(other, "shape_")
        mine, theirs = self.encoder_.state_dict(), other.encoder_.state_dict()
        same = self.shape_ == other.shape_ and mine.keys() == theirs.keys()
        if (
            not same
            or type(self.encoder_) is not type(other.encoder_)
            or not all(torch.equal(mine[name], theirs[name]) for name in mine)
        ):
            raise BadData(
                "The other learner's encoder differs. Expected the same encoder, width, seed and input shape; "
                "create both with the same parameters."
            )
        for label in other.label_book_:
            self.label_book_.setdefault(label, len(self.label_book_))
        self.classes_ = np.asarray(sorted(self.label_book_))
        self.memory_.merge(other.memory_, [self.label_book_[label] for label in other.label_book_])
        return self

    def forget_samples(self, X: Any, y: Any) -> "Exact":
        """Subtract samples that were learned: the memory is then as if it had never seen them."""
        check_is_fitted(self, "shape_")
        x = self._check_samples(X, first=False)
        labels = self._check_labels(y, len(x))
        index = self._indices(labels.tolist())
        had = torch.bincount(index, minlength=len(self.label_book_))
        if (had > self.memory_.value_sums[: len(had)]).any():
            raise BadData("More samples of a class were given than were learned. Give only samples that were learned.")
        for block, part in zip(x.split(_BLOCK), index.split(_BLOCK), strict=True):
            self.memory_.erase(self._keys(block), self._one_hot(part))
        self.memory_.refresh()
        return self

    def forget_class(self, label: Any) -> "Exact":
        """Subtract a whole class. Without its samples this needs `per_class=True`."""
        check_is_fitted(self, "shape_")
        column = int(self._indices([label])[0])
        self.memory_.forget_column(column)
        kept = [known for known in self.label_book_ if known != label]
        self.label_book_ = {known: index for index, known in enumerate(kept)}
        self.classes_ = np.asarray(sorted(kept))
        return self

    def _state(self) -> State:
        return {"memory": self.memory_.state_dict()}

    def _restore(self, state: State) -> None:
        self.memory_.load_state_dict(state["memory"])
