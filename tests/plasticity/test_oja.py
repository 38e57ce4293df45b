"""Oja's rule finds the first principal component and length one."""

import pytest
import torch

from reverie.contracts import SynapseView
from reverie.plasticity import Oja


def correlated(n: int, d: int, seed: int) -> torch.Tensor:
    """Inputs whose principal components are turned at random, standard deviations 2, 1.4, 1, …"""
    generator = torch.Generator().manual_seed(seed)
    turn = torch.linalg.qr(torch.randn(d, d, generator=generator))[0]
    return torch.randn(n, d, generator=generator) * 2 * 0.7 ** torch.arange(d) @ turn


def test_the_change_is_the_equation():
    x, weight = correlated(6, 4, 0), torch.randn(3, 4, generator=torch.Generator().manual_seed(1))
    y = x @ weight.T
    change, _ = Oja(rate=0.1)(SynapseView(x, y, weight), ())
    slow = torch.zeros(3, 4)
    for row in range(6):
        for cell in range(3):
            slow[cell] += 0.1 * y[row, cell] * (x[row] - y[row, cell] * weight[cell]) / 6
    torch.testing.assert_close(change, slow)


@pytest.mark.parametrize("seed", range(3))
def test_it_finds_the_first_principal_component(seed):
    x = correlated(2000, 8, seed)
    weight = torch.randn(1, 8, generator=torch.Generator().manual_seed(seed))
    for rate in (0.03, 0.01, 0.003):
        for rows in x.split(10):
            weight = weight + Oja(rate=rate)(SynapseView(rows, rows @ weight.T, weight), ())[0]
    first = torch.linalg.eigh(x.T @ x).eigenvectors[:, -1]
    assert float((weight[0] @ first).abs() / weight.norm()) > 0.995
    assert abs(float(weight.norm()) - 1) < 0.05
