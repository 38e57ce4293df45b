"""Act with NumPy alone, by what an agent does by habit: `Habit("habit.npz").act(observation)`.

Needs Python and NumPy. Made from an agent by Reverie (MIT licence).
"""

from typing import Any

import numpy as np

__all__ = ["Habit"]


class Habit:
    """What an agent does.

    Parameters
    ----------
    file : path or file
        As `reverie agent export` wrote it.
    """

    def __init__(self, file: Any) -> None:
        with np.load(file, allow_pickle=False) as parts:
            self._parts = {name: parts[name] for name in ("low", "high", "places", "habit", "deeds", "winners")}
        self._squares = (self._parts["places"] ** 2).sum(1)

    def act(self, observation: Any) -> Any:
        """The deed: a whole number, or a vector."""
        low, high, places = (self._parts[name] for name in ("low", "high", "places"))
        z = (2 * np.asarray(observation, np.float32) - (low + high)) / np.maximum(high - low, np.float32(1e-12))
        nearest = np.argpartition(self._squares - 2 * places @ z, int(self._parts["winners"]))
        deed = int(self._parts["habit"][nearest[: int(self._parts["winners"])]].sum(0).argmax())
        found = self._parts["deeds"][deed]
        return int(found) if found.ndim == 0 else found
