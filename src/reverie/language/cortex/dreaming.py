"""Cued dreams: a language model tells itself what it knows, key by key.

Left to dream freely, a model covers what it knows as a lottery would, and tells some of it wrongly; what it did not
dream of in one night is gone after a few. So the memory keeps the keys of what has gone into the weights, without the
contents, as the hippocampus is thought to keep an index of what the cortex holds (Teyler & DiScenna, 1986, Behavioral
Neuroscience 100). Each key is completed in every wording; what most wordings say is the dream.
"""

from collections import defaultdict
from typing import NamedTuple

from reverie.language.cortex.causal import CausalModel
from reverie.language.cortex.wordings import Wordings
from reverie.language.fact import Fact, Key

__all__ = ["Dream", "dream"]


class Dream(NamedTuple):
    """A fact as the model has it, the share of its wordings that agree, and how sure it was of the question's, 0…1."""

    fact: Fact
    agreement: float
    confidence: float


def dream(model: CausalModel, keys: list[Key], wordings: Wordings) -> list[Dream]:
    """Complete each key in all its wordings, and let them vote; between equals the surest wins."""
    cues = [(key, wording.cue(key)) for key in keys for wording in wordings.of(key.what)]
    said = model.complete([cue for _, cue in cues])
    votes: dict[Key, list[tuple[str, float]]] = defaultdict(list)
    for (key, _), completion in zip(cues, said, strict=True):
        votes[key].append((completion.text, completion.confidence))
    return [_count(key, votes[key]) for key in keys]


def _count(key: Key, votes: list[tuple[str, float]]) -> Dream:
    sums: dict[str, list[float]] = defaultdict(list)
    for value, confidence in votes:
        sums[value].append(confidence)
    value = max(sums, key=lambda text: (len(sums[text]), sum(sums[text])))
    return Dream(Fact(*key, value), len(sums[value]) / len(votes), votes[0][1])
