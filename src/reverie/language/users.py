"""Which memory is whose: a folder, one of many in a folder of users, or one of many in a PostgreSQL database.

The user is named by whoever authenticated them, once, when the memory is opened. A memory holds one user's episodes
and can reach no others: they are in another file, or behind views that do not show them
(`reverie.memory.episodic.postgres`).

A name may be any text, as an identity provider gives it: "ana@example.com", "auth0|5f7c". A short name of plain
letters is its folder's name. Of any other the folder's name is a digest, so that no name leads out of the folder of
users and no two names lead to one memory; the memory keeps the name and compares it when it is opened.
"""

import re
from hashlib import sha256
from pathlib import Path
from typing import Any

from reverie.errors import BadData, CorruptFile
from reverie.language.memory import LanguageMemory
from reverie.language.passages import check_text
from reverie.text import encoder_name, encoder_width
from reverie.untrusted import no_links

__all__ = ["folder_name", "open_memory"]

_PLAIN = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9_-])?")  # a dot at the end: Windows drops it
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?")  # of which Windows makes no folder
_LONGEST = 100_000  # characters


def folder_name(user: str) -> str:
    """The name of a user's folder: another for each name, and a plain one for each.

    Names are compared as they are: "Ana" and "ana", "é" as one sign and as two, are different users.

    Raises
    ------
    BadData
        Where the name is empty, too long, or no Unicode text.

    Examples
    --------
    >>> folder_name("ana")
    'ana'
    >>> folder_name("ana@example.com")
    '_8e43ca37701228e74983efdbd0cff5c1'
    """
    check_text(user, "user", longest=_LONGEST)
    if _PLAIN.fullmatch(user) and not _DEVICE.fullmatch(user):
        return user
    return "_" + sha256(user.encode()).hexdigest()[:32]  # no plain name begins so


def open_memory(
    place: str, *, user: str | None = None, encoder: str | None = None, create: bool = True, **options: Any
) -> LanguageMemory:
    """Open a user's memory.

    Parameters
    ----------
    place : str
        A folder, or the address of a database: "postgresql://…".
    user : str, optional
        Whose memory in it, by any name; a database needs one.
    encoder : str, optional
        None: that of the memory; of a new one, "hash".
    create : bool
        Make the memory where there is none.
    options
        Of `LanguageMemory`.
    """
    name = None if user is None else folder_name(user)
    if not place.startswith(("postgresql://", "postgres://")):
        folder = Path(place) if name is None else no_links(Path(place), name)
        return _of(user, name, LanguageMemory.open(folder, encoder=encoder, create=create, **options))
    if user is None:
        raise BadData("A database holds the memories of many users. Name one: --user NAME")
    from reverie.memory.episodic.postgres import NoMemory, PostgresStore

    def opened(encoder: str | None) -> PostgresStore:
        width = None if encoder is None else encoder_width(encoder)
        return PostgresStore(place, user=name or "", encoder=encoder, dimension=width)

    try:
        store = opened(None if encoder is None else encoder_name(encoder))
    except NoMemory:
        if not create:
            raise
        store = opened("hash")
    return _of(user, name, LanguageMemory(store, **options))


def _of(user: str | None, name: str | None, memory: LanguageMemory) -> LanguageMemory:
    """The memory, if it is that user's: one under a digest keeps whose it is."""
    if user == name:
        return memory
    try:
        known = memory.store.get_named("user")
        if known is None:
            memory.store.set_named("user", user)
        elif known != user:
            raise CorruptFile("The memory under this user's name is another user's. Put each folder back in its place.")
    except BaseException:
        memory.close()
        raise
    return memory
