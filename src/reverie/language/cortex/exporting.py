"""A model with what it has learned, written for other programs; not before it is known what that costs.

The nights of `LanguageCortex` are in the weights already. Branches are folded into them first
(`reverie.language.cortex.folding`), and the model is gauged before and after.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from reverie.errors import BadData
from reverie.language.cortex.adapters import Adapter, rank_of
from reverie.language.cortex.branch_cortex import BranchCortex
from reverie.language.cortex.branches import acting
from reverie.language.cortex.chatting import asked_tokens, questions
from reverie.language.cortex.choice import Cortex
from reverie.language.cortex.folding import EVERYWHERE, Folding, Spoken, everyday_chats, fold
from reverie.language.cortex.gauge import harms, manners_of
from reverie.language.cortex.model_files import FORMS, write_gguf, write_hf, write_peft

__all__ = ["Folded", "export_model", "folded"]

_NOTHING = "Nothing is in the weights yet. Let the memory sleep first: reverie memory sleep FOLDER --model MODEL"
_LONGEST = 48  # tokens of an answer
_PLANS = (Folding(), Folding(ridge=3.0))


@dataclass(frozen=True)
class Folded:
    """What is to be written, and what it costs.

    Attributes
    ----------
    adapter : Adapter
    facts, said : int
        That the branches say, and how many of them the folded model still says, asked in the plain form.
    harm : tuple of str
        What the model can do no more, beyond what is borne.
    """

    adapter: Adapter
    facts: int
    said: int
    harm: tuple[str, ...]


def folded(cortex: BranchCortex) -> Folded:
    """The branches of a cortex as one change of the weights: the first without harm, else that with the least."""
    facts = cortex.spoken()
    if not facts:
        raise BadData(_NOTHING)
    model = cortex.base
    before, chats = manners_of(model, facts), everyday_chats(model)
    spoken = [Spoken(fact, cortex.branches_of(fact.who)) for fact in facts]
    found: list[Folded] = []
    for plan in _PLANS:
        adapter = fold(model, spoken, chats, plan=plan, generator=torch.Generator().manual_seed(0))
        with acting(model.network, [adapter], last=EVERYWHERE):
            rows = [asked_tokens(model.tokenizer, questions(fact.key)[0]) for fact in facts]
            said = [
                fact.value in one.text for fact, one in zip(facts, model.reply(rows, longest=_LONGEST), strict=True)
            ]
            harm = harms(before, manners_of(model, facts))
        found.append(Folded(adapter, len(facts), sum(said), tuple(harm)))
        if not harm:
            break
    return min(found, key=lambda one: (len(one.harm), -one.said))


def export_model(
    cortex: Cortex, folder: str | Path, form: str, *, gguf: str | Path | None = None, anyway: bool = False
) -> dict[str, Any]:
    """Write what a cortex has learned.

    Parameters
    ----------
    folder : path
        A new one, or an empty one.
    form : str
        "peft", "hf" or "gguf" (`reverie.language.cortex.model_files`).
    gguf : path, optional
        The user's own GGUF file of the model, for the form "gguf".
    anyway : bool
        Also where the gauge says that the model would be harmed.

    Returns
    -------
    dict
        `folder`, `form`, `facts`, `said`, `rank`, `harm`.

    Raises
    ------
    BadData
        Where the model would be harmed, or nothing was learned; nothing is written then.
    """
    folder = Path(folder)
    if form not in FORMS:
        raise BadData(f"form is {form!r}. Expected one of: {', '.join(FORMS)}.")
    if (form == "gguf") != (gguf is not None):
        raise BadData(
            f"form is {form!r}, and a GGUF file of the model is{' not' * (gguf is None)} given. Expected one for gguf,"
            " and for gguf alone: it is copied with what was learned."
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadData(f"{folder} is there already, and not empty. Give the name of a new folder.")
    if isinstance(cortex, BranchCortex):
        found = folded(cortex)
    else:
        together = cortex.nights.together()
        if not together:
            raise BadData(_NOTHING)
        count = len(cortex.nights.told_in())
        found = Folded(together, count, count, ())  # each night was gauged before it was kept
    if found.harm and not anyway:
        raise BadData(
            f"In the weights of the model this would do harm: {'; '.join(found.harm)}. Nothing is written. The memory"
            " itself answers without this harm (reverie memory chat); to write it all the same: --anyway."
        )
    base = cortex.base
    if form == "peft":
        write_peft(folder, base, found.adapter, cortex.nights.model or "")
    elif form == "hf":
        write_hf(folder, base, found.adapter)
    elif gguf is not None:
        write_gguf(folder / Path(gguf).name, base, found.adapter, Path(gguf))
    said = asdict(found)
    del said["adapter"]
    return {"folder": str(folder), "form": form, "rank": rank_of(found.adapter)} | said | {"harm": list(found.harm)}
