"""The night of the retriever: it learns, tidies, and is a transaction."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from reverie.memory.episodic import SQLiteStore
from reverie.memory.episodic.maps import load_maps
from reverie.sleep import retriever
from reverie.sleep.retriever import RetrieverNight, learn_maps, sleep_on

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TURN = np.linalg.qr(np.random.default_rng(0).normal(size=(8, 8)))[0].astype(np.float32)


def encode(texts):
    """Questions lie where a rotation of their answers lies: nothing is found before it is learned."""
    rows = []
    for text in texts:
        source = np.random.default_rng(int(text.split()[-1].strip("?")) % 1000)
        vector = source.normal(size=8).astype(np.float32)
        rows.append(vector @ TURN if text.endswith("?") else vector)
    return np.array(rows, np.float32)


@pytest.fixture
def store(tmp_path):
    """Sixty things that have no word in common with what is asked, all of them confirmed once."""
    with SQLiteStore(tmp_path / "e.db", encoder="mine", dimension=8) as made:
        texts = [f"thing {number}" for number in range(60)]
        for text, vector in zip(texts, encode(texts), strict=True):
            made.add(text, vector, heard=NOW)
        for number in range(60):
            made.confirm(f"what of {number + 1000}?", [number + 1], NOW)
        yield made


NIGHT = RetrieverNight(steps=150, hold=0.001, rate=0.02, others=16, batch=32)


def test_it_learns_what_was_confirmed_and_it_holds_for_what_was_not(store):
    report = sleep_on(store, encode, NIGHT, now=NOW)
    assert report["verdict"] == "committed"
    before, after = report["recalled_at_5"]
    assert report["confirmed"] == 60
    assert after > before + 0.3
    assert load_maps(store).question.shape == (8, 8)
    assert sleep_on(store, encode, NIGHT, now=NOW) == report  # from the same, the same


def test_a_wide_encoder_is_projected():
    things = [f"thing {number}" for number in range(40)]
    night = replace(NIGHT, widest=4, rank=5)
    maps = learn_maps(encode([f"{thing}?" for thing in things]), encode(things), [(at, at) for at in range(40)], night)
    assert (maps.down.shape, maps.question.shape, maps.turn.shape) == ((8, 5), (5, 8), (5, 8))
    asked, said = maps.of_question(encode([f"{thing}?" for thing in things])), maps.of_turns(encode(things))
    near = (asked / np.linalg.norm(asked, axis=1)[:, None]) @ (said / np.linalg.norm(said, axis=1)[:, None]).T
    assert (near.argmax(axis=1) == np.arange(40)).mean() > 0.6


def test_a_night_that_harms_changes_nothing(store, monkeypatch):
    scores = iter([0.9] * 60 + [0.9] * 59 + [0.8])
    monkeypatch.setattr(retriever, "_recalled", lambda *given: next(scores))
    store.set_bytes("retriever", b"of an earlier night")
    report = sleep_on(store, encode, NIGHT, now=NOW)
    assert report["verdict"] == "rolled back"
    assert report["recalled_at_5"] == pytest.approx([0.9, 0.9 - 0.1 / 60])
    assert store.get_bytes("retriever") == b"of an earlier night"
    store.set_named("learned from", [1, 2])
    store.forget([2])
    scores = iter([0.9] * 59 + [0.9] * 58 + [0.8])
    assert sleep_on(store, encode, NIGHT, now=NOW)["verdict"] == "rolled back"
    assert store.get_bytes("retriever") is None  # but for what was learned from what is forgotten


def test_what_was_forgotten_meanwhile_is_not_learned(store, monkeypatch):
    real = retriever.learn_maps

    def meanwhile(*given):
        store.forget([7])
        return real(*given)

    monkeypatch.setattr(retriever, "learn_maps", meanwhile)
    report = sleep_on(store, encode, NIGHT, now=NOW)
    assert (report["verdict"], load_maps(store)) == ("rolled back", None)
    assert "forgotten meanwhile" in report["reason"]


def test_what_it_had_learned_goes_with_what_it_was_learned_from(store):
    assert sleep_on(store, encode, NIGHT, now=NOW)["verdict"] == "committed"
    store.forget(range(1, 56))
    assert sleep_on(store, encode, NIGHT, now=NOW)["verdict"] == "nothing to learn"
    assert load_maps(store) is None


def test_a_night_that_is_interrupted_is_no_night(store, monkeypatch):
    store.add("The thing is 3", encode(["x 3"])[0])
    store.add("thing is: 3!", encode(["x 3"])[0])

    def stop(*given):
        raise KeyboardInterrupt

    monkeypatch.setattr(retriever, "_prune", stop)
    with pytest.raises(KeyboardInterrupt):
        sleep_on(store, encode, NIGHT, now=NOW)
    assert load_maps(store) is None
    assert [one.merged for one in store.all()] == [None] * 62


def tidy(store, now=NOW):
    return sleep_on(store, encode, RetrieverNight(fewest=1000), now=now)


def test_what_says_the_same_is_merged_into_the_stronger(tmp_path):
    with SQLiteStore(tmp_path / "e.db", encoder="mine", dimension=8) as store:
        same = ["Tea at the five o'clock.", "tea at five o'clock", "Tea, at five o'clock!"]
        other = ["No tea at five o'clock.", "Tea at six o'clock.", "At five o'clock, tea.", "Tea isn't at five o'clock"]
        ids = [store.add(text, np.ones(8, np.float32), heard=NOW) for text in same + other]
        store.rehearse([ids[1]], NOW + timedelta(days=3))
        hearsay = store.add(same[0], np.ones(8, np.float32), trusted=False, heard=NOW)
        turns = [store.add(same[0], np.ones(8, np.float32), session="a", heard=NOW) for _ in range(2)]
        stability = store.get(ids[1]).stability
        report = tidy(store, NOW + timedelta(days=9))
        assert sorted(report["merged"]) == [(ids[0], ids[1]), (ids[2], ids[1])]
        assert [one.id for one in store.live()] == [ids[1], *ids[3:], hearsay, *turns]
        assert store.get(ids[0]).text is None
        assert store.get(ids[1]).stability >= stability
        assert store.forget([ids[0]]) == ids[:3]


def test_what_is_worth_too_little_is_let_go(tmp_path):
    years = timedelta(days=365 * 20)
    with SQLiteStore(tmp_path / "e.db", encoder="mine", dimension=8) as store:
        one = np.ones(8, np.float32)
        weak = store.add("weak", one, heard=NOW - years, importance=0.0)
        store.add("important", one, heard=NOW - years, importance=0.9)
        store.add("pinned", one, heard=NOW - years, importance=1.0)
        store.add("new", one, heard=NOW, importance=0.0)
        known = store.add("known", one, who="a", what="b", value="c", heard=NOW - years, importance=0.0)
        store.mark([known], night=1, stage=1)
        assert tidy(store)["pruned"] == [weak, known]
        assert store.get(weak).forgotten is not None
        assert (store.get(known).forgotten, store.get(known).who) == (None, "a")
        assert tidy(store)["pruned"] == []
