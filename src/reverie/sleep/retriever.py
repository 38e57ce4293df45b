"""The sleep that is always to be had: the retriever learns from the day's confirmed recalls, and the store is tidied.

**Learning.** The encoder stays frozen. Two linear maps, one of questions and one of turns, start as the identity and
are moved by a few hundred steps until a question is nearer to what answered it than to what was heard besides: with
u and v the mapped vectors of length one, ::

    loss = −ln (e^{u·v⁺/τ} / Σ_v e^{u·v/τ}) + λ‖M‖²,   u = q + q·D·M_q,   v = x + x·D·M_x

over the answers of a batch, turns that are near to its questions, and others (Oord et al., 2018, arXiv:1807.03748);
u and v have length one, D is the identity, or of wide encoders a random projection. Whether it helps is tried first:
a third of the confirmed questions is held out, three times, and where all of them together are then recalled worse
than by the frozen encoder, the night changes nothing. Else it learns from all.

**Tidying.** Texts that differ in nothing but words without content are merged into the stronger one. What is hardly
recalled any more, and mattered little, is let go.

A night is one transaction: all of it or nothing.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from reverie.memory.episodic import Confirmed, Episode, EpisodicStore, strength
from reverie.memory.episodic.eviction import let_go, worth
from reverie.memory.episodic.maps import Maps, keep_maps
from reverie.memory.episodic.mirror import Mirror
from reverie.memory.episodic.search import search
from reverie.memory.episodic.words import words_of

__all__ = ["RetrieverNight", "learn_maps", "sleep_on"]

Encode = Callable[[list[str]], NDArray[np.float32]]

_NEAREST = 50  # among which the near ones are drawn
_NEGATIONS = frozenset({"no", "not", "never", "none", "n't", "without", "cannot"})


@dataclass(frozen=True, kw_only=True)
class RetrieverNight:
    """How a night is done.

    Parameters
    ----------
    steps, batch : int
        Steps of descent; questions in each.
    others, near : int
        Turns besides the answers: so many at random, and for each question so many of those that are nearest to it.
    rate : float
        Step size of Adam.
    temperature : float
        τ.
    hold : float
        λ: how much the maps are held to the identity.
    widest, rank : int
        Encoders of more numbers than the first are projected to the second before M.
    fewest : int
        Confirmed questions below which nothing is learned.
    folds : int
        In how many parts they are divided, each held out once.
    prune_below : float
        What is worth less (strength · (½ + importance)) is let go.
    seed : int
    """

    steps: int = 300
    batch: int = 64
    others: int = 64
    near: int = 4
    rate: float = 1e-3
    temperature: float = 0.05
    hold: float = 0.06
    widest: int = 512
    rank: int = 128
    fewest: int = 10
    folds: int = 3
    prune_below: float = 0.25
    seed: int = 0


def sleep_on(
    store: EpisodicStore, encode: Encode, night: RetrieverNight | None = None, *, now: datetime | None = None
) -> dict[str, Any]:
    """One night; a report of what was learned, merged and pruned.

    Parameters
    ----------
    encode : callable
        Texts to vectors, by the encoder of the store.
    """
    night, now = night or RetrieverNight(), now or datetime.now(UTC)
    maps, report = _learn(store, encode, night)
    answers = report.pop("answers", [])
    with store.transaction():
        if maps is not None and _are_forgotten(store, answers):
            maps, report["verdict"] = None, "rolled back"
            report["reason"] = "what it learned from was forgotten meanwhile"
        rolled_back = report["verdict"] == "rolled back"
        if not rolled_back or _are_forgotten(store, store.get_named("learned from", [])):
            keep_maps(store, maps)
            store.set_named("learned from", answers if maps is not None else [])
        report |= {"merged": _merge(store, now), "pruned": _prune(store, night.prune_below, now)}
    return report


def _are_forgotten(store: EpisodicStore, ids: list[int]) -> bool:
    """Whether any of these is."""
    return any(one.forgotten is not None for one in store.some(ids))


def _learn(store: EpisodicStore, encode: Encode, night: RetrieverNight) -> tuple[Maps | None, dict[str, Any]]:
    """Maps that are learned anew from all confirmed recalls that are there, if what is so learned helps."""
    confirmed = store.confirmed()
    report: dict[str, Any] = {"confirmed": len(confirmed)}
    mirror = Mirror(store)
    vectors = store.vectors(one.id for one in mirror.episodes)
    row = {id: number for number, id in enumerate(vectors)}
    pairs = [(number, row[id]) for number, one in enumerate(confirmed) for id in one.ids if id in row]
    if len({question for question, _ in pairs}) < night.fewest:
        return None, report | {"verdict": "nothing to learn", "needed": night.fewest}
    asked, said = encode([one.question for one in confirmed]), np.stack(list(vectors.values()))
    fold = [zlib.crc32(one.question.encode()) % night.folds for one in confirmed]
    before = [_recalled(mirror, *one) for one in zip(confirmed, asked, strict=True)]
    after = list(before)
    for held_out in range(night.folds):
        others = [pair for pair in pairs if fold[pair[0]] != held_out]
        if not others:
            continue
        mirror.use(learn_maps(asked, said, others, night))
        for number, one in enumerate(confirmed):
            if fold[number] == held_out:
                after[number] = _recalled(mirror, one, asked[number])
    report |= {"recalled_at_5": [float(np.mean(before)), float(np.mean(after))], "verdict": "committed"}
    if np.mean(after) < np.mean(before):
        return None, report | {"verdict": "rolled back", "reason": "what was held out would be recalled worse"}
    return learn_maps(asked, said, pairs, night), report | {
        "answers": sorted({id for one in confirmed for id in one.ids})
    }


def _recalled(mirror: Mirror, recall: Confirmed, vector: NDArray[np.float32]) -> float:
    """Which share of what answered is among the first five."""
    places, _ = search(mirror, recall.question, vector, k=5)
    return len({mirror.episodes[place].id for place in places} & set(recall.ids)) / len(recall.ids)


def learn_maps(
    questions: NDArray[np.float32], turns: NDArray[np.float32], pairs: list[tuple[int, int]], night: RetrieverNight
) -> Maps:
    """The maps that bring questions nearer to their answers.

    Parameters
    ----------
    questions, turns : array, shape [n, dimension]
    pairs : list of (int, int)
        Which row of the questions is answered by which row of the turns.
    """
    source = torch.Generator().manual_seed(night.seed)
    asked, said = torch.from_numpy(questions), torch.from_numpy(turns)
    width = questions.shape[1]
    down = None
    if width > night.widest:
        down = torch.linalg.qr(torch.randn(width, night.rank, generator=source)).Q.contiguous()
    moves = [torch.zeros(width if down is None else night.rank, width, requires_grad=True) for _ in range(2)]
    descent = torch.optim.Adam(moves, lr=night.rate)
    answers: dict[int, set[int]] = {}
    for question, turn in pairs:
        answers.setdefault(question, set()).add(turn)
    nearest = _nearest(questions, turns, answers)
    for _ in range(night.steps):
        drawn = [pairs[number] for number in torch.randint(len(pairs), (night.batch,), generator=source).tolist()]
        there = {turn for _, turn in drawn}
        there.update(torch.randint(len(said), (night.others,), generator=source).tolist())
        picked = torch.randint(_NEAREST, (night.batch, night.near), generator=source).tolist()
        for (question, _), some in zip(drawn, picked, strict=True):
            there.update(nearest[question][one % len(nearest[question])] for one in some if nearest[question])
        place = {turn: number for number, turn in enumerate(sorted(there))}
        rows = [question for question, _ in drawn]
        logits = _mapped(asked[rows], moves[0], down) @ _mapped(said[list(place)], moves[1], down).T / night.temperature
        also = torch.zeros_like(logits, dtype=torch.bool)  # further answers are no wrong ones
        for number, (question, turn) in enumerate(drawn):
            also[number, [place[one] for one in answers[question] if one != turn and one in place]] = True
        target = torch.tensor([place[turn] for _, turn in drawn])
        held = sum(move.square().sum() for move in moves)
        loss = cross_entropy(logits.masked_fill(also, -torch.inf), target) + night.hold * held
        descent.zero_grad()
        loss.backward()
        descent.step()
    return Maps(moves[0].detach().numpy(), moves[1].detach().numpy(), None if down is None else down.numpy())


def _nearest(
    questions: NDArray[np.float32], turns: NDArray[np.float32], answers: dict[int, set[int]]
) -> dict[int, list[int]]:
    """Of each question, the rows of those turns that look like answers to it and are none."""
    found = {}
    for question, right in answers.items():
        order = np.argsort(-(turns @ questions[question]), kind="stable")[: _NEAREST + len(right)]
        found[question] = [turn for turn in order.tolist() if turn not in right][:_NEAREST]
    return found


def _mapped(vectors: Tensor, move: Tensor, down: Tensor | None) -> Tensor:
    return normalize(vectors + (vectors if down is None else vectors @ down) @ move, dim=1)


def _merge(store: EpisodicStore, now: datetime) -> list[tuple[int, int]]:
    """Merge texts that say the same in nearly the same words into the strongest: (merged, into).

    Only what stands alone: turns of a conversation are told apart by what was said around them, facts by version.
    """
    alike: dict[tuple[object, ...], list[Episode]] = {}
    for one in store.live():
        if one.text is not None and one.session is None and one.value is None:
            alike.setdefault((one.trusted, one.pinned, *_gist(one.text)), []).append(one)
    merged = []
    for group in alike.values():
        group.sort(key=lambda one: (-strength(one, now), one.id))
        for one in group[1:]:
            store.merge([one.id], group[0].id)
            store.rehearse([group[0].id], max(one.heard, group[0].rehearsed))
            merged.append((one.id, group[0].id))
    return merged


def _gist(text: str) -> tuple[str, ...]:
    """The words of content in their order, and the words that deny."""
    denied = [word for word in text.casefold().replace("n't", " not ").split() if word.strip(".,;:!?") in _NEGATIONS]
    return (*words_of(text), "|", *denied)


def _prune(store: EpisodicStore, below: float, now: datetime) -> list[int]:
    """Let go what is worth too little."""
    return let_go(store, [one for one in store.all() if one.text is not None and worth(one, now) < below], now)
