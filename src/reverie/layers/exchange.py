"""Networks of spiking neurons from and to NIR, the neuromorphic intermediate representation.

NIR writes neurons as differential equations; a step of length Δt makes of them::

    β = 1 − Δt / τ_mem,     α = 1 − Δt / τ_syn,     and an input that is not scaled:  r = τ_mem / Δt,  w_in = τ_syn / Δt

NIR resets to zero (`reset="hard"`); a soft reset is written into the node's metadata, which other libraries pass over.
It holds no plasticity and no adaptive threshold.

Reference: Pedersen et al., 2024, Nature Communications 15:8122.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from reverie.errors import BadData, ReverieError
from reverie.layers.neurons import LeakyIntegrator, SpikingNeurons
from reverie.layers.sequence import SpikingSequence
from reverie.layers.spiking import SpikingConv, SpikingDense

__all__ = ["from_nir", "to_nir"]

STEP = 1e-4
"""Δt in seconds, as other libraries have it."""


def to_nir(network: SpikingSequence, shape: tuple[int, ...]) -> Any:
    """A graph of the package `nir`.

    Parameters
    ----------
    shape : tuple of int
        Of one step of one sample.

    Raises
    ------
    BadData
        A module that NIR cannot hold.
    """
    nir = _package()
    nodes: list[Any] = [nir.Input(input_type=np.array(shape))]
    x = torch.zeros(1, 1, *shape)
    for layer in network.layers:
        before = x
        x, _ = SpikingSequence(layer)(x)
        nodes += _nodes(nir, layer, tuple(before.shape[2:]), tuple(x.shape[2:]))
    nodes.append(nir.Output(output_type=np.array(x.shape[2:])))
    return nir.NIRGraph.from_list(*nodes)


def _nodes(nir: Any, layer: nn.Module, before: tuple[int, ...], after: tuple[int, ...]) -> list[Any]:
    if isinstance(layer, SpikingDense):
        return [_affine(nir, layer.weight, layer.bias), *_nodes(nir, layer.neurons, after, after)]
    if isinstance(layer, SpikingConv):
        return [*_nodes(nir, layer.conv, before, after), *_nodes(nir, layer.neurons, after, after)]
    if isinstance(layer, nn.Linear):
        return [_affine(nir, layer.weight, layer.bias)]
    if isinstance(layer, nn.Conv2d) and not isinstance(layer.padding, str):
        bias = layer.bias if layer.bias is not None else torch.zeros(layer.out_channels)
        geometry = layer.stride, layer.padding, layer.dilation, layer.groups
        return [nir.Conv2d(before[-2:], _array(layer.weight), *geometry, _array(bias))]
    if isinstance(layer, nn.Flatten) and layer.start_dim == 1 and layer.end_dim == -1:
        return [nir.Flatten(input_type={"input": np.array(before)}, start_dim=0, end_dim=-1)]
    if isinstance(layer, LeakyIntegrator) and layer.beta < 1:
        tau = np.full(after, STEP / (1 - layer.beta))
        return [nir.LI(tau=tau, r=tau / STEP, v_leak=np.zeros(after))]
    if isinstance(layer, SpikingNeurons) and not layer.kappa and not layer.learn_decay:
        return [_neurons(nir, layer, after)]
    raise BadData(f"NIR cannot hold {layer}. It holds Linear, Conv2d, Flatten, LIF, current-based LIF, IF and LI.")


def _neurons(nir: Any, layer: SpikingNeurons, shape: tuple[int, ...]) -> Any:
    threshold, zero = np.full(shape, layer.threshold), np.zeros(shape)
    common = {"v_threshold": threshold, "v_reset": zero, "metadata": {"reset": layer.reset}}
    if layer.beta == 1 and not layer.alpha:
        return nir.IF(r=np.full(shape, 1 / STEP), **common)
    if layer.beta == 1:
        raise BadData("NIR cannot hold neurons with a synaptic current that do not leak. Give beta less than 1.")
    tau = np.full(shape, STEP / (1 - layer.beta))
    if not layer.alpha:
        return nir.LIF(tau=tau, r=tau / STEP, v_leak=zero, **common)
    syn = np.full(shape, STEP / (1 - layer.alpha))
    return nir.CubaLIF(tau_syn=syn, tau_mem=tau, r=tau / STEP, v_leak=zero, w_in=syn / STEP, **common)


def from_nir(graph: Any, *, reset: str | None = None) -> SpikingSequence:
    """The network of a graph that is a chain.

    Parameters
    ----------
    graph : nir.NIRGraph
        As `nir.read` gives it.
    reset : {"soft", "hard"}, optional
        None: as the graph's metadata say, else "hard".

    Raises
    ------
    BadData
        A graph that branches; a node, or a value of one, that has no layer here.
    """
    following: dict[str, list[str]] = {}
    for source, target in graph.edges:
        following.setdefault(source, []).append(target)
    starts = [name for name, node in graph.nodes.items() if type(node).__name__ == "Input"]
    if len(starts) != 1 or any(len(targets) > 1 for targets in following.values()):
        raise BadData("The graph branches. Expected one input and nodes in a row.")
    layers: list[nn.Module] = []
    name, seen = starts[0], {starts[0]}
    while following.get(name):
        name = following[name][0]
        if name in seen:
            raise BadData("The graph has a loop. Expected nodes in a row.")
        seen.add(name)
        if type(graph.nodes[name]).__name__ != "Output":
            layers.append(_layer(graph.nodes[name], name, reset))
    return SpikingSequence(*layers)


def _layer(node: Any, name: str, reset: str | None) -> nn.Module:
    kind = type(node).__name__
    if kind in ("Affine", "Linear"):
        weight, bias = _tensor(node.weight), _tensor(node.bias) if kind == "Affine" else None
        linear = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
        _fill(linear, weight, bias)
        return linear
    if kind == "Conv2d":
        weight = _tensor(node.weight)
        inputs = weight.shape[1] * node.groups
        geometry = {part: getattr(node, part) for part in ("stride", "padding", "dilation", "groups")}
        conv = nn.Conv2d(inputs, weight.shape[0], (weight.shape[2], weight.shape[3]), **geometry)
        _fill(conv, weight, _tensor(node.bias))
        return conv
    if kind == "Flatten":
        return nn.Flatten()
    if kind == "LI":
        _unscaled(name, node.r * STEP / node.tau, node.v_leak)
        return LeakyIntegrator(beta=1 - STEP / _one(name, node.tau))
    how: dict[str, Any] = {}
    if kind in _SPIKING:
        if node.v_reset is not None and np.any(node.v_reset):
            raise BadData(f"The node {name} resets to another value than zero, which no layer here does.")
        how = {"threshold": _one(name, node.v_threshold), "reset": reset or node.metadata.get("reset", "hard")}
    if kind == "IF":
        _unscaled(name, node.r * STEP, np.zeros(1))
        return SpikingNeurons(beta=1.0, **how)
    if kind == "LIF":
        _unscaled(name, node.r * STEP / node.tau, node.v_leak)
        return SpikingNeurons(beta=1 - STEP / _one(name, node.tau), **how)
    if kind == "CubaLIF":
        _unscaled(name, node.w_in * node.r * STEP * STEP / (node.tau_mem * node.tau_syn), node.v_leak)
        decays: dict[str, Any] = {
            "beta": 1 - STEP / _one(name, node.tau_mem),
            "alpha": 1 - STEP / _one(name, node.tau_syn),
        }
        return SpikingNeurons(**decays, **how)
    raise BadData(f"The node {name} is of the kind {kind}, for which there is no layer here.")


_SPIKING = ("IF", "LIF", "CubaLIF")


def _one(name: str, values: Any) -> float:
    found = np.unique(np.asarray(values))
    if len(found) != 1:
        raise BadData(f"The neurons of the node {name} differ among each other. Expected the same constants for all.")
    return float(found[0])


def _unscaled(name: str, scale: Any, leak: Any) -> None:
    if not np.allclose(scale, 1, rtol=1e-4) or np.any(leak):
        raise BadData(
            f"The node {name} scales its input or leaks to another value than zero, which no layer here does."
        )


def _fill(layer: nn.Linear | nn.Conv2d, weight: Tensor, bias: Tensor | None) -> None:
    with torch.no_grad():
        layer.weight.copy_(weight)
        if bias is not None and layer.bias is not None:
            layer.bias.copy_(bias)


def _affine(nir: Any, weight: Tensor, bias: Tensor | None) -> Any:
    return nir.Linear(_array(weight)) if bias is None else nir.Affine(_array(weight), _array(bias))


def _array(tensor: Tensor) -> Any:
    return tensor.detach().cpu().numpy()


def _tensor(array: Any) -> Tensor:
    return torch.from_numpy(np.array(array, dtype=np.float32))


def _package() -> Any:
    try:
        import nir
    except ImportError:
        raise ReverieError(
            "NIR needs the package nir, which is not installed. Run: pip install 'reverie[spiking]'"
        ) from None
    return nir
