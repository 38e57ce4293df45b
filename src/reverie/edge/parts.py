"""A brain that can only answer: arrays and a few numbers.

`numpy_predictor` and `onnx_graph` say the same computation twice, from the same parts.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Parts"]


@dataclass(frozen=True)
class Parts:
    """A brain that can only answer.

    Attributes
    ----------
    about : dict
        Plain values: `kind` of encoder, `shape` of a sample, `pixels` (0…255 or not), `classes`, and the encoder's own;
        where samples pass a grid, its `limit`, and `deviation`: what its whole numbers are divided by, or None.
    arrays : dict
        The encoder's weights; of a grid `centre` and `step`; of the memory's answer `weights` [d, k], `intercept` [k]
        and `slope` (p = softmax of slope · scores), and where it is sharpened `along` [d, m] and `curves` [k, m, m];
        or of the cortex's, `mean`, `scale`, and `w0`, `b0`, `w1`, … of its layers.
    front : ModelProto or None
        What makes numbers of samples, as an ONNX model with the output `numbers`; None: numbers are what is given.
    """

    about: dict[str, Any]
    arrays: dict[str, NDArray[Any]]
    front: Any = None

    def rounded(self) -> "Parts":
        """With matrices of eight bits, and a scale for each of their columns."""
        arrays = dict(self.arrays)
        for name in [name for name in arrays if arrays[name].ndim == 2 and arrays[name].dtype.kind == "f"]:
            matrix = arrays.pop(name)
            scale = np.maximum(np.abs(matrix).max(0), 1e-12) / 127
            arrays[name] = np.round(matrix / scale).astype(np.int8)
            arrays[f"{name}.scale"] = scale.astype(matrix.dtype)
        return Parts(self.about, arrays, self.front)
