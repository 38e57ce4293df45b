"""A memory for language: told once, slept on, known; corrected, and forgotten on request."""

from reverie.language.facts import Fact, read_fact
from reverie.language.memory import Cortex, LanguageMemory, Recollection

__all__ = ["Cortex", "Fact", "LanguageMemory", "Recollection", "read_fact"]
