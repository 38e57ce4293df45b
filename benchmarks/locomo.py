"""Finding what was said in very long conversations: LoCoMo (Maharana et al., 2024), judged by its gold evidence alone.

Ten conversations of 369 to 689 turns; each question is asked of its own conversation, and asks for the turns that hold its
answer. r@k is the share of those among the first k, mean over questions of categories 1 to 4 (with evidence that can be
found: 1536). No language model takes part, neither in writing nor in judging.

Nothing is chosen on what it is tested on: weights are tuned on five conversations and tested on the other five, both ways.
The library's own weights, and all settings of its night, were chosen on conversations 1 to 5.

Sleep: half of the questions are recalls that their users confirmed by day; after the night the other half is asked. Beside all of
those: those whose evidence no confirmed recall had touched, and people of whom no recall was confirmed.
"""

import hashlib
import json
import re
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common import WORK, Claim, arguments, finish, one_thread
from reverie.errors import MissingData
from reverie.memory.episodic import SQLiteStore
from reverie.memory.episodic.mirror import Maps, Mirror
from reverie.memory.episodic.search import FLOORS, Weights, search, standard, terms
from reverie.memory.episodic.words import words_of
from reverie.sleep.retriever import RetrieverNight, learn_maps
from reverie.streams.locate import folders
from reverie.streams.text import encode_text

ENCODER = "minilm"
SHA256 = "79fa87e90f04081343b8c8debecb80a9a6842b76a7aa537dc9fdf651ea698ff4"
HALVES = (range(5), range(5, 10))
NAMES = tuple(FLOORS)


@dataclass(frozen=True)
class Question:
    """What is asked of which conversation, and which turns answer it."""

    conversation: int
    text: str
    category: int
    evidence: frozenset[int]
    vector: NDArray[np.float32]


@dataclass(frozen=True)
class Talk:
    """A conversation, kept in a memory of its own."""

    turns: list[str]
    vectors: NDArray[np.float32]
    mirror: Mirror


# the conversations


def read() -> list[dict[str, Any]]:
    """The file as it was published."""
    for folder in folders():
        path = folder / "locomo" / "locomo10.json"
        if path.is_file():
            data = path.read_bytes()
            if hashlib.sha256(data).hexdigest() != SHA256:
                print(f"note: {path} is not the file that was audited; its numbers may differ")
            loaded: list[dict[str, Any]] = json.loads(data)
            return loaded
    raise MissingData(f"LoCoMo is not there. Put locomo/locomo10.json into {folders()[0]} (Maharana et al., 2024).")


def sessions(conversation: dict[str, Any]) -> Iterable[tuple[str, str, str]]:
    """(turn's name, session, what was said by whom, with what a picture showed), in order."""
    for number in range(1, 100):
        for turn in conversation.get(f"session_{number}", []):
            picture = f" [{turn['blip_caption']}]" if turn.get("blip_caption") else ""
            yield turn["dia_id"], str(number), f"{turn['speaker']}: {turn['text']}{picture}"


def encoded(texts: list[str], encoder: str = ENCODER) -> NDArray[np.float32]:
    """Vectors, made once and kept."""
    digest = hashlib.sha256("\0".join([encoder, *texts]).encode()).hexdigest()[:16]
    place = WORK / "locomo" / f"{encoder}-{digest}.npy"
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        np.save(place, encode_text(texts, encoder))
    vectors: NDArray[np.float32] = np.load(place, allow_pickle=False)
    return vectors


def talks(folder: Path, data: list[dict[str, Any]], encoder: str = ENCODER) -> tuple[list[Talk], list[Question]]:
    """Each conversation in a memory, and what is asked of it."""
    found, asked = [], []
    for number, entry in enumerate(data):
        rows = list(sessions(entry["conversation"]))
        vectors = encoded([text for _, _, text in rows], encoder)
        store = SQLiteStore(folder / f"{encoder}-{number}.db", encoder=encoder, dimension=vectors.shape[1])
        with store.transaction():
            for (_, session, text), vector in zip(rows, vectors, strict=True):
                store.add(text, vector, session=session)
        found.append(Talk([text for _, _, text in rows], vectors, Mirror(store)))
        place = {name: at for at, (name, _, _) in enumerate(rows)}
        questions = encoded([one["question"] for one in entry["qa"]], encoder)
        for one, vector in zip(entry["qa"], questions, strict=True):
            named = re.findall(r"D:?(\d+):0*(\d+)", " ".join(one["evidence"]))  # some names are misspelt
            evidence = frozenset(place[key] for key in (f"D{a}:{b}" for a, b in named) if key in place)
            if evidence and one["category"] < 5:
                asked.append(Question(number, one["question"], one["category"], evidence, vector))
    return found, asked


# how well it is found


def share(scores: NDArray[np.float64], evidence: frozenset[int], k: int) -> float:
    """r@k of one question."""
    return len(evidence.intersection(np.argsort(-scores, kind="stable")[:k].tolist())) / len(evidence)


Score = Callable[[Question], NDArray[np.float64]]


def recalled(score: Score, questions: Iterable[Question]) -> tuple[float, float]:
    """r@5 and r@10 of a way to score turns."""
    both = [[share(scores, one.evidence, k) for k in (5, 10)] for one in questions for scores in [score(one)]]
    first, second = np.mean(both, axis=0)
    return float(first), float(second)


def fused(talk: list[Talk], weights: Weights) -> Score:
    """The library's own search."""

    def score(one: Question) -> NDArray[np.float64]:
        mirror = talk[one.conversation].mirror
        places, scores = search(mirror, one.text, one.vector, k=len(mirror), weights=weights)
        order = np.empty(len(mirror))
        order[places] = scores
        return order

    return score


def rank(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """0 for the best."""
    order = np.empty(len(scores))
    order[np.argsort(-scores, kind="stable")] = np.arange(len(scores))
    return order


def baselines(talk: list[Talk]) -> dict[str, Score]:
    """What stands beside it."""

    def words(reach: int) -> Score:
        return lambda one: talk[one.conversation].mirror.words.scores(words_of(one.text), reach=reach)

    def cosine(one: Question) -> NDArray[np.float64]:
        return talk[one.conversation].mirror.cosines(one.vector)[0]

    def ranks(*scores: Score) -> Score:  # reciprocal rank fusion
        return lambda one: np.sum([1 / (60 + rank(score(one))) for score in scores], axis=0)

    plain = Weights(near=0.5, wide=0.5, cosine=0.6, context=0.3, speaker=0, saying=0, strength=0)
    return {
        "MiniLM": cosine,
        "BM25 of turns": words(0),
        "BM25 of windows of 3": words(1),
        "rank fusion of MiniLM and BM25 of turns": ranks(cosine, words(0)),
        "rank fusion of MiniLM and BM25 of windows": ranks(cosine, words(1)),
        "words and sense of windows, no speaker, no saying": fused(talk, plain),
    }


# tuning


def tuned(talk: list[Talk], questions: list[Question]) -> Weights:
    """Weights that find most, by going up one at a time; chosen on these questions."""
    tables = []
    for one in questions:
        found = terms(talk[one.conversation].mirror, one.text, one.vector)
        tables.append(np.stack([standard(found[name], FLOORS[name]) for name in NAMES]))

    def value(weights: list[float]) -> float:
        total = 0.0
        for one, table in zip(questions, tables, strict=True):
            best = np.argsort(-(np.array(weights) @ table), kind="stable")[:10].tolist()
            hits = [len(one.evidence.intersection(best[:k])) for k in (5, 10)]
            total += sum(hits) / len(one.evidence)
        return total / len(questions)

    weights = [0.25, 0.25, 0.5, 0.25, 0.0, 0.0]
    best = value(weights)
    for _ in range(4):
        before = best
        for at in range(len(NAMES)):
            for step in (0.4, -0.4, 0.2, -0.2, 0.1, -0.1, 0.05, -0.05):
                tried = [*weights]
                tried[at] = round(tried[at] + step, 2)
                if tried[at] >= 0 and (reached := value(tried)) > best + 1e-9:
                    weights, best = tried, reached
        if best == before:
            break
    return Weights(**dict(zip(NAMES, weights, strict=True)))


# sleep


def night(talk: list[Talk], confirmed: list[Question], settings: RetrieverNight) -> Maps:
    """What a night learns from confirmed recalls of all these people."""
    first = np.cumsum([0, *(len(one.turns) for one in talk)])
    turns = np.concatenate([one.vectors for one in talk])
    pairs = [(row, int(first[one.conversation]) + turn) for row, one in enumerate(confirmed) for turn in one.evidence]
    return learn_maps(np.stack([one.vector for one in confirmed]), turns, sorted(pairs), settings)


def use(talk: list[Talk], maps: Maps | None) -> None:
    for one in talk:
        one.mirror.use(maps)


def untouched(asked: list[Question], confirmed: list[Question]) -> list[Question]:
    """Those none of whose evidence answered a confirmed question."""
    known = {(one.conversation, turn) for one in confirmed for turn in one.evidence}
    return [one for one in asked if not any((one.conversation, turn) in known for turn in one.evidence)]


def main() -> None:
    options = arguments(__doc__ or "")
    one_thread()


if __name__ == "__main__":
    main()
