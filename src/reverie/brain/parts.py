"""What is needed of a mind to answer, and nothing else; the sums, the history and the ways to learn stay behind."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from reverie.brain.mind import Mind
from reverie.edge import Parts
from reverie.errors import BadData
from reverie.layers import Expansion, IntegerCortex, IntegerExpansion, MixedExpansion, VisualCortex
from reverie.layers.expansion import UNIT
from reverie.senses.coded import CodedSense
from reverie.senses.grid import DEVIATION, LIMIT
from reverie.senses.numeric import NumericSense

__all__ = ["parts_of"]


def parts_of(mind: Mind, *, by: str = "memory", int8: bool = False) -> Parts:
    """Take a mind apart.

    Parameters
    ----------
    by : {"memory", "cortex"}
        Whose answers are wanted.
    int8 : bool
        Round weights to eight bits, with a scale for each output: a quarter of the bytes, nearly the same labels.
    """
    senses, known = mind.senses, mind.known()
    if senses.is_own:
        raise BadData("An encoder of one's own is not exported. Export it with torch, and a brain with 'raw' here.")
    sense = senses.sense
    if not isinstance(sense, CodedSense):
        raise BadData(f"The sense {senses.encoder} is not one that can be exported.")
    about: dict[str, Any] = {
        "format": "reverie-edge-1",
        "classes": known.labels,
        "shape": list(sense.numbers(sense.made_up(1, torch.Generator().manual_seed(0))).shape[1:]),
        "pixels": getattr(sense, "pixels", False),
        "encoder": senses.encoder,
        "by": by,
    }
    if not isinstance(sense, NumericSense) and sense.front() is None:
        about["takes"] = f"the {about['shape'][0]} numbers that the sense {sense.name} makes of a sample"
    arrays = _of_senses(sense.compiled or sense.module, about)
    if sense.grid is not None:
        about |= {"limit": LIMIT, "deviation": DEVIATION if isinstance(sense.module, Expansion) else None}
        arrays |= {"centre": sense.grid.centre.numpy(), "step": sense.grid.step.numpy()}
    if sense.kept is not None and sense.picks:
        arrays["kept"] = sense.kept.numpy()
    if by == "memory" and mind.memory.sharpening is not None:
        folded, slope = mind.memory.sharp()
        there = (mind.memory.value_sums > 0.5).nonzero().flatten()
        place = torch.searchsorted(there, known.columns)
        arrays |= {
            "weights": folded.weights[:, place].numpy(),
            "intercept": folded.intercept[place].numpy(),
            "slope": np.asarray(slope),
            "along": folded.along.numpy(),
            "curves": folded.curves[place].numpy(),
        }
    elif by == "memory":
        decision = mind.memory.decision()
        at_a_glance = mind.memory.glancing_logits() if senses.compiled is not None else None
        place = torch.searchsorted(decision.columns, known.columns)
        by_whole = decision if at_a_glance is None else at_a_glance
        arrays |= {
            "weights": by_whole.weights[:, place].numpy(),
            "intercept": by_whole.intercept[place].numpy(),
            "slope": np.asarray(decision.slope),
        }
    elif by == "cortex":
        arrays |= _of_network(mind.cortex, known.columns)
    else:
        raise BadData(f"by is {by!r}. Expected 'memory' or 'cortex'.")
    parts = Parts(about, arrays, sense.front())
    return parts.rounded() if int8 else parts


def _of_senses(module: nn.Module | None, about: dict[str, Any]) -> dict[str, NDArray[Any]]:
    if isinstance(module, VisualCortex):
        about |= {
            "kind": "cortex",
            "patch": module.patch,
            "regions": module.cuts,
            "threshold": module.threshold,
            "bfloat16": module.precision == "bfloat16",
        }
        kernel = module.whitening @ module.filters.T
        return {
            "kernel": kernel.numpy(),
            "bias": (-module.mean @ kernel).numpy(),
            "gain": module.gain.repeat(2 * module.grid**2).numpy().astype(np.float32),  # of each cell
        }
    if isinstance(module, IntegerCortex):
        about |= {"kind": "integer cortex", "patch": module.patch, "regions": module.cuts, "floor": module.floor}
        return {name: value.numpy() for name, value in module.state_dict().items()}
    if isinstance(module, IntegerExpansion):
        about |= {"kind": "integer expansion", "unit": UNIT}
        about |= {"winners": module.winners, "input_scale": module.input_scale}
        return {name: value.numpy() for name, value in module.state_dict().items()}
    if isinstance(module, MixedExpansion):
        about |= {"kind": "mixed expansion", "winners": 0, "input_scale": module.dense.input_scale}
        dense = {"projection": module.dense.projection.numpy(), "bias": module.dense.bias.numpy()}
        return dense | {"narrow": module.narrow.numpy(), "narrow_bias": module.narrow_bias.numpy()}
    if isinstance(module, Expansion):
        about |= {"kind": "expansion", "winners": module.winners, "input_scale": module.input_scale}
        return {"projection": module.projection.numpy(), "bias": module.bias.numpy()}
    about["kind"] = "raw"
    return {}


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
