"""BCM: the equation, and selectivity."""

import pytest
import torch

from reverie.contracts import SynapseView
from reverie.plasticity import BCM


def test_the_change_and_the_threshold_are_the_equations():
    generator = torch.Generator().manual_seed(0)
    x, weight = torch.rand(6, 4, generator=generator), torch.rand(3, 4, generator=generator)
    view = SynapseView(x, x @ weight.T, weight)
    rule = BCM(rate=0.1, tau=5.0)
    state = rule.begin(view)
    change, left = rule(view, state)
    for cell in range(3):
        y, theta = view.post[:, cell], float(state.theta[cell])
        slow = sum(0.1 * y[row] * (y[row] - theta) * x[row] for row in range(6)) / 6
        torch.testing.assert_close(change[cell], slow)
        assert abs(float(left.theta[cell]) - (theta + (float((y**2).mean()) - theta) / 5)) < 1e-6


@pytest.mark.parametrize("seed", range(3))
def test_a_cell_becomes_selective_for_one_pattern_of_four(seed):
    """At rest it answers K to one of K equally frequent patterns and 0 to the others (Intrator & Cooper, 1992)."""
    generator = torch.Generator().manual_seed(seed)
    patterns = torch.nn.functional.normalize(torch.rand(4, 10, generator=generator))
    rule, weight = BCM(rate=0.2, tau=3.0), 0.5 * torch.rand(1, 10, generator=generator)
    state = rule.begin(SynapseView(patterns, patterns @ weight.T, weight))
    for _ in range(2000):
        change, state = rule(SynapseView(patterns, patterns @ weight.T, weight), state)
        weight = weight + change
    answer = (patterns @ weight.T)[:, 0].sort(descending=True).values
    assert abs(float(answer[0]) - 4) < 0.1
    assert float(answer[1:].abs().max()) < 0.1
