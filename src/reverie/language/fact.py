"""What is known of someone or something: who, what of them, and its value."""

from typing import NamedTuple

__all__ = ["Fact", "Key"]


class Key(NamedTuple):
    """The cue of a fact, without its content: what the hippocampus keeps when the cortex has the rest."""

    who: str
    what: str


class Fact(NamedTuple):
    """A key and its value.

    Examples
    --------
    >>> Fact("Ada Quill", "city", "Oslo").key
    Key(who='Ada Quill', what='city')
    """

    who: str
    what: str
    value: str

    @property
    def key(self) -> Key:
        return Key(self.who, self.what)
