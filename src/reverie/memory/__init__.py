"""Memories: written once, read at once, without raw samples."""

from reverie.memory.associative import AssociativeMemory

__all__ = ["AssociativeMemory"]
