"""The hippocampus for language: what was heard once is kept at once, fades unless rehearsed, and can be forgotten."""

from reverie.memory.episodic.episode import KINDS, Confirmed, Episode
from reverie.memory.episodic.forgetting import retrievability, strength
from reverie.memory.episodic.sqlite import SQLiteStore
from reverie.memory.episodic.store import EpisodicStore

__all__ = ["KINDS", "Confirmed", "Episode", "EpisodicStore", "SQLiteStore", "retrievability", "strength"]
