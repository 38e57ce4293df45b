"""Files of our own folders: read without following links, replaced whole, made durable, swept by name.

A folder of ours may have been made by a stranger. So a file in it is opened only where it is a regular file itself: a
symbolic link, a pipe or a device is refused. And only what carries our own names is ever deleted.
"""

import errno
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from reverie.errors import CorruptFile, MissingData

__all__ = [
    "make_folder",
    "need_folder",
    "open_file",
    "read_file",
    "remove_file",
    "remove_folder",
    "replace_file",
    "size_of",
    "sweep_temporary",
    "sync_folder",
    "write_all",
]

_OURS = os.O_NOFOLLOW | os.O_CLOEXEC


def open_file(path: Path, flags: int = os.O_RDONLY) -> int:
    """Open a regular file, and nothing else; the file descriptor.

    Raises
    ------
    MissingData
        There is none.
    CorruptFile
        A link, a pipe, a device or a folder stands in its place.
    """
    try:
        handle = os.open(path, flags | _OURS | os.O_NONBLOCK, 0o600)
    except FileNotFoundError:
        raise MissingData(f"{path} is missing. Restore it from a copy.") from None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR):
            raise _no_file(path) from None
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise _no_file(path)
    return handle


def read_file(path: Path, *, largest: int | None = None) -> bytes:
    """The content of a regular file (see `open_file`), of at most `largest` bytes."""
    with os.fdopen(open_file(path), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if largest is not None and size > largest:
            raise CorruptFile(f"{path} has {size} bytes. Expected at most {largest}: restore it from a copy.")
        return file.read()


def size_of(path: Path) -> int:
    """Bytes of a file; 0 where there is none. A link is not followed."""
    try:
        return os.lstat(path).st_size
    except FileNotFoundError:
        return 0


def write_all(handle: int, data: bytes) -> None:
    """Write all of it: a single write may be cut short."""
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def replace_file(path: Path, data: bytes) -> None:
    """Replace a file's content so that a kill at any instant leaves the old content or the new, never a part."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _OURS, 0o600)
        try:
            write_all(handle, data)
            os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(new, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(new)
        raise
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, durably; one that is there stays."""
    missing = []
    while not path.exists():
        missing.append(path)
        path = path.parent
    for folder in reversed(missing):
        with suppress(FileExistsError):
            os.mkdir(folder)
        sync_folder(folder.parent)


def need_folder(path: Path) -> None:
    """Refuse a folder of ours that is a link, for what it points to is not ours.

    Raises
    ------
    MissingData, CorruptFile
        There is none; something else stands in its place.
    """
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        raise MissingData(f"The folder {path} is missing. Restore it from a copy.") from None
    if not stat.S_ISDIR(mode):
        raise CorruptFile(f"{path} is not a folder itself. Links are not followed: put the folder there.")


def remove_file(path: Path) -> None:
    """Remove a file of ours, or the link in its place; what a link points to stays, and so does a folder."""
    with suppress(FileNotFoundError, IsADirectoryError):
        os.unlink(path)


def remove_folder(path: Path, names: tuple[str, ...]) -> None:
    """Remove a folder of ours: the files in it that match our names, and the folder where nothing else is left.

    Parameters
    ----------
    names : tuple of str
        Patterns of the names that we give.
    """
    try:
        need_folder(path)
    except MissingData:
        return
    except CorruptFile:
        remove_file(path)  # a link: it goes, what it points to stays
        return
    sweep_temporary(path, names)
    for name in names:
        for file in path.glob(name):
            remove_file(file)
    with suppress(OSError):  # not empty: the rest is not ours
        os.rmdir(path)


def sweep_temporary(path: Path, names: tuple[str, ...]) -> None:
    """Remove the temporary files that a kill of `replace_file` has left in a folder of ours.

    Parameters
    ----------
    names : tuple of str
        Patterns of the names that we give; the user's own temporary files stay.
    """
    for name in names:
        for file in path.glob(f".{name}.*.tmp"):
            remove_file(file)


def _no_file(path: Path) -> CorruptFile:
    return CorruptFile(
        f"{path} is not a regular file. Links, pipes and devices are not read: put the file itself there."
    )
