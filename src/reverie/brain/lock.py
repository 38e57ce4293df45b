"""Who writes to a brain: a lock on its folder, which no deletion of a file takes away."""

import fcntl
import os
import socket
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from reverie.errors import BadData, ReverieError
from reverie.record import read_json, write_json

__all__ = ["Lock"]

_HOLDER = "holder.json"


class Lock:
    """Hold a folder for writing until `release`, or until nothing refers to this any more.

    Parameters
    ----------
    path : Path
        The folder. `holder.json` in it says who holds it; it is for people, the lock does not depend on it.

    Raises
    ------
    BadData
        Another process holds it, or it cannot be written to.
    """

    def __init__(self, path: Path) -> None:
        self._handle: int | None = None
        self._process = os.getpid()
        try:
            self._handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            now = datetime.now(UTC).isoformat(timespec="seconds")
            write_json(path / _HOLDER, {"pid": self._process, "host": socket.gethostname(), "since": now})
        except BlockingIOError:
            raise BadData(
                f"{path} is being written to by {_holder(path)}. Wait until it has ended, or open for reading."
            ) from None
        except OSError as error:
            raise BadData(f"{path} cannot be written to ({error.strerror}). Open it for reading.") from None

    def holds(self, path: Path) -> bool:
        """Whether that is still the folder: it may have been moved, and another one put in its place."""
        if self._handle is None:
            return False
        try:
            mine, there = os.fstat(self._handle), os.stat(path)
        except OSError:
            return False
        return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)

    def release(self) -> None:
        """Let another process write."""
        if self._handle is not None:
            handle, self._handle = self._handle, None
            if os.getpid() == self._process:
                fcntl.flock(handle, fcntl.LOCK_UN)  # a process that was forked meanwhile has the folder open, too
            os.close(handle)

    def __del__(self) -> None:
        with suppress(Exception):  # an interpreter that ends has no more `os`
            self.release()


def _holder(path: Path) -> str:
    try:
        holder = read_json(path / _HOLDER)
        return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
    except (ReverieError, KeyError, TypeError):
        return "another process"
