"""What is recalled, and who may know it besides the store: a cortex."""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from reverie.memory.episodic import Episode, EpisodicStore

__all__ = ["Cortex", "Recollection"]


@runtime_checkable
class Cortex(Protocol):
    """A language model that sleeps with the memory."""

    def answer(self, question: str) -> tuple[str, float] | None:
        """What the weights say, and how sure they are, 0…1; None where they say nothing."""

    def sleep(self, store: EpisodicStore) -> dict[str, Any]:
        """Move what waits in the store into the weights; a report."""

    def forget(self, store: EpisodicStore) -> dict[str, Any]:
        """Take out of the weights what the store has forgotten; a report."""


@dataclass(frozen=True)
class Recollection:
    """An answer, and where it comes from.

    Attributes
    ----------
    text : str
    score : float
        By which it is ranked: in the store, standard deviations above what else is there; in the weights, confidence.
    strength : float
        How likely it is recalled now, on the curve of forgetting.
    comes_from : str
        "store" or "weights".
    episode : Episode or None
        What was heard; None where the weights alone know.
    """

    text: str
    score: float
    strength: float
    comes_from: str
    episode: Episode | None = None
