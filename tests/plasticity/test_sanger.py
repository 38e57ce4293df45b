"""Sanger's rule finds the first k principal components, in order."""

import pytest
import torch
from test_oja import correlated

from reverie.contracts import SynapseView
from reverie.plasticity import Oja, Sanger


def test_the_change_is_the_equation():
    x, weight = correlated(5, 4, 0), torch.randn(3, 4, generator=torch.Generator().manual_seed(1))
    y = x @ weight.T
    change, _ = Sanger(rate=0.1)(SynapseView(x, y, weight), ())
    slow = torch.zeros(3, 4)
    for row in range(5):
        for cell in range(3):
            left_over = x[row] - sum(y[row, k] * weight[k] for k in range(cell + 1))
            slow[cell] += 0.1 * y[row, cell] * left_over / 5
    torch.testing.assert_close(change, slow)


def test_its_first_cell_is_oja():
    x, weight = correlated(5, 4, 0), torch.randn(3, 4, generator=torch.Generator().manual_seed(1))
    view = SynapseView(x, x @ weight.T, weight)
    torch.testing.assert_close(Sanger()(view, ())[0][0], Oja()(view, ())[0][0])


@pytest.mark.parametrize("seed", range(3))
def test_it_finds_the_first_components_in_order(seed):
    x = correlated(2000, 8, seed)
    weight = 0.3 * torch.randn(3, 8, generator=torch.Generator().manual_seed(seed))
    for rate in (0.03, 0.03, 0.01, 0.003):
        for rows in x.split(10):
            weight = weight + Sanger(rate=rate)(SynapseView(rows, rows @ weight.T, weight), ())[0]
    components = torch.linalg.eigh(x.T @ x).eigenvectors.flip(1)[:, :3]
    found = (torch.nn.functional.normalize(weight) @ components).abs()
    assert float(found.diagonal().min()) > 0.99
