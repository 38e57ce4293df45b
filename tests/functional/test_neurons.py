"""Spiking neurons against their equations, step by step; compiled and not, the same."""

import itertools

import pytest
import torch

from reverie import native
from reverie.errors import ReverieError
from reverie.functional import (
    SURROGATES,
    NeuronState,
    Surrogate,
    integrate_and_fire,
    izhikevich,
    surrogate_slope,
)

KINDS = list(itertools.product(("soft", "hard"), (0.0, 0.7), (0.0, 0.3), (True, False), SURROGATES))


def random_state(generator: torch.Generator) -> NeuronState:
    return NeuronState(*(torch.rand(3, 7, generator=generator) for _ in range(3)))


def everything(x, state, seed, **kind):
    """Spikes, states, and the gradients of a random function of them."""
    x = x.clone().requires_grad_()
    state = NeuronState(*(part.clone().requires_grad_() for part in state))
    spikes, after = integrate_and_fire(x, state, **kind)
    generator = torch.Generator().manual_seed(seed)
    loss = sum((part * torch.randn(part.shape, generator=generator)).sum() for part in (spikes, *after))
    loss.backward()
    grads = [torch.zeros_like(part) if part.grad is None else part.grad for part in (x, *state)]
    return [spikes.detach(), *(part.detach() for part in after)], grads


@pytest.mark.skipif(not native.available(), reason="the kernels are not compiled here")
@pytest.mark.parametrize(("reset", "alpha", "kappa", "through_reset", "surrogate"), KINDS)
def test_the_compiled_loop_is_the_same(reset, alpha, kappa, through_reset, surrogate, monkeypatch):
    generator = torch.Generator().manual_seed(0)
    x, state = 0.8 * torch.randn(30, 3, 7, generator=generator), random_state(generator)
    kind = {"beta": 0.9, "alpha": alpha, "threshold": 1.1, "kappa": kappa, "rho": 0.8 if kappa else 0.0}
    kind |= {"reset": reset, "surrogate": SURROGATES[surrogate], "through_reset": through_reset}
    compiled, grads = everything(x, state, 1, **kind)
    with torch.no_grad():
        quick = integrate_and_fire(x, state, **kind)
    monkeypatch.setattr(native, "usable", lambda *tensors: False)
    plain, slow_grads = everything(x, state, 1, **kind)
    assert torch.equal(compiled[0], plain[0])
    assert torch.equal(quick[0], plain[0])
    assert 0 < float(plain[0].mean()) < 1
    for fast, slow in zip([*compiled[1:], *grads], [*plain[1:], *slow_grads], strict=True):
        torch.testing.assert_close(fast, slow, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("reset", ["soft", "hard"])
@pytest.mark.parametrize("alpha", [0.0, 0.5])
@pytest.mark.parametrize("kappa", [0.0, 0.4])
def test_spikes_are_the_equation_neuron_by_neuron(reset, alpha, kappa):
    x = torch.randn(40, 1, 5, generator=torch.Generator().manual_seed(3))
    spikes, _ = integrate_and_fire(x, beta=0.8, alpha=alpha, kappa=kappa, rho=0.9, reset=reset)
    for neuron in range(5):
        i = v = a = 0.0
        for t in range(40):
            i = alpha * i + float(x[t, 0, neuron])
            u, bar = 0.8 * v + i, 1 + kappa * a
            s = float(u >= bar)
            assert abs(u - bar) < 1e-5 or s == float(spikes[t, 0, neuron])
            s = float(spikes[t, 0, neuron])
            v = (1 - s) * u if reset == "hard" else u - s * bar
            a = 0.9 * a + s


def test_gradients_of_a_smooth_stand_in_are_those_of_the_surrogate():
    """With a threshold out of reach only the membrane counts: the gradient is that of a leaky sum."""
    x = torch.zeros(6, 1, 1, requires_grad=True)
    _, state = integrate_and_fire(x, beta=0.5, threshold=1e9)
    state.membrane.sum().backward()
    torch.testing.assert_close(x.grad.flatten(), 0.5 ** torch.arange(5, -1, -1.0))


@pytest.mark.parametrize("name", SURROGATES)
def test_a_surrogate_is_highest_at_the_threshold_and_falls_to_both_sides(name):
    d = torch.linspace(-2, 2, 401)
    slope = surrogate_slope(d, SURROGATES[name])
    assert int(slope.argmax()) == 200
    torch.testing.assert_close(slope, slope.flip(0))
    assert bool((slope >= 0).all())


@pytest.mark.parametrize(("kind", "k"), [("arctan", 2.0), ("triangular", 1.0)])
def test_the_area_below_a_surrogate_is_that_of_the_step(kind, k):
    d = torch.linspace(-500, 500, 2_000_001, dtype=torch.float64)
    assert float(torch.trapezoid(surrogate_slope(d, Surrogate(kind, k)), d)) == pytest.approx(1, abs=2e-3)


def test_a_sequence_in_two_parts_is_the_sequence_in_one():
    x = torch.randn(20, 2, 5, generator=torch.Generator().manual_seed(0))
    kind = {"alpha": 0.6, "kappa": 0.2, "rho": 0.9}
    whole, end = integrate_and_fire(x, **kind)
    first, middle = integrate_and_fire(x[:7], **kind)
    kept = [part.clone() for part in middle]
    second, last = integrate_and_fire(x[7:], middle, **kind)
    assert torch.equal(torch.cat([first, second]), whole)
    for one, other in zip(end, last, strict=True):
        torch.testing.assert_close(one, other)
    assert all(torch.equal(part, before) for part, before in zip(middle, kept, strict=True)), "the state was changed"


def test_a_learned_decay_gets_a_gradient():
    beta = torch.tensor(0.8, requires_grad=True)
    spikes, _ = integrate_and_fire(torch.full((10, 1, 3), 0.4), beta=beta)
    spikes.sum().backward()
    assert float(beta.grad) > 0


X = torch.zeros(4, 2, 3)
BAD = {
    "NaN": (X * torch.nan, {}, "NaN or infinity"),
    "infinity": (X + torch.inf, {}, "NaN or infinity"),
    "one axis": (torch.zeros(4), {}, "time"),
    "no steps": (torch.zeros(0, 2), {}, "at least one step"),
    "the state of another batch": (X, {"state": NeuronState.zeros(torch.zeros(5, 3))}, "state of the same batch"),
    "a decay above one": (X, {"beta": 1.5}, "beta is 1.5"),
    "a threshold of zero": (X, {"threshold": 0.0}, "threshold is 0"),
    "another reset": (X, {"reset": "sotf"}, "Did you mean 'soft'"),
    "another surrogate": (X + 2, {"surrogate": Surrogate("gauss", 1.0)}, "Unknown surrogate"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_explained(case):
    x, options, words = BAD[case]
    with pytest.raises(ReverieError, match=words):
        integrate_and_fire(x.clone().requires_grad_(), **options)


def test_izhikevich_cells_fire_as_in_the_paper():
    """At 10 units of current: regular cells slow down, fast ones fire more often; without current none fires."""
    current = torch.full((1000, 1, 1), 10.0)
    regular, _ = izhikevich(current)
    times = regular.flatten().nonzero().flatten()
    between = times.diff()
    assert 5 <= len(times) <= 60
    assert int(between[-1]) > int(between[0])
    from reverie.functional import CELLS

    fast, _ = izhikevich(current, cell=CELLS["fast spiking"])
    assert float(fast.sum()) > 2 * float(regular.sum())
    silent, _ = izhikevich(0 * current)
    assert float(silent.sum()) == 0
