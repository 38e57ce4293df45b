"""Sentences by their words, without a pre-trained network: hashed words and letters, in a random expansion.

Words, pairs of words, and letters in words (two to five) are hashed to 2048 cells with a sign (`reverie.text`). The
expansion separates what a plane over words cannot, such as intents that share them. Nothing is learned from the first
sentences, in any language, so brains that began apart can be merged.

Reference: Weinberger et al., 2009, ICML (hashing).
"""

from typing import Any

import torch
from torch import Tensor

from reverie.layers import Expansion
from reverie.senses.coded import expansion_of
from reverie.senses.sentences import Sentences
from reverie.text import encode_text

__all__ = ["Words"]

_CELLS = 2048
_WIDTH = 2500
_SCALE = 4.0


class Words(Sentences):
    """Sentences of any language.

    Examples
    --------
    >>> sense = Words({"width": 64})
    >>> sense.form(["how are you"])
    >>> sense.keys(["how is it"]).shape
    torch.Size([1, 64])
    """

    name = "words"
    grows = "width"

    @classmethod
    def recognises(cls, x: Any) -> bool:
        return isinstance(x, list | tuple) and bool(x) and all(isinstance(item, str) for item in x)

    def begin(self, samples: Any) -> None:
        self.settings = {"input_scale": _SCALE} | self.settings  # its vectors have length one
        self.affordable(20_000, 1, _CELLS + 2)
        self.module = self.make()

    def make(self) -> Expansion:
        return expansion_of(_CELLS, self.settings, _WIDTH, self.seed, sense=self.name)

    def numbers(self, samples: Any) -> Tensor:
        numbers: Tensor = torch.from_numpy(encode_text(samples, "hash"))
        return numbers
