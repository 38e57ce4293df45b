from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

from corridor import SMALL, Corridor, Slider
from reverie.agents import Agent, evaluate, live
from reverie.errors import BadData, CorruptFile


def _lived(steps: int, env: Any = None, **given: Any) -> Agent:
    env = env or Corridor()
    agent = Agent(env.observation_space, env.action_space, settings=SMALL | given, seed=3)
    for _ in live(agent, env, steps):
        pass
    return agent


def test_it_learns_to_walk_to_the_end() -> None:
    agent = _lived(400)
    assert agent.stored_samples == 0
    assert min(evaluate(agent, [Corridor() for _ in range(5)])) >= -10  # to the left it takes the whole fifty steps


def test_a_push_is_a_deed_too() -> None:
    agent = _lived(400, Slider(), levels=3)
    came = evaluate(agent, [Slider() for _ in range(5)])
    assert sum(came) / 5 >= -25  # all of them would take fifty steps to the left


def test_it_seeks_the_unknown_until_something_matters() -> None:
    agent = _lived(400)
    curious = [night["curious"] for night in agent.nights]
    assert not curious[-1]
    assert curious == sorted(curious, reverse=True)


def test_the_same_seed_is_the_same_life_and_a_saved_one_goes_on(tmp_path: Any) -> None:
    whole = _lived(300)
    env = Corridor()
    agent = Agent(env.observation_space, env.action_space, settings=SMALL, seed=3)
    stopped = 0
    for episode in live(agent, env, 300):
        if episode.nights and agent.steps < 290:
            agent.save(tmp_path)
            stopped = agent.steps
            break
    again = Agent(env.observation_space, env.action_space, settings=SMALL, seed=3)
    again.load(tmp_path)
    for _ in live(again, Corridor(), 300 - stopped):
        pass
    assert again.nights == whole.nights
    assert again.actor is not None and whole.actor is not None
    assert torch.equal(again.actor.habit, whole.actor.habit)
    assert torch.equal(again.actor.values, whole.actor.values)


def test_the_first_steps_are_kept_over_a_stop(tmp_path: Any) -> None:
    agent = _lived(10, first=20)
    assert agent.stored_samples == 10
    agent.save(tmp_path)
    again = Agent(Corridor.observation_space, Corridor.action_space, settings=SMALL, seed=3)
    again.load(tmp_path)
    assert again.stored_samples == 10
    assert torch.equal(again._held[0].state, agent._held[0].state)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"observation": [0.0, float("nan")]}, "not finite"),
        ({"observation": [0.0]}, r"shape \[1\], expected \[2\]"),
        ({"observation": "here"}, "not an array of numbers"),
        ({"following": [[0.0, 0.0]]}, "shape"),
        ({"action": 2}, "not in Discrete"),
        ({"action": -1}, "not in Discrete"),
        ({"reward": float("inf")}, "reward"),
    ],
)
def test_bad_steps_are_refused_and_nothing_is_learned(change: dict[str, Any], said: str) -> None:
    agent = _lived(60)
    before = agent.state_dict()
    step: dict[str, Any] = {"observation": [0.0, 0.0], "action": 1, "reward": 1.0, "following": [0.1, 0.0]} | change
    with pytest.raises(BadData, match=said):
        agent.observe(
            step["observation"], step["action"], step["reward"], step["following"], ended=False, truncated=False
        )
    assert agent.steps == 60
    assert torch.equal(before["regions"][0]["actor"]["values"], agent.state_dict()["regions"][0]["actor"]["values"])


def test_an_environment_that_raises_is_told_and_nothing_is_lost() -> None:
    env = Corridor(breaks_at=75)
    agent = Agent(env.observation_space, env.action_space, settings=SMALL, seed=3)
    with pytest.raises(BadData, match="OSError: the motor is hot"):
        for _ in live(agent, env, 200):
            pass
    assert agent.steps == 74
    for _ in live(agent, Corridor(), 50):
        pass
    assert agent.steps == 124


def test_spaces_that_do_not_fit_are_refused() -> None:
    line = spaces.Box(-1, 1, (2,))
    with pytest.raises(BadData, match="one dimension"):
        Agent(spaces.Box(0, 255, (8, 8, 3), np.uint8), spaces.Discrete(2))
    with pytest.raises(BadData, match="Discrete"):
        Agent(line, spaces.MultiBinary(3))
    with pytest.raises(BadData, match="without bounds"):
        Agent(line, spaces.Box(-np.inf, np.inf, (1,)))
    with pytest.raises(BadData, match="3125 deeds"):
        Agent(line, spaces.Box(-1, 1, (5,)))


@pytest.mark.parametrize(
    "settings",
    [
        {"frist": 3},
        {"first": 1},
        {"rest": 0},
        {"rest": 2.5},
        {"discount": 1.0},
        {"winners": 2000},
        {"lives": True},
        {"expansion": 9999},
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(BadData):
        Agent(spaces.Box(-1, 1, (2,)), spaces.Discrete(2), settings=settings)


def test_nothing_to_dream_of() -> None:
    agent = _lived(5)
    with pytest.raises(BadData, match="nothing to dream of"):
        agent.sleep()


def test_a_state_of_others_is_refused() -> None:
    agent = _lived(60)
    other = Agent(Corridor.observation_space, Corridor.action_space, settings=SMALL | {"places": 61})
    with pytest.raises(CorruptFile, match="other settings"):
        other.load_state_dict(agent.state_dict())
    same = Agent(Corridor.observation_space, Corridor.action_space, settings=SMALL)
    with pytest.raises(CorruptFile):
        same.load_state_dict(agent.state_dict() | {"life": {}})
    for part, value in (("life", {"nights": [{}]}), ("regions", [{}]), ("router", {"active": 9}), ("held", [[1]])):
        state = agent.state_dict()
        state[part] = state[part] | value if isinstance(state[part], dict) and isinstance(value, dict) else value
        with pytest.raises(CorruptFile):
            same.load_state_dict(state)
    assert same.steps == 0


def test_discrete_actions_may_begin_anywhere() -> None:
    agent = Agent(spaces.Box(-1, 1, (2,)), spaces.Discrete(2, start=5))
    assert agent.act([0.0, 0.0]) in (5, 6)
    agent.observe([0.0, 0.0], 6, 0.0, [0.0, 0.0], ended=False, truncated=False)
    with pytest.raises(BadData):
        agent.observe([0.0, 0.0], 0, 0.0, [0.0, 0.0], ended=False, truncated=False)
