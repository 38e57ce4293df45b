"""Which memory is whose: a folder, one of many in a folder of users, or one of many in a PostgreSQL database.

The user is named by whoever authenticated them, once, when the memory is opened. A memory holds one user's episodes
and can reach no others: they are in another file, or behind views that do not show them
(`reverie.memory.episodic.postgres`).
"""

import re
from pathlib import Path
from typing import Any

from reverie.errors import BadData
from reverie.language.memory import LanguageMemory
from reverie.text import encoder_name, encoder_width
from reverie.untrusted import no_links

__all__ = ["open_memory"]

_USER = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9_-])?")  # a dot at the end: Windows drops it


def open_memory(
    place: str, *, user: str | None = None, encoder: str | None = None, create: bool = True, **options: Any
) -> LanguageMemory:
    """Open a user's memory.

    Parameters
    ----------
    place : str
        A folder, or the address of a database: "postgresql://…".
    user : str, optional
        Whose memory in it; a database needs one. Small letters, digits, ".", "_" and "-".
    encoder : str, optional
        None: that of the memory; of a new one, "hash".
    create : bool
        Make the memory where there is none.
    options
        Of `LanguageMemory`.
    """
    if user is not None and not _USER.fullmatch(user):
        raise BadData(
            f"user is {user[:80]!a}. Expected up to 64 letters of a to z, digits, '.', '_' or '-'; first a letter or a "
            "digit, last no dot."
        )
    if not place.startswith(("postgresql://", "postgres://")):
        folder = no_links(Path(place), user) if user is not None else Path(place)
        return LanguageMemory.open(folder, encoder=encoder, create=create, **options)
    if user is None:
        raise BadData("A database holds the memories of many users. Name one: --user NAME")
    from reverie.memory.episodic.postgres import NoMemory, PostgresStore

    def opened(encoder: str | None) -> PostgresStore:
        width = None if encoder is None else encoder_width(encoder)
        return PostgresStore(place, user=user or "", encoder=encoder, dimension=width)

    try:
        store = opened(None if encoder is None else encoder_name(encoder))
    except NoMemory:
        if not create:
            raise
        store = opened("hash")
    return LanguageMemory(store, **options)
