"""Elastic weight consolidation (Kirkpatrick et al., 2017, PNAS 114; online form: Schwarz et al., 2018, ICML)::

    L = L_present + λ/2 Σ_tasks Σ_θ F_θ (θ − θ*)²

After every experience the diagonal of the Fisher information is estimated at the parameters θ* then reached. The
original keeps a term per experience; the online form keeps one, with F ← γ F + F_new and θ* the latest.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from reverie.contracts import State
from reverie.functional import cross_entropy_among, quadratic_penalty
from reverie.functional.fisher import diagonal_fisher
from reverie.learners.gradient import GradientLearner

__all__ = ["EWC"]


@dataclass(kw_only=True, eq=False, repr=False)
class EWC(GradientLearner):
    """Elastic weight consolidation. On class-incremental streams it gives about chance, by design.

    Parameters
    ----------
    strength : float
        λ.
    online : bool
        One running term instead of a term per experience.
    decay : float
        γ of the online form.
    fisher_samples : int
        Samples from which the Fisher information is estimated.
    """

    strength: float = 1e9
    online: bool = False
    decay: float = 1.0
    fisher_samples: int = 1000

    unsuited_to = ("class",)

    def _begin(self, shape: tuple[int, ...]) -> None:
        super()._begin(shape)
        self.terms_: list[dict[str, dict[str, Tensor]]] = []
        self.tonight_: dict[str, Tensor] = {}

    def _loss(self, x: Float[Tensor, "n *shape"], y: Int64[Tensor, " n"]) -> Float[Tensor, ""]:
        loss = cross_entropy_among(self.network_(x), y, self._among(self.present_))
        parameters = dict(self.network_.named_parameters())
        for term in self.terms_:
            loss = loss + 0.5 * self.strength * quadratic_penalty(parameters, term["anchor"], term["fisher"])
        return loss

    def _finish(self, x: Float[Tensor, "n *shape"], y: Int64[Tensor, " n"]) -> None:
        chosen = torch.randperm(len(x), generator=self.generator_)[: self.fisher_samples].to(x.device)
        among = self._among(self.present_)
        self.tonight_ = diagonal_fisher(self.network_, x[chosen], None if among is None else among[0])

    def _sleep(self) -> None:
        if not self.tonight_:
            return
        anchor = {name: value.detach().clone() for name, value in self.network_.named_parameters()}
        fisher = self.tonight_
        if self.online and self.terms_:
            for name, old in self.terms_.pop()["fisher"].items():
                fisher[name][: old.shape[0]] += self.decay * old
        self.terms_.append({"anchor": anchor, "fisher": fisher})
        self.tonight_ = {}

    def _state(self) -> State:
        return super()._state() | {"terms": self.terms_, "tonight": self.tonight_}

    def _restore(self, state: State) -> None:
        super()._restore(state)
        self.terms_ = [
            {part: {name: value.to(self.device) for name, value in values.items()} for part, values in term.items()}
            for term in state["terms"]
        ]
        self.tonight_ = {name: value.to(self.device) for name, value in state["tonight"].items()}
