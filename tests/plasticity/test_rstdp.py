"""Reward-modulated STDP: which spikes a late reward reaches."""

import math

import pytest
import torch

from reverie.contracts import SynapseView
from reverie.plasticity import STDP, RewardSTDP, ThreeFactor


def rewarded(dt: int, delay: int, rule: RewardSTDP) -> float:
    """One pair of spikes dt apart, and a reward of one, `delay` steps after the second spike."""
    state = rule.begin(SynapseView(*[torch.zeros(1, 1)] * 3))
    first, second = 10, 10 + abs(dt)
    change = torch.zeros(1, 1)
    for now in range(second + delay + 1):
        spikes = (now == first, now == second) if dt > 0 else (now == second, now == first)
        pre, post = (torch.full((1, 1), float(spike)) for spike in spikes)
        delta, state = rule(SynapseView(pre, post, torch.zeros(1, 1)), state, float(now == second + delay))
        change = change + delta
    return float(change)


@pytest.mark.parametrize("dt", [-8, 8])
@pytest.mark.parametrize("delay", [0, 50])
def test_a_late_reward_finds_the_pair_faded(dt, delay):
    rule = RewardSTDP(tau_eligibility=40.0)
    sign = 0.005 if dt > 0 else -0.00525
    assert rewarded(dt, delay, rule) == pytest.approx(sign * math.exp(-8 / 20 - delay / 40), rel=1e-4)


def test_it_is_stdp_behind_a_trace():
    assert RewardSTDP(0.1, 0.2, 3.0, 4.0, 5.0).delayed == ThreeFactor(STDP(0.1, 0.2, 3.0, 4.0), 5.0)


def test_the_synapse_whose_pairs_are_rewarded_grows_and_others_do_not():
    """Izhikevich's puzzle, small: ten synapses onto one cell, reward comes a while after pairs of the first alone."""
    rule = RewardSTDP(potentiation=0.1, depression=0.105, tau_pre=3.0, tau_post=3.0, tau_eligibility=10.0)
    generator, lives = torch.Generator().manual_seed(0), 2
    weight = torch.zeros(1, 10)
    for _ in range(lives):
        state = rule.begin(SynapseView(torch.zeros(1, 10), torch.zeros(1, 1), weight))
        due, last = set(), -100
        for now, spikes in enumerate(torch.rand(3000, 11, generator=generator) < 0.03):
            pre, post = spikes[None, :10].float(), spikes[None, 10:].float()
            if spikes[10] and now - last <= 3:
                due.add(now + 10)
            last = now if spikes[0] else last
            change, state = rule(SynapseView(pre, post, weight), state, float(now in due))
            weight = weight + change
    assert int(weight.argmax()) == 0
    assert float(weight[0, 0]) > 1.5 * float(weight[0, 1:].abs().max())
