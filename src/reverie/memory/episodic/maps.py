"""How a frozen encoder's vectors are moved for questions to lie near their answers (`reverie.sleep.retriever`).

Kept with the store, by name; NumPy alone reads and applies them.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

from reverie.memory.episodic.store import EpisodicStore

__all__ = ["Maps", "keep_maps", "load_maps"]

_NAME = "retriever"

Matrix = NDArray[np.float32]


class Maps(NamedTuple):
    """What sleep has learned: x ↦ x + x·D·M, with an M of questions and one of turns.

    Parameters
    ----------
    question, turn : array, shape [rank, dimension]
        M.
    down : array, shape [dimension, rank], optional
        D; None: the identity.
    """

    question: Matrix
    turn: Matrix
    down: Matrix | None = None

    def of_question(self, x: Matrix) -> Matrix:
        """A question's vector."""
        return np.asarray(x + (x if self.down is None else x @ self.down) @ self.question, np.float32)

    def of_turns(self, x: Matrix) -> Matrix:
        """Vectors of turns, along the last axis."""
        return np.asarray(x + (x if self.down is None else x @ self.down) @ self.turn, np.float32)

    def folded(self, question: Matrix) -> Matrix:
        """The vector whose product with a turn is that of `question` with the mapped turn."""
        back = self.turn @ question
        return np.asarray(question + (back if self.down is None else self.down @ back), np.float32)


def load_maps(store: EpisodicStore) -> Maps | None:
    """What earlier nights have learned."""
    data = store.get_bytes(_NAME)
    return None if data is None else Maps(**load(data))


def keep_maps(store: EpisodicStore, maps: Maps | None) -> None:
    """Have a store keep these, in place of what it has."""
    store.set_bytes(_NAME, None if maps is None else _packed(maps))


def _packed(maps: Maps) -> bytes:
    parts = {name: np.ascontiguousarray(part) for name, part in maps._asdict().items() if part is not None}
    return bytes(save(parts))
