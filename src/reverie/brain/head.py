"""The head of a brain: its newest acknowledged version, so that a log or a snapshot that is missing is noticed.

Two slots of a small file are written in turn, in place ::

    "rvh2"   brain, 16 bytes   version u64   chain, 32 bytes   CRC-32 of these

and the newest whole one counts. It is written after the log is durable and needs no fsync of its own: it may lag
behind what is on the disk, and is never ahead of it.
"""

import os
import struct
import zlib
from pathlib import Path

from reverie.errors import CorruptFile, MissingData
from reverie.files import open_file, read_file, write_all

__all__ = ["Head"]

_SLOT = struct.Struct("<4s16sQ32s")
_CHECK = struct.Struct("<I")
_SIZE = _SLOT.size + _CHECK.size
_MAGIC = b"rvh2"


class Head:
    """The head file.

    Parameters
    ----------
    path : Path
    brain : bytes
        Whose it is, 16 bytes.
    """

    def __init__(self, path: Path, brain: bytes) -> None:
        self.path, self.brain = path, brain

    def write(self, version: int, chain: bytes) -> None:
        """Say that a version is acknowledged; it must be durable already."""
        data = _SLOT.pack(_MAGIC, self.brain, version, chain)
        handle = open_file(self.path, os.O_WRONLY | os.O_CREAT)
        try:
            os.lseek(handle, version % 2 * _SIZE, os.SEEK_SET)
            write_all(handle, data + _CHECK.pack(zlib.crc32(data)))
        finally:
            os.close(handle)

    def read(self) -> tuple[int, bytes]:
        """The newest acknowledged version, and its chain.

        Raises
        ------
        MissingData, CorruptFile
            The file is not there, is damaged, or is another brain's.
        """
        try:
            data = read_file(self.path, largest=4096)
        except MissingData:
            raise MissingData(
                f"{self.path} is missing: it says which version is the newest. Restore it from a copy, or open with "
                "recover=True (on the command line: reverie brain recover) and go on from what is there."
            ) from None
        found = []
        for slot in (data[:_SIZE], data[_SIZE : 2 * _SIZE]):
            if len(slot) == _SIZE and zlib.crc32(slot[: _SLOT.size]) == _CHECK.unpack_from(slot, _SLOT.size)[0]:
                magic, brain, version, chain = _SLOT.unpack_from(slot)
                if magic == _MAGIC and brain != self.brain:
                    raise CorruptFile(f"{self.path} belongs to another brain. Restore this brain's own from a copy.")
                if magic == _MAGIC:
                    found.append((version, chain))
        if not found:
            raise CorruptFile(f"{self.path} is damaged: its checksum differs. Restore it from a copy, or recover.")
        return max(found)
