"""An append-only log: what it has acknowledged survives a kill or a power cut at any instant.

A record is ::

    "rvj1"   version u64   length u64   SHA-256 of the payload   CRC-32 of the head so far   payload

and is acknowledged after fsync. A record that the end of the file cuts short was never acknowledged: it is dropped.
Anything else that does not fit its checksums is damage to what was acknowledged, and is named.
"""

import hashlib
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from reverie.errors import CorruptFile
from reverie.record import sync_folder

__all__ = ["Journal"]

_MAGIC = b"rvj1"
_HEAD = struct.Struct("<4sQQ32s")
_CHECK = struct.Struct("<I")


class Journal:
    """One log file.

    Parameters
    ----------
    path : Path
        Made at the first append.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def size(self) -> int:
        """Bytes."""
        return self.path.stat().st_size if self.path.exists() else 0

    def append(self, version: int, payload: bytes) -> None:
        """Write a record and make it durable; where that fails, the log is as before."""
        new, before = not self.path.exists(), self.size
        head = _HEAD.pack(_MAGIC, version, len(payload), hashlib.sha256(payload).digest())
        try:
            with self.path.open("ab", buffering=0) as file:
                _write(file.fileno(), head + _CHECK.pack(zlib.crc32(head)))
                _write(file.fileno(), payload)
                os.fsync(file.fileno())
            if new:
                sync_folder(self.path.parent)
        except BaseException:
            if self.path.exists():
                os.truncate(self.path, before)
            raise

    def records(self, *, mend: bool = False) -> Iterator[tuple[int, bytes]]:
        """(version, payload) of every acknowledged record, oldest first.

        Parameters
        ----------
        mend : bool
            Cut off a torn end, so that the next record follows the last whole one.

        Raises
        ------
        CorruptFile
            Where a record was altered; those before it have been given by then.
        """
        if not self.path.exists():
            return
        place = 0
        with self.path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            while place + _HEAD.size + _CHECK.size <= size:
                head, (check,) = file.read(_HEAD.size), _CHECK.unpack(file.read(_CHECK.size))
                magic, version, length, digest = _HEAD.unpack(head)
                if magic != _MAGIC or zlib.crc32(head) != check:
                    raise self._damage(place)
                end = place + _HEAD.size + _CHECK.size + length
                if end > size:
                    break
                payload = file.read(length)
                if hashlib.sha256(payload).digest() != digest:
                    raise self._damage(place)
                place = end
                yield version, payload
        if mend and place < size:
            os.truncate(self.path, place)

    def versions(self) -> list[int]:
        """The versions of the records, by their heads alone, up to the first that is torn or damaged."""
        found: list[int] = []
        if not self.path.exists():
            return found
        with self.path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            while file.tell() + _HEAD.size + _CHECK.size <= size:
                head, (check,) = file.read(_HEAD.size), _CHECK.unpack(file.read(_CHECK.size))
                magic, version, length, _ = _HEAD.unpack(head)
                if magic != _MAGIC or zlib.crc32(head) != check or file.tell() + length > size:
                    break
                file.seek(length, os.SEEK_CUR)
                found.append(version)
        return found

    def _damage(self, place: int) -> CorruptFile:
        return CorruptFile(
            f"{self.path} is damaged at byte {place}: its checksum differs. What was learned before is whole; "
            "restore the file from a copy, or roll back to an earlier version."
        )


def _write(handle: int, data: bytes) -> None:
    """Write all of it: a single write may be cut short."""
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
