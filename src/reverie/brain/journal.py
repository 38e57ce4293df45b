"""An append-only log: what it has acknowledged survives a kill or a power cut at any instant.

A log begins with ::

    "rvl2"   brain, 16 bytes   version u64   chain, 32 bytes   CRC-32 of these

whose log it is, and the version that it goes on from. A record is ::

    "rvj2"   version u64   length u64   chain, 32 bytes   CRC-32 of the head so far   payload

where `chain` is the SHA-256 of the chain before and the payload: it tells one life from every other, so that a record
that was altered, exchanged or left out is noticed. A record is acknowledged after fsync. One that the end of the file
cuts short was never acknowledged: it is dropped. Anything else that does not fit is damage, and is named.
"""

import hashlib
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from reverie.errors import BadData, CorruptFile, MissingData
from reverie.files import open_file, size_of, sync_folder, write_all

__all__ = ["EMPTY", "Journal"]

_LOG = struct.Struct("<4s16sQ32s")
_RECORD = struct.Struct("<4sQQ32s")
_CHECK = struct.Struct("<I")
_FIRST_LOG, _FIRST_RECORD = b"rvl2", b"rvj2"
EMPTY = _LOG.size + _CHECK.size
"""Bytes of a log without records."""
_OLD_RECORD = b"rvj1"  # of logs without a head; its chain is the SHA-256 of the payload alone


class Journal:
    """One log file.

    Parameters
    ----------
    path : Path
    brain : bytes
        Whose it is, 16 bytes.

    Attributes
    ----------
    begins : (int, bytes)
        The version and the chain that the log goes on from.
    version, chain : int, bytes
        Of the last record that was written or read; `begins` before that.
    end : int
        The byte behind it.
    old : bool
        Written by the first format, which had no chain. Nothing is appended to it.
    """

    def __init__(self, path: Path, brain: bytes) -> None:
        self.path, self.brain = path, brain
        self.begins: tuple[int, bytes] = (0, b"")
        self.version, self.chain, self.end, self.old = 0, b"", 0, False

    @property
    def size(self) -> int:
        """Bytes."""
        return size_of(self.path)

    def begin(self, version: int, chain: bytes) -> None:
        """Make the file, empty, durable. One that a change without an end has left is replaced."""
        head = _LOG.pack(_FIRST_LOG, self.brain, version, chain)
        data = head + _CHECK.pack(zlib.crc32(head))
        handle = open_file(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        try:
            write_all(handle, data)
            os.fsync(handle)
        finally:
            os.close(handle)
        sync_folder(self.path.parent)
        self.begins = self.version, self.chain = version, chain
        self.end, self.old = len(data), False

    def next_chain(self, payload: bytes) -> bytes:
        """The chain of a record that would be written now."""
        return hashlib.sha256(self.chain + payload).digest()

    def append(self, version: int, payload: bytes) -> None:
        """Write a record and make it durable; where that fails, the log is as before."""
        chain = self.next_chain(payload)
        head = _RECORD.pack(_FIRST_RECORD, version, len(payload), chain)
        head += _CHECK.pack(zlib.crc32(head))
        handle = open_file(self.path, os.O_WRONLY | os.O_APPEND)
        try:
            if os.fstat(handle).st_size != self.end:
                raise BadData(f"{self.path} was changed by somebody else. Open the brain again to go on.")
            try:
                write_all(handle, head)
                write_all(handle, payload)
                os.fsync(handle)
            except BaseException:
                os.ftruncate(handle, self.end)
                with suppress(OSError):
                    os.fsync(handle)
                raise
        finally:
            os.close(handle)
        self.version, self.chain, self.end = version, chain, self.end + len(head) + len(payload)

    def records(self) -> Iterator[tuple[int, bytes]]:
        """(version, payload) of every whole record, oldest first.

        Raises
        ------
        MissingData, CorruptFile
            Where there is no log, or a record was altered; those before it have been given by then.
        """
        with os.fdopen(open_file(self.path), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            self._read_head(file)
            while (head := self._next(file, size)) is not None:
                version, length, chain = head
                payload = file.read(length)
                before = b"" if self.old else self.chain
                if hashlib.sha256(before + payload).digest() != chain:
                    raise self._damage(self.end)
                self.version, self.chain, self.end = version, chain, file.tell()
                yield version, payload

    def follows(self, version: int, chain: bytes) -> bool:
        """Whether there is a log here that goes on from this version of this life."""
        try:
            with os.fdopen(open_file(self.path), "rb") as file:
                self._read_head(file)
        except (MissingData, CorruptFile):
            return False
        return not self.old and self.begins == (version, chain)

    def mend(self) -> None:
        """Cut off a torn end, and make durable what has been read, so that the next record follows it."""
        handle = open_file(self.path, os.O_WRONLY)
        try:
            os.ftruncate(handle, self.end)
            os.fsync(handle)
        finally:
            os.close(handle)

    def versions(self) -> list[int]:
        """The versions of the records, by their heads alone, up to the first that is torn or damaged."""
        found: list[int] = []
        try:
            with os.fdopen(open_file(self.path), "rb") as file:
                size = os.fstat(file.fileno()).st_size
                self._read_head(file)
                while (head := self._next(file, size)) is not None:
                    file.seek(head[1], os.SEEK_CUR)
                    self.end = file.tell()
                    found.append(head[0])
        except (MissingData, CorruptFile):
            pass
        return found

    def _read_head(self, file: BinaryIO) -> None:
        """Whose log it is, and from where it goes on."""
        self.end = 0
        start = file.read(EMPTY)
        self.old = start[:4] == _OLD_RECORD or not start
        if self.old:
            file.seek(0)
            return
        if len(start) < EMPTY:
            raise self._damage(0)
        magic, brain, self.version, self.chain = _LOG.unpack_from(start)
        if magic != _FIRST_LOG or zlib.crc32(start[: _LOG.size]) != _CHECK.unpack_from(start, _LOG.size)[0]:
            raise self._damage(0)
        if brain != self.brain:
            raise CorruptFile(f"{self.path} belongs to another brain. Restore this brain's own from a copy.")
        self.begins, self.end = (self.version, self.chain), len(start)

    def _next(self, file: BinaryIO, size: int) -> tuple[int, int, bytes] | None:
        """Version, length and chain of the record that follows `end`; None at the end, or where it is torn."""
        length_of_head = _RECORD.size + _CHECK.size
        if self.end + length_of_head > size:
            return None
        head = file.read(length_of_head)
        magic, version, length, chain = _RECORD.unpack_from(head)
        if (
            magic != (_OLD_RECORD if self.old else _FIRST_RECORD)
            or zlib.crc32(head[: _RECORD.size]) != _CHECK.unpack_from(head, _RECORD.size)[0]
        ):
            raise self._damage(self.end)
        return None if self.end + length_of_head + length > size else (version, length, chain)

    def _damage(self, place: int) -> CorruptFile:
        return CorruptFile(
            f"{self.path} is damaged at byte {place}: its checksum differs. What was learned before is whole; "
            "restore the file from a copy, or roll back to an earlier version."
        )
