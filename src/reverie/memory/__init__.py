"""Memories: written once, read at once, without raw samples."""

from reverie.memory.associative import AssociativeMemory
from reverie.memory.wide import WideMemory

__all__ = ["AssociativeMemory", "WideMemory"]
