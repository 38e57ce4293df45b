"""What a file says to a memory: a text, what is known of it, and how it is to be read."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from reverie.errors import BadData

__all__ = ["Confirmation", "Told", "time_of"]


@dataclass
class Told:
    """One thing that a file tells.

    Attributes
    ----------
    text : str
        As it is kept.
    given : dict
        What `reverie.language.LanguageMemory.remember` takes beside it.
    later : dict
        What has become of it since, as `reverie.memory.episodic.EpisodicStore.restore` takes it.
    id : int, optional
        By which confirmed recalls of the same file name it.
    trusted : bool
        As it says itself.
    says : str
        The text in which facts are read; empty: the text itself.
    read : bool
        Whether facts are read.
    whole : bool
        Whether a long text is kept in one piece.
    """

    text: str
    given: dict[str, Any] = field(default_factory=dict)
    later: dict[str, Any] = field(default_factory=dict)
    id: int | None = None
    trusted: bool = True
    says: str = ""
    read: bool = True
    whole: bool = False


@dataclass
class Confirmation:
    """A recall that was confirmed: the ids are those of the file."""

    question: str
    answers: list[int]
    at: datetime | None


def time_of(value: Any) -> datetime | None:
    """A time, in ISO 8601 or in seconds since 1970; one without a zone is UTC.

    Examples
    --------
    >>> time_of("2026-01-31T12:00").isoformat(), time_of(0).isoformat(), time_of(None)
    ('2026-01-31T12:00:00+00:00', '1970-01-01T00:00:00+00:00', None)
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise BadData(f"a time is {str(value)[:50]!r}, expected one as 2026-01-31T12:00:00+00:00")
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else datetime.fromtimestamp(value, UTC)
    except (OverflowError, OSError, ValueError):
        raise BadData(f"the time {str(value)[:50]!r} is none; expected one as 2026-01-31T12:00:00+00:00") from None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    if not 1 < at.year < 9999:
        raise BadData(f"the time {value} lies outside the years 2 to 9998")
    return at
