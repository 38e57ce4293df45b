"""Triplet STDP: every triplet counted one by one, and the frequency dependence that pairs cannot have."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from test_stdp import pair, total

from reverie.plasticity import STDP, TripletSTDP


@settings(max_examples=20, deadline=None)
@given(seed=some.integers(0, 2**16))
def test_every_triplet_of_spikes_counts(seed):
    generator = torch.Generator().manual_seed(seed)
    pre, post = ((torch.rand(15, 1, 1, generator=generator) < 0.4).double() for _ in range(2))
    pres, posts = pre.flatten().nonzero().flatten().tolist(), post.flatten().nonzero().flatten().tolist()
    slow = 0.0
    for now in posts:
        for before in (t for t in pres if t < now):
            slow += 0.1 * math.exp((before - now) / 5)
            for earlier in (t for t in posts if t < now):
                slow += 0.4 * math.exp((before - now) / 5 + (earlier - now) / 11)
    for now in pres:
        for before in (t for t in posts if t < now):
            slow -= 0.2 * math.exp((before - now) / 7)
            for earlier in (t for t in pres if t < now):
                slow -= 0.3 * math.exp((before - now) / 7 + (earlier - now) / 13)
    rule = TripletSTDP(0.1, 0.2, 0.4, 0.3, tau_pre=5.0, tau_pre_slow=13.0, tau_post=7.0, tau_post_slow=11.0)
    assert float(total(rule, pre, post)) == pytest.approx(slow, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("dt", [-10, 10])
def test_without_triplets_it_is_pair_stdp(dt):
    pairs = TripletSTDP(0.005, 0.00525, 0.0, 0.0, tau_pre=20.0, tau_post=20.0)
    assert pair(pairs, dt) == pytest.approx(pair(STDP(), dt))


def at_frequency(rule, hertz: float, dt: int, pairs: int = 15) -> float:
    """The change by some pairs of spikes dt ms apart, at a frequency; steps of 1 ms."""
    every = round(1000 / hertz)
    pre, post = torch.zeros(pairs * every + 100, 1, 1), torch.zeros(pairs * every + 100, 1, 1)
    for index in range(pairs):
        pre[50 + index * every], post[50 + index * every + dt] = 1.0, 1.0
    return float(total(rule, pre, post))


def test_the_same_pair_weakens_at_low_frequency_and_strengthens_at_high():
    """As in visual cortex (Sjöström et al., 2001): post before pre, 10 ms; pair STDP weakens at both."""
    assert at_frequency(TripletSTDP(), 10, -10) < 0 < at_frequency(TripletSTDP(), 50, -10)
    assert at_frequency(TripletSTDP(), 50, 10) > 2 * at_frequency(TripletSTDP(), 10, 10) > 0
    assert at_frequency(STDP(), 10, -10) < 0 > at_frequency(STDP(), 50, -10)
