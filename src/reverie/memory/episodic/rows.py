"""Rows of a database, as episodes and as what a statement takes. Times are microseconds since 1970, UTC."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from operator import index
from typing import Any

from reverie.errors import BadData, CorruptFile
from reverie.memory.episodic.episode import Episode

__all__ = ["COLUMNS", "EPOCH", "TIMES", "episode_of", "holes", "moment", "parts", "stamp"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIELDS = (
    *("id", "text", "who", "what", "value", "kind", "source", "trusted", "session", "valid_from", "valid_to", "heard"),
    *("novelty", "importance", "stability", "difficulty", "rehearsed", "stage", "night", "merged", "forgotten"),
)
_TEXTS = ("text", "who", "what", "value", "kind", "source", "session")
_NUMBERS = ("id", "novelty", "importance", "stability", "difficulty", "stage")
TIMES = {"valid_from", "valid_to", "heard", "rehearsed", "forgotten"}
COLUMNS = ", ".join(_FIELDS)
_LARGEST_ID = 2**63
_SOME = 500  # ids in one statement


def stamp(at: datetime | None) -> int | None:
    """Microseconds since 1970."""
    if at is None:
        return None
    if at.tzinfo is None:
        raise BadData(f"The time {at.isoformat()} has no time zone. Give one, as in datetime.now(UTC).")
    if not 1 < at.year < 9999:  # in UTC it may be no date at all, and could never be read back
        raise BadData(f"The time {at.isoformat()} lies outside the years 2 to 9998.")
    return (at - EPOCH) // timedelta(microseconds=1)


def moment(stamp: int) -> datetime:
    """The time that a stamp says."""
    return EPOCH + timedelta(microseconds=stamp)


def episode_of(row: Sequence[Any]) -> Episode:
    """The episode of a row of `COLUMNS`."""
    named = dict(zip(_FIELDS, row, strict=True))
    try:
        for name in TIMES:
            named[name] = None if named[name] is None else moment(named[name])
        fits = all(named[name] is None or type(named[name]) is str for name in _TEXTS)
        fits = fits and named["valid_from"] is not None is not named["heard"] and named["rehearsed"] is not None
        if not fits or not all(type(named[name]) in (int, float) for name in _NUMBERS):
            raise TypeError("a value of another kind")
    except (TypeError, OverflowError) as error:
        raise CorruptFile(f"Episode {named['id']} is damaged ({error}). Restore the memory from a copy.") from None
    named["trusted"] = bool(named["trusted"])
    return Episode(**named)


def parts(ids: Iterable[int]) -> Iterator[list[int]]:
    """Some at a time: a statement takes so many values. What is too large for an id never was one."""
    unique = sorted({one for one in map(_whole, ids) if 0 <= one < _LARGEST_ID})
    for start in range(0, len(unique), _SOME):
        yield unique[start : start + _SOME]


def _whole(id: Any) -> int:
    """A number that counts; neither a truth value nor a fraction does."""
    try:
        if not isinstance(id, bool):
            return index(id)
    except TypeError:
        pass
    raise BadData(f"An id is {str(id)[:50]!r}. Expected a whole number.")


def holes(part: Sequence[int]) -> str:
    """As many question marks."""
    return ", ".join("?" * len(part))
