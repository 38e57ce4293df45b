"""Learning without forgetting (Li & Hoiem, 2017, IEEE TPAMI 40): answer new samples as one would have answered before.

The previous network's outputs on the present samples are soft targets beside the labels, 1/t of the present and
1 − 1/t of the past (van de Ven, Tuytelaars, Tolias, 2022).
"""

from copy import deepcopy
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from reverie.contracts import State
from reverie.functional import cross_entropy_among, distillation
from reverie.learners.gradient import GradientLearner, earlier_self

__all__ = ["LwF"]


@dataclass(kw_only=True, eq=False, repr=False)
class LwF(GradientLearner):
    """Learning without forgetting. On class-incremental streams it keeps little.

    Parameters
    ----------
    temperature : float
        Of the distillation.
    """

    temperature: float = 2.0

    unsuited_to = ("class",)

    def _begin(self, shape: tuple[int, ...]) -> None:
        super()._begin(shape)
        self.previous_: nn.Module | None = None

    def _loss(self, x: Float[Tensor, "n *shape"], y: Int64[Tensor, " n"]) -> Float[Tensor, ""]:
        logits = self.network_(x)
        loss = cross_entropy_among(logits, y, self._among(self.present_))
        if self.previous_ is None:
            return loss
        with torch.no_grad():
            target = self.previous_(x)
        pasts = [
            distillation(logits, target, temperature=self.temperature, among=among)
            for among in self._among_past(target.shape[1])
        ]
        return self._share * loss + (1 - self._share) * torch.stack(pasts).mean()

    def _sleep(self) -> None:
        self.previous_ = deepcopy(self.network_).requires_grad_(False)

    def _state(self) -> State:
        previous = None if self.previous_ is None else dict(self.previous_.state_dict())
        return super()._state() | {"previous": previous}

    def _restore(self, state: State) -> None:
        super()._restore(state)
        self.previous_ = earlier_self(self, state["previous"])
