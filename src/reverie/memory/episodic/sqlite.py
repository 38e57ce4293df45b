"""Episodes in one SQLite file: a user, a file.

Write-ahead log with full synchronisation: what a method did is on the disk when it returns, and a kill at any
instant leaves all of a transaction or nothing. Several processes may read and write the same file; SQLite lets one
write at a time. Deleted content is overwritten, in the file and in the log.
"""

import json
import os
import sqlite3
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from reverie.errors import BadData, CorruptFile, MissingData, Unfinished
from reverie.memory.episodic.packing import pack, unpack
from reverie.memory.episodic.shelf import wipe
from reverie.memory.episodic.store import EpisodicStore
from reverie.record import sync_folder
from reverie.untrusted import no_links

__all__ = ["SQLiteStore"]

_TABLES = """
CREATE TABLE named (name TEXT PRIMARY KEY, data BLOB NOT NULL) STRICT;
CREATE TABLE clock (at INTEGER NOT NULL) STRICT;
CREATE TABLE episodes (
    id INTEGER PRIMARY KEY,
    text TEXT, vector BLOB, who TEXT, what TEXT, value TEXT, who_key TEXT, what_key TEXT,
    kind TEXT NOT NULL, source TEXT NOT NULL, trusted INTEGER NOT NULL, session TEXT,
    valid_from INTEGER NOT NULL, valid_to INTEGER, heard INTEGER NOT NULL,
    novelty REAL NOT NULL, importance REAL NOT NULL,
    stability REAL NOT NULL, difficulty REAL NOT NULL, rehearsed INTEGER NOT NULL,
    stage INTEGER NOT NULL, night INTEGER, merged INTEGER, forgotten INTEGER,
    changed INTEGER NOT NULL
) STRICT;
CREATE INDEX episodes_key ON episodes (who_key, what_key);
CREATE INDEX episodes_changed ON episodes (changed);
CREATE INDEX episodes_merged ON episodes (merged) WHERE merged IS NOT NULL;
CREATE TABLE recalls (id INTEGER PRIMARY KEY, question TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE TABLE answers (recall INTEGER NOT NULL, episode INTEGER NOT NULL, PRIMARY KEY (episode, recall)) STRICT;
INSERT INTO clock VALUES (0);
"""
_SCHEMA = 2  # since then vectors are packed
_NAMES_A_FILE = bytes.fromhex("d9d505f920a163d7")  # the end of a journal that does
_APPLICATION = 0x52767265  # "Rvre": which kind of SQLite file this is


class SQLiteStore(EpisodicStore):
    """A file of episodes.

    Parameters
    ----------
    path : Path
        Made where there is none and `encoder` is given.
    encoder : str, optional
        By what the vectors are made; must be that of the file. None: whatever that is.
    dimension : int, optional
        How many numbers a vector has.
    timeout : float
        Seconds to wait for another process that writes.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with SQLiteStore(Path(folder) / "episodes.db", encoder="mine", dimension=2) as store:
    ...         first = store.add("Ana lives in Rome.", np.ones(2, np.float32), who="Ana", what="city", value="Rome")
    ...         second = store.add("Ana lives in Oslo.", np.ones(2, np.float32), who="Ana", what="city", value="Oslo")
    ...         [one.value for one in store.history("ana", "city")], [one.value for one in store.live()]
    (['Rome', 'Oslo'], ['Oslo'])
    """

    def __init__(
        self, path: Path, *, encoder: str | None = None, dimension: int | None = None, timeout: float = 10.0
    ) -> None:
        self.path = path
        self.shelf: Path = path.with_name(f"{path.stem}.search")
        self._lock = threading.RLock()
        self._depth = 0
        self._to_erase = False
        with self._said_clearly():
            _require_own(path)
            if not path.exists():
                if encoder is None or dimension is None:
                    raise MissingData(f"There is no memory at {path}. Remember something first, or check the name.")
                _make(path, encoder, dimension)
            self._database = sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False)
            try:
                self._prepare(encoder, dimension)
                self._opened = _identity(path)
            except BaseException:
                self._database.close()
                raise

    def _prepare(self, encoder: str | None, dimension: int | None) -> None:
        ((application,),) = self._ask("PRAGMA application_id")
        if application != _APPLICATION:
            raise CorruptFile(f"{self.path} is not a memory of Reverie. Give the folder of one, or a new name.")
        ((schema,),) = self._ask("PRAGMA user_version")
        self._agree(str(self.path), schema, encoder, dimension)
        if schema < _SCHEMA:  # an earlier Reverie cannot read the vectors that are written from now on
            self._ask(f"PRAGMA user_version = {_SCHEMA}")
        self._ask("PRAGMA trusted_schema = OFF")
        found = self._ask("SELECT type, name, sql FROM sqlite_schema WHERE NOT (type = 'index' AND sql IS NULL)")
        strange = sorted(f"{kind} {name}" for kind, name, sql in found if (kind, name, sql) not in _schema())
        if strange:
            raise CorruptFile(
                f"{self.path} holds what a memory does not ({strange[0]}), and could do more than remember. Export it "
                "where it is from, and import the lines."
            )
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
            self._ask(f"PRAGMA {pragma}")

    @property
    def changing(self) -> bool:
        return self._depth > 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._lock, self._said_clearly():
            level, self._depth = self._depth, self._depth + 1
            try:
                self._database.execute(f"SAVEPOINT level{level}" if level else "BEGIN IMMEDIATE")
                try:
                    yield
                    if level == 0 and _identity(self.path) != self._opened:
                        raise MissingData(
                            f"{self.path} was removed or replaced while it was open; nothing was changed. Put it back, "
                            "or open the memory again."
                        )
                    self._database.execute(f"RELEASE level{level}" if level else "COMMIT")
                except BaseException:
                    if self._database.in_transaction:  # a full disk may have ended it already
                        self._database.execute(f"ROLLBACK TO level{level}" if level else "ROLLBACK")
                    raise
            finally:
                self._depth = level
            if level == 0 and self._to_erase:
                self._erased()

    @contextmanager
    def alone(self) -> Iterator[None]:
        lock = FileLock(no_links(self.path.parent, "sleep.lock"))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise BadData(f"{self.path.parent} sleeps already. Wait until it has woken.") from None
        try:
            yield
        finally:
            lock.release()

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> "SQLiteStore":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _run(self, sql: str, values: Sequence[Any] = ()) -> int:
        with self._lock, self._said_clearly():
            return self._database.execute(sql, values).rowcount

    def _ask(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._lock, self._said_clearly():
            return self._database.execute(sql, values).fetchall()

    def _pack(self, vector: NDArray[np.float32]) -> bytes:
        return pack(vector)

    def _unpack(self, value: Any) -> NDArray[np.float32]:
        try:
            return unpack(value, self.dimension)
        except (TypeError, ValueError) as error:
            raise CorruptFile(f"{self.path} is damaged: {error}. Restore it from a copy.") from None

    def _erased(self) -> None:
        """The log still holds pages as they were: move it into the file, and cut it off."""
        with self._lock:
            self._to_erase = True
            if self._depth:
                return
            try:
                wipe(self.shelf)
            except OSError as error:
                raise Unfinished(
                    f"The change was made, and what is forgotten is in no answer any more. But {self.shelf} still "
                    f"holds words of it, for it could not be overwritten ({error.strerror}). Remove that file."
                ) from None
            try:
                self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            except sqlite3.Error as error:
                raise Unfinished(
                    f"The change was made, and what is forgotten is in no answer any more. But {self.path}-wal still "
                    f"holds it, for it could not be cut off ({error}). It is tried again with the next change."
                ) from None
            self._to_erase = False

    @contextmanager
    def _said_clearly(self) -> Iterator[None]:
        """What SQLite complains of, in our words."""
        try:
            yield
        except sqlite3.OperationalError as error:
            code = error.sqlite_errorname or ""
            if code.startswith("SQLITE_BUSY"):
                raise BadData(
                    f"{self.path} is being written to by another process. Try again when it is done."
                ) from None
            if code.startswith("SQLITE_FULL"):
                raise BadData(f"No room is left on the disk of {self.path}; nothing was changed. Free some.") from None
            raise BadData(f"{self.path} cannot be read or written ({error}); nothing was changed.") from None
        except UnicodeEncodeError as error:
            raise BadData(f"A text holds what is no character ({error.reason}); nothing was changed.") from None
        except sqlite3.DatabaseError as error:
            raise CorruptFile(f"{self.path} is damaged, or is no memory ({error}). Restore it from a copy.") from None


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file a name leads to; None: to none. What is written to a file without a name is lost."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


@cache
def _schema() -> frozenset[tuple[str, str, str | None]]:
    """What SQLite says of the tables of a memory."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(_TABLES)
        return frozenset(database.execute("SELECT type, name, sql FROM sqlite_schema").fetchall())


def _require_own(path: Path) -> None:
    """Refuse files that would lead SQLite out of the folder: links, and a journal that names a file to be deleted.

    A journal that belongs to several databases ends with the name of a file, which SQLite deletes when it has rolled
    back. A memory is one database, so its journal names none.
    """
    for end in ("", "-wal", "-shm", "-journal"):
        no_links(path.parent, path.name + end)
    no_links(path.parent, f"{path.stem}.search")
    journal = path.with_name(f"{path.name}-journal")
    if journal.is_file() and journal.stat().st_size >= 8:
        with journal.open("rb") as file:
            file.seek(-8, os.SEEK_END)
            if file.read() == _NAMES_A_FILE:
                raise CorruptFile(f"{journal} names another file to be deleted, and is not ours. Remove it.")


def _make(path: Path, encoder: str, dimension: int) -> None:
    """A new file, whole or not at all, and not where another process was first."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    os.close(handle)
    try:
        database = sqlite3.connect(name, isolation_level=None)
        try:
            database.executescript(f"BEGIN; {_TABLES} COMMIT;")
            made = json.dumps({"name": encoder, "dimension": dimension}).encode()
            database.execute("INSERT INTO named VALUES ('encoder', ?)", [made])
            database.execute(f"PRAGMA user_version = {_SCHEMA}")
            database.execute(f"PRAGMA application_id = {_APPLICATION}")
        finally:
            database.close()
        try:
            os.link(name, path)
        except FileExistsError:
            pass
        except OSError:  # a file system without hard links
            if not path.exists():
                os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)
    sync_folder(path.parent)
