"""The wordings in which a fact is told and asked for.

A wording is a sentence with places for `{who}`, `{what}` and `{value}`. One that ends with its value can be begun
without it, and is then a cue: what a language model says next is what it knows. An episode that is rehearsed only in
the words in which it was heard is known only in those; so a night tells it in all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from reverie.errors import BadData
from reverie.language.fact import Fact, Key

__all__ = ["GENERAL", "Wording", "Wordings"]


@dataclass(frozen=True)
class Wording:
    """One sentence with places.

    Examples
    --------
    >>> live = Wording("{who} lives in {value}.")
    >>> live.tell(Fact("Ada Quill", "city", "Oslo")), live.cue(Key("Ada Quill", "city"))
    ('Ada Quill lives in Oslo.', 'Ada Quill lives in')
    """

    template: str

    def __post_init__(self) -> None:
        if "{who}" not in self.template or not self.template.rstrip(".").endswith(" {value}"):
            raise BadData(
                f"The wording {self.template!r} is no cue. Expected a sentence with {{who}} in it that ends with"
                " {value}, as in '{who} lives in {value}.'"
            )

    def tell(self, fact: Fact) -> str:
        return self.cue(fact.key) + f" {fact.value}" + self.end

    def cue(self, key: Key) -> str:
        """The sentence up to its value."""
        begun = self.template[: self.template.rindex(" {value}")]
        return begun.replace("{who}", key.who).replace("{what}", key.what)

    @property
    def asks(self) -> bool:
        """Whether it is a question with its answer."""
        return "?" in self.template

    @property
    def end(self) -> str:
        return self.template[self.template.rindex("{value}") + len("{value}") :]


GENERAL = (
    Wording("What is the {what} of {who}? {value}."),
    Wording("{who}'s {what} is {value}."),
    Wording("The {what} of {who} is {value}."),
)
"""These fit whatever is told. The first of a tuple is the question that is asked awake."""


class Wordings:
    """The wordings of every kind of fact: its own where it has them, the general ones otherwise.

    Parameters
    ----------
    own : mapping from what to wordings, optional
        The first of each is its question.
    """

    def __init__(self, own: Mapping[str, tuple[Wording, ...]] | None = None) -> None:
        self._own = dict(own or {})

    def of(self, what: str) -> tuple[Wording, ...]:
        return self._own.get(what, GENERAL)

    def question(self, key: Key) -> str:
        return self.of(key.what)[0].cue(key)
