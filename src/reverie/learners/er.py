"""Experience replay: keep a few samples of every class and mix them in (Chaudhry et al., 2019, arXiv:1902.10486).

A random `per_class` samples of each class are stored when it is learned. Each mini-batch is joined by as many stored
samples of the past, and the loss is 1/t of the present and 1 − 1/t of the past.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from reverie.contracts import State
from reverie.functional import cross_entropy_among
from reverie.learners.gradient import GradientLearner

__all__ = ["ER"]


@dataclass(kw_only=True, eq=False, repr=False)
class ER(GradientLearner):
    """Replay of stored samples.

    Parameters
    ----------
    per_class : int
        Raw samples kept of each class in each experience.
    """

    per_class: int = 100

    def _begin(self, shape: tuple[int, ...]) -> None:
        super()._begin(shape)
        self.kept_x_ = torch.empty(0, *shape, device=self.device)
        self.kept_y_ = torch.empty(0, 2, dtype=torch.int64, device=self.device)

    def _loss(self, x: Float[Tensor, "n *shape"], y: Int64[Tensor, " n"]) -> Float[Tensor, ""]:
        loss = cross_entropy_among(self.network_(x), y, self._among(self.present_))
        if self.experience_ == 0 or len(self.kept_x_) == 0:
            return loss
        drawn = torch.randint(len(self.kept_x_), (self.batch_size,), generator=self.generator_).to(self.device)
        label, group = self.kept_y_[drawn].unbind(1)
        among = None if self.present_ is None else self._group_masks()[group]
        past = cross_entropy_among(self.network_(self.kept_x_[drawn]), label, among)
        return self._share * loss + (1 - self._share) * past

    def _finish(self, x: Float[Tensor, "n *shape"], y: Int64[Tensor, " n"]) -> None:
        group = -1 if self.present_ is None else self.present_
        for label in y.unique().tolist():
            place = (y == label).nonzero()[:, 0]
            order = torch.randperm(len(place), generator=self.generator_)[: self.per_class]
            chosen = place[order.to(place.device)]
            self.kept_x_ = torch.cat([self.kept_x_, x[chosen]])
            marks = torch.tensor([[label, group]], device=self.device).expand(len(chosen), 2)
            self.kept_y_ = torch.cat([self.kept_y_, marks])

    @property
    def stored_samples(self) -> int:
        return len(self.kept_x_)

    def _state(self) -> State:
        return super()._state() | {"kept_x": self.kept_x_, "kept_y": self.kept_y_}

    def _restore(self, state: State) -> None:
        super()._restore(state)
        self.kept_x_, self.kept_y_ = state["kept_x"].to(self.device), state["kept_y"].to(self.device)
