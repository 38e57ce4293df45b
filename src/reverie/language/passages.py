"""What is taken as a text and as a time, and how a long text is cut into passages that an encoder can take in."""

import re
import unicodedata
from datetime import UTC, datetime

from reverie.errors import BadData

__all__ = ["check_text", "passages_of", "read_time"]

_LONGEST = 10_000_000  # characters that are taken at once
_PASSAGE = 800  # characters: MiniLM reads no more than 256 pieces of words
_END = re.compile(r"(?<=[.!?])[^\S\n]+|(?<=[。！？])\s*|\n+")


def check_text(text: str, what: str = "text", *, longest: int = _LONGEST) -> str:
    """The text, if it is one.

    Raises
    ------
    BadData
        Where it is empty, too long, or no Unicode text.
    """
    if not isinstance(text, str):
        raise BadData(f"{what} is {type(text).__name__}. Expected text.")
    if not text.strip():
        raise BadData(f"{what} is empty. Expected some words.")
    if len(text) > longest:
        raise BadData(f"{what} has {len(text)} characters. Expected at most {longest}: give it in parts.")
    bad = next((at for at, sign in enumerate(text) if sign == "\0" or "\ud800" <= sign <= "\udfff"), None)
    if bad is not None:
        raise BadData(
            f"{what} has at place {bad} a sign that is no character (U+{ord(text[bad]):04X}): it was read in a wrong "
            "encoding. Read it as UTF-8, or drop that sign."
        )
    return text


def read_time(value: str, what: str = "time") -> datetime:
    """A time in ISO 8601; one without a time zone is UTC.

    Examples
    --------
    >>> read_time("2026-01-31").isoformat()
    '2026-01-31T00:00:00+00:00'
    """
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise BadData(f"{what} is {value!r}. Expected a time as 2026-01-31 or 2026-01-31T12:00:00+00:00.") from None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def passages_of(text: str) -> list[str]:
    """A text in passages of whole sentences, each as it stands in the text; a short text is one passage.

    Examples
    --------
    >>> passages_of("Short.")
    ['Short.']
    >>> [len(passage) for passage in passages_of("A sentence of some words. " * 60)]
    [779, 779]
    >>> passages_of("def f():\\n    return 1\\n" * 50)[0][:23]
    'def f():\\n    return 1\\nd'
    """
    if len(text) <= _PASSAGE:
        return [text]
    cuts = [end.end() for end in _END.finditer(text)]
    passages, start, good = [], 0, 0
    for end in [*cuts, len(text)]:
        while len(text[start:end].rstrip()) > _PASSAGE:
            stop = good if good > start else _cut(text, start)
            passages.append(text[start:stop])
            start = stop
        good = end
    passages.append(text[start:])
    return [kept for one in passages if (kept := one.strip("\n").rstrip())]


def _cut(text: str, start: int) -> int:
    """Where a sentence that is too long is cut: after a space, or where it has none."""
    at = text.rfind(" ", start + 1, start + _PASSAGE) + 1
    at = at if at > start + 1 else start + _PASSAGE
    while at < len(text) and unicodedata.combining(text[at]):
        at += 1
    return at
