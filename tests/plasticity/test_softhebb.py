"""SoftHebb: the equation, length one, and causes found without labels."""

import pytest
import torch

from reverie.contracts import SynapseView
from reverie.plasticity import SoftHebb


def test_the_change_is_the_equation():
    generator = torch.Generator().manual_seed(0)
    x, weight = torch.randn(6, 4, generator=generator), torch.randn(3, 4, generator=generator)
    u = x @ weight.T
    change, _ = SoftHebb(rate=0.1, temperature=0.7, loser=-0.5, adaptation=0.5)(SynapseView(x, u, weight), ())
    slow = torch.zeros(3, 4)
    for row in range(6):
        share = torch.exp(u[row] / 0.7) / torch.exp(u[row] / 0.7).sum()
        for cell in range(3):
            y = share[cell] * (1.0 if cell == int(u[row].argmax()) else -0.5)
            rate = 0.1 * abs(float(weight[cell].norm()) - 1) ** 0.5
            slow[cell] += rate * y * (x[row] - u[row, cell] * weight[cell]) / 6
    torch.testing.assert_close(change, slow)


def learned(loser: float, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Four causes in noise, learned by four cells; the cosine of each cell with each cause, and the lengths."""
    generator = torch.Generator().manual_seed(seed)
    causes = torch.linalg.qr(torch.randn(12, 4, generator=generator))[0].T
    x = 3 * causes[torch.randint(4, (6000,), generator=generator)] + 0.3 * torch.randn(6000, 12, generator=generator)
    weight = torch.nn.functional.normalize(x[:4] + torch.randn(4, 12, generator=generator)) * 1.5
    rule = SoftHebb(rate=0.05, temperature=1.0, loser=loser, adaptation=0.0)
    for rows in x.split(5):
        weight = weight + rule(SynapseView(rows, rows @ weight.T, weight), ())[0]
    return torch.nn.functional.normalize(weight) @ causes.T, weight.norm(dim=1)


def test_each_cell_finds_a_cause_and_length_one():
    for seed in range(3):
        cosine, length = learned(1.0, seed)
        assert float(cosine.amax(1).min()) > 0.95
        assert float((length - 1).abs().max()) < 0.1


def test_a_cell_of_length_one_rests_where_the_rate_adapts():
    weight = torch.tensor([[0.6, 0.8], [2.0, 0.0]])
    x = torch.tensor([[1.0, 3.0]])
    change, _ = SoftHebb(rate=1.0, adaptation=0.5)(SynapseView(x, x @ weight.T, weight), ())
    assert float(change[0].abs().max()) < 0.01
    assert float(change[1].abs().max()) > 0.1


@pytest.mark.parametrize("loser", [1.0, -1.0])
def test_losers_turn_towards_or_away(loser):
    weight = torch.tensor([[1.5, 0.0], [0.0, 0.5]])
    x = torch.tensor([[1.0, 0.0]])
    change, _ = SoftHebb(rate=1.0, loser=loser)(SynapseView(x, x @ weight.T, weight), ())
    assert float(change[1, 0]) * loser > 0
