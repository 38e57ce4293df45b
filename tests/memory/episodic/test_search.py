"""Search by words and by sense, against slow and obvious versions."""

import math
from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from reverie.memory.episodic import SQLiteStore
from reverie.memory.episodic.lexical import WindowIndex
from reverie.memory.episodic.maps import Maps
from reverie.memory.episodic.mirror import Mirror
from reverie.memory.episodic.search import Weights, search
from reverie.memory.episodic.words import words_of

WORDS = ["red", "green", "blue", "one", "two", "three", "cat", "dog", "fish"]


def talk(seed=0, turns=40, sessions=4):
    chance = np.random.default_rng(seed)
    said = [list(chance.choice(WORDS, chance.integers(0, 7))) for _ in range(turns)]
    return said, [str(chance.integers(sessions)) for _ in range(turns)]


def windows(said, sessions, reach):
    """The words of each turn's window, by looking for its neighbours."""
    found = []
    for turn, session in enumerate(sessions):
        same = [number for number, other in enumerate(sessions) if other == session]
        at = same.index(turn)
        found.append([word for number in same[max(0, at - reach) : at + reach + 1] for word in said[number]])
    return found


def bm25(documents, question, k1=1.2, b=0.75):
    mean = sum(map(len, documents)) / len(documents)
    scores = []
    for document in documents:
        counts, score = Counter(document), 0.0
        for word in question:
            having = sum(word in other for other in documents)
            idf = math.log(1 + (len(documents) - having + 0.5) / (having + 0.5))
            length = 1 - b + b * len(document) / mean
            score += idf * counts[word] * (k1 + 1) / (counts[word] + k1 * length)
        scores.append(score)
    return scores


@pytest.mark.parametrize("reach", [0, 1, 2])
def test_bm25_of_windows_is_that_of_their_texts(reach):
    said, sessions = talk()
    index = WindowIndex()
    for words, session in zip(said, sessions, strict=True):
        index.add(words, session=session)
    question = ["red", "cat", "cat", "zebra"]
    expected = bm25(windows(said, sessions, reach), question)
    np.testing.assert_allclose(index.scores(question, reach=reach), expected, atol=1e-9)
    for gone in (3, 17, 39):
        index.remove(gone)
        said[gone] = []
    expected = bm25(windows(said, sessions, reach), question)
    np.testing.assert_allclose(index.scores(question, reach=reach), expected, atol=1e-9)
    assert index.scores(["zebra"], reach=reach).tolist() == [0.0] * 40


def capped(said, sessions, reach, most):
    """Of each turn's window, how often each word counts, by looking for its neighbours."""
    found = []
    for turn, session in enumerate(sessions):
        same = [number for number, other in enumerate(sessions) if other == session]
        at = same.index(turn)
        around = [
            word for number in same[max(0, at - reach) : at + reach + 1] for word in said[number] if number != turn
        ]
        counts = Counter({word: 1.0 * times for word, times in Counter(said[turn]).items()})
        for word in around:
            counts[word] += min(1.0, most / len(around))
        found.append(counts)
    return found


@pytest.mark.parametrize(("reach", "most"), [(1, 4.0), (2, 4.0), (2, 9.5)])
def test_what_stands_around_counts_as_so_many_words_at_most(reach, most):
    said, sessions = talk()
    index = WindowIndex()
    for words, session in zip(said, sessions, strict=True):
        index.add(words, session=session)
    windows = capped(said, sessions, reach, most)
    lengths = np.array([window.total() for window in windows])
    for word in ("red", "cat"):
        f = np.array([window[word] for window in windows])
        having = int((f > 0).sum())
        idf = math.log(1 + (len(said) - having + 0.5) / (having + 0.5))
        expected = idf * f * 2.2 / (f + 1.2 * (0.25 + 0.75 * lengths / lengths.mean()))
        np.testing.assert_allclose(index.scores([word], reach=reach, most=most), expected, atol=1e-9)
    assert max(lengths - [len(words) for words in said]) <= most + 1e-9


def test_rarity_is_that_of_the_turns_own_words():
    index = WindowIndex()
    for text in ("red cat", "red dog", "", "red"):
        index.add(text.split())
    assert index.rarity(["red", "cat", "fish"]).tolist() == pytest.approx(
        [math.log(8 / 7), math.log(8 / 3), math.log(8)]
    )


@pytest.fixture
def talked(tmp_path):
    """A store of a talk, and its mirror."""
    said, sessions = talk()
    chance = np.random.default_rng(1)
    with SQLiteStore(tmp_path / "e.db", encoder="mine", dimension=6) as store:
        for words, session in zip(said, sessions, strict=True):
            store.add("Ana: " + " ".join(words), chance.normal(size=6).astype(np.float32), session=session)
        yield store, Mirror(store)


def slow_cosines(mirror, question, maps, most=60.0):
    vectors = mirror.store.vectors(one.id for one in mirror.episodes)
    turns = [vectors.get(one.id, np.zeros(6, np.float32)) for one in mirror.episodes]
    if maps is not None:
        question, turns = maps.of_question(question), [maps.of_turns(turn) for turn in turns]
    unit = [turn / (np.linalg.norm(turn) or 1) for turn in turns]
    words = [len(words_of(one.text or "")) for one in mirror.episodes]
    question = question / np.linalg.norm(question)
    context = []
    for turn, one in enumerate(mirror.episodes):
        same = [number for number, other in enumerate(mirror.episodes) if other.session == one.session]
        at = same.index(turn)
        around = [number for number in same[max(0, at - 2) : at + 3] if number != turn]
        share = min(1.0, most / max(1, sum(words[number] for number in around)))
        whole = unit[turn] + sum((share * unit[number] for number in around), np.zeros(6))
        context.append(whole @ question / (np.linalg.norm(whole) or 1))
    return [turn @ question for turn in unit], context


@pytest.mark.parametrize("rank", [None, 6, 2])
def test_cosines_are_those_of_the_mapped_vectors_and_of_their_sums(talked, rank):
    store, mirror = talked
    chance = np.random.default_rng(2)
    maps = None
    if rank is not None:
        down = None if rank == 6 else chance.normal(size=(6, rank)).astype(np.float32)
        maps = Maps(*chance.normal(size=(2, rank, 6)).astype(np.float32), down)
    question = chance.normal(size=6).astype(np.float32)
    mirror.use(maps)
    store.forget([5])
    store.add("Ben: new", chance.normal(size=6).astype(np.float32), session="1")
    store.add("Ben: " + "red fish " * 90, chance.normal(size=6).astype(np.float32), session="1")
    store.add("Ben: old", chance.normal(size=6).astype(np.float32), session="1")
    mirror.refresh()
    for got, expected in zip(mirror.cosines(question), slow_cosines(mirror, question, maps), strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-5)


def test_a_mirror_that_was_kept_equals_one_made_anew(talked):
    store, mirror = talked
    chance = np.random.default_rng(3)
    store.forget([2, 9])
    store.add("cat of Ben", chance.normal(size=6).astype(np.float32), who="Ben", what="cat", value="Tom", session="2")
    store.add("cat of Ben", chance.normal(size=6).astype(np.float32), who="Ben", what="cat", value="Jim", session="2")
    store.rehearse([7])
    mirror.refresh()
    question = chance.normal(size=6).astype(np.float32)
    now = datetime.now(UTC)
    for as_of in (None, now - timedelta(days=1), now):
        kept = search(mirror, "red cat of ben", question, k=50, as_of=as_of, now=now)
        anew = search(Mirror(store), "red cat of ben", question, k=50, as_of=as_of, now=now)
        assert kept[0].tolist() == anew[0].tolist()
        np.testing.assert_allclose(kept[1], anew[1], atol=1e-5)


def test_what_is_forgotten_or_replaced_is_not_found_but_as_of_then(tmp_path):
    day = timedelta(days=1)
    then = datetime(2026, 1, 1, tzinfo=UTC)
    one = np.ones(2, np.float32)
    with SQLiteStore(tmp_path / "e.db", encoder="mine", dimension=2) as store:
        rome = store.add("Ana's city is Rome", one, who="Ana", what="city", value="Rome", heard=then)
        oslo = store.add("Ana's city is Oslo", one, who="Ana", what="city", value="Oslo", heard=then + 2 * day)
        mirror = Mirror(store)

        def found(as_of=None):
            return [mirror.episodes[place].id for place in search(mirror, "city of Ana", one, as_of=as_of)[0]]

        assert found() == [oslo]
        assert found(then + day) == [rome]
        assert found(then - day) == []
        assert found(then + 2 * day) == [oslo]
        store.forget([oslo])
        mirror.refresh()
        assert found() == []
        assert mirror.words.scores(["oslo"], reach=2).tolist() == [0.0, 0.0]


def test_the_speaker_who_is_asked_about_and_the_weak(tmp_path):
    same = np.ones(2, np.float32)
    old = datetime(2020, 1, 1, tzinfo=UTC)
    with SQLiteStore(tmp_path / "e.db", encoder="mine", dimension=2) as store:
        for name in ("Ana", "Ben", "Cyd"):
            store.add(f"{name}: I like tea", same, heard=old)
        mirror = Mirror(store)
        now = datetime(2026, 1, 1, tzinfo=UTC)
        assert mirror.speaks("What does Ben like?").tolist() == [0, 1, 0]
        store.add("Nobody has ever seen Ben.", same, heard=old)
        mirror.refresh()
        assert mirror.speaks("Who has seen Ben, or Dan?").tolist() == [0, 1, 0, 1]
        assert search(mirror, "What does Ben like?", same, now=now)[0][0] == 1
        store.rehearse([3], now)
        mirror.refresh()
        assert search(mirror, "Who likes tea?", same, now=now)[0][0] == 2
        still = search(mirror, "Who likes tea?", same, now=now, weights=Weights(strength=0))
        assert still[0].tolist() == [0, 1, 2, 3]


def test_the_user_who_asks_of_themselves(tmp_path):
    same = np.ones(2, np.float32)
    with SQLiteStore(tmp_path / "e.db", encoder="mine", dimension=2) as store:
        store.add("user: The dog is old.", same)
        store.add("I have a cat.", same)
        store.add("I would try a dog.", same, source="assistant", session="1")
        store.add("The fish is red.", same)
        store.add("Cyd: I have a fish.", same)
        mirror = Mirror(store)
        assert mirror.speaks("Which dog do I have?").tolist() == [0.2, 0.2, 0, 0, 0]
        assert mirror.speaks("Which dog did you tell me of?").tolist() == [0] * 5
        assert mirror.speaks("What has the user?").tolist() == [1, 1, 0, 0, 0]
        assert sorted(mirror.people) == ["assistant", "cyd", "user"]
        store.forget([5])
        mirror.refresh()
        assert sorted(mirror.people) == ["assistant", "user"]


def test_what_was_said_at_the_time_that_is_asked_about_comes_first(tmp_path):
    same, day = np.ones(2, np.float32), timedelta(days=1)
    began = datetime(2026, 3, 1, tzinfo=UTC)
    with SQLiteStore(tmp_path / "e.db", encoder="mine", dimension=2) as store:
        for number in range(5):
            store.add("We ate fish.", same, heard=began + 30 * number * day, session=str(number))
        mirror = Mirror(store)
        now = began + 200 * day
        asked = (began + 59 * day, began + 60 * day)
        assert mirror.days_from(*asked).tolist() == [59, 29, 0, 30, 60]
        assert search(mirror, "What did we eat?", same, now=now, during=asked)[0][0] == 2
        plain = search(mirror, "What did we eat?", same, now=now, during=asked, weights=Weights(dated=0, strength=0))
        assert plain[0].tolist() == [0, 1, 2, 3, 4]


def test_words():
    assert words_of("The cats' DOG isn't running") == words_of("the cat dog isn run")
    assert words_of("Größe naïve 東京都") == ["grösse", "naïve", "東京", "京都"]
    assert words_of("a ?! \n") == []
