"""Samples that cannot be read: all of them are listed with the reason, and the rest is read where that is wanted."""

from collections.abc import Sequence
from pathlib import Path

from reverie.errors import BadData, CorruptFile, ReverieError

__all__ = ["Bad", "list_bad", "readable", "refuse_bad"]

Bad = tuple[str, str]
"""(what the sample is called, why it cannot be read)"""

_SHOWN = 20
_LONGEST = 80  # letters of one entry, so that twenty fit into a message


def readable(name: str) -> str:
    r"""A file's name that can be printed: bytes that are not UTF-8 are shown as \xe9.

    Examples
    --------
    >>> readable("caf\udce9")
    'caf\\xe9'
    """
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def list_bad(bad: Sequence[Bad]) -> str:
    """The first twenty with their reasons, and how many more there are.

    Examples
    --------
    >>> list_bad([("row 3", "no label"), ("row 9", "no label")])
    'row 3 (no label); row 9 (no label)'
    """
    entries = [f"{readable(name)} ({reason})" for name, reason in bad[:_SHOWN]]
    shown = "; ".join(one if len(one) <= _LONGEST else f"{one[: _LONGEST - 1]}…" for one in entries)
    return shown + (f"; and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else "")


def refuse_bad(path: Path | str, bad: Sequence[Bad], total: int, what: str, *, torn: bool = False) -> ReverieError:
    """The error that lists them.

    Parameters
    ----------
    total : int
        How many samples there are, the bad ones included.
    what : str
        What a sample is: "rows", "pictures", "recordings".
    torn : bool
        Whether files are torn, rather than their content wrong.
    """
    kind = CorruptFile if torn else BadData
    return kind(
        f"{path}: {len(bad)} of {total} {what} cannot be read: {list_bad(bad)}. Correct or remove them, or leave them "
        "out with --skip-bad (in Python: skip_bad=True)."
    )
