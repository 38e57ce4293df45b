"""A memory for language: told once, slept on, known; corrected, and forgotten on request."""

from reverie.language.facts import Fact, read_fact
from reverie.language.memory import LanguageMemory
from reverie.language.recollection import Cortex, Recollection

__all__ = ["Cortex", "Fact", "LanguageMemory", "Recollection", "read_fact"]
