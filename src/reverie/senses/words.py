"""Sentences by their words, without a pre-trained network: hashed words and letters, rare ones counting more.

Words, pairs of words, and letters in words (two to five) are hashed to cells with a sign. A cell counts ::

    log(1 + documents / (1 + documents with the cell)) + 1

by the first sentences (inverse document frequency), and a sentence's vector has length one. Keys are whole numbers.

Reference: Spärck Jones, 1972, Journal of Documentation 28; Weinberger et al., 2009, ICML (hashing).
"""

from typing import Any

from torch import Tensor

from reverie.senses.sentences import Sentences

__all__ = ["Words"]


class Words(Sentences):
    """Sentences of any language."""

    name = "words"
    known_settings = ()

    @classmethod
    def recognises(cls, x: Any) -> bool:
        return isinstance(x, list | tuple) and bool(x) and all(isinstance(item, str) for item in x)

    def make(self) -> None:
        return None

    def numbers(self, samples: Any) -> Tensor:
        raise NotImplementedError
