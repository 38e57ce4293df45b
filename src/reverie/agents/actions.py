"""What an agent can do: one of k deeds, each a vector of numbers that the body takes.

A body that takes any torque gets a few of them to choose from: `levels` in each direction, zero among them.
"""

from itertools import product
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from reverie.errors import BadData

__all__ = ["Actions"]

_MOST = 64  # deeds; more than that need another way to choose


class Actions:
    """The deeds of an action space.

    Attributes
    ----------
    vectors : Tensor, shape `[k, a]`, or None
        What each deed is, for a space of numbers; None for deeds without a measure (left, right).

    Examples
    --------
    >>> import gymnasium
    >>> Actions(gymnasium.spaces.Box(-2.0, 2.0, (1,)), levels=3).vectors.tolist()
    [[-2.0], [0.0], [2.0]]
    >>> len(Actions(gymnasium.spaces.Discrete(2)))
    2
    """

    def __init__(self, space: Any, *, levels: int = 5) -> None:
        from gymnasium import spaces

        self._space = space
        self.vectors: Float[Tensor, "k a"] | None = None
        if isinstance(space, spaces.Discrete):
            self._k = int(space.n)
            return
        if not isinstance(space, spaces.Box) or len(space.shape) != 1:
            raise BadData(f"The actions are {space}. Expected a Discrete space, or a Box of one dimension.")
        if not (np.isfinite(space.low).all() and np.isfinite(space.high).all()):
            raise BadData(f"The actions are {space}, without bounds. Give each a lowest and a highest value.")
        self._k = levels ** space.shape[0]
        if self._k > _MOST:
            raise BadData(
                f"{levels} levels in each of {space.shape[0]} directions are {self._k} deeds. Expected {_MOST} or "
                "fewer. Give fewer levels."
            )
        each = [np.linspace(low, high, levels) for low, high in zip(space.low, space.high, strict=True)]
        self.vectors = torch.tensor(list(product(*each)), dtype=torch.float32)

    def __len__(self) -> int:
        return self._k

    def act(self, deed: int) -> Any:
        """The deed as the body takes it."""
        if self.vectors is None:
            return int(self._space.start) + deed
        return self.vectors[deed].numpy().astype(self._space.dtype)

    def deed(self, action: Any) -> int:
        """Which deed an action is; the nearest, where it is a vector.

        Raises
        ------
        BadData
            The action lies outside of the space.
        """
        if not self._space.contains(np.asarray(action, self._space.dtype) if self.vectors is not None else action):
            raise BadData(f"The action {action!r} is not in {self._space}.")
        if self.vectors is None:
            return int(action) - int(self._space.start)
        away = (self.vectors - torch.as_tensor(np.asarray(action), dtype=torch.float32)).square().sum(1)
        return int(away.argmin())
