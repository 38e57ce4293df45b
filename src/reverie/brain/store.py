"""A brain's folder: snapshots of the whole state, and between them a log of what came after.

::

    brain.json                what the brain was created as, and its identity; never changes
    head                      the newest acknowledged version
    holder.json               who writes now
    snapshots/000000000012/   the state at version 12 (JSON and safetensors)
    journal/000000000012.log  what came after it: versions 13, 14, …

One process writes, any number read. The writer holds a lock on the folder itself, so no file that can be deleted. A
snapshot is there when its `state.json` is: that file is written last, whole. Every file names the brain, and every
snapshot and log the chain of what came before, so that a piece that is missing or another's is noticed. Old snapshots
with their logs are kept for going back, the last few of them. Links are not followed.
"""

import hashlib
import json
import os
import re
import secrets
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reverie.brain.head import Head
from reverie.brain.journal import EMPTY, Journal
from reverie.brain.life import Life
from reverie.brain.lock import Lock
from reverie.checkpoint import TENSORS, load_head, load_tree, pack_state, save_state
from reverie.contracts import State
from reverie.errors import BadData, CorruptFile, MissingData, ReverieError
from reverie.files import make_folder, need_folder, remove_file, remove_folder, size_of, sweep_temporary, sync_folder
from reverie.record import read_json, write_json

__all__ = ["Store"]

_FIRST, _FORMAT = "reverie-brain-1", "reverie-brain-2"
_KIND = "brain"
_KEPT = 3  # snapshots, the newest included
_OURS = ("brain.json", "holder.json", "head")
_NUMBER = re.compile(r"\d{12}")


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
        self.first_format = self.head["format"] == _FIRST
        self._id = _identity(self.head) if "id" in self.head else _derived(self.head)
        for folder in ("snapshots", "journal"):
            need_folder(path / folder)
        self._newest = Head(path / "head", self._id)
        self._log = self.journal(0)
        self.intended = b""  # the chain of what was last to be written
        self._process, self._closed = os.getpid(), False
        self._lock = Lock(path) if writer else None

    @classmethod
    def create(cls, path: Path, settings: dict[str, Any]) -> "Store":
        """Make the folder of a new brain. What a kill leaves of it can be created again."""
        if path.exists() and not _is_new(path):
            raise BadData(f"{path} is there already and not an empty folder. Give the name of a new one.")
        make_folder(path)
        lock = Lock(path)
        try:
            identity = secrets.token_bytes(16)
            for name in ("snapshots", "journal"):
                make_folder(path / name)
            chain = hashlib.sha256(identity).digest()
            Journal(path / "journal" / f"{0:012d}.log", identity).begin(0, chain)
            Head(path / "head", identity).write(0, chain)
            now = datetime.now(UTC).isoformat(timespec="seconds")
            made = {"format": _FORMAT, "id": identity.hex(), "created": now, "settings": settings}
            write_json(path / "brain.json", made | {"check": _check(made)})
            sync_folder(path.parent)
        finally:
            lock.release()
        return cls(path)

    def _read_head(self) -> dict[str, Any]:
        try:
            head = read_json(self.path / "brain.json")
        except MissingData:
            raise MissingData(
                f"{self.path} is not a brain's folder. Create one: reverie brain create {self.path}"
            ) from None
        file = self.path / "brain.json"
        if not isinstance(head, dict) or head.get("format") not in (_FIRST, _FORMAT) or "settings" not in head:
            raise CorruptFile(f"{file} does not describe a brain of format {_FORMAT}. Restore it from a copy.")
        if head.pop("check", None) != _check(head):
            raise CorruptFile(f"{file} is damaged: its checksum differs. Restore it from a copy.")
        return head

    def close(self) -> None:
        """Give the lock back; from now on nothing is written."""
        self._closed = True
        if self._lock is not None:
            self._lock.release()

    def need_writer(self) -> None:
        """Refuse what may not be written by this object, in this process."""
        if os.getpid() != self._process:
            raise BadData(
                f"This brain was opened by process {self._process}. Open it in this one (process {os.getpid()}), after "
                "the other has closed it."
            )
        if self._closed:
            raise BadData("This brain is closed. Open it again to change it.")
        if self._lock is None:
            raise BadData("This brain was opened for reading. Open it with writer=True to change it.")
        if not self._lock.holds(self.path):
            raise BadData(f"{self.path} is not the folder any more that was opened. Open the brain again to change it.")

    @property
    def may_write(self) -> bool:
        """Whether this object, in this process, may."""
        return self._lock is not None and not self._closed and os.getpid() == self._process

    @property
    def chain(self) -> bytes:
        """Of the newest version that was read or written."""
        return self._log.chain

    # reading

    def acknowledged(self) -> tuple[int, bytes] | None:
        """The newest acknowledged version and its chain; None for a brain of the first format, which had no head."""
        try:
            return self._newest.read()
        except MissingData:
            if self.first_format:
                return None
            raise

    def snapshots(self) -> list[int]:
        """Versions that have a snapshot."""
        places = (self.path / "snapshots").iterdir()
        there = [one.name for one in places if _NUMBER.fullmatch(one.name) and os.path.lexists(one / "state.json")]
        return sorted(int(name) for name in there)

    def bases(self) -> list[int]:
        """Versions from which reading can begin: those of snapshots; 0 before the first."""
        return self.snapshots() or [0]

    def versions(self) -> list[int]:
        """Versions that can be read."""
        return sorted({version for base in self.snapshots() for version in (base, *self.journal(base).versions())})

    def seen(self) -> int:
        """The newest version of which there is any trace."""
        newest = 0
        with suppress(ReverieError):
            known = self.acknowledged()
            newest = known[0] if known is not None else 0
        for base in (int(file.stem) for file in self._logs()):
            log = self.journal(base)
            newest = max(newest, *log.versions(), log.begins[0])
        for base in self.snapshots():
            with suppress(ReverieError):
                load_head(self._snapshot(base), kind=_KIND)
                newest = max(newest, base)
        return newest

    def life(self, base: int, acknowledged: tuple[int, bytes] | None = None) -> Life:
        """A snapshot, and what came after it.

        Parameters
        ----------
        acknowledged : (version, chain), optional
            What must be met on the way.

        Raises
        ------
        MissingData, CorruptFile
            The snapshot at once; damage to the log when its entries before that have been given.
        """
        state, chain = self.load(base)
        return Life(base, state, chain, self.journal, acknowledged=acknowledged, first_format=self.first_format)

    def load(self, base: int) -> tuple[State | None, bytes]:
        """The state of a snapshot, and its chain; empty for one of the first format."""
        if base == 0 and not size_of(self._snapshot(0) / "state.json"):
            return None, b"" if self.first_format else hashlib.sha256(self._id).digest()
        folder = self._snapshot(base)
        need_folder(folder)
        head = load_head(folder, kind=_KIND)
        about = head.get("about") or {}
        if about and about.get("brain") != self._id.hex():
            raise CorruptFile(f"{folder} belongs to another brain. Restore this brain's own from a copy.")
        if not about and not self.first_format:
            raise CorruptFile(f"{folder} does not say whose it is. Restore it from a copy.")
        if about and about.get("version") != base:
            raise CorruptFile(f"{folder} holds version {about.get('version')}. Restore it from a copy.")
        return load_tree(folder, head), bytes.fromhex(str(about.get("chain", "")))

    def journal(self, base: int) -> Journal:
        """The log that follows a snapshot."""
        return Journal(self.path / "journal" / f"{base:012d}.log", self._id)

    # writing

    def go_on(self, life: Life) -> bool:
        """Write behind what has been read, which is made durable.

        Returns
        -------
        bool
            Whether a snapshot must be made first: of a brain of the first format, or where one was lost.
        """
        log = life.journal
        if log.size:
            log.mend()
        for folder in (self.path / "snapshots", self.path / "journal", self.path):
            sync_folder(folder)
        # A snapshot of the first format has no chain, and a log that was never begun none either.
        log.version, log.chain = life.version, life.chain or hashlib.sha256(self._id).digest()
        self._log = log
        if log.old or not life.chain:
            return True
        self._newest.write(life.version, life.chain)
        base = int(log.path.stem)
        return base != 0 and base not in self.snapshots()

    def resume(self, version: int, chain: bytes) -> None:
        """Write behind `version`, whatever there is: what could be read goes on in a snapshot that is made next."""
        self._log = self.journal(version)
        self._log.version, self._log.chain = version, chain

    @property
    def journal_bytes(self) -> int:
        """Size of the log since the newest snapshot."""
        return self._log.end

    def append(self, version: int, entry: State) -> None:
        """Make one change durable."""
        self.need_writer()
        payload = pack_state(entry)
        self.intended = self._log.next_chain(payload)
        self._log.append(version, payload)
        self._newest.write(version, self._log.chain)

    def snapshot(self, version: int, state: State) -> None:
        """Make the whole state durable and start a new log."""
        self.need_writer()
        before = self._log
        if before.end and before.size != before.end:
            raise BadData(f"{before.path} was changed by somebody else. Open the brain again to go on.")
        chain = self.intended = before.chain if version == before.version else secrets.token_bytes(32)
        log = self.journal(version)
        log.begin(version, chain)
        about = {"brain": self._id.hex(), "version": version, "chain": chain.hex(), "previous": before.chain.hex()}
        save_state(self._snapshot(version), state, kind=_KIND, about=about)
        sync_folder(self.path / "snapshots")
        self._log = log
        self._newest.write(version, chain)

    def may_hold(self, version: int) -> bool:
        """After a failure: whether the disk may have that version all the same."""
        log = self._log
        return log.version >= version or log.size != log.end or size_of(self._snapshot(version) / "state.json") > 0

    def tidy(self, oldest: int) -> None:
        """Remove old snapshots with their logs, and what an interrupted change has left.

        Only names that we give are removed, and no link is followed.

        Parameters
        ----------
        oldest : int
            Versions before it know what was forgotten: they go once there is a snapshot that does not.
        """
        there = self.snapshots()
        kept = there[-_KEPT:]
        if kept and kept[-1] >= oldest:
            kept = [version for version in kept if version >= oldest]
        names = {f"{version:012d}" for version in kept} | {self._log.path.stem}
        for folder in (self.path / "snapshots").iterdir():
            if _NUMBER.fullmatch(folder.name) and folder.name not in names:
                remove_folder(folder, ("state.json", TENSORS))  # a snapshot without the first is none
        for file in self._logs():
            if file.stem not in names:
                remove_file(file)
        sweep_temporary(self.path, _OURS)

    def _logs(self) -> list[Path]:
        return [file for file in (self.path / "journal").glob("*.log") if _NUMBER.fullmatch(file.stem)]

    def _snapshot(self, version: int) -> Path:
        return self.path / "snapshots" / f"{version:012d}"


def _is_new(path: Path) -> bool:
    """Whether a folder is empty, or holds what an interrupted `create` has left."""
    if not path.is_dir():
        return False
    ours = re.compile(r"snapshots|journal|head|holder\.json|\.(brain|holder)\.json\..*\.tmp")
    if not all(ours.fullmatch(one.name) for one in path.iterdir()):
        return False
    snapshots, journal = path / "snapshots", path / "journal"
    empty = not snapshots.is_dir() or not any(snapshots.iterdir())
    logs = list(journal.iterdir()) if journal.is_dir() else []
    return empty and all(one.name == f"{0:012d}.log" and size_of(one) <= EMPTY for one in logs)


def _identity(head: dict[str, Any]) -> bytes:
    try:
        return bytes.fromhex(head["id"])[:16].ljust(16, b"\0")
    except (TypeError, ValueError):
        raise CorruptFile(f"brain.json has the identity {head['id']!r}. Restore it from a copy.") from None


def _derived(head: dict[str, Any]) -> bytes:
    """The identity of a brain of the first format, which was given none."""
    return hashlib.sha256(json.dumps(head, sort_keys=True).encode()).digest()[:16]


def _check(head: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(head, sort_keys=True).encode())
