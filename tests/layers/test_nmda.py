import pytest
import torch
from torch import nn

from reverie.errors import BadData
from reverie.functional.nmda import nmda
from reverie.layers.nmda import NMDA, FeedForward, TransformerBlock, replace_activation

ALPHAS = [0.0, 1e-3, 0.1, 1.0, 10.0, 1e3]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def numbers(*shape: int) -> torch.Tensor:
    return 3 * torch.randn(shape, generator=seeded(), dtype=torch.float64)


def test_without_magnesium_nothing_is_gated():
    x = numbers(100)
    assert torch.equal(nmda(x, alpha=0.0), x)
    errors = [float((nmda(x, alpha=alpha) - x).abs().max()) for alpha in (1e-4, 1e-8, 1e-12)]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 1e-6


def test_alpha_one_is_silu_and_a_steep_gate_a_rectifier():
    x = numbers(100)
    torch.testing.assert_close(nmda(x), x * torch.sigmoid(x))
    torch.testing.assert_close(nmda(x), nn.functional.silu(x))
    torch.testing.assert_close(nmda(x, beta=1e5), torch.relu(x), atol=1e-4, rtol=0)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_the_other_form_of_the_equation(alpha, beta):
    x = numbers(100)
    torch.testing.assert_close(nmda(x, alpha=alpha, beta=beta), x / (1 + alpha * torch.exp(-beta * x)))


@pytest.mark.parametrize("alpha", ALPHAS)
def test_gradients_are_the_finite_differences(alpha):
    assert torch.autograd.gradcheck(lambda x: nmda(x, alpha=alpha), numbers(20).requires_grad_())


def test_the_result_is_no_view_of_the_input_and_nothing_overflows():
    x = torch.ones(3)
    nmda(x, alpha=0.0).zero_()
    assert bool((x == 1).all())
    far = torch.tensor([-1e4, 1e4], requires_grad=True)
    y = nmda(far, alpha=1e-30)
    y.sum().backward()
    assert far.grad is not None and bool(far.grad.isfinite().all())
    torch.testing.assert_close(y.detach(), torch.tensor([0.0, 1e4]))
    assert bool(nmda(torch.tensor([float("nan")])).isnan())


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("activation", [nn.ReLU(), nn.GELU(), NMDA(0.1)])
def test_apart_from_the_gate_it_is_torchs_own_layer(activation, causal):
    torch.manual_seed(0)
    peer = nn.TransformerEncoderLayer(12, 3, 20, dropout=0.0, activation=activation, batch_first=True, norm_first=True)
    block = TransformerBlock(12, 3, 20, activation=activation, causal=causal, generator=seeded())
    block.load_state_dict(peer.state_dict())
    x, mask = torch.randn(4, 7, 12, generator=seeded(1)), nn.Transformer.generate_square_subsequent_mask(7)
    expected = peer(x, src_mask=mask, is_causal=True) if causal else peer(x)
    torch.testing.assert_close(block(x), expected)
    torch.testing.assert_close(block.eval()(x), expected)
    one, two = block(x)[:, 3].square().sum(), expected[:, 3].square().sum()
    one.backward(), two.backward()
    for (name, mine), theirs in zip(block.named_parameters(), peer.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad, msg=name)


def test_the_past_does_not_see_the_future():
    block = TransformerBlock(8, 2, 16, causal=True, generator=seeded())
    x = torch.randn(1, 6, 8, generator=seeded(1))
    other = x.clone()
    other[:, 4:] = 0
    torch.testing.assert_close(block(x)[:, :4], block(other)[:, :4])
    assert not torch.allclose(block(x)[:, 4:], block(other)[:, 4:])


def test_weights_come_from_the_generator_alone():
    torch.manual_seed(0)
    state = torch.get_rng_state()
    one, two = (TransformerBlock(8, 2, 16, generator=seeded()) for _ in range(2))
    assert torch.equal(state, torch.get_rng_state())
    for name, weights in one.state_dict().items():
        assert torch.equal(weights, two.state_dict()[name])
        assert bool(weights.isfinite().all())
    assert FeedForward(8, 16, generator=seeded())(torch.ones(2, 8)).shape == (2, 8)


@pytest.mark.parametrize("built_with", ["relu", "gelu", nn.SiLU()])
def test_torchs_own_layers_take_it_with_and_without_gradients(built_with):
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, activation=built_with, batch_first=True, norm_first=True)
    model = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
    assert replace_activation(model, NMDA(0.1)) == 2
    blocks = [TransformerBlock(8, 2, 16, activation=NMDA(0.1), generator=seeded()) for _ in range(2)]
    for block, part in zip(blocks, model.layers, strict=True):
        block.load_state_dict(part.state_dict())
    x = torch.randn(3, 5, 8, generator=seeded(1))
    expected = blocks[1](blocks[0](x))
    torch.testing.assert_close(model(x), expected)
    with torch.no_grad():
        torch.testing.assert_close(model.eval()(x), expected)


def test_why_replacing_needs_a_function():
    """torch goes on with the old non-linearity where it takes its fused path. If this fails, torch was mended."""
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True, norm_first=True).eval()
    x = torch.randn(3, 5, 8, generator=seeded(1))
    with torch.no_grad():
        before = layer(x)
        layer.activation = NMDA(0.1)
        assert torch.equal(layer(x), before)
        replace_activation(layer, NMDA(0.1))
        assert not torch.allclose(layer(x), before)


@pytest.mark.parametrize("alpha", [-0.1, float("nan"), float("inf")])
def test_what_is_no_concentration_is_refused(alpha):
    with pytest.raises(BadData, match="alpha is"):
        nmda(torch.ones(1), alpha=alpha)
    with pytest.raises(BadData, match="alpha is"):
        NMDA(alpha)


def test_other_bad_input_is_refused():
    with pytest.raises(BadData, match="beta is 0"):
        NMDA(1.0, beta=0.0)
    with pytest.raises(BadData, match="3 heads share a width of 8"):
        TransformerBlock(8, 3, 16, generator=seeded())
    with pytest.raises(BadData, match="width 6"):
        TransformerBlock(8, 2, 16, generator=seeded())(torch.zeros(1, 2, 6))
    with pytest.raises(BadData, match="no Transformer layer"):
        replace_activation(nn.Linear(2, 2), NMDA())
