"""A mind and its folder, kept the same, whatever interrupts a change.

One thread changes at a time; the others may ask meanwhile, and wait only while an entry is applied. A change is written
down first and applied then. Until both are done it is unsettled: where anything is raised in between (Ctrl-C, a full
disk, no memory), the mind is read again from the disk, which has the change or has it not, before anything else is
answered or changed. Where it cannot be read, everything is refused until the brain is opened again.
"""

import os
import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any, TypeVar

from torch import Tensor

from reverie.brain.life import Life
from reverie.brain.mind import Mind
from reverie.brain.store import Store
from reverie.brain.waking import newborn, newest, newest_whole
from reverie.contracts import State
from reverie.errors import BadData, ReverieError, Unfinished
from reverie.senses import OwnEncoder

__all__ = ["Durable"]

T = TypeVar("T")

_UNTIDY = (OSError, ReverieError, MemoryError)  # what may go wrong with old files; the change is made all the same


class Durable:
    """Keeps a mind.

    Parameters
    ----------
    store : Store
        Its folder.
    mind : Mind
        What has been read from it.
    life : Life, optional
        From where; None: the folder is not to be touched yet.
    own : OwnEncoder, optional
        The user's own encoder, where it was handed in.
    """

    def __init__(self, store: Store, mind: Mind, life: Life | None = None, *, own: OwnEncoder | None = None) -> None:
        self.store, self._own = store, own
        self.mind = mind
        self._unsettled = False  # the disk and the mind may differ
        self._lost = False  # and the disk could not be read
        self._broken = False  # applying an entry was interrupted; so it is for a process that is forked in between
        self._begin()
        if store.writer and life is not None:
            if store.go_on(life):
                self.replace(self.mind)
            self._tidy()

    @classmethod
    def open(cls, store: Store, own: OwnEncoder | None = None) -> "Durable":
        """The mind as it was last acknowledged."""
        woken = newest(store, own)
        return cls(store, woken.mind, woken.life, own=own)

    @classmethod
    def recover(
        cls, store: Store, event: Callable[[str, int, int], dict[str, Any]], own: OwnEncoder | None = None
    ) -> "Durable":
        """Go on from what can be read.

        Parameters
        ----------
        event : callable
            Is given what is wrong, and the first and the last version that are lost (the last is before the first
            where none is); returns what history shall say.
        """
        woken, damage = newest_whole(store, own)
        if woken is not None and damage is None:
            return cls(store, woken.mind, woken.life, own=own)
        mind = newborn(store.head["settings"], own=own) if woken is None else woken.mind
        seen, read = store.seen(), mind.version
        store.resume(seen, b"" if woken is None else woken.life.chain)
        made = cls(store, mind, own=own)
        mind.version = seen
        mind.record(event(damage or "", read + 1, seen))
        made.replace(mind)
        return made

    def _begin(self) -> None:
        self._process = os.getpid()
        self.turn = threading.RLock()  # whose turn it is to change
        self._moment = threading.RLock()  # in which the mind is asked, or is itself changed
        self._changer: int | None = None  # the thread that writes a change down now

    # asking

    def ask(self, action: Callable[[Mind], T]) -> T:
        """What `action` finds out of the mind, which stays as it is meanwhile. It must not change anything."""
        if os.getpid() != self._process:
            self._begin()  # a forked process has locks that nobody there will ever give back
        while True:
            if self._unsettled and self._changer is None and self.store.may_write and not self._writes_here():
                with self.turn:
                    self._settle()
            with self._moment:
                if not self._broken:
                    return action(self.mind)
            if self._writes_here():
                raise BadData("This thread is in the midst of a change of this brain. Ask when that is done.")
            with self.turn:
                self._settle()

    # changing

    def to_change(self) -> Mind:
        """The mind, for who has the `turn`: nobody else changes it meanwhile.

        Raises
        ------
        BadData
            Opened for reading, closed, opened by another process; or this thread is in the midst of another change,
            as where the handler of a signal changes the brain.
        Unfinished
            An earlier change broke off, and its folder cannot be read.
        """
        self.store.need_writer()
        if self._writes_here():
            raise BadData("This thread is in the midst of a change of this brain. Change it when that is done.")
        self._settle()
        return self.mind

    def _writes_here(self) -> bool:
        """Whether this very thread is within `_write`, further up."""
        if not self._unsettled:
            return False
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            code = frame.f_code
            here = code.co_name == "_write" and code.co_filename == __file__
            if here and frame.f_locals.get("self") is self:
                return True
            frame = frame.f_back
        return False

    def change(self, entry: State, *, keys: Tensor | None = None, columns: Tensor | None = None) -> None:
        """Make an entry durable, then apply it. In one's `turn`."""
        version = self.mind.version + 1

        def apply() -> None:
            self.mind.apply(entry, keys=keys, columns=columns)

        self._write(lambda: self.store.append(version, entry), apply, version)
        if self.store.wants_snapshot:
            self.replace(self.mind)
        elif self.store.wants_room:
            self._tidy()

    def replace(self, mind: Mind) -> None:
        """Make a whole new state durable, then take it. In one's `turn`."""
        state = mind.state_dict()

        def take() -> None:
            self.mind = mind

        self._write(lambda: self.store.snapshot(mind.version, state), take, mind.version)
        self._tidy()

    def _write(self, write: Callable[[], None], apply: Callable[[], None], version: int) -> None:
        """Both, or find out which."""
        before = self.mind.version
        self._changer, self._unsettled = threading.get_ident(), True
        try:
            write()
            with self._moment:
                self._broken = True
                apply()
                self._broken = False
            self._unsettled = False
        except Exception as error:
            self._resolve(error, before, version, self.store.intended)
        finally:
            self._changer = None

    def _resolve(self, error: Exception, before: int, version: int, intended: bytes) -> None:
        """Find out what is on the disk, and say so; `error` itself is raised where nothing was changed."""
        try:
            if self._broken or self.store.may_hold(version):
                self._settle()
            self._unsettled = False
        except Exception as worse:
            self._lost = True
            raise Unfinished(
                f"The change could not be finished ({_said(error)}), and whether it was made is not known "
                f"({_said(worse)}). This brain refuses everything until it is opened again."
            ) from error
        if version == before:
            warnings.warn(
                f"A snapshot of version {version} could not be made ({_said(error)}). Nothing is lost: the log has it.",
                RuntimeWarning,
                stacklevel=5,
            )
        elif self.mind.version < version or self.store.chain != intended:
            raise error
        else:
            raise Unfinished(
                f"The change was made: this is version {self.mind.version}. But then something failed "
                f"({_said(error)}). Look at that before you go on; do not repeat the change."
            ) from error

    def _settle(self) -> None:
        """After a change that broke off: be as the disk is. Within a turn."""
        if self._lost:
            raise Unfinished("An earlier change could not be finished. Open this brain again to go on.")
        if not self._unsettled:
            return
        if not self.store.may_write:
            raise Unfinished("An earlier change broke off before this brain was closed. Open it again to go on.")
        self.store.need_writer()
        woken = newest(self.store, self._own)
        again = self.store.go_on(woken.life)
        with self._moment:
            self.mind = woken.mind
            self._broken = False
        self._unsettled = False
        with suppress(*_UNTIDY):  # it is tried again after the next change
            self.store.tidy(self.mind.oldest)
        if again:
            self.replace(self.mind)

    def _tidy(self) -> None:
        """Remove old files; where that fails the change is made all the same, and it is tried again after the next."""
        if not self.store.writer:
            return
        try:
            self.store.tidy(self.mind.oldest)
        except _UNTIDY as error:
            warnings.warn(
                f"Old files of {self.store.path} could not be removed ({_said(error)}). It is tried again after the "
                "next change.",
                RuntimeWarning,
                stacklevel=4,
            )

    def close(self) -> None:
        """Change nothing from now on, and let another process write."""
        if os.getpid() != self._process:
            self.store.close()
            return
        with self.turn:
            with suppress(Exception):  # who opens it next finds out
                if not self._writes_here():
                    self._settle()
            self.store.close()


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
