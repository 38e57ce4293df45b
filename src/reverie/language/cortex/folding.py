"""Folding: all branches of a memory written into the weights at once, so that the model can be used elsewhere.

Branches compete, and act only where the model speaks and while somebody is named; weights always act. So the model is
asked, with its branches, for all that it has learned, and each layer that learns is first fitted to what its branches
wrote, in closed form::

    ΔW = (Σ v kᵀ) (Σ k kᵀ + Σ d dᵀ + λ n C)⁻¹

k: what the layer saw where an answer was said, v: what the branch added there; d: the same of what must not change,
where nothing may be added; n C: the background, as heavy as all of these. The directions found so are kept, and what
they write is then settled by some steps on the loss of engraving (`reverie.language.cortex.engraving`), with the change
acting everywhere. What must not change: decoys for the same people and for strangers, and the model's own answers to
everyday questions.

Folding is worse than branches, and how much is measured (`reverie.language.cortex.gauge`).

The linear associator with a ridge: Kohonen, 1972, IEEE Transactions on Computers C-21; in a language model's layers:
Meng et al., 2023, ICLR (MEMIT).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from reverie.language.cortex.adapters import Adapter
from reverie.language.cortex.background import keys_kept, layers_that_learn
from reverie.language.cortex.branches import acting, answers_of
from reverie.language.cortex.causal import CausalModel
from reverie.language.cortex.chatting import Told, answer, asked_tokens, questions, told_tokens, unknown_questions
from reverie.language.cortex.decoys import everyday, plain
from reverie.language.cortex.turns import Turns
from reverie.language.fact import Fact, Key

__all__ = ["EVERYWHERE", "Folding", "Spoken", "everyday_chats", "fold"]

EVERYWHERE = 10**9
"""Places: in the weights a change acts on all that the model is given."""

_STRANGERS = ("Ines Walther", "Paul Adeyemi", "Dr. Sato", "Lucia", "Henrik Dahl", "Mei")
_EVERYDAY = (
    "Tell me about the history of tea.",
    "What are the advantages of trains?",
    "List four colours.",
    "Give me a recipe for pancakes.",
    "How do plants grow?",
    "Name three inventors.",
    "What is the capital of Canada?",
    "What is the plot of Romeo and Juliet?",
    "Write an email to a colleague about a meeting.",
    "What is machine learning?",
    "How can I learn a language quickly?",
    "List the planets.",
    "Who was Marie Curie?",
    "What is the boiling point of water?",
    "Explain how a bank works.",
    "Suggest a name for a bakery.",
    "What is the largest lake of Africa?",
    "What is the currency of Switzerland?",
    "What is the colour of the sky?",
    "List five vegetables.",
    "Give me three tips for a job interview.",
    "Write a short poem about a river.",
    "What is the difference between a planet and a star?",
    "Who painted the Mona Lisa?",
)
_PLAIN = 0.3  # of the identity in the background: of directions that it has not seen
_AT_ONCE, _ANSWER = 16, 64  # chats; tokens of an everyday answer
_SHARE = 0.999  # of what is written, that the directions kept must carry


@dataclass(frozen=True)
class Folding:
    """How branches are folded.

    Parameters
    ----------
    ridge : float
        λ: the more, the less is changed, and the less arrives.
    decoys : int
        Of each kind, for each person.
    rounds : int
        Times that everything is gone through while it settles.
    learning_rate : float
        Of Adam, on what a direction of unit variance writes.
    """

    ridge: float = 1.0
    decoys: int = 3
    rounds: int = 3
    learning_rate: float = 0.03


class Spoken(NamedTuple):
    """A fact as a model says it while the branches of that person act."""

    fact: Fact
    branches: Sequence[Adapter]


@torch.no_grad()
def everyday_chats(model: CausalModel) -> list[Told]:
    """What the model answers to questions that name nobody: its own words, to be kept."""
    prompts = [asked_tokens(model.tokenizer, one) for one in _EVERYDAY]
    said = [one.text for one in model.reply(prompts, longest=_ANSWER)]
    rows = [told_tokens(model.tokenizer, one, text, ended=False) for one, text in zip(_EVERYDAY, said, strict=True)]
    ends = [model.tokenizer.eos_token_id] if model.tokenizer.eos_token_id is not None else []
    short = [len(row.tokens) - row.start < _ANSWER - 1 for row in rows]
    whole = [[*row.tokens, *ends] if ended else row.tokens for row, ended in zip(rows, short, strict=True)]
    return [Told(tokens[: model.longest], row.start) for tokens, row in zip(whole, rows, strict=True)]


def fold(
    model: CausalModel, spoken: Sequence[Spoken], chats: Sequence[Told], *, plan: Folding, generator: torch.Generator
) -> Adapter:
    """One change of the weights that says what the branches say; the model is left as it is.

    Parameters
    ----------
    chats : sequence of Told
        What the model must go on saying (`everyday_chats`).
    """
    told = [
        told_tokens(model.tokenizer, asked, answer(one.fact)) for one in spoken for asked in questions(one.fact.key)
    ]
    stay = [*_decoys(model, spoken, plan, generator), *chats]
    adapter = _fitted(model, spoken, stay, plan)
    return _settled(model, adapter, told, stay, plan, generator)


def _decoys(model: CausalModel, spoken: Sequence[Spoken], plan: Folding, generator: torch.Generator) -> list[Told]:
    pairs: list[tuple[str, str]] = []
    for who in dict.fromkeys(one.fact.who for one in spoken):
        pairs += [*plain(who, plan.decoys, generator), *everyday(who, plan.decoys, generator)]
    whats = list(dict.fromkeys(one.fact.what for one in spoken))
    for what in whats:
        some = torch.randperm(len(_STRANGERS), generator=generator)[: plan.decoys].tolist()
        for turn, place in enumerate(some):
            pairs += unknown_questions(Key(_STRANGERS[place], ""), [what] * (turn + 1))[-1:]
    return [told_tokens(model.tokenizer, question, begun, ended=False) for question, begun in pairs]


@torch.no_grad()
def _fitted(model: CausalModel, spoken: Sequence[Spoken], stay: Sequence[Told], plan: Folding) -> Adapter:
    """In closed form; directions are scaled so that along each the keys of answers have unit variance."""
    _, layers = layers_that_learn(model.network)
    count, told, wrote = 0, dict[str, Tensor](), dict[str, Tensor]()
    for one in spoken:
        rows = [told_tokens(model.tokenizer, question, answer(one.fact)) for question in questions(one.fact.key)]
        for keys, turns in _seen(model, rows, layers, one.branches):
            count += int(turns.foretells.sum())
            for name in layers:
                some = keys[name][turns.foretells]
                added = answers_of(some, [branch[name] for branch in one.branches])
                told[name] = told.get(name, torch.zeros(())) + (some.T @ some).double()
                wrote[name] = wrote.get(name, torch.zeros(())) + (added.T @ some).double()
    others = {name: torch.zeros_like(one) for name, one in told.items()}
    for keys, turns in _seen(model, stay, layers, ()):
        for name in layers:
            some = keys[name][turns.real]
            others[name] += (some.T @ some).double()
    found: Adapter = {}
    for name in layers:
        ground = others[name] / others[name].diagonal().mean()
        ground = ground + _PLAIN * torch.eye(len(ground), dtype=torch.float64)
        whole = told[name] + others[name] + plan.ridge * told[name].diagonal().mean() * ground
        u, s, v = torch.linalg.svd(torch.linalg.solve(whole, wrote[name].T).T, full_matrices=False)
        rank = int((s.square().cumsum(0) < _SHARE * s.square().sum()).sum()) + 1
        size = ((v[:rank] @ told[name] * v[:rank]).sum(1) / count).sqrt().clamp(min=1e-6)
        found[name] = (v[:rank] / size[:, None]).float(), (u[:, :rank] * s[:rank] * size).float()
    return found


def _settled(
    model: CausalModel,
    adapter: Adapter,
    told: Sequence[Told],
    stay: Sequence[Told],
    plan: Folding,
    generator: torch.Generator,
) -> Adapter:
    """Some steps on what the directions write, with the change acting from the second token on."""
    first, _ = layers_that_learn(model.network)
    head = model.network.get_output_embeddings()  # type: ignore[operator]
    batches = []
    parts = max(1, -(-(len(told) + len(stay)) // _AT_ONCE))
    told_order, stay_order = (
        torch.randperm(len(told), generator=generator),
        torch.randperm(len(stay), generator=generator),
    )
    for part in range(parts):
        some = [told[place] for place in told_order[part::parts].tolist()]
        more = [stay[place] for place in stay_order[part::parts].tolist()]
        rows = [*some, *more]
        turns = Turns(model, [Told(one.tokens, 2) for one in rows], first)
        ends = turns.ends()
        place = torch.arange(turns.longest)[None]
        speaks = turns.real & (place >= torch.tensor([one.start - 2 for one in rows])[:, None])
        is_told = (torch.arange(len(rows)) < len(some))[:, None]
        foretells = speaks & turns.foretells & is_told
        with torch.no_grad():
            before = head(ends[speaks & ~is_told]).log_softmax(-1).half()
        batches.append((turns, foretells, speaks & ~is_told, turns.ids.roll(-1, 1)[foretells], before))
    b = {name: pair[1].clone().requires_grad_(True) for name, pair in adapter.items()}
    optimizer = torch.optim.Adam(b.values(), lr=plan.learning_rate)
    with acting(model.network, [{name: (adapter[name][0], b[name]) for name in adapter}], last=EVERYWHERE):
        for _ in range(plan.rounds):
            for place in torch.randperm(len(batches), generator=generator).tolist():
                turns, tell, keep, target, before = batches[place]
                now = turns()
                loss = F.kl_div(head(now[keep]).log_softmax(-1), before.float(), log_target=True, reduction="batchmean")
                if len(target):
                    loss = loss + F.cross_entropy(head(now[tell]), target)
                optimizer.zero_grad()
                loss.backward(inputs=list(b.values()))
                optimizer.step()
    return {name: (adapter[name][0], b[name].detach()) for name in adapter}


def _seen(
    model: CausalModel, rows: Sequence[Told], layers: list[str], branches: Sequence[Adapter]
) -> Iterator[tuple[dict[str, Tensor], Turns]]:
    """What the layers see where the model speaks, shape [n, t, n_in], and the turns."""
    first, _ = layers_that_learn(model.network)
    for begin in range(0, len(rows), _AT_ONCE):
        turns = Turns(model, rows[begin : begin + _AT_ONCE], first)
        turns.ends()
        with acting(model.network, branches, last=turns.longest), keys_kept(model.network, layers) as kept:
            turns()
        yield {name: kept[name][:, -turns.longest :] for name in layers}, turns
