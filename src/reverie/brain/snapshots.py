"""Snapshots of a brain: each a folder with the whole state of one version, or with what differs from a newer one.

The tensors of a snapshot are packed when it is written (`reverie.brain.difference`). Later it may be rewritten as what
differs from the next newer snapshot: `state.json` then says `onto` which one. The new tensor file is made beside the
old one, durable; `state.json` is replaced at one instant; then the old file goes. So a kill at any place leaves the one
form or the other. The difference is tried out before the whole form goes: what it gives must be what was there. It is
compared with its SHA-256 whenever it is read.
"""

import os
import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from reverie.brain.difference import digest_of, pack_difference, pack_whole, unpack
from reverie.checkpoint import (
    TENSORS,
    drop_other_tensors,
    join_state,
    load_head,
    places_of,
    read_tensors,
    save_parts,
    split_state,
)
from reverie.contracts import State
from reverie.errors import CorruptFile, MissingData
from reverie.files import need_folder, remove_folder, size_of

__all__ = ["Snapshot", "Snapshots", "today"]

_KIND = "brain"
_NUMBER = re.compile(r"\d{12}")


def today() -> str:
    """The day, in UTC."""
    return datetime.now(UTC).date().isoformat()


class Snapshot(NamedTuple):
    """What a snapshot holds.

    Attributes
    ----------
    about : dict
        What was written beside the state.
    tree : JSON
    tensors : dict
    read : int
        Bytes of files that its tensors were made of.
    """

    about: dict[str, Any]
    tree: Any
    tensors: dict[str, Tensor]
    read: int

    @property
    def held(self) -> int:
        """Bytes of the tensors."""
        return sum(tensor.numel() * tensor.element_size() for tensor in self.tensors.values())

    @property
    def state(self) -> State:
        return join_state(self.tree, self.tensors)


class Snapshots:
    """Those in a folder.

    Parameters
    ----------
    path : Path
    brain : str
        Whose they are.
    first_format : bool
        Whether they may not say so.

    Attributes
    ----------
    unreadable : set of int
        Versions whose snapshot could not be read when that was tried last.
    """

    def __init__(self, path: Path, brain: str, *, first_format: bool = False) -> None:
        self.path, self._brain, self._first_format = path, brain, first_format
        self.unreadable: set[int] = set()
        self._days: dict[int, str] = {}

    def folder(self, version: int) -> Path:
        return self.path / f"{version:012d}"

    def versions(self) -> list[int]:
        """Versions that have a snapshot, oldest first."""
        there = [one for one in self._numbered() if os.path.lexists(one / "state.json")]
        return sorted(int(one.name) for one in there)

    def size(self, version: int) -> int:
        """Bytes of its files."""
        return sum(size_of(file) for file in self._files(version))

    # reading

    def about(self, version: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """What is written beside a state, and the whole head; checked to be this brain's, and of this version."""
        try:
            return self._about(version)
        except (CorruptFile, MissingData):
            self.unreadable.add(version)
            raise

    def _about(self, version: int) -> tuple[dict[str, Any], dict[str, Any]]:
        folder = self.folder(version)
        need_folder(folder)
        head = load_head(folder, kind=_KIND)
        about = head.get("about") or {}
        if not isinstance(about, dict):
            raise CorruptFile(f"{folder} does not say what it is. Restore it from a copy.")
        if about and about.get("brain") != self._brain:
            raise CorruptFile(f"{folder} belongs to another brain. Restore this brain's own from a copy.")
        if not about and not self._first_format:
            raise CorruptFile(f"{folder} does not say whose it is. Restore it from a copy.")
        if about and about.get("version") != version:
            raise CorruptFile(f"{folder} holds version {about.get('version')}. Restore it from a copy.")
        return about, head

    def onto(self, version: int) -> int | None:
        """The newer snapshot that this one is read by; None: it is whole."""
        onto = self.about(version)[0].get("onto")
        if onto is not None and (not isinstance(onto, int) or onto <= version):
            self.unreadable.add(version)
            raise CorruptFile(f"{self.folder(version)} builds on version {onto!r}. Restore it from a copy.")
        return onto

    def day(self, version: int) -> str:
        """When it was made."""
        if version not in self._days:
            self._days[version] = self._day(version)
        return self._days[version]

    def _day(self, version: int) -> str:
        with suppress(CorruptFile, MissingData):
            said = self.about(version)[0].get("day")
            if isinstance(said, str):
                return said
        seconds = os.lstat(self.folder(version) / "state.json").st_mtime
        return datetime.fromtimestamp(seconds, UTC).date().isoformat()

    def load(self, version: int) -> Snapshot:
        """A snapshot, with those that it builds on.

        Raises
        ------
        MissingData, CorruptFile
            It, or one that it builds on, is not there, is damaged, or is another brain's.
        """
        chain = [version]
        place = version
        try:
            while (onto := self.onto(place)) is not None:
                chain.append(onto)
                place = onto
            found: Snapshot | None = None
            while chain:
                place = chain.pop()
                found = self._read(place, found)
        except (CorruptFile, MissingData):
            self.unreadable.add(place)
            raise
        assert found is not None
        return found

    def _read(self, version: int, newer: Snapshot | None) -> Snapshot:
        """One of them, by the newer one that it builds on."""
        folder = self.folder(version)
        about, head = self.about(version)
        try:
            file, sha256, tree = str(head["file"]), str(head["sha256"]), head["tree"]
        except KeyError as error:
            raise CorruptFile(f"{folder / 'state.json'} is not what was saved ({error!r}). Restore a copy.") from None
        tensors = read_tensors(folder, file, sha256)
        read = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
        if newer is not None:
            read += newer.read
        if "packed" in about:
            try:
                tensors = unpack(about["packed"], tensors, newer and newer.tensors, read=newer.read if newer else 0)
            except CorruptFile as error:
                raise CorruptFile(f"{folder} cannot be unpacked: {error} Restore it from a copy.") from None
        if newer is not None and digest_of(tensors) != about.get("content"):
            raise CorruptFile(f"{folder} does not give what was written (its SHA-256 differs). Restore it from a copy.")
        try:
            join_state(tree, tensors)
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise CorruptFile(f"{folder / 'state.json'} is not what was saved ({error!r}). Restore a copy.") from None
        return Snapshot(about, tree, tensors, read)

    # writing

    def save(self, version: int, state: State, **about: Any) -> int:
        """Make a snapshot, with something about it; the bytes of its tensors."""
        tree, tensors = split_state(state)
        how, packed = pack_whole(tensors)
        about |= {"brain": self._brain, "version": version, "day": today(), "packed": how}
        save_parts(self.folder(version), tree, packed, kind=_KIND, about=about)
        self.unreadable.discard(version)
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())

    def pack(self, version: int) -> None:
        """Rewrite a snapshot that was written before there was packing."""
        if "packed" in self.about(version)[0]:
            return
        found = self.load(version)
        how, packed = pack_whole(found.tensors)
        about = found.about | {"brain": self._brain, "version": version, "packed": how}
        save_parts(self.folder(version), found.tree, packed, kind=_KIND, about=about)

    def shrink(self, version: int, onto: int, *, room: int | None = None) -> int:
        """Rewrite a snapshot as what differs from a newer one, where that has room and is smaller.

        Returns
        -------
        int
            The bytes that it takes, or would take.
        """
        newer = self.load(onto)
        older = self.load(version)
        places = {place: name for name, place in places_of(newer.tree).items()}
        names = {name: places[place] for name, place in places_of(older.tree).items() if place in places}
        how, packed = pack_difference(older.tensors, newer.tensors, names)
        needed = sum(tensor.numel() * tensor.element_size() for tensor in packed.values())
        needed += size_of(self.folder(version) / "state.json")
        if room is not None and (needed > room or needed >= self.size(version)):
            return needed
        content = digest_of(older.tensors)
        if digest_of(unpack(how, packed, newer.tensors, read=newer.read)) != content:
            raise CorruptFile(f"{self.folder(version)} could not be rewritten. It is left as it is.")
        about = {key: value for key, value in older.about.items() if key not in ("onto", "content", "packed")}
        about |= {"brain": self._brain, "version": version, "packed": how, "onto": onto, "content": content}
        save_parts(self.folder(version), older.tree, packed, kind=_KIND, about=about)
        return self.size(version)

    # removing

    def remove(self, version: int) -> None:
        """Remove a snapshot: what it is by first."""
        remove_folder(self.folder(version), ("state.json", TENSORS))
        self.unreadable.discard(version)

    def sweep(self, kept: set[int]) -> None:
        """Remove all others, and what an interrupted rewriting has left of these."""
        for folder in self._numbered():
            if int(folder.name) not in kept:
                self.remove(int(folder.name))
            elif len(self._files(int(folder.name))) > 2:  # beside state.json more than one file
                self._drop_left(int(folder.name))

    def _drop_left(self, version: int) -> None:
        try:
            drop_other_tensors(self.folder(version), str(self.about(version)[1].get("file")))
        except (CorruptFile, MissingData):
            return  # which of the files is the right one is not known

    def _files(self, version: int) -> list[Path]:
        try:
            return [
                Path(entry.path) for entry in os.scandir(self.folder(version)) if entry.is_file(follow_symlinks=False)
            ]
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _numbered(self) -> list[Path]:
        return [one for one in self.path.iterdir() if _NUMBER.fullmatch(one.name)]
