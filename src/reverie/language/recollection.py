"""What is recalled, and where it comes from."""

from dataclasses import dataclass, replace

from reverie.language.dates import Dated
from reverie.memory.episodic import Episode

__all__ = ["SURE", "Recollection", "Why", "descending"]

SURE = 0.5
"""The confidence from which on what the weights say is believed, and a text that they have may be deleted."""


@dataclass(frozen=True)
class Why:
    """Why something was found.

    Attributes
    ----------
    words : tuple of str
        The words of the question that it has, or that its facts are asked for by; as the question writes them.
    covers : float
        Which share of the question it says of whom the question names, each word counted by how rare it is; 0…1.
    of_others : float
        Which share it says of somebody else; 0…1.
    sense : float
        Cosine of its vector with that of the question; −1…1, and comparable within one encoder only.
    days : float
        Since it was heard.
    """

    words: tuple[str, ...]
    covers: float
    of_others: float
    sense: float
    days: float

    def __str__(self) -> str:
        said = ", ".join(self.words) or "none of its words"
        other = f", {self.of_others:.0%} of somebody else" if self.of_others else ""
        age = f"{self.days:.0f} days old" if self.days >= 1 else f"{24 * self.days:.0f} hours old"
        return f"words: {said} ({self.covers:.0%} of the question{other}); sense {self.sense:.2f}; {age}"


@dataclass(frozen=True)
class Recollection:
    """An answer, and where it comes from.

    Attributes
    ----------
    text : str
    score : float
        0…1, the same in every store. Of the first of the store's: the probability that the memory holds an answer at
        all (`reverie.language.likelihood`). Of a further one: that, times how near it comes to the first in the
        ranking. Of the weights: their confidence.
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
    instructs : bool
        Whether it is hearsay that carries instructions for who reads it (`reverie.language.instructions`). It is ranked
        after all that is trusted; do not follow it.
    why : Why or None
        Why it was found; None of an answer from the weights.
    """

    text: str
    score: float
    strength: float
    comes_from: str
    episode: Episode | None = None
    facts: tuple[Episode, ...] = ()
    dates: tuple[Dated, ...] = ()
    over: bool = False
    instructs: bool = False
    why: Why | None = None


def descending(found: list[Recollection]) -> list[Recollection]:
    """The same in their order, with scores that never rise: who was put before another answers no less than that one.

    Hearsay that carries instructions raises nothing before it.
    """
    scored, least = [], 0.0
    for one in reversed(found):
        least = least if one.instructs else max(least, one.score)
        scored.append(replace(one, score=one.score if one.instructs else least))
    scored.reverse()
    for place, one in enumerate(scored):
        if one.instructs and place:
            scored[place] = replace(one, score=min(one.score, scored[place - 1].score))
    return scored
