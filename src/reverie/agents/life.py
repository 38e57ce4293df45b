"""The life of an agent in an environment: act, observe, and sleep when it is time. This is the whole of it."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reverie.agents.agent import Agent
from reverie.agents.dreams import Night
from reverie.errors import BadData

__all__ = ["Played", "Policy", "begun", "evaluate", "live", "longest", "returns_of", "stepped"]

Policy = Callable[[NDArray[Any]], list[Any]]
"""What is done at each of many observations, shape [n, d]."""

_LONGEST = 1000  # steps of an episode where the environment sets no limit
_PATIENCE = 10  # times `rest` after which an episode is broken off


@dataclass(frozen=True)
class Played:
    """What came of one episode.

    Attributes
    ----------
    index, steps : int
        Which one it was, and how long.
    total : float
        The sum of its rewards.
    ended : bool
        Whether the life ended; else it was broken off.
    nights : list of Night
        That fell into it.
    """

    index: int
    steps: int
    total: float
    ended: bool
    nights: list[Night]


def live(agent: Agent, environment: Any, steps: int) -> Iterator[Played]:
    """Let an agent live for so many steps; it sleeps whenever it is tired.

    Episode i begins with `reset(seed=seed + i)`, so that a life that was stopped between two episodes goes on to the
    same numbers. The last one is broken off.

    Yields
    ------
    Played
        After each: the agent may be saved now, or asked.

    Raises
    ------
    BadData
        The environment failed, or gave what is no observation. What was observed before is learned.
    """
    last = agent.steps + steps
    while agent.steps < last:
        index, total, lived = agent.episodes, 0.0, 0
        nights: list[Night] = []
        over = ended = False
        observation = begun(environment, agent.seed + index)
        while not over:
            action = agent.act(observation)
            following, reward, ended, broken_off = stepped(environment, action)
            lived += 1
            broken_off = not ended and (
                broken_off or agent.steps + 1 >= last or lived >= _PATIENCE * agent.settings.rest
            )
            agent.observe(observation, action, reward, following, ended=ended, truncated=broken_off)
            observation, over, total = following, ended or broken_off, total + reward
            if agent.tired:
                nights.append(agent.sleep())
        yield Played(index, lived, total, ended, nights)


def begun(environment: Any, seed: int) -> Any:
    """The first observation of an episode; an environment that raises is told of."""
    try:
        return environment.reset(seed=seed)[0]
    except Exception as error:
        raise BadData(f"The environment could not be reset: {type(error).__name__}: {error}") from error


def stepped(environment: Any, action: Any) -> tuple[Any, float, bool, bool]:
    """The next observation, the reward, whether the life ended, and whether it was broken off."""
    try:
        following, reward, ended, truncated, _ = environment.step(action)
        came = following, float(reward), bool(ended), bool(truncated)
    except Exception as error:
        raise BadData(f"The environment failed at action {action!r}: {type(error).__name__}: {error}") from error
    if not math.isfinite(came[1]):
        raise BadData(f"The environment gave the reward {came[1]} for action {action!r}. Expected a finite number.")
    return came


def longest(environment: Any) -> int:
    """Steps after which an episode is broken off: the environment's own limit, or 1000, for worlds without an end."""
    spec = getattr(environment, "spec", None)
    return int(getattr(spec, "max_episode_steps", None) or _LONGEST)


def evaluate(agent: Agent, environments: list[Any], *, seed: int = 1_000_000) -> list[float]:
    """The return of one episode in each environment, by habit: nothing is tried out, nothing is learned.

    Parameters
    ----------
    environments : list
        Alike; each plays one episode, begun with a seed of its own.
    """
    return returns_of(agent.act_each, environments, seed=seed)


def returns_of(policy: Policy, environments: list[Any], *, seed: int) -> list[float]:
    """The return of one episode by a policy in each environment, begun with a seed of its own, from `seed` on.

    Raises
    ------
    BadData
        There is no environment, or one failed.
    """
    if not environments:
        raise BadData("No environments to be evaluated in. Expected one or more.")
    observations = [begun(env, seed + i) for i, env in enumerate(environments)]
    totals, going = np.zeros(len(environments)), list(range(len(environments)))
    for _ in range(longest(environments[0])):
        actions = policy(np.stack([np.asarray(observations[i]) for i in going]))
        still = []
        for i, action in zip(going, actions, strict=True):
            observations[i], reward, ended, truncated = stepped(environments[i], action)
            totals[i] += reward
            if not (ended or truncated):
                still.append(i)
        going = still
        if not going:
            break
    return [float(total) for total in totals]
