"""Finding what was said in very long conversations: LoCoMo (Maharana et al., 2024), judged by its gold evidence alone.

Ten conversations of 369 to 689 turns; each question is asked of its own conversation, and asks for the turns that
hold its answer. r@k is the share of those among the first k, mean over questions of categories 1 to 4 (with evidence
that can be found: 1536). No language model takes part, neither in writing nor in judging.

Nothing is chosen on what it is tested on: weights are tuned on five conversations and tested on the other five, both
ways. The library's own weights, and all settings of its night, were chosen on conversations 1 to 5.

Sleep: half of the questions are recalls that their users confirmed by day; after the night the other half is asked.
Each memory sleeps a whole night by itself, which learns from its own confirmed recalls, and is undone where those of
them that are held out would be recalled worse. Beside all questions: those whose evidence no confirmed recall had
touched, and those of people of whom none was confirmed.
"""

import hashlib
import json
import re
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common import WORK, Claim, arguments, finish, one_thread
from reverie.errors import MissingData
from reverie.memory.episodic import SQLiteStore
from reverie.memory.episodic.maps import Maps, load_maps
from reverie.memory.episodic.mirror import Mirror
from reverie.memory.episodic.search import FLOORS, Weights, search, standard, terms
from reverie.memory.episodic.words import words_of
from reverie.sleep.retriever import RetrieverNight, learn_maps, sleep_on
from reverie.streams.locate import folders
from reverie.text import encode_text

ENCODER = "minilm"
SHA256 = "79fa87e90f04081343b8c8debecb80a9a6842b76a7aa537dc9fdf651ea698ff4"
QUICK = (1, 5)
"""Conversations of the small version: a short one of each half."""
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
    """A conversation, kept in a memory of its own, and when it was asked: on its last day."""

    turns: list[str]
    vectors: NDArray[np.float32]
    mirror: Mirror
    last: datetime


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


def sessions(conversation: dict[str, Any]) -> Iterable[tuple[str, str, str, datetime]]:
    """(turn's name, session, what was said by whom, with what a picture showed, when), in order."""
    for number in range(1, 100):
        said = conversation.get(f"session_{number}_date_time", "")
        when = datetime.strptime(said, "%I:%M %p on %d %B, %Y").replace(tzinfo=UTC) if said else datetime.now(UTC)
        for turn in conversation.get(f"session_{number}", []):
            picture = f" [{turn['blip_caption']}]" if turn.get("blip_caption") else ""
            yield turn["dia_id"], str(number), f"{turn['speaker']}: {turn['text']}{picture}", when


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
        turns = [text for _, _, text, _ in rows]
        vectors = encoded(turns, encoder)
        store = SQLiteStore(folder / f"{encoder}-{number}.db", encoder=encoder, dimension=vectors.shape[1])
        with store.transaction():
            for (_, session, text, when), vector in zip(rows, vectors, strict=True):
                store.add(text, vector, session=session, heard=when)
        found.append(Talk(turns, vectors, Mirror(store), rows[-1][3]))
        place = {name: at for at, (name, *_) in enumerate(rows)}
        questions = encoded([one["question"] for one in entry["qa"]], encoder)
        for one, vector in zip(entry["qa"], questions, strict=True):
            evidence = evidence_of(one, place)
            if evidence and one["category"] < 5:
                asked.append(Question(number, one["question"], one["category"], evidence, vector))
    return found, asked


def evidence_of(question: dict[str, Any], place: dict[str, int]) -> frozenset[int]:
    """The places of the turns that answer a question; those that can be found."""
    named = re.findall(r"D:?(\d+):0*(\d+)", " ".join(question["evidence"]))  # some names are misspelt
    return frozenset(place[key] for key in (f"D{a}:{b}" for a, b in named) if key in place)


def second(talk: list[Talk]) -> range:
    """The half of conversations on which nothing of the library was chosen."""
    return range(len(talk) // 2, len(talk))


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
        mirror, last = talk[one.conversation].mirror, talk[one.conversation].last
        places, scores = search(mirror, one.text, one.vector, k=len(mirror), now=last, weights=weights)
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

    weights = [0.25] * 4 + [0.0] * (len(NAMES) - 4)
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
    """What a night learns from confirmed recalls of these people together."""
    first = np.cumsum([0, *(len(one.turns) for one in talk)])
    turns = np.concatenate([one.vectors for one in talk])
    pairs = [(row, int(first[one.conversation]) + turn) for row, one in enumerate(confirmed) for turn in one.evidence]
    return learn_maps(np.stack([one.vector for one in confirmed]), turns, sorted(pairs), settings)


def own_nights(folder: Path, talk: list[Talk], confirmed: list[Question], seed: int) -> tuple[list[Talk], int]:
    """The same conversations, each of 6 to 10 in a memory that was told what was confirmed and has slept a whole night.

    Also how many of the five nights were committed.
    """
    vectors = {one.text: one.vector for one in confirmed}
    slept, committed = list(talk), 0
    for number in second(talk):
        one = talk[number]
        store = SQLiteStore(folder / f"night-{seed}-{number}.db", encoder=ENCODER, dimension=one.vectors.shape[1])
        with store.transaction():
            for episode, vector in zip(one.mirror.episodes, one.vectors, strict=True):
                store.add(episode.text or "", vector, session=episode.session, heard=episode.heard)
            for question in confirmed:
                if question.conversation == number:
                    store.confirm(question.text, [turn + 1 for turn in question.evidence], one.last)
        night = RetrieverNight(seed=seed)
        report = sleep_on(store, lambda texts: np.stack([vectors[text] for text in texts]), night, now=one.last)
        committed += report["verdict"] == "committed"
        slept[number] = replace(one, mirror=Mirror(store, load_maps(store)))
    return slept, committed


def use(talk: list[Talk], maps: Maps | None) -> list[Talk]:
    """Let all conversations see through maps."""
    for one in talk:
        one.mirror.use(maps)
    return talk


def untouched(asked: list[Question], confirmed: list[Question]) -> list[Question]:
    """Those none of whose evidence answered a confirmed question."""
    known = {(one.conversation, turn) for one in confirmed for turn in one.evidence}
    return [one for one in asked if not any((one.conversation, turn) in known for turn in one.evidence)]


def next_day(
    folder: Path, talk: list[Talk], asked: list[Question], seeds: list[int]
) -> tuple[dict[str, dict[int, list[float]]], int]:
    """r@5 and r@10 on conversations 6 to 10 before and after a night, of all seeds; how many nights were committed."""
    sense = Weights(near=0, wide=0, cosine=1, context=0, speaker=0, saying=0, strength=0)
    test = [one for one in asked if one.conversation in second(talk)]
    others = [one for one in asked if one.conversation not in second(talk)]
    found: dict[str, dict[int, list[float]]] = {}
    committed = 0
    for seed in seeds:
        order = np.random.default_rng(seed).permutation(len(asked))
        day = [asked[at] for at in order[: len(asked) // 2]]
        rest = [asked[at] for at in order[len(asked) // 2 :] if asked[at].conversation in second(talk)]
        slept, nights = own_nights(folder, talk, day, seed)
        committed += nights
        together, strangers = (night(talk, some, RetrieverNight(seed=seed)) for some in (day, others))
        cases: dict[str, tuple[list[Talk] | Maps, list[Question]]] = {
            "questions never asked before": (slept, rest),
            "questions whose evidence no confirmed recall had touched": (slept, untouched(rest, day)),
            "questions never asked before, all people sleeping together": (together, rest),
            "questions of people of whom no recall was confirmed": (strangers, test),
        }
        for name, (after, questions) in cases.items():
            for way, weights in (("fused", Weights()), ("by the cosine alone", sense)):
                values = [*recalled(fused(use(talk, None), weights), questions)]
                seen = use(talk, after) if isinstance(after, Maps) else after
                values += recalled(fused(seen, weights), questions)
                found.setdefault(f"{name}, {way}", {})[seed] = values
    use(talk, None)
    return found, committed


# time


def timed(folder: Path, talk: list[Talk], asked: list[Question], memories: int) -> dict[str, float]:
    """Milliseconds of a question besides its embedding, with a write before each; and of FTS5 on the same windows."""
    turns = [(text, vector) for one in talk for text, vector in zip(one.turns, one.vectors, strict=True)]
    chance = np.random.default_rng(0)
    store = SQLiteStore(folder / "many.db", encoder=ENCODER, dimension=turns[0][1].shape[0])
    with store.transaction():
        for number in range(memories):
            text, vector = turns[number % len(turns)]
            noise = chance.normal(0, 0.01, len(vector)).astype(np.float32)
            store.add(text, vector + noise, session=str(number // 20))
    mirror = Mirror(store)
    ours: list[float] = []
    busy: list[float] = []
    for number, one in enumerate(asked[:200]):
        store.add(turns[number][0], turns[number][1], session="new")
        began, worked = time.perf_counter(), time.process_time()
        mirror.refresh()
        search(mirror, one.text, one.vector, k=10)
        ours.append(1000 * (time.perf_counter() - began))
        busy.append(1000 * (time.process_time() - worked))
    index = FullText([text for text, _ in (turns[number % len(turns)] for number in range(memories))], 20)
    theirs: list[float] = []
    for number, one in enumerate(asked[:200]):
        index.add(turns[number][0])
        began = time.perf_counter()
        index.best(one.text, 10)
        theirs.append(1000 * (time.perf_counter() - began))
    store.close()
    return {
        "median": median(ours),
        "95th percentile": float(np.percentile(ours, 95)),
        "its core at work": median(busy),
        "FTS5 on windows of three turns alone": median(theirs),
    }


class FullText:
    """What SQLite brings along: FTS5 with Porter's stemmer, on windows of three turns."""

    def __init__(self, turns: list[str], session: int) -> None:
        self.database = sqlite3.connect(":memory:")
        self.database.execute("CREATE VIRTUAL TABLE windows USING fts5(text, tokenize='porter unicode61')")
        for at in range(len(turns)):
            first, last = session * (at // session), session * (at // session + 1)
            self.add("\n".join(turns[max(first, at - 1) : min(last, at + 2)]))

    def add(self, text: str) -> None:
        self.database.execute("INSERT INTO windows VALUES (?)", [text])

    def best(self, question: str, k: int) -> list[int]:
        words = " OR ".join(f'"{word}"' for word in sorted(set(words_of(question))))
        found = self.database.execute(
            "SELECT rowid FROM windows WHERE windows MATCH ? ORDER BY bm25(windows) LIMIT ?", [words, k]
        )
        return [row[0] - 1 for row in found]


def full_text(talk: list[Talk]) -> Score:
    """FTS5's ranking."""
    made: dict[int, FullText] = {}

    def score(one: Question) -> NDArray[np.float64]:
        turns = talk[one.conversation].turns
        if one.conversation not in made:
            made[one.conversation] = FullText(turns, len(turns))
        order = np.full(len(turns), -1e9)
        best = made[one.conversation].best(one.text, 20)
        order[best] = -np.arange(len(best))
        return order

    return score


def written(folder: Path, talk: list[Talk]) -> tuple[float, float]:
    """Median milliseconds of `remember` with MiniLM, embedding and the disk's word that it is kept; and of its core."""
    from reverie.language import LanguageMemory

    took, busy = [], []
    with LanguageMemory.open(folder / "written", encoder=ENCODER) as memory:
        for text in talk[0].turns[:100]:
            began, worked = time.perf_counter(), time.process_time()
            memory.remember(text, session="one")
            took.append(1000 * (time.perf_counter() - began))
            busy.append(1000 * (time.process_time() - worked))
    return median(took), median(busy)


def main() -> None:
    options = arguments("Finding what was said in very long conversations (LoCoMo).")
    one_thread()
    command = f"python benchmarks/locomo.py{' --quick' if options.quick else ''}"
    seeds = [0] if options.quick else [0, 1, 2, 3, 4]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        data = read()
        where = "LoCoMo, conversations 6–10"
        if options.quick:
            data, where = [data[number] for number in QUICK], "LoCoMo, conversation 6"
        talk, asked = talks(folder, data)
        halves = [[one for one in asked if (one.conversation in second(talk)) == later] for later in (False, True)]
        claims = awake(talk, halves, where, command)
        claims += asleep(folder, talk, asked, seeds, where, command)
        hashed, hashed_asked = talks(folder, data, "hash")
        test = [one for one in hashed_asked if one.conversation in second(hashed)]
        for k, value in zip((5, 10), recalled(fused(hashed, Weights()), test), strict=True):
            claims.append(
                Claim(
                    f"{where}, r@{k} with the hashed encoder that needs no model",
                    *(value, "share", None, "=", [], 0.0, command),
                )
            )
        many = 2000 if options.quick else 10_000
        took = timed(folder, talk, asked, many)
        wrote, worked = written(folder, talk)
        claims += [
            Claim(
                f"a question among {many:,} memories besides its embedding, a write before each (median)",
                *(took.pop("median"), "ms", 5.0, "<=", [], 0.0, command),
                took,
            ),
            Claim(
                "remember a turn with MiniLM, durably (median)",
                *(wrote, "ms", 40.0, "<=", [], 0.0, command),
                {"its core at work": worked},
            ),
        ]
    finish(claims, options)


def awake(talk: list[Talk], halves: list[list[Question]], where: str, command: str) -> list[Claim]:
    """Before any sleep: weights tuned on one half and tested on the other, both ways; and the library's own."""
    claims = []
    both: list[tuple[float, float]] = []
    for tune, test in ((0, 1), (1, 0)):
        weights = replace(tuned(talk, halves[tune]), strength=0.0)
        both.append(recalled(fused(talk, weights), halves[test]))
    asked = [*halves[1], *halves[0]]
    rivals = {name: recalled(score, asked) for name, score in (baselines(talk) | {"FTS5": full_text(talk)}).items()}
    own = recalled(fused(talk, Weights()), halves[1])
    dated = recalled(fused(talk, Weights(strength=0.0)), halves[1])
    for at, (k, bound) in enumerate(((5, 0.60), (10, 0.71))):
        value = sum(len(halves[1 - way]) * both[way][at] for way in (0, 1)) / len(asked)
        ways = {"tuned on the first half": both[0][at], "tuned on the second half": both[1][at]}
        claims += [
            Claim(
                f"LoCoMo r@{k}, held out both ways, categories 1–4",
                *(value, "share", bound, ">=", [], 0.0, command),
                ways | {name: scores[at] for name, scores in rivals.items()},
            ),
            Claim(
                f"{where}, r@{k} with the library's weights (chosen on 1–5)",
                *(own[at], "share", bound, ">=", [], 0.0, command),
                {"without the curve of forgetting": dated[at]},
            ),
        ]
    return claims


def asleep(
    folder: Path, talk: list[Talk], asked: list[Question], seeds: list[int], where: str, command: str
) -> list[Claim]:
    """After a night."""
    claims = []
    found, committed = next_day(folder, talk, asked, seeds)
    for name, values in found.items():
        for at, k in enumerate((5, 10)):
            gains = [four[at + 2] - four[at] for four in values.values()]
            before, after = (mean(four[at + more] for four in values.values()) for more in (0, 2))
            spread = stdev(gains) if len(gains) > 1 else 0.0
            few = len(seeds) == 1 or name.endswith("had touched, fused")  # too few questions to claim it
            bound = None if few else 0.0
            claims.append(
                Claim(
                    f"{where}, gain in r@{k} by a night: {name}",
                    *(mean(gains), "share", bound, ">=" if bound == 0 else "=", seeds, spread, command),
                    {"before": before, "after": after},
                    {str(seed): gain for seed, gain in zip(values, gains, strict=True)},
                )
            )
    nights = len(seeds) * len(second(talk))
    claims.append(
        Claim(
            f"LoCoMo, nights of one memory on its own confirmed recalls that were committed, of {nights}",
            *(committed, "nights", None, "=", seeds, 0.0, command),
        )
    )
    return claims


if __name__ == "__main__":
    main()
