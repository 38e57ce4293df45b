"""E-prop equals backpropagation through time where both must agree: leaky integrate-and-fire without recurrence."""

import math

import pytest
import torch
from torch import Tensor

from reverie.contracts import SynapseView
from reverie.errors import BadData
from reverie.plasticity import EProp

TAU, THRESHOLD, DAMPENING = 8.0, 0.7, 0.3


class Spike(torch.autograd.Function):
    """A step, with the paper's triangle as its derivative."""

    @staticmethod
    def forward(ctx, membrane):
        ctx.save_for_backward(membrane)
        return (membrane >= THRESHOLD).to(membrane.dtype)

    @staticmethod
    def backward(ctx, gradient):
        (membrane,) = ctx.saved_tensors
        triangle = (1 - (membrane - THRESHOLD).abs() / THRESHOLD).clamp(min=0)
        return gradient * DAMPENING / THRESHOLD * triangle


def run(x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Membranes and spikes [T, n, n_out]; no gradient through the reset."""
    voltage = torch.zeros(x.shape[1], len(weight), dtype=x.dtype)
    membranes, spikes = [], []
    for moment in x:
        voltage = math.exp(-1 / TAU) * voltage + moment @ weight.T
        spike = Spike.apply(voltage)
        membranes.append(voltage)
        spikes.append(spike)
        voltage = voltage - THRESHOLD * spike.detach()
    return torch.stack(membranes), torch.stack(spikes)


def task(tau_readout: float | None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Spikes in, weights, the gradient of backpropagation through time, and e-prop's learning signals."""
    generator = torch.Generator().manual_seed(0)
    x = (torch.rand(30, 4, 6, generator=generator) < 0.3).double()
    weight = (0.5 * torch.randn(5, 6, generator=generator)).double().requires_grad_()
    out = torch.randn(3, 5, generator=generator).double()
    target = torch.randn(30, 4, 3, generator=generator).double()
    _, spikes = run(x, weight)
    kappa = 0.0 if tau_readout is None else math.exp(-1 / tau_readout)
    readout, errors = torch.zeros(4, 3).double(), []
    for moment, wanted in zip(spikes, target, strict=True):
        readout = kappa * readout + moment @ out.T
        errors.append(readout - wanted)
    (torch.stack(errors).square().sum() / 2).backward()
    return x, weight, weight.grad / 4, torch.stack(errors).detach() @ out


@pytest.mark.parametrize("tau_readout", [None, 5.0])
def test_it_is_the_gradient_of_backpropagation_through_time(tau_readout):
    x, weight, gradient, signals = task(tau_readout)
    rule = EProp(rate=1.0, tau=TAU, threshold=THRESHOLD, dampening=DAMPENING, tau_readout=tau_readout)
    membranes, _ = run(x, weight.detach())
    state = rule.begin(SynapseView(x[0], membranes[0], weight.detach()))
    total = torch.zeros_like(gradient)
    for moment, membrane, signal in zip(x, membranes, signals, strict=True):
        change, state = rule(SynapseView(moment, membrane, weight.detach()), state, signal)
        total += change
    assert float(gradient.abs().max()) > 0.1
    torch.testing.assert_close(total, -gradient, rtol=1e-9, atol=1e-12)


def test_descending_it_learns_a_spike_pattern():
    """Eight cells learn when to fire, step by step, with the error at each cell as the learning signal."""
    generator = torch.Generator().manual_seed(1)
    x = (torch.rand(40, 1, 100, generator=generator) < 0.1).double()
    wanted = (torch.rand(40, 1, 8, generator=generator) < 0.2).double()
    weight = 0.1 * torch.randn(8, 100, generator=generator).double()
    rule = EProp(rate=0.01, tau=TAU, threshold=THRESHOLD)
    wrong = []
    for _ in range(80):
        membranes, spikes = run(x, weight)
        wrong.append(float((spikes - wanted).abs().mean()))
        state = rule.begin(SynapseView(x[0], membranes[0], weight))
        for moment, membrane, error in zip(x, membranes, spikes - wanted, strict=True):
            change, state = rule(SynapseView(moment, membrane, weight), state, error)
            weight = weight + change
    assert sum(wrong[-10:]) / 10 < 0.5 * wrong[0]


def test_a_learning_signal_of_another_shape_is_refused():
    view = SynapseView(torch.ones(2, 3), torch.ones(2, 4), torch.ones(4, 3))
    rule = EProp()
    with pytest.raises(BadData, match="learning signal has shape"):
        rule(view, rule.begin(view), torch.ones(3, 4))
