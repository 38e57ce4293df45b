"""A layer under the product that fails where it is told to: at the n-th call of the operating system, or line.

`Faults` replaces functions of `os` while it is active. It counts the calls, and at one of them raises, before or after
doing it; cuts a write short; fails from there on; or kills the process. `Lines` raises at the n-th line of the product.
"""

import errno
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import torch

import reverie

__all__ = ["CALLS", "KINDS", "LINES", "Faults", "Lines", "line_of", "sweep"]

CALLS = (
    "open", "write", "pwrite", "lseek", "fsync", "replace", "rename", "unlink", "ftruncate", "mkdir", "rmdir",
    "close", "stat", "lstat", "fstat", "listdir", "scandir",
)  # fmt: skip
_PRODUCT = str(Path(reverie.__file__).parent)


def _error(number: int) -> Callable[[], BaseException]:
    return lambda: OSError(number, os.strerror(number))


KINDS: dict[str, tuple[str, Callable[[], BaseException]]] = {
    "full disk": ("before", _error(errno.ENOSPC)),
    "broken disk": ("before", _error(errno.EIO)),
    "broken disk, done": ("after", _error(errno.EIO)),
    "full disk from there on": ("always", _error(errno.ENOSPC)),
    "too many files": ("before", _error(errno.EMFILE)),
    "interrupted call": ("before", _error(errno.EINTR)),
    "half a write": ("half", _error(errno.ENOSPC)),
    "short write": ("short", _error(errno.ENOSPC)),
    "no memory": ("before", MemoryError),
    "Ctrl-C": ("before", KeyboardInterrupt),
    "Ctrl-C, done": ("after", KeyboardInterrupt),
    "kill": ("kill", KeyboardInterrupt),
}
"""What can happen at a call: how, and what is raised."""

LINES: dict[str, type[BaseException]] = {"Ctrl-C at a line": KeyboardInterrupt, "no memory at a line": MemoryError}
"""What can happen at a line."""

Run = Callable[[Path, str, str, int], tuple[int, list[str]]]


class Faults:
    """Fail at the `at`-th call; count them all.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    at : int
        From 1 on; 0: only count.
    """

    def __init__(self, kind: str, at: int) -> None:
        self.how, self.error = KINDS[kind]
        self.at, self.calls = at, 0
        self.named: list[str] = []  # what was called, in order
        self._real: dict[str, Callable[..., Any]] = {}

    def __enter__(self) -> "Faults":
        for name in CALLS:
            self._real[name] = getattr(os, name)
            setattr(os, name, self._failing(name, self._real[name]))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name, real in self._real.items():
            setattr(os, name, real)

    def _failing(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            self.calls += 1
            self.named.append(name)
            if self.calls < self.at or not self.at or (self.calls > self.at and self.how != "always"):
                return real(*given, **named)
            if name == "close" or self.how == "after":  # what is closed is closed, whatever is said
                real(*given, **named)
            if name in ("write", "pwrite") and self.how in ("half", "short", "kill"):
                data = bytes(given[1])[: max(1, len(given[1]) // 2)]
                written = real(given[0], data, *given[2:])
                if self.how == "short":
                    return written
            elif self.how in ("half", "short"):
                return None if name == "close" else real(*given, **named)
            if self.how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            raise self.error()

        return call


class Lines:
    """Raise at the `at`-th line of the product that is run; count them all."""

    def __init__(self, error: type[BaseException], at: int) -> None:
        self.error, self.at, self.calls = error, at, 0
        self.where = ""

    def __enter__(self) -> "Lines":
        self._grad = torch.is_grad_enabled()
        sys.settrace(self._entered)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.settrace(None)
        # A trace interrupts between the last line of a `with torch.no_grad()` and its exit, where no signal can.
        torch.set_grad_enabled(self._grad)

    def _entered(self, frame: FrameType, event: str, argument: Any) -> Any:
        return self._line if frame.f_code.co_filename.startswith(_PRODUCT) else None

    def _line(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            self.calls += 1
            if self.calls == self.at:
                self.where = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
                sys.settrace(None)
                raise self.error
        return self._line


def line_of(step: int) -> str:
    """How the lines that were tried are called in a claim."""
    return "every line" if step == 1 else f"every line in {step}"


def _tried(run: Run, base: Path, step: int, name: str, kind: str) -> tuple[int, list[str]]:
    """One operation with one kind of fault, at every `step`-th place."""
    warnings.simplefilter("ignore")
    places, _ = run(base, name, kind, 0)
    wrong: list[str] = []
    for at in range(1, places + 1, step):
        wrong += run(base, name, kind, at)[1]
    return len(range(1, places + 1, step)), wrong


def sweep(
    pool: Executor, run: Run, base: Path, names: Iterable[str], kinds: Iterable[str], *, lines: int, calls: int
) -> tuple[dict[str, float], list[str]]:
    """Every operation with every kind of fault: how many places of each operation, and what was wrong.

    Parameters
    ----------
    run : callable
        One fault of an operation at a place: how many places there are, and what was wrong. Place 0: only count.
    lines, calls : int
        Every so many-th line, and every so many-th other place, is tried.
    """
    tasks = [(name, kind) for name in names for kind in kinds]
    steps = [lines if kind in LINES else calls for _, kind in tasks]
    places: dict[str, float] = {}
    wrong: list[str] = []
    results = pool.map(partial(_tried, run, base), steps, *zip(*tasks, strict=True))
    for (name, kind), (count, found) in zip(tasks, results, strict=True):
        places[name] = places.get(name, 0) + count
        wrong += found
        print(f"  {name}, {kind}: {count} places", flush=True)
    for line in wrong[:30]:
        print(f"  {line}")
    print(f"  {int(sum(places.values()))} places and kinds of fault")
    return places, wrong
