"""Hebb's rule against loops."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from reverie.contracts import SynapseView
from reverie.plasticity import Hebb


@settings(max_examples=20, deadline=None)
@given(rows=some.integers(1, 5), n_in=some.integers(1, 4), n_out=some.integers(1, 4), rate=some.floats(-1, 1))
def test_the_change_is_the_mean_product(rows, n_in, n_out, rate):
    generator = torch.Generator().manual_seed(rows)
    pre, post = torch.randn(rows, n_in, generator=generator), torch.randn(rows, n_out, generator=generator)
    change, _ = Hebb(rate=rate)(SynapseView(pre, post, torch.zeros(n_out, n_in)), ())
    for cell in range(n_out):
        for source in range(n_in):
            slow = rate * sum(float(post[row, cell] * pre[row, source]) for row in range(rows)) / rows
            assert abs(float(change[cell, source]) - slow) < 1e-5


def test_alone_it_grows_along_the_first_component_without_bound():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(500, 5, generator=generator) * torch.tensor([3.0, 1.0, 1.0, 1.0, 1.0])
    weight = 0.1 * torch.ones(1, 5)
    for _ in range(200):
        weight = weight + Hebb()(SynapseView(x, x @ weight.T, weight), ())[0]
    assert float(weight.norm()) > 1e5
    assert float(weight[0, 0].abs() / weight.norm()) > 0.99
