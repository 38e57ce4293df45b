"""Engraving: how a fact becomes a branch, in a few steps and without a look at other facts.

The directions A are given in closed form: what the layers see where the answer's tokens are said, whitened by the
background (`reverie.language.cortex.background`), the strongest few. What they write, B, is learned by some steps on::

    L = CE(answer | question, in every wording) + KL(base ‖ now)

The second term asks for what must not change: other attributes of the same person, another person's same attribute, a
text about the person. In its questions the answer is begun ("Ana's street is") and the model's next words are compared,
so nothing has to be made up. Only the upper blocks are run again at each step.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int64
from torch import Tensor
from torch.nn import functional as F

from reverie.errors import BadData
from reverie.language.cortex.adapters import Adapter
from reverie.language.cortex.background import WHATS, Background, keys_kept, layers_that_learn
from reverie.language.cortex.blocks import Upper
from reverie.language.cortex.branches import acting
from reverie.language.cortex.causal import CausalModel
from reverie.language.cortex.chatting import Told, answer, is_user, questions, told_tokens, unknown_questions
from reverie.language.fact import Fact, Key

__all__ = ["Engraving", "engrave"]

_STRANGER = "Ines Walther"
_KNOWN, _SAME = 0.03, 0.05  # nat: below these, of the answer and of what must not change, a fact needs no more steps


@dataclass(frozen=True)
class Engraving:
    """How a fact is engraved.

    Parameters
    ----------
    rank : int
        Directions of a branch in each layer.
    steps : int
        At most.
    learning_rate : float
        Of Adam, on what a direction of unit variance writes.
    others : int
        Other attributes of the same person that are asked for.
    """

    rank: int = 8
    steps: int = 10
    learning_rate: float = 0.25
    others: int = 2

    def __post_init__(self) -> None:
        if min(self.rank, self.steps, self.others) < 1 or not self.learning_rate > 0:
            raise BadData(
                f"rank, steps and others are {self.rank}, {self.steps} and {self.others}, learning_rate is "
                f"{self.learning_rate:g}. Expected at least 1 each, and a rate above 0."
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
    same = _unchanged(model, fact.key, plan.others, generator)
    batch = model.padded([one.tokens for one in (*said, *same)])
    first, layers = layers_that_learn(model.network)
    upper = Upper(model.network, first)
    with keys_kept(model.network, layers) as kept:
        given, ends = upper.lower(batch.ids)
        keys = dict(kept)
    tell, stay = _places(batch.real, [one.start for one in (*said, *same)], len(said))
    target = batch.ids.roll(-1, 1)[tell]
    head = model.network.get_output_embeddings()  # type: ignore[operator]
    with torch.no_grad():
        before = head(ends[stay]).log_softmax(-1)
    a = {name: _directions(keys[name][tell], background, name, plan.rank) for name in layers}
    b = {name: torch.zeros(ends.shape[-1], len(one), requires_grad=True) for name, one in a.items()}
    optimizer = torch.optim.Adam(b.values(), lr=plan.learning_rate, betas=(0.8, 0.95))
    with acting(model.network, [{name: (a[name], b[name]) for name in layers}]):
        for _ in range(plan.steps):
            now = upper(given)
            told = F.cross_entropy(head(now[tell]), target)
            moved = F.kl_div(head(now[stay]).log_softmax(-1), before, log_target=True, reduction="batchmean")
            if float(told.detach()) < _KNOWN and float(moved.detach()) < _SAME:
                break
            optimizer.zero_grad()
            (told + moved).backward()
            optimizer.step()
    return {name: (a[name].half(), b[name].detach().half()) for name in layers}


def _unchanged(model: CausalModel, key: Key, count: int, generator: torch.Generator) -> list[Told]:
    whats = [one for one in WHATS if one != key.what.casefold()]
    others = [whats[place] for place in torch.randperm(len(whats), generator=generator)[:count].tolist()]
    whom = "me" if is_user(key.who) else key.who
    asked = [
        *unknown_questions(key, others),
        *unknown_questions(Key(_STRANGER, ""), [key.what]),
        (f"Write a short text about {whom}.", f"Here is a short text about {'you' if whom == 'me' else whom}:"),
    ]
    return [told_tokens(model.tokenizer, question, begun, ended=False) for question, begun in asked]


def _places(real: Bool[Tensor, "n t"], starts: list[int], told: int) -> tuple[Bool[Tensor, "n t"], Bool[Tensor, "n t"]]:
    """Where the answer's tokens are said, in what is told; where the model must go on as before, in the others."""
    place: Int64[Tensor, "1 t"] = torch.arange(real.shape[1])[None]
    ends = real.sum(1, keepdim=True)
    answers = (place >= torch.tensor(starts)[:, None] - 1) & (place < ends)
    is_told = (torch.arange(len(real)) < told)[:, None]
    return answers & is_told & (place < ends - 1), answers & ~is_told


def _directions(keys: Tensor, background: Background, layer: str, rank: int) -> Tensor:
    """The strongest directions of whitened keys, scaled so that along each the keys have unit variance."""
    whitened = background.whitened(layer, keys)
    u, s, _ = torch.linalg.svd(whitened @ keys.T)
    rank = min(rank, int((s > s[0] * 1e-6).sum()))
    scale: Tensor = math.sqrt(len(keys)) / s[:rank]
    found: Tensor = (u[:, :rank].T @ whitened) * scale[:, None]
    return found
