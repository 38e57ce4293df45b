"""Networks through NIR and back, and to another library and back."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn

from reverie.errors import BadData
from reverie.layers import (
    LeakyIntegrator,
    SpikingConv,
    SpikingDense,
    SpikingSequence,
    adaptive_lif,
    current_lif,
    dense,
    from_nir,
    if_neurons,
    lif,
    to_nir,
)

nir = pytest.importorskip("nir", reason="the package nir is not installed: pip install 'reverie[spiking]'")


def source() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def lively(network: SpikingSequence) -> SpikingSequence:
    for parameter in network.parameters():
        parameter.data.abs_()
    return network


NETWORKS = {
    "dense": (
        lambda: SpikingSequence(
            SpikingDense(6, 8, lif(reset="hard"), generator=source()), dense(8, 3, source()), LeakyIntegrator(beta=0.8)
        ),
        (6,),
    ),
    "every neuron": (
        lambda: SpikingSequence(
            dense(6, 8, source()),
            if_neurons(threshold=0.7),
            dense(8, 8, source()),
            current_lif(),
            dense(8, 4, source()),
            lif(),
        ),
        (6,),
    ),
    "convolution": (
        lambda: SpikingSequence(
            SpikingConv(2, 3, 3, padding=1, stride=2, generator=source()), nn.Flatten(), dense(27, 4, source()), lif()
        ),
        (2, 5, 5),
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_there_and_back_through_a_file(name, tmp_path):
    make, shape = NETWORKS[name]
    network = lively(make())
    nir.write(tmp_path / "net.nir", to_nir(network, shape))
    back = from_nir(nir.read(tmp_path / "net.nir"))
    x = (torch.rand(40, 2, *shape, generator=source()) < 0.4).float()
    one, two = network(x)[0], back(x)[0]
    assert float(one.detach().abs().sum()) > 0
    torch.testing.assert_close(two, one, atol=1e-4, rtol=1e-4)


def test_snntorch_gives_the_same_spikes():
    snntorch = pytest.importorskip("snntorch", reason="the package snntorch is not installed")
    from snntorch.export_nir import export_to_nir
    from snntorch.import_nir import import_from_nir

    network = lively(
        SpikingSequence(dense(6, 8, source()), lif(reset="hard"), dense(8, 4, source()), lif(reset="hard"))
    )
    x = (torch.rand(50, 1, 6, generator=source()) < 0.4).float()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = import_from_nir(to_nir(network, (6,)))
        state, out = None, []
        with torch.no_grad():
            for now in x:
                spikes, state = theirs(now, state)
                out.append(spikes)
        ours = network(x)[0]
        assert float(ours.detach().mean()) > 0.02
        assert torch.equal(torch.stack(out).view_as(ours), ours)
        assert snntorch.__version__

        cells = nn.Sequential(
            nn.Linear(6, 5), snntorch.Leaky(beta=0.85 * torch.ones(5), threshold=torch.ones(5), init_hidden=True)
        )
        back = from_nir(export_to_nir(cells, torch.zeros(6)))
    assert back.layers[1].beta == pytest.approx(0.85, abs=1e-6)
    torch.testing.assert_close(back.layers[0].weight, cells[0].weight)


def affine() -> object:
    return nir.Affine(np.zeros((2, 3)), np.zeros(2))


BAD = {
    "adaptive neurons": (lambda: to_nir(SpikingSequence(adaptive_lif()), (3,)), "NIR cannot hold"),
    "another module": (lambda: to_nir(SpikingSequence(nn.Tanh()), (3,)), "NIR cannot hold Tanh"),
    "neurons that differ": (
        lambda: from_nir(
            nir.NIRGraph.from_list(nir.LIF(np.array([1e-3, 2e-3]), np.array([10, 20]), np.zeros(2), np.ones(2)))
        ),
        "differ among each other",
    ),
    "neurons that scale their input": (
        lambda: from_nir(nir.NIRGraph.from_list(nir.LIF(np.array([1e-3]), np.array([1.0]), np.zeros(1), np.ones(1)))),
        "scales its input",
    ),
    "a node without a layer": (
        lambda: from_nir(nir.NIRGraph.from_list(nir.Threshold(np.ones(2)))),
        "of the kind Threshold",
    ),
    "a graph that branches": (
        lambda: from_nir(
            nir.NIRGraph(
                {"input": nir.Input(np.array([3])), "a": affine(), "b": affine(), "output": nir.Output(np.array([2]))},
                [("input", "a"), ("input", "b"), ("a", "output"), ("b", "output")],
            )
        ),
        "branches",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_exchanged_is_explained(case):
    act, words = BAD[case]
    with pytest.raises(BadData, match=words):
        act()
