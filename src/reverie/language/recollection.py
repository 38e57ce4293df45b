"""What is recalled, and where it comes from."""

from dataclasses import dataclass

from reverie.language.dates import Dated
from reverie.memory.episodic import Episode

__all__ = ["SURE", "Recollection"]

SURE = 0.5
"""The confidence from which on what the weights say is believed, and a text that they have may be deleted."""


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
        What was heard; of an answer from the weights, which lacks the text where that was deleted.
    facts : tuple of Episode
        The facts that the text says: the episode itself, or those that were read in it.
    dates : tuple of Dated
        The dates that the text names, resolved against the time at which it was said.
    over : bool
        Whether none of its facts holds any more, at the time that was asked about. What says their newer versions is
        ranked before it.
    """

    text: str
    score: float
    strength: float
    comes_from: str
    episode: Episode | None = None
    facts: tuple[Episode, ...] = ()
    dates: tuple[Dated, ...] = ()
    over: bool = False
