"""The cortex of a memory: a language model that learns at night, and forgets."""

from reverie.language.cortex.branch_cortex import BranchCortex
from reverie.language.cortex.causal import CausalModel
from reverie.language.cortex.choice import Cortex, cortex_of
from reverie.language.cortex.consolidation import NightPlan, consolidate
from reverie.language.cortex.cortex import Gate, LanguageCortex
from reverie.language.cortex.dreaming import dream
from reverie.language.cortex.engraving import Engraving
from reverie.language.cortex.known import Known
from reverie.language.cortex.wordings import GENERAL, Wording, Wordings

__all__ = [
    "GENERAL",
    "BranchCortex",
    "CausalModel",
    "Cortex",
    "Engraving",
    "Gate",
    "Known",
    "LanguageCortex",
    "NightPlan",
    "Wording",
    "Wordings",
    "consolidate",
    "cortex_of",
    "dream",
]
