"""Joint training: keep every sample and train on all of them. The ceiling, not a continual learner."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from reverie.contracts import State
from reverie.functional import cross_entropy_among
from reverie.learners.gradient import GradientLearner

__all__ = ["Joint"]


@dataclass(kw_only=True, eq=False, repr=False)
class Joint(GradientLearner):
    """A network that is trained, at each experience, on all samples so far. It stores them all."""

    def _begin(self, shape: tuple[int, ...]) -> None:
        super()._begin(shape)
        self.kept_x_ = torch.empty(0, *shape, device=self.device)
        self.kept_y_ = torch.empty(0, 2, dtype=torch.int64, device=self.device)

    def _material(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        group = torch.full_like(y, -1 if self.present_ is None else self.present_)
        self.kept_x_ = torch.cat([self.kept_x_, x])
        self.kept_y_ = torch.cat([self.kept_y_, torch.stack([y, group], dim=1)])
        return self.kept_x_, self.kept_y_

    def _loss(self, x: Float[Tensor, "n *shape"], y: Int64[Tensor, "n 2"]) -> Float[Tensor, ""]:
        label, group = y.unbind(1)
        among = None if self.present_ is None else self._group_masks()[group]
        return cross_entropy_among(self.network_(x), label, among)

    @property
    def stored_samples(self) -> int:
        return len(self.kept_x_)

    def _state(self) -> State:
        return super()._state() | {"kept_x": self.kept_x_, "kept_y": self.kept_y_}

    def _restore(self, state: State) -> None:
        super()._restore(state)
        self.kept_x_, self.kept_y_ = state["kept_x"].to(self.device), state["kept_y"].to(self.device)
