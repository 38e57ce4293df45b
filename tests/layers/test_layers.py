import pytest
import torch

from reverie.layers import Autoencoder, Expansion, Head, Perceptron, dense


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_dense_draws_from_its_generator_alone():
    torch.manual_seed(0)
    state = torch.get_rng_state()
    one, two = dense(9, 4, seeded()), dense(9, 4, seeded())
    assert torch.equal(one.weight, two.weight)
    assert torch.equal(state, torch.get_rng_state())
    assert float(one.weight.detach().abs().max()) <= 1 / 3


def test_a_head_grows_and_keeps_what_it_has():
    head = Head(5)
    head.grow(2, seeded())
    before = head.weight.detach().clone()
    head.grow(4, seeded(1))
    head.grow(3, seeded(2))
    assert head(torch.zeros(1, 5)).shape == (1, 4)
    assert torch.equal(head.weight[:2], before)


def test_perceptron_flattens():
    network = Perceptron(6, (4,), seeded())
    network.head.grow(3, seeded())
    assert network(torch.rand(2, 2, 3)).shape == (2, 3)


def autoencoder(**options):
    network = Autoencoder(6, (8, 7), 3, generator=seeded(), **options)
    network.grow(4, 4, seeded(1))
    return network


def test_gates_silence_the_given_share_and_differ_between_contexts():
    network = Autoencoder(6, (400, 300), 3, generator=seeded(), gated=0.8)
    network.grow(0, 2, seeded())
    gates = network.get_buffer("gates_0")
    assert gates.shape == (2, 300)
    assert float(gates.mean()) == pytest.approx(0.2, abs=0.05)
    assert not torch.equal(gates[0], gates[1])
    z, context = torch.ones(1, 3), torch.eye(2)
    assert not torch.equal(network.decode(z, context[:1]), network.decode(z, context[1:]))


def test_gates_and_modes_that_are_open_stay_as_they_are():
    network = autoencoder(gated=0.5, conditional=True)
    gates, means = network.get_buffer("gates_1").clone(), network.mode_means.detach().clone()
    network.grow(6, 6, seeded(5))
    assert torch.equal(network.get_buffer("gates_1")[:4], gates)
    assert torch.equal(network.mode_means[:4], means)


def test_dreams_follow_their_class_mode():
    network = autoencoder(conditional=True)
    with torch.no_grad():
        network.mode_means[0], network.mode_means[1] = 5.0, -5.0
        network.mode_log_vars.fill_(-20.0)
    classes = torch.tensor([0, 0, 1])
    dreams = network.dream(3, generator=seeded(), classes=classes)
    torch.testing.assert_close(dreams[0], dreams[1], atol=1e-3, rtol=0)
    assert not torch.allclose(dreams[0], dreams[2], atol=1e-3)
    assert dreams.min() >= 0 and dreams.max() <= 1


def test_loss_is_reconstruction_plus_kl_per_input():
    network = autoencoder()
    x = torch.rand(5, 6, generator=seeded())
    encoded = network.encode(x)
    loss = network.loss(x, encoded, classes=None, gate=None, generator=seeded(3))
    _, mean, log_var = encoded
    noise = torch.randn(5, 3, generator=seeded(3))
    out = network.decode(mean + noise * (0.5 * log_var).exp())
    error = torch.nn.functional.binary_cross_entropy(torch.sigmoid(out), x)
    kl = -0.5 * (1 + log_var - mean**2 - log_var.exp()).sum(1).mean() / 6
    torch.testing.assert_close(loss, error + kl)


@pytest.mark.parametrize("kind", ["relu", "kwta"])
def test_expansions_are_small_whole_numbers_and_do_not_change(kind):
    expansion = Expansion(10, 200, kind=kind, active=0.1, generator=seeded())
    x = torch.rand(50, 10, generator=seeded())
    code = expansion(x)
    assert code.dtype == torch.uint8
    assert int(code.max()) <= 127
    assert torch.equal(code, expansion(x))
    active = (code > 0).float().mean(1)
    if kind == "kwta":
        assert float(active.max()) <= 0.1001
    else:
        assert 0.3 < float(active.mean()) < 0.7


def test_an_expansion_keeps_the_length_of_its_input():
    expansion = Expansion(3, 100, generator=seeded())
    x = torch.tensor([[0.2, 0.1, 0.0], [2.0, 1.0, 0.0]])
    code = expansion(x)
    assert not torch.equal(code[0], code[1])
