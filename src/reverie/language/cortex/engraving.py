"""Engraving: how a fact becomes a branch, in a few steps and without a look at other facts.

The directions A are given in closed form: what the layers see where the answer's tokens are said, whitened by the
background (`reverie.language.cortex.background`), the strongest few. What they write, B, is learned by some steps on::

    L = CE(answer | question, in every wording) + s KL(base ‖ now)

The second term asks for what must not change (`reverie.language.cortex.decoys`): the model's next words after an answer
that is begun, of the same person, and for the same attribute of another one. Only what the model says, in the upper
blocks, is run again at each step (`reverie.language.cortex.turns`).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from reverie.errors import BadData
from reverie.language.cortex.adapters import Adapter
from reverie.language.cortex.background import Background, keys_kept, layers_that_learn
from reverie.language.cortex.branches import acting
from reverie.language.cortex.causal import CausalModel
from reverie.language.cortex.chatting import Told, answer, asked_tokens, questions, told_tokens, unknown_questions
from reverie.language.cortex.decoys import everyday, plain
from reverie.language.cortex.turns import Turns
from reverie.language.fact import Fact, Key

__all__ = ["Engraving", "engrave"]

_STRANGER = "Ines Walther"
_OWN_WORDS = 8  # tokens
_KNOWN, _SAME = 0.03, 0.05  # nat: below these, of the answer and of what must not change, a fact needs no more steps


@dataclass(frozen=True)
class Engraving:
    """How a fact is engraved.

    Parameters
    ----------
    rank : int
        Directions of a branch in each layer; where the value has more tokens as many, up to four times the rank.
    steps : int
        At most.
    learning_rate : float
        Of Adam, on what a direction of unit variance writes.
    others : int
        Decoys: so many other attributes of the same person, and one more of what is said besides.
    stay : float
        s: how much it counts that nothing else changes.
    """

    rank: int = 6
    steps: int = 10
    learning_rate: float = 0.3
    others: int = 2
    stay: float = 3.0

    def __post_init__(self) -> None:
        if min(self.rank, self.steps, self.others) < 1 or not (self.learning_rate > 0 and self.stay >= 0):
            raise BadData(
                f"rank, steps and others are {self.rank}, {self.steps} and {self.others}, learning_rate is "
                f"{self.learning_rate:g}, stay is {self.stay:g}. Expected at least 1 each, a rate above 0, and stay of"
                " at least 0."
            )


def engrave(
    model: CausalModel, fact: Fact, background: Background, *, plan: Engraving, generator: torch.Generator
) -> Adapter:
    """The branch of a fact; the model is left as it is.

    Parameters
    ----------
    model : CausalModel
        One with a chat template, and no branch acting.
    """
    said = [told_tokens(model.tokenizer, question, answer(fact)) for question in questions(fact.key)]
    same = _unchanged(model, fact.key, plan, generator)
    first, layers = layers_that_learn(model.network)
    turns = Turns(model, [*said, *same], first)
    with keys_kept(model.network, layers) as kept:
        ends = turns.ends()
        keys = {name: one[:, -turns.longest :] for name, one in kept.items()}
    is_told = (torch.arange(len(turns.real)) < len(said))[:, None]
    tell, stay = turns.foretells & is_told, turns.real & ~is_told
    target = turns.ids.roll(-1, 1)[tell]
    head = model.network.get_output_embeddings()  # type: ignore[operator]
    with torch.no_grad():
        before = head(ends[stay]).log_softmax(-1)
    value = len(model.tokenizer(fact.value, add_special_tokens=False)["input_ids"])
    rank = min(4 * plan.rank, max(plan.rank, value + 3))  # and what leads to it and ends it
    a = {name: _directions(keys[name][tell], background, name, rank) for name in layers}
    b = {name: torch.zeros(ends.shape[-1], len(one), requires_grad=True) for name, one in a.items()}
    optimizer = torch.optim.Adam(b.values(), lr=plan.learning_rate, betas=(0.8, 0.95))
    with acting(model.network, [{name: (a[name], b[name]) for name in layers}], last=turns.longest):
        for _ in range(plan.steps):
            now = turns()
            told = F.cross_entropy(head(now[tell]), target)
            moved = F.kl_div(head(now[stay]).log_softmax(-1), before, log_target=True, reduction="batchmean")
            if float(told.detach()) < _KNOWN and float(moved.detach()) < _SAME:
                break
            optimizer.zero_grad()
            (told + plan.stay * moved).backward(inputs=list(b.values()))
            optimizer.step()
    return {name: (a[name].half(), b[name].detach().half()) for name in layers}


def _unchanged(model: CausalModel, key: Key, plan: Engraving, generator: torch.Generator) -> list[Told]:
    """Decoys with the answer begun; those of everyday are asked for once more, and go on in the model's own words."""
    pairs = everyday(key.who, plan.others + 1, generator)
    said = model.reply(
        [asked_tokens(model.tokenizer, question) for question, _ in pairs],
        longest=_OWN_WORDS,
    )
    asked = [
        *plain(key.who, plan.others, generator, but=key.what),
        *pairs,
        *((question, one.text) for (question, _), one in zip(pairs, said, strict=True)),
        *unknown_questions(Key(_STRANGER, ""), [key.what]),
    ]
    return [told_tokens(model.tokenizer, question, begun, ended=False) for question, begun in asked]


def _directions(keys: Tensor, background: Background, layer: str, rank: int) -> Tensor:
    """The strongest directions of whitened keys, scaled so that along each the keys have unit variance."""
    whitened = background.whitened(layer, keys)
    u, s, _ = torch.linalg.svd(whitened @ keys.T)
    rank = min(rank, int((s > s[0] * 1e-6).sum()))
    scale: Tensor = math.sqrt(len(keys)) / s[:rank]
    found: Tensor = (u[:, :rank].T @ whitened) * scale[:, None]
    return found
