"""Weights that change in place: compiled and not, dense and sparse activity, however the weights lie in memory."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from reverie import native
from reverie.contracts import SynapseView
from reverie.errors import BadData
from reverie.layers import SpikingDense
from reverie.plasticity import STDP, Hebb, STDPStepper, TripletSTDP, learn, synapses

needs_kernels = pytest.mark.skipif(not native.available(), reason="the kernels are not compiled here")


def activity(seed: int, *shape: int, share: float = 1.0) -> torch.Tensor:
    source = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=source) * (torch.rand(shape, generator=source) < share)


@needs_kernels
@settings(max_examples=60, deadline=None)
@given(
    seed=some.integers(0, 2**16),
    rows=some.sampled_from([1, 2, 5, 16, 17, 33]),
    shape=some.tuples(some.sampled_from([1, 7, 16, 40, 150]), some.sampled_from([1, 15, 16, 50, 160])),
    shares=some.tuples(*[some.sampled_from([0.0, 0.05, 0.2, 1.0])] * 4),
    bound=some.sampled_from([float("inf"), 0.7]),
)
def test_compiled_products_are_those_of_loops(seed, rows, shape, shares, bound):
    (cells, inputs), (a, b, c, d) = shape, shares
    post = activity(seed, rows, cells, share=a), activity(seed + 1, rows, cells, share=b)
    pre = activity(seed + 2, rows, inputs, share=c), activity(seed + 3, rows, inputs, share=d)
    before = activity(seed + 4, cells, inputs)
    weight, products = before.clone(), list(zip((0.3, -0.2), post, pre, strict=True))
    done = native.change_weights(weight, products, low=-bound, high=bound)
    exact = before.double() + sum(scale * y.double().T @ x.double() for scale, y, x in products)
    assert 2 * rows > 20 or done, "up to twenty rows in all are never left to a matrix product, on any processor"
    torch.testing.assert_close(weight, exact.clamp(-bound, bound).float() if done else before, rtol=1e-5, atol=1e-5)


def lives(learning, steps: int = 6) -> torch.Tensor:
    """Weights of a layer after some steps of spikes."""
    layer = SpikingDense(40, 24, generator=torch.Generator().manual_seed(0))
    state = None
    for step in range(steps):
        pre, post = (activity(10 * step + k, 5, n, share=0.2).sign().abs() for k, n in ((1, 40), (2, 24)))
        state = learning(synapses(layer, pre, post), state)
    return layer.weight.detach()


@pytest.mark.parametrize("rule", [STDP(0.1, 0.2), TripletSTDP(0.1, 0.2, 0.3, 0.1), Hebb(0.1)])
def test_in_place_as_by_the_change(rule, monkeypatch):
    def adding(view, state):
        change, left = rule(view, rule.begin(view) if state is None else state)
        view.commit((view.weight + change).clamp(-0.2, 0.2))
        return left

    def in_place(view, state):
        return learn(rule, view, rule.begin(view) if state is None else state, low=-0.2, high=0.2)

    wanted = lives(adding)
    torch.testing.assert_close(lives(in_place), wanted, rtol=1e-5, atol=1e-6)
    monkeypatch.setattr(native, "usable", lambda *_: False)
    torch.testing.assert_close(lives(in_place), wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("turned", [True, False])
@pytest.mark.parametrize("rows", [1, 3, 40])
def test_a_stepper_learns_what_the_rule_says(rows, turned, compiled, monkeypatch):
    if not compiled:
        monkeypatch.setattr(native, "usable", lambda *_: False)
    rule = STDP(0.1, 0.2, tau_pre=5.0, tau_post=7.0)
    weight = activity(0, 20, 30).t() if turned else activity(0, 30, 20)
    slow = weight.clone()
    step = STDPStepper(rule, weight, rows=rows, low=-1.0, high=1.0)
    state = rule.begin(SynapseView(torch.zeros(rows, 20), torch.zeros(rows, 30), slow))
    for moment in range(5):
        pre, post = activity(2 * moment, rows, 20).gt(1).float(), activity(2 * moment + 1, rows, 30).gt(1).float()
        change, state = rule(SynapseView(pre, post, slow), state, 0.5)
        slow = (slow + change).clamp(-1, 1)
        step(pre, post, 0.5)
    torch.testing.assert_close(weight, slow, rtol=1e-5, atol=1e-6)
    for trace, wanted in zip(step.traces, state, strict=True):
        torch.testing.assert_close(trace, wanted)


def test_a_stepper_refuses_other_rows():
    step = STDPStepper(STDP(), torch.zeros(3, 2), rows=4)
    with pytest.raises(BadData, match=r"Expected \[4, 2\] and \[4, 3\]"):
        step(torch.zeros(1, 2), torch.zeros(1, 3))
    with pytest.raises(BadData, match="float64"):
        step(torch.zeros(4, 2).double(), torch.zeros(4, 3))


def test_who_counts_operations_sees_the_product():
    from torch.utils.flop_counter import FlopCounterMode

    view = SynapseView(torch.ones(2, 3), torch.ones(2, 4), torch.zeros(4, 3))
    with FlopCounterMode(display=False) as counter:
        learn(Hebb(), view, ())
    assert counter.get_total_flops() == 2 * 2 * 3 * 4


def test_a_modulator_of_another_shape_is_refused():
    view = SynapseView(torch.ones(2, 3), torch.ones(2, 4), torch.zeros(4, 3))
    with pytest.raises(BadData, match="one for each of the 4"):
        learn(Hebb(), view, (), torch.ones(3))
