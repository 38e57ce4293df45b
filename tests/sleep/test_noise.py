"""Noise that mends a network: the rule, and that it needs no samples."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from reverie.errors import BadData
from reverie.sleep import NoiseReplay


def net(*sizes: int, seed: int = 0) -> nn.Sequential:
    source = torch.Generator().manual_seed(seed)
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(sizes):
        layer = nn.Linear(n_in, n_out, bias=False)
        nn.init.normal_(layer.weight, std=0.1, generator=source)
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers)


PLAN = NoiseReplay(steps=40, thresholds=(1.0, 1.0), gain=5.0)


def test_a_step_is_the_rule_synapse_by_synapse() -> None:
    plan = NoiseReplay(increase=0.1, decrease=0.05, softness=0.2, decay=0.5)
    weight = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    before, pre, membrane = weight.clone(), torch.tensor([1.0, 0, 0, 1]), torch.tensor([4.0, 0, 9])
    kept = membrane.clone()
    post = plan._step(weight, pre, membrane, gain=2.0, bar=1.5)
    for cell in range(3):
        u = 0.5 * float(kept[cell]) + 2.0 * float(before[cell, 0] + before[cell, 3])
        assert bool(post[cell]) == (u >= 1.5)
        assert float(membrane[cell]) == pytest.approx(0.0 if u >= 1.5 else u)
        for synapse in range(4):
            w = float(before[cell, synapse])
            change = 0.1 if pre[synapse] else -0.05
            if u >= 1.5:
                w += change * 2 / (1 + float(torch.exp(torch.tensor(w / 0.2))))
            assert float(weight[cell, synapse]) == pytest.approx(w, abs=1e-6)
    assert 0 < float(post.sum()) < 3


@pytest.mark.parametrize("shape", [(6, 6), (36,)])
def test_the_same_seed_gives_the_same_night_whatever_the_global_one(shape: tuple[int, ...]) -> None:
    nights = []
    for index in range(2):
        torch.manual_seed(index)
        network = net(36, 8, 4)
        rates = PLAN.sleep(network, torch.full(shape, 0.9), [1.0, 1.0], generator=torch.Generator().manual_seed(3))
        nights.append((rates, [parameter.detach().clone() for parameter in network.parameters()]))
    assert nights[0][0] == nights[1][0]
    assert all(torch.equal(one, two) for one, two in zip(nights[0][1], nights[1][1], strict=True))
    assert nights[0][0][0] > 0
    assert not torch.equal(nights[0][1][0], net(36, 8, 4)[0].weight)


def test_without_input_nothing_changes() -> None:
    network = net(36, 8, 4)
    PLAN.sleep(network, torch.zeros(6, 6), [1.0, 1.0], generator=torch.Generator().manual_seed(0))
    assert torch.equal(network[0].weight, net(36, 8, 4)[0].weight)


@pytest.mark.parametrize(
    ("network", "mean", "lively", "words"),
    [
        (net(36, 8, 4), torch.zeros(36), [1.0], "one of each for every layer"),
        (net(36, 8, 4), torch.full((36,), 3.0), [1.0, 1.0], "within 0…1"),
        (nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4)), torch.zeros(4), [1.0, 1.0], "Tanh"),
    ],
)
def test_bad_input_is_explained(network: nn.Module, mean: torch.Tensor, lively: list[float], words: str) -> None:
    with pytest.raises(BadData, match=words):
        PLAN.sleep(network, mean, lively, generator=torch.Generator())
