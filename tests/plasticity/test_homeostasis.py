"""Synaptic scaling: the target is reached, and the ratios of the weights stay."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from reverie.contracts import SynapseView
from reverie.plasticity import Homeostasis


@settings(max_examples=4, deadline=None)
@given(target=some.floats(0.05, 2.0), scale=some.floats(0.1, 5.0))
def test_every_cell_reaches_the_target_and_keeps_its_ratios(target, scale):
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(50, 6, generator=generator)
    weight = first = scale * torch.rand(3, 6, generator=generator)
    rule = Homeostasis(rate=0.02, target=target, tau=5.0)
    state = rule.begin(SynapseView(x, x @ weight.T, weight))
    for _ in range(400):
        change, state = rule(SynapseView(x, x @ weight.T, weight), state)
        weight = weight + change
    torch.testing.assert_close((x @ weight.T).mean(0), torch.full((3,), target), rtol=0.03, atol=0.0)
    ratio = weight / first
    torch.testing.assert_close(ratio, ratio[:, :1].expand(3, 6), rtol=1e-3, atol=0.0)
