"""What an agent can sense: a short list of numbers, each perhaps with bounds."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from reverie.errors import BadData

__all__ = ["Observations"]


class Observations:
    """The states of an observation space.

    Attributes
    ----------
    low, high : Tensor, shape [d]
        The bounds of each number; infinite where there are none.

    Examples
    --------
    >>> import gymnasium
    >>> Observations(gymnasium.spaces.Box(-1.0, 1.0, (2,))).state([0.5, 0.0])
    tensor([0.5000, 0.0000])
    """

    def __init__(self, space: Any) -> None:
        from gymnasium import spaces

        if not isinstance(space, spaces.Box) or len(space.shape) != 1:
            raise BadData(f"The senses are {space}. Expected a Box of one dimension: flatten the observations first.")
        self.low: Float[Tensor, " d"] = torch.from_numpy(space.low.astype(np.float32))
        self.high: Float[Tensor, " d"] = torch.from_numpy(space.high.astype(np.float32))

    def __len__(self) -> int:
        return len(self.low)

    def state(self, observation: Any) -> Float[Tensor, " d"]:
        """An observation as a tensor.

        Raises
        ------
        BadData
            It is of another shape, or not all finite numbers.
        """
        try:
            state = torch.as_tensor(np.asarray(observation, dtype=np.float32))
        except (TypeError, ValueError) as error:
            raise BadData(f"The observation is not an array of numbers ({error}).") from None
        if state.shape != self.low.shape:
            raise BadData(f"The observation has the shape {list(state.shape)}, expected {list(self.low.shape)}.")
        if not bool(state.isfinite().all()):
            raise BadData(f"The observation {state.tolist()} is not finite. Look at the sensor, or skip this step.")
        return state
