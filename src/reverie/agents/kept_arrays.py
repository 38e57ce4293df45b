"""Arrays of a controller in its state: as tensors when it is saved, and checked when it is read."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reverie.contracts import State
from reverie.errors import CorruptFile

__all__ = ["array_of", "tensors_of"]

Vector = NDArray[np.float64]


def tensors_of(arrays: dict[str, Vector]) -> State:
    """Copies, as tensors."""
    return {name: torch.from_numpy(values.copy()) for name, values in arrays.items()}


def array_of(state: State, name: str, *shape: int) -> Vector:
    """One of them, of this shape.

    Raises
    ------
    CorruptFile
        It is not there, has another shape, or holds a number that is not finite.
    """
    found = state.get(name)
    if not isinstance(found, Tensor) or tuple(found.shape) != shape or not bool(found.isfinite().all()):
        given = list(found.shape) if isinstance(found, Tensor) else found
        raise CorruptFile(
            f"'{name}' of this state is {given}, expected finite numbers of shape {list(shape)}. Create the controller "
            "with the options that it was saved with, or restore a copy."
        )
    return np.array(found.double().numpy())
