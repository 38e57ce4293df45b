"""The facts of a memory: which are read in a text, from when until when they hold, and what they end.

A fact that is all that a text says is the text's own episode. Of a text that says more, each fact is an episode without
a text, whose session names the episode of the text (`reverie.memory.episodic.episode.said_in`). So a newer value ends
the older fact alone, and what else was said beside that is still there.
"""

from datetime import datetime
from typing import NamedTuple

from reverie.language.attributes import Attributes, default_attributes
from reverie.language.dates import dates_in
from reverie.language.fact import Fact, Said
from reverie.language.facts import read_facts
from reverie.language.normal import normal_form
from reverie.memory.episodic import Episode, EpisodicStore
from reverie.memory.episodic.episode import said_in, same_key

__all__ = ["Ledger", "Read", "place_of"]

_ATTRIBUTES = "attributes"


class Read(NamedTuple):
    """What was read in a text.

    Attributes
    ----------
    own : Said or None
        The fact that is all that the text says.
    beside : list of Said
        The facts that are kept beside it, or end.
    """

    own: Said | None
    beside: list[Said]


class Ledger:
    """The facts of a memory.

    Parameters
    ----------
    store : EpisodicStore
    """

    def __init__(self, store: EpisodicStore) -> None:
        self.store = store

    @property
    def attributes(self) -> Attributes:
        """Which attributes there are: the package's list, and what was changed in it."""
        changed = self.store.get_named(_ATTRIBUTES)
        return Attributes(changed) if changed else default_attributes()

    def change_attribute(self, name: str, fields: dict[str, object]) -> None:
        """Change fields of an attribute."""
        known = self.attributes
        key = same_key(known.of(name).name)
        changed = known.changed | {key: known.changed.get(key, {}) | fields}
        Attributes(changed)
        self.store.set_named(_ATTRIBUTES, changed)

    def named(self, who: str, what: str) -> tuple[str, str]:
        """The names under which a fact is kept."""
        known = self.attributes
        return known.person(who), known.of(what).name

    def read(self, text: str, *, speaker: str | None = None, session: str | None = None) -> Read:
        """What a text says; a turn of a conversation has no fact of its own, for a talk keeps all its turns."""
        said = read_facts(text, speaker=speaker, attributes=self.attributes)
        own = next((one for one in said if one.whole and not one.ends and session is None), None)
        return Read(own, [one for one in said if one is not own])

    def since(self, said: Said, at: datetime, trusted: bool) -> datetime:
        """From when on a fact holds, or does not: the date that is said, where nothing newer was known of it then."""
        dates = dates_in(said.rest, at) if said.rest else []
        if not dates:
            return at
        since = dates[0].since
        if since >= at:
            return since
        versions = [one for one in self.store.history(said.fact.who, said.fact.what) if one.trusted or not trusted]
        if said.ends and not said.fact.value:
            return since  # "I lost my job in 2019" says nothing of the job since then
        newer = any(since <= one.valid_from <= at and one.forgotten is None for one in versions)
        return at if newer else since

    def keep(
        self,
        said: Said,
        id: int,
        *,
        at: datetime,
        since: datetime | None = None,
        source: str = "user",
        trusted: bool = True,
    ) -> None:
        """Keep a fact beside the text of an episode, or end it where the text says so."""
        who, what, value = said.fact
        since = since or self.since(said, at, trusted)
        if said.ends:
            self.store.end(who, what, value or None, since, trusted=trusted)
            return
        self.store.add(
            None,
            None,
            who=who,
            what=what,
            value=value,
            kind="semantic",
            source=source,
            trusted=trusted,
            session=said_in(id),
            valid_from=since,
            heard=at,
            several=self.attributes.of(what).several,
        )
        self.end_opposite(said.fact, since, trusted)

    def end_opposite(self, fact: Fact, at: datetime, trusted: bool) -> None:
        """Who hates now what they loved no longer loves it."""
        known = self.attributes
        if opposite := known.of(fact.what).opposite:
            self.store.end(fact.who, known.of(opposite).name, fact.value, at, trusted=trusted)

    def still(self, fact: Episode, since: datetime, until: datetime) -> bool:
        """Whether a fact holds at some time from one to another, said then in these words or in others."""
        if fact.holds(since, until):
            return True
        versions = self.store.history(fact.who or "", fact.what) if fact.value is not None else []
        same = [one for one in versions if one.value is not None and same_key(one.value) == same_key(fact.value or "")]
        return any(one.forgotten is None and one.merged is None and one.holds(since, until) for one in same)


def place_of(said: Said, passages: list[str], ids: list[int]) -> int:
    """The episode in whose text a sentence stands; of one that is cut in two, the first."""
    for passage, id in zip(passages, ids, strict=True):
        if len(passages) == 1 or said.sentence in normal_form(passage):
            return id
    return ids[0]
