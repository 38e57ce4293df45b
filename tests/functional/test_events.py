"""Products with events against dense ones; spike codes against what they say."""

import pytest
import torch

from reverie import native
from reverie.errors import BadData
from reverie.functional import break_even, delta_spikes, event_linear, latency_spikes, poisson_spikes
from reverie.functional import events as module


def given(density, n=40, i=200, o=150, kind="spikes"):
    generator = torch.Generator().manual_seed(int(1000 * density))
    x = (torch.rand(n, i, generator=generator) < density).float()
    if kind == "graded":
        x *= torch.randn(n, i, generator=generator)
    return x, torch.randn(o, i, generator=generator), torch.randn(o, generator=generator)


@pytest.mark.parametrize("kind", ["spikes", "graded"])
@pytest.mark.parametrize("density", [0.0, 0.02, 0.3, 1.0])
def test_events_and_products_are_the_same_with_their_gradients(density, kind, monkeypatch):
    x, weight, bias = given(density, kind=kind)
    grads = []
    for sparse in (True, False):
        monkeypatch.setattr(module, "_sparse", lambda x, sparse=sparse: sparse)
        parts = [part.clone().requires_grad_() for part in (x, weight, bias)]
        out = event_linear(parts[0].view(4, 10, -1), parts[1], parts[2])
        out.square().sum().backward()
        grads.append([out.detach(), *(part.grad for part in parts)])
    for fast, slow in zip(*grads, strict=True):
        torch.testing.assert_close(fast, slow, atol=2e-3, rtol=1e-4)


@pytest.mark.skipif(not native.available(), reason="the kernels are not compiled here")
@pytest.mark.parametrize(("n", "i", "o"), [(1, 1, 1), (3, 17, 5), (5, 33, 130), (2, 600, 300), (300, 40, 700)])
def test_the_compiled_product_of_any_shape(n, i, o):
    x, weight, bias = given(0.2, n, i, o, "graded")
    torch.testing.assert_close(native.event_product(x, weight.t().contiguous(), bias), x @ weight.t() + bias)
    dense = torch.randn(n, o, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(native.event_product(x, dense, transposed=True), x.t() @ dense)


@pytest.mark.skipif(not native.available(), reason="the kernels are not compiled here")
def test_few_events_are_skipped_and_many_multiplied():
    assert 0 < break_even(1) <= 0.5
    few, many = given(0.01)[0], given(0.9)[0]
    assert module._sparse(few)
    assert not module._sparse(many)


def test_spikes_of_a_rate_come_as_often():
    rate = torch.tensor([0.0, 0.2, 0.7, 1.0])
    spikes = poisson_spikes(rate, 4000, torch.Generator().manual_seed(0))
    torch.testing.assert_close(spikes.mean(0), rate, atol=0.03, rtol=0)
    assert set(spikes.unique().tolist()) <= {0.0, 1.0}


def test_the_larger_the_value_the_sooner_its_one_spike():
    spikes = latency_spikes(torch.tensor([[1.0, 0.7, 0.2, 0.0]]), 11)
    assert spikes.sum(0).tolist() == [[1, 1, 1, 0]]
    assert spikes.argmax(0).tolist() == [[0, 3, 8, 0]]


def test_changes_become_spikes_and_add_up_to_the_signal():
    signal = torch.linspace(0, 3, 31).sin()[:, None]
    spikes = delta_spikes(signal, threshold=0.05, off=True)
    assert set(spikes.unique().tolist()) == {-1.0, 0.0, 1.0}
    assert float(spikes[0]) == 0


def test_values_outside_their_range_are_refused():
    with pytest.raises(BadData, match="scale them"):
        poisson_spikes(torch.tensor([1.2]), 3, torch.Generator())
    with pytest.raises(BadData, match="scale them"):
        latency_spikes(torch.tensor([torch.nan]), 3)
