"""What a view shows is what the layer computes, and what it cannot show is refused in words."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from torch import nn

from reverie.contracts import SynapseView
from reverie.errors import BadData
from reverie.layers import Head, SpikingConv, SpikingDense, SpikingRecurrent
from reverie.plasticity import Hebb, steps, synapses


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def rand(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=generator(seed))


@settings(max_examples=30, deadline=None)
@given(
    kernel=some.tuples(some.integers(1, 3), some.integers(1, 3)),
    stride=some.integers(1, 2),
    padding=some.tuples(some.integers(0, 2), some.integers(0, 2)),
    dilation=some.integers(1, 2),
)
def test_rows_times_weights_are_the_convolution(kernel, stride, padding, dilation):
    layer = nn.Conv2d(2, 3, kernel, stride, padding, dilation, bias=False)
    pre = rand(2, 2, 6, 7)
    post = layer(pre)
    view = synapses(layer, pre, post)
    torch.testing.assert_close(view.pre @ view.weight.T, view.post)
    assert len(view.pre) == 2 * post.shape[2] * post.shape[3]


def test_hebb_on_a_convolution_is_the_sum_over_places():
    """Hebb's sum is the gradient of ½ Σ post² with respect to the filters, which torch knows."""
    layer = nn.Conv2d(2, 3, 3, padding=1, bias=False)
    pre = rand(4, 2, 5, 5)
    post = layer(pre)
    (post.square().sum() / 2).backward()
    view = synapses(layer, pre, post)
    change, _ = Hebb(rate=1.0)(view, ())
    torch.testing.assert_close(change.view_as(layer.weight) * len(view.pre), layer.weight.grad, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("layer", [nn.Linear(4, 3), nn.Conv2d(1, 3, 2)])
def test_commit_reaches_the_layer_and_no_gradient_does(layer):
    dense = isinstance(layer, nn.Linear)
    pre = rand(2, 4) if dense else rand(2, 1, 3, 3)
    view = synapses(layer, pre, layer(pre))
    assert not view.post.requires_grad
    assert not view.weight.requires_grad
    view.commit(torch.full_like(view.weight, 7.0))
    assert (layer.weight == 7).all()
    assert layer.weight.requires_grad


def test_a_sequence_is_one_view_for_each_step_and_later_ones_see_earlier_changes():
    layer = nn.Linear(4, 3)
    spikes_in, spikes_out = rand(5, 2, 4) < 0.5, (rand(5, 2, 3, seed=1) < 0.5).to(torch.uint8)
    for step, view in enumerate(steps(layer, spikes_in, spikes_out)):
        torch.testing.assert_close(view.pre, spikes_in[step].float())
        torch.testing.assert_close(view.post, spikes_out[step].float())
        if step:
            assert (view.weight == step).all()
        view.commit(torch.full_like(view.weight, step + 1.0))


def test_a_head_that_grows_has_a_view():
    head = Head(4)
    head.grow(3, generator())
    assert synapses(head, rand(2, 4), rand(2, 3)).weight.shape == (3, 4)


def test_spiking_layers_show_and_take_their_synapses():
    dense, conv = SpikingDense(4, 3, generator=generator()), SpikingConv(1, 3, 2, generator=generator())
    for layer, weight, pre in ((dense, dense.weight, rand(5, 2, 4)), (conv, conv.conv.weight, rand(5, 2, 1, 3, 3))):
        for view in steps(layer, pre < 0.5, layer((pre < 0.5).float())[0]):
            torch.testing.assert_close(view.weight, weight.detach().flatten(1))
            view.commit(view.weight + 1)
        assert float(weight.detach().min()) > 4


NAN = torch.full((2, 4), torch.nan)
REFUSED = {
    "a layer without weights": (lambda: synapses(nn.ReLU(), rand(2, 4), rand(2, 4)), "A ReLU has no view"),
    "a network": (lambda: synapses(nn.Sequential(nn.Linear(4, 3)), rand(2, 4), rand(2, 3)), "the layer inside"),
    "two kinds of synapses": (
        lambda: synapses(SpikingRecurrent(4, 3, generator=generator()), rand(2, 4), rand(2, 3)),
        "the layer inside",
    ),
    "groups": (lambda: synapses(nn.Conv2d(2, 2, 1, groups=2), rand(1, 2, 3, 3), rand(1, 2, 3, 3)), "one group"),
    "circular": (
        lambda: synapses(nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular"), rand(1, 1, 3, 3), rand(1, 1, 3, 3)),
        "number of zeros",
    ),
    "same": (lambda: synapses(nn.Conv2d(1, 1, 3, padding="same"), rand(1, 1, 3, 3), rand(1, 1, 3, 3)), "padding"),
    "NaN": (lambda: synapses(nn.Linear(4, 3), NAN, rand(2, 3)), "NaN or infinity"),
    "NaN spikes in a sequence": (lambda: list(steps(nn.Linear(4, 3), NAN[None], rand(1, 2, 3))), "NaN or infinity"),
    "a width": (lambda: synapses(nn.Linear(5, 3), rand(2, 4), rand(2, 3)), r"pre has shape \(2, 4\)"),
    "a height": (lambda: synapses(nn.Conv2d(1, 2, 2), rand(1, 1, 3, 3), rand(1, 2, 3, 3)), r"Expected \[1, 2, 2, 2\]"),
    "rows": (lambda: synapses(nn.Linear(4, 3), rand(2, 4), rand(1, 3)), r"Expected \[2, 3\]"),
    "nothing": (lambda: synapses(nn.Linear(4, 3), rand(0, 4), rand(0, 3)), "not empty"),
    "time unannounced": (lambda: synapses(nn.Linear(4, 3), rand(5, 2, 4), rand(5, 2, 3)), "take `steps`"),
    "time in the second place": (lambda: list(steps(nn.Linear(4, 3), rand(2, 5, 4), rand(5, 2, 3))), "first axis"),
    "no time": (lambda: list(steps(nn.Linear(4, 3), rand(0, 2, 4), rand(0, 2, 3))), "at least one"),
    "a view of matrices": (lambda: SynapseView(rand(1, 2), rand(1, 3), rand(3, 2)).commit(rand(3, 2)), "from a layer"),
    "a modulator for no cell": (
        lambda: Hebb()(SynapseView(rand(1, 2), rand(1, 3), rand(3, 2)), (), torch.ones(2)),
        "one for each of the 3",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_view_is_refused_in_words(case):
    act, words = REFUSED[case]
    with pytest.raises(BadData, match=words):
        act()
