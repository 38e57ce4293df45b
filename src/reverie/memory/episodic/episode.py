"""An episode: one thing that was heard once, and what has become of it since.

Where the text says a fact, the fact has a key, who and what, and a content, the value. An episode is heard at one
time and holds from another, until a newer one of the same key takes its place; both times are kept, so that one can
ask what held when (Snodgrass, 1999, Developing Time-Oriented Database Applications in SQL).
"""

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime

__all__ = ["KINDS", "Confirmed", "Episode", "said_in", "same_key"]

KINDS = ("episodic", "procedural", "semantic")
"""What happened once; how something is done; what is so (Tulving, 1972; Squire, 2004)."""


@dataclass(frozen=True, kw_only=True)
class Episode:
    """One memory.

    Attributes
    ----------
    id : int
        Never given again, not even after forgetting.
    text : str or None
        None where it was deleted: it lives in the weights, was merged into another, or is forgotten. A fact that was
        read in a text that says more has none of its own either: its session names the episode of the text (`said_in`).
    who, what, value : str or None
        Of a fact; all None for free text. The value goes where the text goes.
    kind : str
        One of `KINDS`.
    source : str
        Where it came from.
    trusted : bool
        As the caller said; nothing ever raises it.
    session : str or None
        The conversation that it was a turn of.
    valid_from, valid_to, heard : datetime
        From when until when it holds (None: still), and when it was said; with a time zone, UTC.
    novelty : float
        1 − the largest cosine to what was there when it came; 0…2.
    importance : float
        0…1; at 1 it is pinned: never evicted, never pruned.
    stability : float
        Days until it is recalled nine times in ten.
    difficulty : float
        1…10: how little a rehearsal adds.
    rehearsed : datetime
        When it was last recalled and confirmed, or heard.
    stage : int
        0: only heard; then the nights on which it was proven to be recalled from the weights.
    night : int or None
        Which night moved it into the weights.
    merged : int or None
        The episode that says the same and stands for it now.
    forgotten : datetime or None
        When its content was taken away, by request or by want of room.
    """

    id: int
    text: str | None
    who: str | None
    what: str | None
    value: str | None
    kind: str
    source: str
    trusted: bool
    session: str | None
    valid_from: datetime
    valid_to: datetime | None
    heard: datetime
    novelty: float
    importance: float
    stability: float
    difficulty: float
    rehearsed: datetime
    stage: int
    night: int | None
    merged: int | None
    forgotten: datetime | None

    @property
    def pinned(self) -> bool:
        """Whether it may never be evicted."""
        return self.importance >= 1

    @property
    def live(self) -> bool:
        """Whether it is there and holds now."""
        now = datetime.now(UTC)
        return self.forgotten is None and self.merged is None and self.holds(now, now)

    def holds(self, since: datetime, until: datetime) -> bool:
        """Whether it holds at some time from one to another. What is no fact is not dated by when it was said."""
        begun = self.value is None or self.valid_from <= until
        return begun and (self.valid_to is None or self.valid_to > since)


@dataclass(frozen=True)
class Confirmed:
    """A recall that its user said was right.

    Attributes
    ----------
    question : str
    ids : tuple of int
        The episodes that answered it.
    at : datetime
    """

    question: str
    ids: tuple[int, ...]
    at: datetime


def said_in(id: int) -> str:
    """The session of the facts that were read in the text of an episode."""
    return f"said in {id}"


def same_key(name: str) -> str:
    """Names that differ only in case, in spaces or in how Unicode composes them are one.

    Examples
    --------
    >>> same_key(" Ana  Sofia ") == same_key("ana sofia")
    True
    """
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())
