import math

import pytest
import torch
from torch import Tensor

from reverie.agents import Actor
from reverie.agents.actor import nearest
from reverie.contracts import SynapseView
from reverie.errors import CorruptFile
from reverie.plasticity import Hebb, ThreeFactor


def _actor(**given: float) -> Actor:
    low, high = torch.tensor([-1.0, -2.0]), torch.tensor([1.0, 2.0])
    return Actor(low, high, 2, cells=50, winners=4, generator=torch.Generator().manual_seed(0), **given)  # type: ignore[arg-type]


def test_the_nearest_cells_fire() -> None:
    actor, state = _actor(), torch.tensor([[0.3, -0.5]])
    away = (actor.places - actor.in_box(state)).square().sum(1)
    assert set(actor.firing(state)[0].tolist()) == set(away.argsort()[:4].tolist())


def test_the_nearest_are_those_of_a_sort_whatever_is_as_near() -> None:
    away = torch.randint(6, (40, 30), generator=torch.Generator().manual_seed(0)).float()
    found = nearest(away, 7)
    assert found.shape == (40, 7)
    assert all(len(set(row)) == 7 for row in found.tolist())
    assert torch.equal(away.gather(1, found).sort(1).values, away.sort(1).values[:, :7])
    beyond = torch.full((1, 3), torch.nan)
    assert nearest(beyond, 2).shape == (1, 2)


def test_a_deed_that_pays_becomes_likely_and_its_place_worth_more() -> None:
    actor, state = _actor(), torch.tensor([[0.3, -0.5]])
    firing = actor.firing(state)
    for _ in range(20):
        for deed, reward in ((0, -1.0), (1, 1.0)):
            actor.learn(
                actor.rested(1),
                firing,
                actor.odds(firing),
                torch.tensor([deed]),
                torch.tensor([reward]),
                torch.zeros(1),
            )
    assert float(actor.odds(firing)[0, 1]) > 0.8
    far = actor.firing(torch.tensor([[-0.9, 1.8]]))
    assert float(actor.value(far)) == 0


def test_the_critic_learns_as_the_three_factor_rule_of_plasticity_does() -> None:
    actor = _actor(critic_rate=0.4, discount=0.9, trace=0.8)
    rule = ThreeFactor(Hebb(rate=1.0), tau=-1 / math.log(0.9 * 0.8))
    states = torch.tensor([[-0.9, -1.9], [0.9, 1.9], [0.0, 0.0]])  # no two share a cell: traces that add are replaced
    firing = actor.firing(states)
    assert len(firing.unique()) == firing.numel()
    traces, values, state = actor.rested(1), torch.zeros(1, 50), None
    for step, reward in enumerate((1.0, -0.5, 2.0)):
        here, then = firing[step : step + 1], firing[(step + 1) % 3][None]
        pre = torch.zeros(1, 50)
        pre[0, here[0]] = 1
        view = SynapseView(pre=pre, post=torch.ones(1, 1), weight=values)
        if state is None:
            state = rule.begin(view)
        dopamine = reward + 0.9 * float(values[0, then[0]].sum()) - float(values[0, here[0]].sum())
        change, state = rule(view, state, dopamine * 0.4 / 4)
        worth = actor.value(then)
        actor.learn(traces, here, actor.odds(here), torch.tensor([0]), torch.tensor([reward]), worth)
        values = values + change
    assert torch.allclose(actor.values, values[0], atol=1e-6)


def test_lives_side_by_side_learn_the_mean_of_what_each_would() -> None:
    def learned(rows: Tensor) -> Tensor:
        actor = _actor()
        firing = actor.firing(rows)
        n = len(rows)
        actor.learn(
            actor.rested(n), firing, actor.odds(firing), torch.ones(n, dtype=torch.int64), torch.ones(n), torch.zeros(n)
        )
        return actor.values

    one, other = torch.tensor([[0.1, 0.2]]), torch.tensor([[-0.7, 1.0]])
    assert torch.allclose(learned(torch.cat([one, other])), learned(one) + learned(other))


def test_what_is_over_leaves_no_trace() -> None:
    actor = _actor()
    traces, firing = actor.rested(2), actor.firing(torch.zeros(2, 2))
    two = torch.tensor([0, 1])
    actor.learn(traces, firing, actor.odds(firing), two, torch.ones(2), torch.zeros(2))
    actor.forget_past(traces, torch.tensor([True, False]))
    assert float(traces.critic[0].abs().sum()) == 0 < float(traces.critic[1].abs().sum())


def test_a_larger_box_keeps_what_was_known() -> None:
    actor = _actor()
    actor.values = actor.places[:, 0].clone()
    actor.habit = torch.stack([-actor.places[:, 0], actor.places[:, 0]], 1)
    low, high = torch.tensor([-1.0, -2.0]), torch.tensor([2.0, 2.0])
    assert actor.outgrown(low, high)
    assert not actor.outgrown(actor.low, actor.high)
    moved = actor.moved(low, high, torch.Generator().manual_seed(1))
    states = torch.tensor([[-0.8, 0.5], [-0.7, -1.0], [0.7, 0.5], [0.8, -0.3]])
    assert torch.equal(moved.habits(states), actor.habits(states))
    assert float(moved.in_box(high[None]).max()) == pytest.approx(1.0)


def test_a_state_comes_back_and_a_broken_one_is_refused() -> None:
    actor, again = _actor(), _actor()
    actor.values = torch.randn(50, generator=torch.Generator().manual_seed(3))
    again.load_state_dict(actor.state_dict())
    assert torch.equal(again.values, actor.values)
    for broken in ({}, actor.state_dict() | {"habit": torch.ones(3)}, actor.state_dict() | {"low": [1.0]}):
        with pytest.raises(CorruptFile):
            _actor().load_state_dict(broken)
