"""Layers that spike: against their parts, and that they learn."""

import pytest
import torch

from reverie import native
from reverie.errors import ReverieError
from reverie.functional import NeuronState, integrate_and_fire, poisson_spikes
from reverie.layers import (
    Izhikevich,
    LeakyIntegrator,
    SpikingConv,
    SpikingDense,
    SpikingNeurons,
    SpikingRecurrent,
    adaptive_lif,
    current_lif,
    decay_of,
    if_neurons,
    lif,
)


def source(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def spikes_in(*shape: int, density: float = 0.2) -> torch.Tensor:
    return (torch.rand(*shape, generator=source(1)) < density).float()


LAYERS = {
    "dense": (lambda: SpikingDense(6, 5, generator=source()), spikes_in(7, 3, 6)),
    "dense bfloat16": (lambda: SpikingDense(6, 5, precision="bfloat16", generator=source()), spikes_in(7, 3, 6)),
    "convolution": (lambda: SpikingConv(2, 4, 3, padding=1, generator=source()), spikes_in(7, 3, 2, 5, 6)),
    "recurrent": (lambda: SpikingRecurrent(6, 5, generator=source()), spikes_in(7, 3, 6)),
    "lif": (lif, 2 * torch.rand(7, 3, 5, generator=source())),
    "current lif": (current_lif, torch.rand(7, 3, 5, generator=source())),
    "adaptive lif": (adaptive_lif, 2 * torch.rand(7, 3, 5, generator=source())),
    "integrate and fire": (if_neurons, torch.rand(7, 3, 5, generator=source())),
    "learned decays": (lambda: current_lif(learn_decay=True), torch.rand(7, 3, 5, generator=source())),
    "leaky integrator": (LeakyIntegrator, torch.rand(7, 3, 5, generator=source())),
    "Izhikevich": (Izhikevich, 20 * torch.rand(60, 3, 5, generator=source())),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_sequence_in_two_calls_is_the_sequence_in_one(name):
    make, x = LAYERS[name]
    layer = make()
    whole, _ = layer(x)
    first, state = layer(x[:4])
    second, _ = layer(x[4:], state)
    torch.testing.assert_close(torch.cat([first, second]), whole, atol=1e-5, rtol=1e-5)
    if name != "leaky integrator":
        assert set(whole.unique().tolist()) == {0.0, 1.0}


@pytest.mark.parametrize("name", LAYERS)
def test_gradients_reach_every_parameter_and_the_input(name):
    make, x = LAYERS[name]
    layer, x = make(), x.clone().requires_grad_()
    out, _ = layer(x)
    (out * torch.randn(out.shape, generator=source(2))).sum().backward()
    assert float(x.grad.abs().sum()) > 0
    for parameter_name, parameter in layer.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert bool(torch.isfinite(parameter.grad).all())


@pytest.mark.parametrize("reset", ["soft", "hard"])
@pytest.mark.parametrize("compiled", [True, False])
def test_one_step_of_one_sample_is_a_step_of_the_sequence(reset, compiled, monkeypatch):
    if not compiled:
        monkeypatch.setattr(native, "usable", lambda *tensors: False)
    layer = SpikingDense(100, 80, lif(reset=reset), generator=source())
    x = spikes_in(30, 1, 100)
    with torch.no_grad():
        layer.weight.copy_((200 * layer.weight).round() / 64)  # so that sums are the same in any order
        layer.bias.copy_((64 * layer.bias).round() / 64)
    whole, state = layer(x)
    step = layer.stepper()
    room = torch.empty(80)
    steps = torch.stack([step(now[0], out=room).clone() if index % 2 else step(now[0]) for index, now in enumerate(x)])
    assert torch.equal(steps, whole[:, 0])
    torch.testing.assert_close(step.membrane, state.membrane[0], atol=1e-4, rtol=1e-4)
    assert 0 < float(steps.mean()) < 1


def test_a_convolution_is_a_dense_layer_where_the_kernel_is_as_large_as_the_picture():
    conv, x = SpikingConv(2, 4, 3, generator=source()), spikes_in(7, 3, 2, 3, 3)
    current = x.flatten(2) @ conv.conv.weight.flatten(1).t() + conv.conv.bias
    assert torch.equal(conv(x)[0].flatten(2), integrate_and_fire(current)[0])


def test_a_recurrent_layer_is_its_equation():
    layer, x = SpikingRecurrent(6, 5, generator=source()), spikes_in(9, 1, 6, density=0.8)
    layer.feed.weight.data *= 4
    v, last = torch.zeros(5), torch.zeros(5)
    for t, now in enumerate(layer(x)[0][:, 0]):
        v = 0.9 * v + layer.feed.weight @ x[t, 0] + layer.feed.bias + layer.recurrent @ last
        last = (v >= 1).float()
        v = v - last
        assert torch.equal(now, last)
    assert layer(x)[0].any()


def test_the_synapses_of_an_input_lie_together_and_stay_so():
    layer = SpikingDense(6, 5, generator=source())
    other = SpikingDense(6, 5, generator=source(1))
    other.load_state_dict(layer.state_dict())
    torch.optim.Adam(other.parameters()).zero_grad()
    assert torch.equal(other.weight, layer.weight)
    assert other.weight.t().is_contiguous()


def test_a_time_constant_is_the_decay_after_which_a_third_is_left():
    assert decay_of(5.0) ** 5 == pytest.approx(0.36788, abs=1e-4)


def test_a_small_network_learns_which_half_is_brighter():
    generator = source()
    first, last = SpikingDense(8, 24, generator=generator), SpikingDense(24, 2, generator=generator)
    read = LeakyIntegrator(beta=0.95)
    optimiser = torch.optim.Adam([*first.parameters(), *last.parameters()], lr=5e-3)

    def batch(n: int):
        y = torch.randint(2, (n,), generator=generator)
        rate = torch.full((n, 8), 0.2)
        rate[torch.arange(n)[:, None], 4 * y[:, None] + torch.arange(4)] = 0.5
        return poisson_spikes(rate, 20, generator), y

    def scores(x):
        hidden, _ = first(x)
        return read(last.current(hidden))[0].mean(0)

    for _ in range(60):
        x, y = batch(64)
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(scores(x), y).backward()
        optimiser.step()
    x, y = batch(500)
    assert float((scores(x).argmax(1) == y).float().mean()) > 0.95


BAD = {
    "time last": (lambda: SpikingDense(6, 5, generator=source())(torch.zeros(3, 6, 7)), "time comes first"),
    "pictures without time": (
        lambda: SpikingConv(2, 4, 3, generator=source())(torch.zeros(3, 2, 5, 5)),
        "time, batch, channels",
    ),
    "state of another batch": (
        lambda: SpikingDense(6, 5, generator=source())(torch.zeros(4, 3, 6), NeuronState.zeros(torch.zeros(2, 5))),
        "same batch",
    ),
    "another precision": (lambda: SpikingDense(6, 5, precision="int3", generator=source()), "int3"),
    "another surrogate": (lambda: SpikingNeurons(surrogate="arctangent"), "Did you mean 'arctan'"),
    "another cell": (lambda: Izhikevich("regular"), "Did you mean"),
    "a negative time constant": (lambda: decay_of(-1.0), "more than 0"),
    "a step of cells that need more state": (
        lambda: SpikingDense(6, 5, adaptive_lif(), generator=source()).stepper(),
        "no adaptation",
    ),
    "a place of another width": (
        lambda: SpikingDense(6, 5, generator=source()).stepper()(torch.zeros(6), out=torch.zeros(6)),
        "out is not fit",
    ),
    "a step of another width": (
        lambda: SpikingDense(6, 5, generator=source()).stepper()(torch.zeros(7)),
        r"Expected \[6\]",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_explained(case):
    call, words = BAD[case]
    with pytest.raises(ReverieError, match=words):
        call()
