"""Worlds that change unannounced: a corridor whose motor is reversed, and back."""

from typing import Any

import pytest
import torch

from corridor import SMALL, Corridor
from reverie.agents import Agent, WorldModel
from reverie.agents.evidence import Expectation, Ignorance, misfit

MANY = SMALL | {"regions": 4, "steps": 20}


class Fickle(Corridor):
    """A corridor whose motor may be reversed."""

    reversed = False

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        return super().step(1 - action if self.reversed else action)


def _live(agent: Agent, there: Fickle, steps: int) -> None:
    observation, _ = there.reset(seed=agent.episodes)
    for _ in range(steps):
        action = agent.act(observation)
        following, reward, ended, truncated, _ = there.step(action)
        agent.observe(observation, action, reward, following, ended=ended, truncated=truncated)
        observation = there.reset(seed=agent.episodes)[0] if ended or truncated else following
        if agent.tired:
            agent.sleep()


@pytest.fixture(scope="module")
def lived() -> tuple[Agent, list[int], list[Any]]:
    """150 steps in each of: the world, reversed, the world again; and the sums of the first world after each."""
    there = Fickle()
    agent = Agent(there.observation_space, there.action_space, settings=MANY, seed=1)
    active, sums = [], []
    for reverse in (False, True, False):
        there.reversed = reverse
        _live(agent, there, 150)
        active.append(agent._router.active)
        sums.append(agent.regions[0].world.memories[0]._need().cross.clone())
    return agent, active, sums


def test_the_world_is_recognised_without_its_name(lived: tuple[Agent, list[int], list[Any]]) -> None:
    agent, active, _ = lived
    assert active == [0, 1, 0]
    assert len(agent.regions) == 2


def test_a_change_is_noticed_within_a_few_steps(lived: tuple[Agent, list[int], list[Any]]) -> None:
    agent, _, _ = lived
    first = next(switch["step"] for switch in agent.switches if switch["region"] == 1)
    assert 150 < first <= 150 + 20


def test_no_step_of_another_world_comes_into_the_sums(lived: tuple[Agent, list[int], list[Any]]) -> None:
    agent, _, _ = lived
    for reverse, region in ((False, agent.regions[0]), (True, agent.regions[1])):
        states = torch.tensor([[0.0, 0.0], [-0.4, 0.08]])
        came = region.world.settled().step(states, torch.tensor([1, 1])).states - states
        assert bool((came[:, 0] < 0).all()) == reverse


def test_steps_wait_and_are_counted(lived: tuple[Agent, list[int], list[Any]]) -> None:
    agent, _, _ = lived
    assert agent.stored_samples == 32
    assert sum(region.world.samples for region in agent.regions) + 32 == agent.steps


def test_a_life_with_regions_goes_on(lived: tuple[Agent, list[int], list[Any]]) -> None:
    agent, _, _ = lived
    again = Agent(Corridor.observation_space, Corridor.action_space, settings=MANY, seed=1)
    again.load_state_dict(agent.state_dict())
    other = Agent(Corridor.observation_space, Corridor.action_space, settings=MANY, seed=1)
    other.load_state_dict(agent.state_dict())
    for one in (again, other):
        _live(one, Fickle(), 60)
    assert again.nights == other.nights
    assert again.switches == other.switches


def _worlds(n: int) -> tuple[WorldModel, WorldModel, WorldModel]:
    """Two worlds that are the same, and one that is reversed; with the cells of an agent."""
    agent = Agent(Corridor.observation_space, Corridor.action_space, settings=SMALL, seed=2)
    _live(agent, Fickle(), 40)
    assert agent.world is not None
    found = []
    for seed, sign in ((0, 1.0), (1, 1.0), (2, -1.0)):
        generator = torch.Generator().manual_seed(seed)
        world = agent.world.another()
        states = torch.rand(n, 2, generator=generator) - 0.5
        deeds = torch.randint(2, (n,), generator=generator)
        nexts = states + sign * 0.2 * (2.0 * deeds[:, None] - 1)
        world.observe(states, deeds, -torch.ones(n), nexts, torch.zeros(n, dtype=torch.bool))
        found.append(world)
    return found[0], found[1], found[2]


def test_misfit_is_what_is_left_of_the_variance_sample_by_sample() -> None:
    one, alike, other = _worlds(100)
    ignorance = Ignorance([one, alike, other])
    assert misfit(one, alike, ignorance) < 0.01
    assert misfit(one, other, ignorance) > 1.0
    generator = torch.Generator().manual_seed(2)
    states = torch.rand(100, 2, generator=generator) - 0.5
    deeds = torch.randint(2, (100,), generator=generator)
    nexts = states - 0.2 * (2.0 * deeds[:, None] - 1)
    values = other.values(states, -torch.ones(100), nexts)
    shares = []
    for deed, memory in enumerate(one.memories):
        there = deeds == deed
        errors = values[there] - memory.read(one.keys(states[there], deeds[there]).to(torch.int32))
        shares.append(float((errors.square().mean(0) / ignorance.variance).max()))
    assert misfit(one, other, ignorance) == pytest.approx(max(shares), rel=1e-6)


def test_regions_that_predict_each_other_are_merged_exactly() -> None:
    one, alike, other = _worlds(250)
    agent = Agent(Corridor.observation_space, Corridor.action_space, settings=MANY, seed=2)
    _live(agent, Fickle(), 40)
    base = agent.regions[0]
    from reverie.agents.region import Region

    agent.regions = [Region(world, base.actor) for world in (one, other, alike)]
    agent._router.active = 2
    both = one.memories[0]._need().cross + alike.memories[0]._need().cross
    agent._join_alike()
    assert len(agent.regions) == 2
    assert agent._router.active == 0
    assert torch.equal(agent.regions[0].world.memories[0]._need().cross, both)


def test_what_a_world_expects_is_likely_and_the_rest_is_not() -> None:
    one, _, other = _worlds(100)
    ignorance = Ignorance([one, other])
    state, doubt = torch.tensor([0.1, 0.1]), torch.ones(3, dtype=torch.float64)
    values = one.values(state[None], -torch.ones(1), state[None] + 0.2)[0]
    expected, wrong = (Expectation(world, ignorance).look(state, 1, values, doubt) for world in (one, other))
    assert expected.evidence > float(ignorance.evidence(values).sum()) > wrong.evidence
    assert wrong.unknown > wrong.evidence
    assert expected.unknown < expected.evidence
