"""A memory for language: told once, slept on, known; corrected, and forgotten on request."""

from reverie.language.fact import Fact, Key
from reverie.language.facts import read_fact
from reverie.language.memory import LanguageMemory
from reverie.language.recollection import Recollection

__all__ = ["Fact", "Key", "LanguageMemory", "Recollection", "read_fact"]
