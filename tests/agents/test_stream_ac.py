import math
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from gymnasium import spaces

from corridor import Slider
from reverie.agents.players import Life, StreamAC
from reverie.errors import BadData, CorruptFile, UnknownName

SENSES = spaces.Box(-5, 5, (3,))


def _network(weights: list[torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    a, b, c, d, e, f = weights
    for matrix, bias in ((a, b), (c, d)):
        h = matrix @ x + bias
        h = (h - h.mean()) / (h.var(correction=0) + 1e-5).sqrt()
        x = torch.where(h > 0, h, 0.01 * h)
    return e @ x + f


def test_two_steps_are_those_of_the_paper() -> None:
    player = StreamAC(SENSES, spaces.Discrete(2), hidden=6, sparsity=0.5, entropy=0.1)
    states = [np.array(row, np.float32) for row in ([1, 0, 2], [0, 1, 1], [2, 2, 0])]
    rewards, gamma, lam = [1.0, -2.0], 0.99, 0.8
    value = [weight.detach().clone().requires_grad_() for weight in player._value.weights]
    policy = [weight.detach().clone().requires_grad_() for weight in player._policy.weights]
    z_value, z_policy = [0.0 * w.detach() for w in value], [0.0 * w.detach() for w in policy]
    met, sums, total = [states[0]], [], 0.0

    def scaled(x: Any) -> torch.Tensor:
        deviation = np.std(met, axis=0, ddof=1) if len(met) > 1 else np.ones(3)
        return torch.tensor((x - np.mean(met, axis=0)) / np.sqrt(deviation**2 + 1e-8), dtype=torch.float32)

    player.begin(states[0])
    for t, reward in enumerate(rewards):
        action = player.act(states[t])
        x = scaled(states[t])
        met.append(states[t + 1])
        y = scaled(states[t + 1])
        total = gamma * total + reward
        sums.append(total)
        r = reward / math.sqrt((np.var(sums, ddof=1) if len(sums) > 1 else 1.0) + 1e-8)
        error = float((r + gamma * _network(value, y) - _network(value, x)).detach())
        odds = _network(policy, x).softmax(0)
        entropy = -(odds * odds.log()).sum()
        aim = odds[action].log() + 0.1 * np.sign(error) * entropy
        for goal, weights, traces, kappa in (
            (_network(value, x)[0], value, z_value, 2.0),
            (aim, policy, z_policy, 3.0),
        ):
            slopes = torch.autograd.grad(goal, weights)
            for i, slope in enumerate(slopes):
                traces[i] = gamma * lam * traces[i] + slope
            size = sum(float(trace.abs().sum()) for trace in traces)
            step = min(1.0, 1.0 / (kappa * max(abs(error), 1.0) * size))
            for weight, trace in zip(weights, traces, strict=True):
                weight.data += step * error * trace
        player.observe(states[t], action, reward, states[t + 1], ended=False, truncated=False)
    for mine, theirs in zip([*player._value.weights, *player._policy.weights], [*value, *policy], strict=True):
        assert torch.allclose(mine, theirs, atol=1e-5)
        assert float(mine.detach().abs().sum()) > 0


def test_what_was_broken_off_has_not_ended() -> None:
    after = []
    for ended, truncated in ((True, False), (False, True), (False, False)):
        player = StreamAC(SENSES, spaces.Discrete(2), hidden=6)
        player.begin([0.0, 1.0, 0.0])
        action = player.act([0.0, 1.0, 0.0])
        player._value.weights[-1].data.fill_(5.0)  # the next state is worth something
        player.observe([0.0, 1.0, 0.0], action, 1.0, [1.0, 1.0, 0.0], ended=ended, truncated=truncated)
        after.append(float(player._value.weights[-1].detach()))
    assert after[0] != after[1] == after[2]


def test_deeds_of_a_body_stay_in_its_bounds() -> None:
    space = spaces.Box(np.array([-2.0, 0.0], np.float32), np.array([2.0, 10.0], np.float32))
    player = StreamAC(SENSES, space, hidden=6)
    player.begin([0.0, 0.0, 0.0])
    deeds = [player.act([0.0, 0.0, 0.0]) for _ in range(50)]
    assert all(space.contains(deed) for deed in deeds)
    assert np.std(deeds, axis=0).min() > 0.1
    player.observe([0.0, 0.0, 0.0], deeds[-1], 1.0, [1.0, 0.0, 0.0], ended=True, truncated=False)


def test_the_measure_of_a_normal_deed() -> None:
    player = StreamAC(SENSES, spaces.Box(-1, 1, (2,)), hidden=6)
    told, drawn = torch.tensor([0.3, -0.2, 0.1, 1.0]), torch.tensor([0.5, 0.4])
    normal = torch.distributions.Normal(told[:2], F.softplus(told[2:]) + 1e-5)
    likely, spread = player._deeds.measure(told, drawn)
    assert float(likely) == pytest.approx(float(normal.log_prob(drawn).sum()), abs=1e-5)
    assert float(spread) == pytest.approx(float(normal.entropy().sum()), abs=1e-5)


def test_it_lives_with_a_motor() -> None:
    player, life = StreamAC(Slider.observation_space, Slider.action_space, hidden=8), Life(80)
    returns: list[float] = []
    player.live(Slider, life, returns.extend)
    assert life.episodes == len(returns) >= 1


@pytest.mark.parametrize(
    "settings", [{"hidden": 0}, {"hidden": 2.5}, {"trace": 1.5}, {"rate": True}, {"sparsity": "much"}]
)
def test_settings_out_of_range(settings: dict[str, Any]) -> None:
    with pytest.raises(BadData, match="Expected"):
        StreamAC.make(Slider, seed=0, settings=settings, steps=1)
    with pytest.raises(UnknownName, match="lambda"):
        StreamAC.make(Slider, seed=0, settings={"lambda": 1}, steps=1)


def test_a_body_without_bounds_is_refused() -> None:
    with pytest.raises(BadData, match="without bounds"):
        StreamAC(SENSES, spaces.Box(-np.inf, np.inf, (2,)))


def test_a_state_of_another_network_is_refused() -> None:
    state = StreamAC(SENSES, spaces.Discrete(2), hidden=6).state_dict()
    with pytest.raises(CorruptFile, match="weights"):
        StreamAC(SENSES, spaces.Discrete(2), hidden=7).load_state_dict(state)
