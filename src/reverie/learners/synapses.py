"""Synapses that remember how much they helped: the part that SI and BIR+SI share.

While learning, every synapse integrates how much its own movement lowered the loss; in sleep that becomes its
importance, and from then on moving it costs (Zenke, Poole, Ganguli, 2017, ICML).
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from reverie.contracts import State
from reverie.functional import path_importance, quadratic_penalty

__all__ = ["IntelligentSynapses"]


class IntelligentSynapses:
    """Path integral, importance and anchor of some named parameters.

    Parameters
    ----------
    damping : float
        ε, in units of squared weight change.
    """

    def __init__(self, damping: float) -> None:
        self.damping = damping
        self.start: dict[str, Tensor] = {}
        self.last: dict[str, Tensor] = {}
        self.path: dict[str, Tensor] = {}
        self.importance: dict[str, Tensor] = {}

    def wake(self, parameters: dict[str, nn.Parameter]) -> None:
        """Begin an experience. Rows that have grown since start where they are now."""
        for name, value in parameters.items():
            now = value.detach()
            old = self.start.get(name, now[:0])
            self.start[name] = torch.cat([old, now[old.shape[0] :]])
            self.last[name] = now.clone()
            path = self.path.get(name, now[:0])
            self.path[name] = torch.cat([path, torch.zeros_like(now[path.shape[0] :])])

    @torch.no_grad()
    def follow(self, parameters: dict[str, nn.Parameter]) -> None:
        """Add one step's −gradient · movement."""
        for name, value in parameters.items():
            if value.grad is not None:
                self.path[name] -= value.grad * (value - self.last[name])
            self.last[name].copy_(value)

    @torch.no_grad()
    def sleep(self, parameters: dict[str, nn.Parameter]) -> None:
        """Turn the path integrals into importance; the present weights are the new anchor."""
        for name, value in parameters.items():
            if name not in self.path:
                continue
            fresh = path_importance(self.path[name], value - self.start[name], damping=self.damping)
            old = self.importance.get(name, fresh[:0])
            fresh[: old.shape[0]] += old
            self.importance[name] = fresh
            self.start[name] = value.detach().clone()
            self.path[name] = torch.zeros_like(fresh)

    def penalty(self, parameters: dict[str, nn.Parameter]) -> Float[Tensor, ""]:
        """Σ Ω (θ − θ*)²."""
        anchors = {name: self.start[name][: value.shape[0]] for name, value in self.importance.items()}
        return quadratic_penalty(dict(parameters), anchors, self.importance)

    def state_dict(self) -> State:
        return {"start": self.start, "path": self.path, "importance": self.importance}

    def load_state_dict(self, state: State, device: str) -> None:
        def move(values: dict[str, Tensor]) -> dict[str, Tensor]:
            return {name: value.to(device) for name, value in values.items()}

        self.start, self.path = move(state["start"]), move(state["path"])
        self.importance, self.last = move(state["importance"]), {}
