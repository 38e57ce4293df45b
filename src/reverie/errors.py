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


class ReverieError(Exception):
    """Base of every error that is the input's fault, not the program's."""


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
