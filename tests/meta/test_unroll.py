"""A life with plasticity, unrolled: gradients reach the rule and each synapse, and what is learned needs the rule."""

from functools import partial

import pytest
import torch

from reverie.errors import BadData
from reverie.meta import Moment, unroll
from reverie.plasticity import Hebb, Oja


def test_gradients_are_true():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(3, 2, 4, generator=generator, dtype=torch.float64)
    fixed = 0.3 * torch.randn(3, 4, generator=generator, dtype=torch.float64)
    gain = torch.rand(3, 4, generator=generator, dtype=torch.float64)

    def end(fixed, gain, rate):
        found = unroll(Oja(rate=rate), [Moment(one) for one in x], fixed, gain)
        return found.answers.square().sum() + found.plastic.sum()

    given = (fixed, gain, torch.tensor(0.2, dtype=torch.float64))
    assert torch.autograd.gradcheck(end, [one.requires_grad_() for one in given])


def test_many_lives_at_once_are_as_each_alone():
    generator = torch.Generator().manual_seed(1)
    lives = torch.sign(torch.randn(5, 2, 1, 6, generator=generator))
    fixed = 0.1 * torch.randn(6, 6, generator=generator)

    def live(patterns):
        return unroll(Hebb(rate=0.5), [Moment(one, one) for one in patterns], fixed).plastic

    together = torch.vmap(live)(lives)
    for mine, alone in zip(together, lives, strict=True):
        torch.testing.assert_close(mine, live(alone))


def completed(gain, fixed, rate, patterns, hidden):
    """Share of hidden bits that are wrong, and the loss: patterns are shown once, then one of them by half."""
    half = patterns[:1] * ~hidden
    life = [Moment(one[None], one[None]) for one in patterns] + [Moment(half, modulator=0.0)]
    answer = unroll(Hebb(rate=rate), life, fixed, gain).answers[-1]
    wrong = ((answer.sign() != patterns[:1]) & hidden).sum() / hidden.sum()
    return (answer - patterns[:1]).square().mean(), wrong


def learned(plastic, *, bits=60, steps=80):
    generator = torch.Generator().manual_seed(2)
    fixed = (0.01 * torch.randn(bits, bits, generator=generator)).requires_grad_()
    gain = (0.01 * torch.randn(bits, bits, generator=generator)).requires_grad_()
    rate = torch.tensor(0.1).requires_grad_()
    taught = [fixed, gain, rate] if plastic else [fixed]
    optimizer = torch.optim.Adam(taught, lr=0.01)
    wrong = torch.tensor(1.0)
    for _ in range(steps):
        patterns = torch.sign(torch.randn(16, 3, bits, generator=generator))
        hidden = torch.rand(16, 1, bits, generator=generator) < 0.5
        used = gain if plastic else torch.zeros_like(gain)
        life = partial(completed, used, fixed, rate)
        losses, wrong = torch.vmap(life)(patterns, hidden)
        optimizer.zero_grad()
        losses.mean().backward()
        optimizer.step()
    return float(wrong.mean())


def test_plasticity_completes_what_a_fixed_network_cannot():
    assert learned(plastic=True) < 0.05
    assert learned(plastic=False) > 0.35


def test_no_life():
    with pytest.raises(BadData, match="no moments"):
        unroll(Hebb(), [], torch.zeros(2, 2))
