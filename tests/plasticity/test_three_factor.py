"""Three-factor learning: the trace against its sum, and a task whose reward comes late."""

import math

import torch

from reverie.contracts import SynapseView
from reverie.plasticity import Hebb, RewardPredictionError, ThreeFactor


def test_the_change_is_the_modulator_times_the_faded_sum_of_changes():
    generator = torch.Generator().manual_seed(0)
    pre, post = torch.randn(6, 2, 3, generator=generator), torch.randn(6, 2, 4, generator=generator)
    reward, weight = torch.randn(6, generator=generator), torch.zeros(4, 3)
    rule = ThreeFactor(Hebb(rate=0.5), tau=3.0)
    state = rule.begin(SynapseView(pre[0], post[0], weight))
    for now in range(6):
        change, state = rule(SynapseView(pre[now], post[now], weight), state, reward[now])
        slow = sum(math.exp(-(now - t) / 3) * 0.5 * post[t].T @ pre[t] / 2 for t in range(now + 1))
        torch.testing.assert_close(change, reward[now] * slow)


def test_what_is_done_with_the_change_leaves_the_trace_alone():
    view = SynapseView(torch.ones(1, 1), torch.ones(1, 1), torch.zeros(1, 1))
    rule = ThreeFactor(Hebb(rate=1.0))
    change, state = rule(view, rule.begin(view))
    change.mul_(5)
    assert state.eligibility.tolist() == [[1.0]]


def learn(rule, delay: int, seed: int, trials: int = 300) -> float:
    """Two cues, two actions, reward after a delay: the share of right actions in the last hundred trials.

    The cell that acts is perturbed at random (1 or 0 beside what it was going to do); the modulator is the reward
    prediction error. Chance is one half.
    """
    generator = torch.Generator().manual_seed(seed)
    weight, dopamine, right = torch.zeros(2, 2), RewardPredictionError(tau=20.0), []
    expected = dopamine.begin(torch.zeros(()))
    silence = torch.zeros(1, 2)
    for _ in range(trials):
        cue = int(torch.randint(2, (), generator=generator))
        pre = torch.eye(2)[[cue]]
        chance = torch.softmax(pre @ weight.T, 1)
        action = int(torch.multinomial(chance[0], 1, generator=generator))
        post = torch.eye(2)[[action]] - chance
        right.append(float(action == cue))
        state = rule.begin(SynapseView(pre, post, weight))
        for step in range(delay + 1):
            signal = torch.zeros(())
            if step == delay:
                signal, expected = dopamine(torch.tensor(right[-1]), expected)
            now = (pre, post) if step == 0 else (silence, silence)
            change, state = rule(SynapseView(*now, weight), state, signal)
            weight = weight + change
    return sum(right[-100:]) / 100


def test_it_learns_where_the_reward_comes_late_and_a_rule_without_trace_does_not():
    assert learn(ThreeFactor(Hebb(rate=0.5), tau=10.0), delay=5, seed=0) > 0.9
    assert learn(Hebb(rate=0.5), delay=0, seed=0) > 0.9
    assert 0.3 < learn(Hebb(rate=0.5), delay=5, seed=0) < 0.7
