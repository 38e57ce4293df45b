"""A brain's folder: snapshots of the whole state, and between them a log of what came after.

::

    brain.json                what the brain was created as; never changes
    lock, holder.json         who writes now
    snapshots/000000000012/   the state at version 12 (JSON and safetensors)
    journal/000000000012.log  what came after it: versions 13, 14, …

One process writes, any number read. A snapshot is there when its `state.json` is: that file is written last, whole. Old
snapshots with their logs are kept for going back, the last few of them.
"""

import json
import os
import shutil
import socket
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from reverie.brain.journal import Journal
from reverie.checkpoint import load_state, pack_state, save_state, unpack_state
from reverie.contracts import State
from reverie.errors import BadData, CorruptFile, MissingData, ReverieError
from reverie.record import read_json, sync_folder, write_json

__all__ = ["Store"]

_FORMAT = "reverie-brain-1"
_KIND = "brain"
_KEPT = 3  # snapshots, the newest included


class Store:
    """Durable storage of versions.

    Parameters
    ----------
    path : Path
        The folder.
    writer : bool
        Take the lock; a reader takes none.
    """

    def __init__(self, path: Path, *, writer: bool = True) -> None:
        self.path, self.writer = path, writer
        self.head: dict[str, Any] = self._read_head()
        self._base = max(self.snapshots(), default=0)
        self._lock = FileLock(path / "lock")
        if writer:
            self._take_lock()
            self._sweep()

    @classmethod
    def create(cls, path: Path, settings: dict[str, Any]) -> "Store":
        """Make the folder of a new brain."""
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise BadData(f"{path} is there already and not an empty folder. Give the name of a new one.")
        (path / "snapshots").mkdir(parents=True, exist_ok=True)
        (path / "journal").mkdir(exist_ok=True)
        made = {"format": _FORMAT, "created": datetime.now(UTC).isoformat(timespec="seconds"), "settings": settings}
        write_json(path / "brain.json", made | {"check": _check(made)})
        sync_folder(path)
        return cls(path)

    def _read_head(self) -> dict[str, Any]:
        file = self.path / "brain.json"
        if not file.exists():
            raise MissingData(f"{self.path} is not a brain's folder. Create one: reverie brain create {self.path}")
        head = read_json(file)
        if not isinstance(head, dict) or head.get("format") != _FORMAT or "settings" not in head:
            raise CorruptFile(f"{file} does not describe a brain of format {_FORMAT}. Restore it from a copy.")
        if head.pop("check", None) != _check(head):
            raise CorruptFile(f"{file} is damaged: its checksum differs. Restore it from a copy.")
        return head

    def _take_lock(self) -> None:
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise BadData(
                f"{self.path} is being written to by {self._holder()}. Wait until it has ended, or open for reading."
            ) from None
        except OSError as error:
            raise BadData(f"{self.path} cannot be written to ({error.strerror}). Open it for reading.") from None
        now = datetime.now(UTC).isoformat(timespec="seconds")
        write_json(self.path / "holder.json", {"pid": os.getpid(), "host": socket.gethostname(), "since": now})

    def _holder(self) -> str:
        try:
            holder = read_json(self.path / "holder.json")
            return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
        except (ReverieError, KeyError, TypeError):
            return "another process"

    def close(self) -> None:
        """Give the lock back."""
        self._lock.release()

    # reading

    def snapshots(self) -> list[int]:
        """Versions that have a snapshot."""
        return sorted(int(file.parent.name) for file in (self.path / "snapshots").glob("*/state.json"))

    def versions(self) -> list[int]:
        """Versions that can be read."""
        return sorted({version for base in self.snapshots() for version in (base, *self._journal(base).versions())})

    def read(self, base: int) -> tuple[State, Iterator[tuple[int, State]]]:
        """A snapshot, and what came after it: (version, entry).

        Raises
        ------
        MissingData, CorruptFile
            The snapshot at once; damage to the log when its entries before that have been given.
        """
        return load_state(self._snapshot(base), kind=_KIND), self._entries(base)

    def _entries(self, base: int) -> Iterator[tuple[int, State]]:
        journal = self._journal(base)
        for expected, (number, payload) in enumerate(journal.records(mend=self.writer), base + 1):
            if number != expected:
                raise CorruptFile(
                    f"{journal.path} holds version {number} where {expected} was expected. Restore it from a copy."
                )
            yield number, unpack_state(payload)

    # writing

    @property
    def journal_bytes(self) -> int:
        """Size of the log since the newest snapshot."""
        return self._journal(self._base).size

    def append(self, version: int, entry: State) -> None:
        """Make one change durable."""
        self._journal(self._base).append(version, pack_state(entry))

    def snapshot(self, version: int, state: State) -> None:
        """Make the whole state durable and start a new log."""
        save_state(self._snapshot(version), state, kind=_KIND)
        sync_folder(self.path / "snapshots")
        self._base = version
        self.drop(self.snapshots()[:-_KEPT])

    def drop(self, versions: list[int]) -> None:
        """Give up snapshots, and with each what came after it."""
        for version in versions:
            (self._snapshot(version) / "state.json").unlink()
        self._sweep()

    def _sweep(self) -> None:
        """Remove what no snapshot stands for: half-written ones, those given up, and their logs."""
        there = {self._name(version) for version in self.snapshots()}
        for folder in (self.path / "snapshots").iterdir():
            if folder.name not in there:
                shutil.rmtree(folder)
        for file in (self.path / "journal").glob("*.log"):
            if file.stem not in there:
                file.unlink()
        for stray in self.path.rglob(".*.tmp"):
            stray.unlink()

    def _name(self, version: int) -> str:
        return f"{version:012d}"

    def _snapshot(self, version: int) -> Path:
        return self.path / "snapshots" / self._name(version)

    def _journal(self, base: int) -> Journal:
        return Journal(self.path / "journal" / f"{self._name(base)}.log")


def _check(head: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(head, sort_keys=True).encode())
