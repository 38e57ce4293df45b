"""A brain's folder: snapshots of the whole state, and between them a log of what came after.

::

    brain.json                what the brain was created as, and its identity; never changes
    head                      the newest acknowledged version
    holder.json               who writes now
    snapshots/000000000012/   the state at version 12 (JSON and safetensors), whole or as what differs from a newer one
    journal/000000000012.log  what came after it: versions 13, 14, …

One process writes, any number read. The writer holds a lock on the folder itself, so no file that can be deleted. A
snapshot is there when its `state.json` is: that file is written last, whole. Every file names the brain, and every
snapshot and log the chain of what came before, so that a piece that is missing or another's is noticed. Old snapshots
with their logs are kept for going back, as many as `reverie.brain.history` says. Links are not followed.

The last two snapshots are whole. Where the newest one is damaged, `recover` goes on from the one before and its log;
both lead to the same version, unless the newest snapshot was made by a change that no log holds (a night, a rollback, a
merge), which is lost then. Older snapshots may build on newer ones, the oldest of them on the last but one.
A damaged one takes those with it that build on it, and nothing else: nothing that is newer depends on what is older.
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
from reverie.brain.history import History
from reverie.brain.journal import EMPTY, Journal
from reverie.brain.life import Life
from reverie.brain.lock import Lock
from reverie.brain.snapshots import Snapshots
from reverie.checkpoint import pack_state
from reverie.contracts import State
from reverie.errors import BadData, CorruptFile, MissingData, ReverieError
from reverie.files import make_folder, need_folder, remove_file, size_of, sweep_temporary, sync_folder
from reverie.record import read_json, write_json

__all__ = ["Store"]

_FIRST, _FORMAT = "reverie-brain-1", "reverie-brain-2"
_WORTH = 0.25  # of a whole snapshot: where there is less room, it is not tried to rewrite it as a difference
_FADING = 0.9  # a difference that had no room is tried again when there is more of it, or after some snapshots
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
        self._snapshots = Snapshots(path / "snapshots", self._id.hex(), first_format=self.first_format)
        self._held: dict[int, int] = {}  # of snapshots that were read or written: bytes of their tensors
        self._beside = 0  # bytes of the folder, its newest log apart
        self._too_large = 0.0  # the last difference that had no room, as a share of the whole snapshot
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
        return self._snapshots.versions()

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
                self._snapshots.about(base)
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
        if base == 0 and not size_of(self._snapshots.folder(0) / "state.json"):
            return None, b"" if self.first_format else hashlib.sha256(self._id).digest()
        found = self._snapshots.load(base)
        self._held[base] = found.held
        if base == max(self._held) and isinstance(tried := found.about.get("too_large"), float):
            self._too_large = tried
        return found.state, bytes.fromhex(str(found.about.get("chain", "")))

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
    def rule(self) -> History:
        """Which old versions are kept."""
        return History.of(self.head["settings"])

    @property
    def wants_snapshot(self) -> bool:
        """Whether the log since the newest snapshot has become long."""
        return self._log.end > self.rule.log(self._newest_held())

    @property
    def wants_room(self) -> bool:
        """Whether the folder has become too large."""
        return self._beside + self._log.end > self.room

    @property
    def room(self) -> int:
        """Bytes that the folder may have."""
        return self.rule.room(self._newest_held())

    def _newest_held(self) -> int:
        """Bytes of the tensors of the newest snapshot that was read or written."""
        return self._held[max(self._held)] if self._held else 0

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
        about = {"chain": chain.hex(), "previous": before.chain.hex(), "too_large": _FADING * self._too_large}
        held = self._snapshots.save(version, state, **about)
        sync_folder(self.path / "snapshots")
        self._log = log
        self._newest.write(version, chain)
        self._held = {version: held}

    def may_hold(self, version: int) -> bool:
        """After a failure: whether the disk may have that version all the same."""
        log = self._log
        return (
            log.version >= version or log.size != log.end or size_of(self._snapshots.folder(version) / "state.json") > 0
        )

    def tidy(self, oldest: int) -> None:
        """Keep of the past what `reverie.brain.history` says, and remove what an interrupted change has left.

        Only names that we give are removed, and no link is followed.

        Parameters
        ----------
        oldest : int
            Versions before it know what was forgotten: they go once there is a snapshot that does not.
        """
        there = self.snapshots()
        kept = [version for version in there[:-1] if not self._snapshots.folder(version).is_symlink()] + there[-1:]
        if kept and kept[-1] >= oldest:
            kept = [version for version in kept if version >= oldest]
        self._keep(kept)
        sweep_temporary(self.path, _OURS)
        if len(kept) > self.rule.last:
            self._keep(kept := self._thinned(kept))
        if self._size() > self.room:
            kept = self._without_damaged(kept)
            while not self._shrunk(kept) and (readable := self._without_damaged(kept)) != kept:
                kept = readable
            self._cut(kept)
        self._beside = self._size() - self._log.size

    def _keep(self, kept: list[int]) -> None:
        """Remove the other snapshots, oldest first, with their logs; the newest log stays."""
        for version in self.snapshots():
            if version not in kept:
                self._snapshots.remove(version)
        self._snapshots.sweep({*kept})
        names = {f"{version:012d}" for version in kept} | {self._log.path.stem}
        for file in self._logs():
            if file.stem not in names:
                remove_file(file)

    def _thinned(self, there: list[int]) -> list[int]:
        """Of these snapshots those that are kept; none of them builds on one that is not."""
        wanted = self.rule.kept([(version, self._snapshots.day(version)) for version in there])
        kept = list(there)
        for gone in sorted({*there} - {*wanted}):
            newer = min(version for version in wanted if version > gone)
            try:
                for older in [version for version in kept if version < gone]:
                    if self._snapshots.onto(older) == gone:
                        self._snapshots.shrink(older, newer)
            except (CorruptFile, MissingData):
                continue  # what builds on it could not be moved: it stays
            kept.remove(gone)
        return kept

    def _without_damaged(self, there: list[int]) -> list[int]:
        """Remove snapshots that could not be read, and those that build on them; never the newest."""
        lost = self._snapshots.unreadable & {*there[:-1]}
        for version in reversed(there[:-1]):
            if lost:
                with suppress(CorruptFile, MissingData):
                    lost |= {version} if self._snapshots.onto(version) in lost else set()
        kept = [version for version in there if version not in lost]
        if lost:
            self._keep(kept)
        return kept

    def _shrunk(self, kept: list[int]) -> bool:
        """Rewrite snapshots older than the last two as differences, newest first, until all have room or no more do.

        Returns
        -------
        bool
            False: one could not be read.
        """
        try:
            for last in kept[-2:-1]:
                self._snapshots.pack(last)
        except (CorruptFile, MissingData):
            return False
        room = self.room - self._size(without=kept[:-2])
        for older, newer in zip(reversed(kept[:-2]), reversed(kept[1:-1]), strict=True):
            size = self._snapshots.size(older)
            try:
                if self._size() > self.room and self._snapshots.onto(older) is None:
                    if room < max(_WORTH, self._too_large) * size:
                        return True
                    needed = self._snapshots.shrink(older, newer, room=room)
                    if needed > room:
                        self._too_large = needed / size
                        return True
            except (CorruptFile, MissingData):
                return False
            room -= self._snapshots.size(older)
        return True

    def _cut(self, kept: list[int]) -> None:
        """Remove what is oldest until the rest has room; never the newest snapshot with its log."""
        old, last = kept[:-2], kept[-2:-1]
        steps = [(version, log) for log in (True, False) for version in old]
        steps += [(version, log) for version in last for log in (True, False)]
        size = self._size()
        for version, log in steps:
            if size <= self.room:
                return
            if self.journal(version).path == self._log.path:
                continue
            size -= self.journal(version).size
            remove_file(self.journal(version).path)
            if not log:
                size -= self._snapshots.size(version)
                self._snapshots.remove(version)

    def _size(self, *, without: list[int] | None = None) -> int:
        """Bytes of the folder; `without` these snapshots and their logs. An unfinished night is not counted."""
        left_out = {f"{version:012d}" for version in without or []}
        size = sum(size_of(self.path / name) for name in _OURS)
        size += sum(size_of(file) for file in self._logs() if file.stem not in left_out)
        return size + sum(self._snapshots.size(one) for one in self.snapshots() if f"{one:012d}" not in left_out)

    def _logs(self) -> list[Path]:
        return [file for file in (self.path / "journal").glob("*.log") if _NUMBER.fullmatch(file.stem)]


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
