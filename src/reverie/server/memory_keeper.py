"""Who touches a memory: changes one after another, questions beside them, and one night at a time.

A memory may be changed and asked while it sleeps. The night runs in a thread of its own and says how far it is.
"""

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from reverie.errors import ReverieError
from reverie.language import LanguageMemory
from reverie.server.frame import Busy
from reverie.server.limits import Limits

__all__ = ["MemoryKeeper"]

T = TypeVar("T")


class MemoryKeeper:
    """Keeps an open memory; `close` it.

    Parameters
    ----------
    memory : LanguageMemory
    limits : Limits
    """

    def __init__(self, memory: LanguageMemory, limits: Limits) -> None:
        self.memory, self._limits = memory, limits
        self.stopping = threading.Event()
        self._readers = threading.BoundedSemaphore(limits.readers)
        self._waiting = threading.BoundedSemaphore(limits.queue)
        self._turn, self._bed = threading.Lock(), threading.Lock()
        self._thread: threading.Thread | None = None
        self._night: dict[str, Any] = {"asleep": False}
        self._began = 0.0

    def change(self, action: Callable[[LanguageMemory], T]) -> T:
        """Let the memory change; on return that is durable.

        Raises
        ------
        Busy
            Too many wait, or its turn did not come in time. Nothing was changed then.
        """
        if self.stopping.is_set():
            raise Busy("The service is stopping.")
        if not self._waiting.acquire(blocking=False):
            raise Busy("Too many changes are waiting. Ask again later.")
        try:
            if not self._turn.acquire(timeout=self._limits.wait):
                raise Busy("The memory is busy. Nothing was changed; ask again later.")
            try:
                return action(self.memory)
            finally:
                self._turn.release()
        finally:
            self._waiting.release()

    def ask(self, action: Callable[[LanguageMemory], T]) -> T:
        """Ask the memory something that does not change it."""
        if not self._readers.acquire(blocking=False):
            raise Busy("Too many questions at once. Ask again later.")
        try:
            return action(self.memory)
        finally:
            self._readers.release()

    def sleep(self, *, drop_text: bool, limit: int | None) -> None:
        """Let the memory sleep; returns when the night has begun."""
        with self._bed:
            if self.stopping.is_set():
                raise Busy("The service is stopping.")
            if self._night["asleep"]:
                raise Busy("The memory is asleep already.")
            self._night, self._began = {"asleep": True, "stage": "begun"}, time.monotonic()
            self._thread = threading.Thread(target=self._sleep, args=(drop_text, limit), name="night")
            self._thread.start()

    def _sleep(self, drop_text: bool, limit: int | None) -> None:
        def told(stage: str) -> None:
            self._night = {"asleep": True, "stage": stage}

        end: dict[str, Any]
        try:
            end = {"report": self.memory.sleep(drop_text=drop_text, limit=limit, told=told)}
        except ReverieError as error:
            end = {"error": type(error).__name__}
        except BaseException:
            end = {"error": "Something went wrong here."}
        self._night = {"asleep": False, "seconds": round(time.monotonic() - self._began, 3)} | end

    @property
    def night(self) -> dict[str, Any]:
        """How far the night is, or how the last one was."""
        night = self._night
        return night | {"seconds": round(time.monotonic() - self._began, 3)} if night["asleep"] else night

    def close(self) -> None:
        """Wait for the night, and let the memory go."""
        self.stopping.set()
        with self._bed:
            thread = self._thread
        if thread is not None:
            thread.join()
        self.memory.close()
