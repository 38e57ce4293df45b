"""Memories: written once, read at once, without raw samples."""

from reverie.memory.associative import AssociativeMemory
from reverie.memory.contribution import contribution, moved_columns

__all__ = ["AssociativeMemory", "contribution", "moved_columns"]
