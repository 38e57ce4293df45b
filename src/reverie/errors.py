"""The errors a user can meet. Each message says what was given, what was expected, and what to do."""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = [
    "BadData",
    "CorruptFile",
    "Inapplicable",
    "MissingData",
    "ReverieError",
    "Unfinished",
    "UnknownName",
    "unknown_name",
]


_LONGEST = 2000  # letters of a message: a file may give a name of a million


class ReverieError(Exception):
    """Base of every error that is the input's fault, not the program's. A message that is too long loses its middle."""

    def __init__(self, *words: object) -> None:
        super().__init__(*(_shortened(word) if isinstance(word, str) else word for word in words))


class UnknownName(ReverieError, LookupError):
    """A name that is not in the list of known ones."""


class BadData(ReverieError, ValueError):
    """Data or a parameter of the wrong shape, type or range."""


class MissingData(ReverieError, FileNotFoundError):
    """A data set or file that is not there."""


class CorruptFile(ReverieError, ValueError):
    """A file that is torn, empty, or of another kind than expected."""


class Unfinished(ReverieError):
    """A change whose end failed: the message says whether it was made, or that this is not known."""


class Inapplicable(UserWarning):
    """A method used where it is known not to work."""


def _shortened(text: str) -> str:
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[:half]} … {text[-half:]}"


def unknown_name(kind: str, given: str, known: Iterable[str]) -> UnknownName:
    """Build the error for an unknown name: it lists the known ones, the nearest first.

    Examples
    --------
    >>> str(unknown_name("learner", "nave", ["joint", "naive"]))
    "Unknown learner 'nave'. Did you mean 'naive'? Known: joint, naive."
    """
    names = sorted(known)
    nearest = get_close_matches(given.lower(), names, n=1, cutoff=0.5)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    return UnknownName(f"Unknown {kind} {given!r}.{hint} Known: {', '.join(names)}.")
