"""The agent: it dreams in a model of its world, kept in exact memories (`reverie.agents.Agent`)."""

from dataclasses import asdict
from typing import Any

from reverie.agents.agent import Agent
from reverie.agents.life import Policy
from reverie.agents.players.base import Place, StepPlayer
from reverie.agents.players.habits import habit_of
from reverie.agents.settings import Settings
from reverie.contracts import State

__all__ = ["AgentPlayer"]


class AgentPlayer(StepPlayer):
    """An agent that lives in a run.

    Parameters
    ----------
    agent : Agent
    """

    def __init__(self, agent: Agent) -> None:
        self.agent = agent

    @classmethod
    def make(cls, place: Place, *, seed: int, settings: dict[str, Any], steps: int) -> "AgentPlayer":
        there = place()
        try:
            return cls(Agent(there.observation_space, there.action_space, seed=seed, settings=settings))
        finally:
            there.close()

    @classmethod
    def known_settings(cls) -> dict[str, Any]:
        return asdict(Settings())

    def act(self, observation: Any) -> Any:
        return self.agent.act(observation)

    def observe(
        self, observation: Any, action: Any, reward: float, following: Any, *, ended: bool, truncated: bool
    ) -> None:
        self.agent.observe(observation, action, reward, following, ended=ended, truncated=truncated)

    @property
    def tired(self) -> bool:
        return self.agent.tired

    def sleep(self) -> None:
        self.agent.sleep()

    def habit(self) -> Policy:
        return habit_of(self.agent.actor, self.agent.actions, self.agent.seed)

    def state_dict(self) -> State:
        return self.agent.state_dict()

    def load_state_dict(self, state: State) -> None:
        self.agent.load_state_dict(state)

    @property
    def state_bytes(self) -> int:
        return self.agent.bytes

    @property
    def stored_samples(self) -> int:
        return self.agent.stored_samples

    @property
    def dreamt(self) -> int:
        return self.agent.dreamt
