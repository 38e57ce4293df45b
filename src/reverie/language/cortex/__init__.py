"""The cortex of a memory: a language model that learns at night, and forgets."""

from reverie.language.cortex.causal import CausalModel
from reverie.language.cortex.consolidation import NightPlan, consolidate
from reverie.language.cortex.cortex import Gate, Known, LanguageCortex
from reverie.language.cortex.dreaming import dream
from reverie.language.cortex.wordings import GENERAL, Wording, Wordings

__all__ = [
    "GENERAL",
    "CausalModel",
    "Gate",
    "Known",
    "LanguageCortex",
    "NightPlan",
    "Wording",
    "Wordings",
    "consolidate",
    "dream",
]
