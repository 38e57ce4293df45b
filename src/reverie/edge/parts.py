"""What is needed of a brain to answer, and nothing else: arrays and a few numbers.

The sums, the history and the ways to learn stay behind. `numpy_predictor` and `onnx_graph` say the same computation
twice, from the same parts.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from reverie.brain import Brain
from reverie.errors import BadData
from reverie.layers import Expansion, VisualCortex
from reverie.layers.cortex import regions_of

__all__ = ["Parts", "parts_of"]

_TEXT = {"hash": 2048, "minilm": 384}


@dataclass(frozen=True)
class Parts:
    """A brain that can only answer.

    Attributes
    ----------
    about : dict
        Plain values: `kind` of encoder, `shape` of a sample, `pixels` (0…255 or not), `classes`, and the encoder's own.
    arrays : dict
        The encoder's weights; of the memory's answer `weights` [d, k], `intercept` [k] and `slope` (p = softmax of
        slope · scores); or of the cortex's, `mean`, `scale`, and `w0`, `b0`, `w1`, … of its layers.
    """

    about: dict[str, Any]
    arrays: dict[str, NDArray[Any]]


def parts_of(brain: Brain, *, by: str = "memory", int8: bool = False) -> Parts:
    """Take a brain apart.

    Parameters
    ----------
    by : {"memory", "cortex"}
        Whose answers are wanted.
    int8 : bool
        Round weights to eight bits, with a scale for each output: a quarter of the bytes, nearly the same labels.
    """
    if not brain.classes:
        raise BadData("This brain has learned nothing yet. Let it learn samples with labels first.")
    mind = brain.mind
    senses = mind.senses
    about: dict[str, Any] = {
        "format": "reverie-edge-1",
        "classes": brain.classes,
        "shape": list(senses.shape or ()) or [_TEXT[senses.encoder]],
        "pixels": senses.pixels,
        "encoder": senses.encoder,
        "by": by,
    }
    arrays = _of_senses(senses.module, about)
    if senses.kept is not None and not senses.whole_numbers:
        arrays["kept"] = senses.kept.numpy()
    columns = mind.columns(brain.classes)
    if by == "memory":
        _, weights, intercept = mind.memory.solution()
        share = mind.memory.value_sums / mind.memory.value_sums.sum()
        arrays |= {
            "weights": weights[:, columns].numpy(),
            "intercept": intercept[columns].numpy(),
            "slope": np.asarray(1 / float(share.square().sum())),
        }
    elif by == "cortex":
        arrays |= _of_network(mind.cortex, columns)
    else:
        raise BadData(f"by is {by!r}. Expected 'memory' or 'cortex'.")
    if int8:
        for name in [name for name in arrays if arrays[name].ndim == 2]:
            matrix = arrays.pop(name)
            scale = np.maximum(np.abs(matrix).max(0), 1e-12) / 127
            arrays[name] = np.round(matrix / scale).astype(np.int8)
            arrays[f"{name}.scale"] = scale.astype(matrix.dtype)
    return Parts(about, arrays)


def _of_senses(module: nn.Module | None, about: dict[str, Any]) -> dict[str, NDArray[Any]]:
    if isinstance(module, VisualCortex):
        about |= {
            "kind": "cortex",
            "patch": module.patch,
            "regions": [regions_of(side - module.patch + 1, module.grid, module.overlap) for side in module.shape[:2]],
            "threshold": module.threshold,
            "bfloat16": module.precision == "bfloat16",
        }
        kernel = module.whitening @ module.filters.T
        return {
            "kernel": kernel.numpy(),
            "bias": (-module.mean @ kernel).numpy(),
            "gain": module.gain.numpy().astype(np.float32),
        }
    if isinstance(module, Expansion):
        about |= {"kind": "expansion", "winners": module.winners if module.kind == "kwta" else 0}
        return {"projection": module.projection.numpy(), "bias": module.bias.numpy()}
    if module is None:
        about["kind"] = "raw"
        return {}
    raise BadData(
        f"An encoder of one's own ({about['encoder']}) is not exported. Export it with torch, and 'raw' here."
    )


def _of_network(network: nn.Module | None, columns: Tensor) -> dict[str, NDArray[Any]]:
    if network is None:
        raise BadData("This brain has no cortex network: it has not slept since it was made, or since it forgot.")
    state = {name: value.detach() for name, value in network.state_dict().items()}
    if int(columns.max()) >= len(state["1.head.bias"]):
        raise BadData("Classes have come since the last night, and the cortex does not know them. Let the brain sleep.")
    found = {"mean": state["0.mean"].numpy(), "scale": state["0.scale"].numpy()}
    layers = [name.removesuffix(".weight") for name in state if "encoder" in name and name.endswith(".weight")]
    for index, layer in enumerate(layers):
        found |= {f"w{index}": state[f"{layer}.weight"].T.numpy(), f"b{index}": state[f"{layer}.bias"].numpy()}
    last = len(layers)
    found[f"w{last}"] = state["1.head.weight"][columns].T.numpy()
    found[f"b{last}"] = state["1.head.bias"][columns].numpy()
    return found
