"""Driving, with highway-env: the agent keeps to a lane that bends."""

import pytest

from reverie.agents import environment
from reverie.agents.players import AgentPlayer, Life

pytest.importorskip("highway_env", reason="pip install 'reverie[agents]'")


def test_a_car_is_an_environment_too() -> None:
    there = environment("lane-keeping-v0")
    assert there.reset(seed=2**31)[0].shape == (12,)
    assert there.step(there.action_space.sample())[1] <= 1.0
    there.close()


def test_the_agent_drives() -> None:
    small = {"first": 20, "rest": 30, "places": 60, "winners": 5, "lives": 4, "steps": 20, "longest": 20, "passes": 1}
    player = AgentPlayer.make(lambda: environment("lane-keeping-v0"), seed=0, settings=small, steps=60)
    life = Life(60)
    player.live(lambda: environment("lane-keeping-v0"), life, lambda ended: None)
    assert (life.steps, player.dreamt) == (60, 160)
