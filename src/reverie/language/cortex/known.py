"""What the weights answer."""

from typing import NamedTuple

from reverie.language.fact import Key

__all__ = ["Known"]


class Known(NamedTuple):
    """What the weights answer, how sure they are, 0…1, and the key that it is the value of."""

    text: str
    confidence: float
    key: Key
