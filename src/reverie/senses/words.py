"""Sentences by their words, without a pre-trained network: hashed words and letters, in a random expansion.

Words, pairs of words, and letters in words (two to five) are hashed to 2048 cells with a sign (`reverie.text`). The
expansion separates what a plane over words cannot, such as intents that share them. Nothing is learned from the first
sentences, in any language, so brains that began apart can be merged.

Reference: Weinberger et al., 2009, ICML (hashing).
"""

from typing import Any

from reverie.senses.sentences import ExpandedSentences, sentences_of

__all__ = ["Words"]


class Words(ExpandedSentences):
    """Sentences of any language.

    Examples
    --------
    >>> sense = Words({"width": 64})
    >>> sense.form(["how are you"])
    >>> sense.keys(["how is it"]).shape
    torch.Size([1, 64])
    """

    name, encoder = "words", "hash"
    cells, scale = 2048, 4.0

    @classmethod
    def recognises(cls, x: Any) -> bool:
        return sentences_of(x) is not None
