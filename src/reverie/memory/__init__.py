"""Memories: written once, read at once, without raw samples.

Those of numbers compute with torch, and are imported when they are asked for: a memory for language
(`reverie.memory.episodic`) is opened without it, in a fraction of the time.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reverie.memory.associative import AssociativeMemory
    from reverie.memory.wide import WideMemory

__all__ = ["AssociativeMemory", "WideMemory"]

_PLACES = {"AssociativeMemory": "associative", "WideMemory": "wide"}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
