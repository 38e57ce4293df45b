"""Which cortex a memory has: branches for a model that chats, an adapter a night for any other."""

from typing import Any

from reverie.language.cortex.branch_cortex import BranchCortex
from reverie.language.cortex.causal import CausalModel
from reverie.language.cortex.chatting import asks_in_chat
from reverie.language.cortex.cortex import LanguageCortex
from reverie.memory.episodic import EpisodicStore

__all__ = ["Cortex", "cortex_of"]

Cortex = BranchCortex | LanguageCortex
_FORM = "cortex form"


def cortex_of(store: EpisodicStore, base: CausalModel | None = None, **given: Any) -> Cortex:
    """The cortex of a memory, as it was; with a `base` and before the first night, the one that fits the model.

    Parameters
    ----------
    given
        For the cortex that is made.
    """
    if base is not None and not store.get_named("cortex nights", []):
        store.set_named(_FORM, "branches" if asks_in_chat(base.tokenizer) else "adapters")
    made = BranchCortex if store.get_named(_FORM) == "branches" else LanguageCortex
    return made(store, base=base, **given)
