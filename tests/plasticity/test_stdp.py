"""Pair STDP: its window, and every pair of spikes counted one by one."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from reverie.contracts import SynapseView
from reverie.plasticity import STDP


def total(rule, pre: torch.Tensor, post: torch.Tensor) -> torch.Tensor:
    """The change through spike trains [T, n, n_in] and [T, n, n_out]."""
    weight = torch.zeros(post.shape[2], pre.shape[2], dtype=pre.dtype)
    state, change = rule.begin(SynapseView(pre[0], post[0], weight)), torch.zeros_like(weight)
    for before, after in zip(pre, post, strict=True):
        delta, state = rule(SynapseView(before, after, weight), state)
        change += delta
    return change


def pair(rule, dt: int) -> float:
    """The change by one pair of spikes, t_post − t_pre = dt."""
    pre, post = torch.zeros(200, 1, 1), torch.zeros(200, 1, 1)
    pre[100], post[100 + dt] = 1.0, 1.0
    return float(total(rule, pre, post))


@pytest.mark.parametrize("dt", [-60, -20, -5, -1, 0, 1, 5, 20, 60])
def test_the_window(dt):
    rule = STDP(potentiation=0.01, depression=0.008, tau_pre=15.0, tau_post=30.0)
    expected = 0.0 if dt == 0 else 0.01 * math.exp(-dt / 15) if dt > 0 else -0.008 * math.exp(dt / 30)
    assert pair(rule, dt) == pytest.approx(expected, rel=1e-4, abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(seed=some.integers(0, 2**16), rows=some.integers(1, 3), n_in=some.integers(1, 3), n_out=some.integers(1, 3))
def test_every_pair_of_spikes_counts(seed, rows, n_in, n_out):
    generator = torch.Generator().manual_seed(seed)
    pre = (torch.rand(12, rows, n_in, generator=generator) < 0.4).float()
    post = (torch.rand(12, rows, n_out, generator=generator) < 0.4).float()
    rule = STDP(potentiation=0.3, depression=0.2, tau_pre=4.0, tau_post=7.0)
    slow = torch.zeros(n_out, n_in)
    for row in range(rows):
        for t_pre, source in pre[:, row].nonzero().tolist():
            for t_post, cell in post[:, row].nonzero().tolist():
                if t_post > t_pre:
                    slow[cell, source] += 0.3 * math.exp((t_pre - t_post) / 4) / rows
                if t_post < t_pre:
                    slow[cell, source] -= 0.2 * math.exp((t_post - t_pre) / 7) / rows
    torch.testing.assert_close(total(rule, pre, post), slow, rtol=1e-4, atol=1e-6)


def test_no_tensor_of_rows_by_cells_by_inputs_is_made():
    """The largest tensor that any operation of a step makes is the size of the weights, not rows times that."""
    from torch.utils._python_dispatch import TorchDispatchMode

    largest = 0

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            nonlocal largest
            made = func(*args, **(kwargs or {}))
            largest = max(largest, made.numel() if isinstance(made, torch.Tensor) else 0)
            return made

    view = SynapseView(torch.ones(16, 30), torch.ones(16, 40), torch.zeros(40, 30))
    rule = STDP()
    state = rule.begin(view)
    with Watch():
        rule(view, state)
    assert 0 < largest <= 2 * 16 * 40 < 16 * 40 * 30
