"""What is known of someone or something: who, what of them, and its value."""

from typing import NamedTuple

__all__ = ["Fact", "Key", "Said"]


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


class Said(NamedTuple):
    """A fact as a sentence says it.

    Attributes
    ----------
    fact : Fact
        Its value is empty where none is named: "I quit my job".
    ends : bool
        Whether the sentence says that this is no longer so.
    sentence : str
        In normal form (`reverie.language.normal`).
    whole : bool
        Whether the sentence says nothing else.
    rest : str
        The words of the sentence that may say since when; empty where a date in it says something else.
    """

    fact: Fact
    ends: bool = False
    sentence: str = ""
    whole: bool = True
    rest: str = ""
