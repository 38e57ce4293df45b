"""The agent's actor and critic alone: three factors, awake, without a world model and without sleep.

It has the place cells, the traces and the rates of the agent (`reverie.agents.Actor`), and learns once from each step.
The box in which the cells lie is that of the first steps, which are random; it grows between two episodes.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.agents.actions import Actions
from reverie.agents.actor import Actor, Traces
from reverie.agents.life import Policy
from reverie.agents.observations import Observations
from reverie.agents.players.base import Place, StepPlayer
from reverie.agents.players.habits import habit_of
from reverie.agents.settings import Settings
from reverie.checkpoint import state_bytes
from reverie.contracts import State
from reverie.errors import unknown_name

__all__ = ["ThreeFactor"]

_SETTINGS = ("first", "levels", "places", "winners", "critic_rate", "actor_rate", "discount", "trace")


class ThreeFactor(StepPlayer):
    """Acts and learns by place, by dopamine and eligibility traces.

    Parameters
    ----------
    senses, actions : gymnasium spaces
        See `reverie.agents.Agent`.
    seed : int
        Of everything random.
    settings : Settings
        Those of an agent; what is about nights and worlds is not used.

    Examples
    --------
    >>> from gymnasium import spaces
    >>> player = ThreeFactor(spaces.Box(-1, 1, (2,)), spaces.Discrete(3))
    >>> action = player.act([0.0, 0.5])
    >>> player.observe([0.0, 0.5], action, 1.0, [0.1, 0.5], ended=False, truncated=False)
    >>> player.stored_samples
    0
    """

    def __init__(self, senses: Any, actions: Any, *, seed: int = 0, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self._senses = Observations(senses)
        self.actions = Actions(actions, levels=self.settings.levels)
        self.seed = seed
        self.actor: Actor | None = None
        self._generator = torch.Generator().manual_seed(seed)
        self._traces: Traces | None = None
        self._met = 0  # states, until the box is known
        self._low: Float[Tensor, " d"] = torch.full((len(self._senses),), torch.inf)
        self._high: Float[Tensor, " d"] = -self._low

    @classmethod
    def make(cls, place: Place, *, seed: int, settings: dict[str, Any], steps: int) -> "ThreeFactor":
        for name in settings:
            if name not in _SETTINGS:
                raise unknown_name("setting of three-factor:", name, _SETTINGS)
        there = place()
        try:
            return cls(there.observation_space, there.action_space, seed=seed, settings=Settings.of(settings))
        finally:
            there.close()

    @classmethod
    def known_settings(cls) -> dict[str, Any]:
        return {name: getattr(Settings(), name) for name in _SETTINGS}

    def begin(self, observation: Any) -> None:
        self._widen(self._senses.state(observation))
        self._traces = None
        if self.actor is not None and self.actor.outgrown(self._low, self._high):
            self.actor = self.actor.moved(self._low, self._high, self._generator)

    def act(self, observation: Any) -> Any:
        state = self._senses.state(observation)[None]
        if self.actor is None:
            return self.actions.act(int(torch.randint(len(self.actions), (1,), generator=self._generator)))
        odds = self.actor.odds(self.actor.firing(state))
        return self.actions.act(int(torch.multinomial(odds, 1, generator=self._generator)[0, 0]))

    def observe(
        self, observation: Any, action: Any, reward: float, following: Any, *, ended: bool, truncated: bool
    ) -> None:
        state, then = self._senses.state(observation), self._senses.state(following)
        deed, actor = self.actions.deed(action), self.actor
        self._widen(state)
        self._widen(then)
        if actor is None:
            self._met += 1
            if self._met >= self.settings.first:
                self.actor = self.settings.actor(self._low, self._high, len(self.actions), self._generator)
            return
        if self._traces is None:
            self._traces = actor.rested(1)
        firing = actor.firing(state[None])
        worth = torch.zeros(1) if ended else actor.value(actor.firing(then[None]))
        actor.learn(self._traces, firing, actor.odds(firing), torch.tensor([deed]), torch.tensor([reward]), worth)

    def _widen(self, state: Float[Tensor, " d"]) -> None:
        self._low, self._high = torch.minimum(self._low, state), torch.maximum(self._high, state)

    def habit(self) -> Policy:
        return habit_of(self.actor, self.actions, self.seed, None if self.actor is None else self.actor.choices)

    def state_dict(self) -> State:
        state = {"met": self._met, "low": self._low, "high": self._high, "random": self._generator.get_state()}
        return state | ({} if self.actor is None else {"actor": self.actor.state_dict()})

    def load_state_dict(self, state: State) -> None:
        self._met, self._low, self._high = int(state["met"]), state["low"].float(), state["high"].float()
        self._generator.set_state(state["random"])
        self.actor = self._traces = None
        if "actor" in state:
            low, high = state["actor"]["low"], state["actor"]["high"]
            self.actor = self.settings.actor(low, high, len(self.actions), torch.Generator())
            self.actor.load_state_dict(state["actor"])

    @property
    def state_bytes(self) -> int:
        return state_bytes(self.state_dict())

    @property
    def stored_samples(self) -> int:
        return 0
