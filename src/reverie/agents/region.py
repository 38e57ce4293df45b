"""A region: a world and the actor that lives in it."""

from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.agents.actor import Actor, Traces
from reverie.agents.world import WorldModel
from reverie.contracts import State

__all__ = ["Moment", "Region"]

_YOUNG = 100.0  # doubt of a region that has seen nothing
_MOST = 1000.0  # of one moment
_OVER = 40  # moments over which doubt is averaged


class Moment(NamedTuple):
    """One step of a life."""

    state: Float[Tensor, " d"]
    deed: int
    reward: float
    following: Float[Tensor, " d"]
    ended: bool
    begins: bool
    """Whether a life began with it."""
    surprise: tuple[float, ...] = ()
    """Squared errors of its region over the expected ones, where there may be several."""


@dataclass
class Region:
    """A world and its actor.

    Attributes
    ----------
    since : int
        Steps that came to it since its last night.
    nights : int
        How often it has slept.
    doubt : Tensor, shape [v]
        How large squared errors were beside the expected ones; see `evidence`.
    traces : Traces, or None
        Of the life that is going on.
    """

    world: WorldModel
    actor: Actor
    since: int = 0
    nights: int = 0
    doubt: Tensor = field(default_factory=lambda: torch.ones(0))
    traces: Traces | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not len(self.doubt):
            self.doubt = torch.full((self.world.senses + 1,), _YOUNG, dtype=torch.float64)

    def write(self, moment: Moment) -> None:
        """Let a moment into the sums of the world."""
        state, deed, reward, following, ended, begins, surprise = moment
        if begins:
            self.world.begin(state[None])
        self.world.observe(
            state[None], torch.tensor([deed]), torch.tensor([reward]), following[None], torch.tensor([ended])
        )
        self.since += 1
        if surprise:
            seen = torch.tensor(surprise, dtype=torch.float64).clamp(max=_MOST)
            self.doubt = (self.doubt + (seen - self.doubt) / _OVER).clamp_min(1.0)

    def practise(self, moment: Moment) -> None:
        """Teach the actor once."""
        actor, (state, deed, reward, following, ended, *_) = self.actor, moment
        if self.traces is None:
            self.traces = actor.rested(1)
        firing = actor.firing(state[None])
        worth = torch.zeros(1) if ended else actor.value(actor.firing(following[None]))
        actor.learn(self.traces, firing, actor.odds(firing), torch.tensor([deed]), torch.tensor([reward]), worth)

    def state_dict(self) -> State:
        """World, actor, and what is counted; the life that is going on is not a part of it."""
        return {
            "world": self.world.state_dict(),
            "actor": self.actor.state_dict(),
            "since": self.since,
            "nights": self.nights,
            "doubt": self.doubt,
        }

    def load_state_dict(self, state: State) -> None:
        """Put back what `state_dict` gave."""
        self.world.load_state_dict(state["world"])
        self.actor.load_state_dict(state["actor"])
        self.since, self.nights, self.doubt = int(state["since"]), int(state["nights"]), state["doubt"].double()
        self.traces = None
