"""A ReLU network and the spiking one made of it."""

import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn

from reverie.errors import BadData
from reverie.layers import linear_layers, liveliest, to_spiking


@pytest.fixture(scope="module")
def digits() -> tuple[torch.Tensor, torch.Tensor]:
    x, y = load_digits(return_X_y=True)
    return torch.tensor(x, dtype=torch.float32) / 16, torch.tensor(y)


@pytest.fixture(scope="module")
def trained(digits: tuple[torch.Tensor, torch.Tensor]) -> nn.Sequential:
    from reverie.layers import dense

    x, y = digits
    source = torch.Generator().manual_seed(0)
    network = nn.Sequential(dense(64, 50, source), nn.ReLU(), dense(50, 30, source), nn.ReLU(), dense(30, 10, source))
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-3)
    for _ in range(100):
        optimiser.zero_grad()
        nn.functional.cross_entropy(network(x[:1200]), y[:1200]).backward()
        optimiser.step()
    return network


def test_the_spiking_network_answers_as_the_other_one(
    trained: nn.Sequential, digits: tuple[torch.Tensor, torch.Tensor]
) -> None:
    x, y = digits
    right = float((trained(x[1200:]).argmax(1) == y[1200:]).float().mean())
    spiking = to_spiking(trained, x[:1200])
    found = {}
    for steps in (5, 100):
        scores, spikes = spiking(x[1200:], steps)
        found[steps] = float((scores.argmax(1) == y[1200:]).float().mean())
        assert 0 < spikes < 80 * steps
    assert right > 0.9
    assert found[100] >= right - 0.01
    assert found[5] < found[100]


def test_rates_approach_activities(trained: nn.Sequential, digits: tuple[torch.Tensor, torch.Tensor]) -> None:
    x = digits[0][:50]
    scale = liveliest(trained, digits[0][:1200], quantile=0.999)[-1]
    scores, _ = to_spiking(trained, digits[0][:1200])(x, 2000)
    torch.testing.assert_close(scores * scale / 2000, trained(x).detach(), atol=0.5, rtol=0.1)


def test_the_liveliest_activity_is_a_maximum_or_a_quantile() -> None:
    layer = nn.Linear(2, 2, bias=False)
    layer.weight.data = torch.tensor([[1.0, 0.0], [0.0, -1.0]])
    x = torch.tensor([[3.0, -2.0], [1.0, 5.0]])
    assert liveliest(nn.Sequential(layer), x) == [3.0]
    assert liveliest(nn.Sequential(layer), x, quantile=0.75) == [2.0]


@pytest.mark.parametrize(
    "network",
    [
        nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)),
        nn.Sequential(nn.ReLU()),
        nn.Sequential(nn.Linear(2, 2), nn.GELU(), nn.Linear(2, 2)),
        nn.Sequential(nn.Conv2d(1, 1, 2), nn.ReLU(), nn.Linear(2, 2)),
    ],
)
def test_what_is_not_such_a_network_is_refused(network: nn.Module) -> None:
    with pytest.raises(BadData, match="Expected Linear layers with a ReLU"):
        linear_layers(network)


def test_flattening_and_dropout_are_passed_over() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.Dropout(), nn.ReLU(), nn.Linear(3, 2), nn.ReLU())
    assert [layer.out_features for layer in linear_layers(network)] == [3, 2]
