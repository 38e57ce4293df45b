"""What is needed of a mind to answer, and nothing else; the sums, the history and the ways to learn stay behind."""

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from reverie.brain.mind import Mind
from reverie.edge import Parts, Probes, agreement
from reverie.errors import BadData
from reverie.layers import Expansion, IntegerCortex, IntegerExpansion, MixedExpansion, VisualCortex
from reverie.layers.expansion import UNIT
from reverie.senses.coded import CodedSense
from reverie.senses.grid import DEVIATION, LIMIT
from reverie.senses.made_up import made_up_vectors
from reverie.senses.numeric import NumericSense

__all__ = ["parts_of", "rounded_parts"]


_PROBES = 2000  # dreams by which rounded weights are judged
_ENOUGH = 200  # keys aside that are taken instead of them
_MADE_UP = 200  # samples by which it is measured what rounding does to an encoder
_AGREE = 0.995  # share of labels that must stay


def parts_of(mind: Mind, *, by: str = "memory") -> Parts:
    """Take a mind apart.

    Parameters
    ----------
    by : {"memory", "cortex"}
        Whose answers are wanted.
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
        place = torch.searchsorted(mind.memory.present, known.columns)
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
    return Parts(about, arrays, sense.front())


def rounded_parts(mind: Mind, whole: Parts) -> tuple[Parts, float]:
    """Weights of eight bits, with a scale for each output; and the share of labels that are the same.

    The labels are those of the keys aside, where there are 200 or more, or of 2000 dreams.

    Raises
    ------
    BadData
        Fewer than 99.5 % are the same.
    """
    rounded = whole.rounded()
    share = agreement(whole, rounded, _probes(mind, whole))
    if share < _AGREE:
        raise BadData(
            f"With weights of eight bits, {_percent(share)} of the labels are the same as without. Expected at least "
            f"{_percent(_AGREE)}. Nothing was written: export without int8."
        )
    return rounded, share


def _percent(share: float) -> str:
    """With one decimal, never rounded up: what is refused does not look like what is not."""
    return f"{math.floor(1000 * share) / 10:.1f} %"


def _dreams(mind: Mind, source: torch.Generator) -> Tensor:
    """Keys of all classes alike, with the covariance that is common to them.

    A night's dreams have a little noise in all directions. It would hide that weights of eight bits do not tell classes
    that differ in a direction in which keys hardly vary.
    """
    memory = mind.memory
    there = memory.present
    values, directions = torch.linalg.eigh(memory.within() / memory.samples)
    spread = torch.randn(_PROBES, len(values), generator=source, dtype=torch.float64) * values.clamp_min(0).sqrt()
    of = there[torch.randint(len(there), (_PROBES,), generator=source)]
    keys: Tensor = (memory.means()[1][of] + spread @ directions.T).round()
    return keys.clamp(0, 127) if mind.senses.whole_numbers else keys


def _probes(mind: Mind, whole: Parts) -> Probes:
    """Keys, and samples of no meaning in the units of the encoder's grid."""
    keys: Tensor | None = None if mind.aside is None else mind.aside.keys
    source = torch.Generator().manual_seed(0)
    if keys is None or len(keys) < _ENOUGH:
        keys = _dreams(mind, source)
    sense = mind.senses.sense
    assert isinstance(sense, CodedSense)
    if whole.about["kind"] == "raw":
        return Probes(keys.numpy(), np.zeros((0, *whole.about["shape"])))
    if whole.about.get("deviation"):
        drawn = made_up_vectors(_MADE_UP, whole.about["shape"][0], source).double().numpy()
        arrays = whole.arrays
        return Probes(keys.numpy(), arrays["centre"] + arrays["step"] * whole.about["deviation"] * drawn)
    return Probes(keys.numpy(), sense.numbers(sense.made_up(_MADE_UP, source)).numpy())


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
