"""Krotov–Hopfield: the equation cell by cell, and p-norm one."""

import pytest
import torch

from reverie.contracts import SynapseView
from reverie.errors import BadData
from reverie.plasticity import KrotovHopfield


@pytest.mark.parametrize("power", [2.0, 3.0])
@pytest.mark.parametrize("rank", [2, 3])
def test_the_change_is_the_equation(rank, power):
    generator = torch.Generator().manual_seed(0)
    x, weight = torch.randn(7, 4, generator=generator), torch.randn(5, 4, generator=generator)
    rule = KrotovHopfield(rate=0.1, anti=0.3, rank=rank, power=power)
    change, _ = rule(SynapseView(x, torch.zeros(7, 5), weight), ())
    slow = torch.zeros(5, 4)
    for row in x:
        drive = torch.tensor([sum(w.sign() * w.abs() ** (power - 1) * row) for w in weight])
        order = drive.argsort(descending=True)
        for cell, answer in ((int(order[0]), 1.0), (int(order[rank - 1]), -0.3)):
            slow[cell] += answer * (row - drive[cell] * weight[cell])
    torch.testing.assert_close(change, 0.1 * slow / slow.abs().max())


@pytest.mark.parametrize("power", [2.0, 3.0])
def test_weights_go_to_p_norm_one(power):
    generator = torch.Generator().manual_seed(0)
    x, weight = torch.rand(400, 10, generator=generator), torch.rand(6, 10, generator=generator)
    for step in range(1500):
        rule = KrotovHopfield(rate=0.05 * (1 - step / 1500), anti=0.0, power=power)
        rows = x[torch.randint(400, (20,), generator=generator)]
        weight = weight + rule(SynapseView(rows, torch.zeros(20, 6), weight), ())[0]
    winners = (x @ (weight.abs() ** (power - 1) * weight.sign()).T).argmax(1).unique()
    length = (weight[winners].abs() ** power).sum(1)
    assert float((length - 1).abs().max()) < 0.05


def test_a_rank_that_is_not_there_is_refused():
    with pytest.raises(BadData, match="rank is 4 in a layer of 3"):
        KrotovHopfield(rank=4)(SynapseView(torch.rand(1, 2), torch.rand(1, 3), torch.rand(3, 2)), ())
