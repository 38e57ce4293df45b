"""A brain beside the exact memory it is made of, beside one that never saw what was forgotten, and beside its twin."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from reverie.brain import Brain
from reverie.checkpoint import pack_state
from reverie.errors import BadData, ReverieError

X, Y = load_digits(return_X_y=True)
PICTURES = (X.reshape(-1, 8, 8) * 15.9).astype(np.uint8)
SMALL = {"filters": 8, "patch": 4, "grid": 2, "patches": 2000}


def tensors(state: Any) -> list[torch.Tensor]:
    if isinstance(state, torch.Tensor):
        return [state]
    return [tensor for item in state.values() for tensor in tensors(item)] if isinstance(state, dict) else []


def same(one: Brain, two: Brain) -> bool:
    """Equal bit for bit, but for the times at which things happened."""
    packed = []
    for brain in (one, two):
        state = brain.state_dict()
        state["history"] = [{key: value for key, value in event.items() if key != "time"} for event in state["history"]]
        packed.append(pack_state(state))
    return packed[0] == packed[1]


@pytest.fixture
def brain(tmp_path: Path) -> Any:
    with Brain.create(tmp_path / "b", encoder="cortex", settings=SMALL, ridge=1.0) as made:
        yield made


KINDS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "pictures": (PICTURES[:300], Y[:300], {"settings": SMALL | {"epochs": 1}}),
    "vectors": (X[:300].astype(np.float32), [f"digit {y}" for y in Y[:300]], {"settings": {"width": 64}}),
    "raw": (X[:300], Y[:300], {"encoder": "raw"}),
    "sentences": ([f"word{i % 3} and word{i % 7} again" for i in range(60)], [i % 3 for i in range(60)], {}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_learned_is_there_after_opening_again(kind: str, tmp_path: Path) -> None:
    x, y, options = KINDS[kind]
    settings = options.get("settings", {}) | ({"patch": 4} if kind == "pictures" else {})
    with Brain.create(tmp_path / "b", **options | {"settings": settings}) as made:
        assert made.learn(x[:50], y[:50]).samples == 50
        for start in range(50, len(x), 40):
            made.learn(x[start : start + 40], y[start : start + 40])
        before, novelty = made.predict(x), made.novelty(x)
        assert float((before == np.asarray(y)).mean()) > 0.9
        with Brain.open(tmp_path / "b", writer=False) as reader:
            assert same(made, reader)
    with Brain.open(tmp_path / "b") as again:
        assert np.array_equal(again.predict(x), before)
        np.testing.assert_allclose(again.novelty(x), novelty, atol=1e-9)
        assert len(again.history()) == again.version


@pytest.mark.parametrize("forgettable", [True, False])
@pytest.mark.parametrize("batch", [1, 7, 150])
def test_a_log_of_factors_equals_sums_in_one_go(forgettable: bool, batch: int, tmp_path: Path) -> None:
    options: dict[str, Any] = {"encoder": "expansion", "settings": {"width": 40}, "forgettable": forgettable}
    with Brain.create(tmp_path / "one", **options) as one, Brain.create(tmp_path / "two", **options) as two:
        one.learn(X[:151], Y[:151])
        two.learn(X[:1], Y[:1])
        for start in range(1, 151, batch):
            two.learn(X[:151][start : start + batch], Y[:151][start : start + batch])
        for a, b in zip(*(tensors(each._mind.memory.state_dict()) for each in (one, two)), strict=True):
            order = [two._mind.labels.index(label) for label in one._mind.labels]
            assert a.shape == b.shape
            if a.shape[-1:] == (10,):
                b = b[..., order]
            elif a.shape[:1] == (10,):
                b = b[order]
            assert torch.equal(a.double(), b.double())


@pytest.mark.parametrize("encoder", ["cortex", "raw", "expansion"])
def test_a_class_that_is_forgotten_was_never_there(encoder: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"encoder": encoder, "settings": SMALL if encoder == "cortex" else {}, "ridge": 2.0}
    first, rest = Y[:400] < 2, Y[:400] >= 2
    with Brain.create(tmp_path / "one", **options) as one, Brain.create(tmp_path / "two", **options) as two:
        for made, without in ((one, None), (two, 7)):
            made.learn(PICTURES[:400][first], Y[:400][first])
            keep = rest & (Y[:400] != without)
            made.learn(PICTURES[:400][keep], Y[:400][keep])
        one.forget(7)
        assert 7 not in one.classes
        np.testing.assert_allclose(one.predict_proba(PICTURES), two.predict_proba(PICTURES), atol=1e-8)


def test_what_was_learned_under_a_name_can_be_taken_away(brain: Brain, tmp_path: Path) -> None:
    brain.learn(PICTURES[:100], Y[:100])
    before = brain.predict_proba(PICTURES)
    brain.learn(PICTURES[100:140], Y[100:140], name="alice")
    brain.learn(PICTURES[140:160], Y[140:160], name="bob")
    assert not np.allclose(brain.predict_proba(PICTURES), before)
    brain.forget(name="alice")
    brain.forget(name="bob")
    np.testing.assert_allclose(brain.predict_proba(PICTURES), before, atol=1e-8)
    with pytest.raises(BadData, match="alice"):
        brain.forget(name="alice")


def test_a_name_can_be_forgotten_after_one_of_its_classes(brain: Brain) -> None:
    brain.learn(PICTURES[:100], Y[:100])
    brain.learn(PICTURES[100:140], Y[100:140], name="alice")
    brain.forget(3)
    brain.forget(name="alice")
    counts = {int(label): int((Y[:100] == label).sum()) for label in range(10) if label != 3}
    assert brain.counts == counts


def test_samples_can_be_forgotten_by_showing_them(brain: Brain) -> None:
    brain.learn(PICTURES[:100], Y[:100])
    before = brain.predict_proba(PICTURES)
    brain.learn(PICTURES[100:130], Y[100:130])
    brain.forget(x=PICTURES[100:130], y=Y[100:130])
    np.testing.assert_allclose(brain.predict_proba(PICTURES), before, atol=1e-8)


def test_files_hold_nothing_of_a_forgotten_class_once_a_snapshot_is_made(brain: Brain, tmp_path: Path) -> None:
    brain.learn(PICTURES[:100], Y[:100])
    brain.learn(PICTURES[100:200], Y[100:200])
    old = {file for file in (tmp_path / "b").rglob("*") if file.is_file() and file.stat().st_size > 1000}
    brain.forget(7)
    brain._durable.replace(brain._mind)
    assert not any(file.exists() for file in old)
    assert brain.versions() == [brain.version]


def test_two_brains_with_the_same_senses_merge_as_if_one_had_learned_all(tmp_path: Path) -> None:
    options: dict[str, Any] = {"encoder": "expansion", "settings": {"width": 50}, "ridge": 1.0}
    brains = [Brain.create(tmp_path / str(index), **options) for index in range(3)]
    one, two, whole = brains
    one.learn(X[:100], [str(y) for y in Y[:100]])
    two.learn(X[100:300], [str(y) for y in Y[100:300]], name="two's")
    whole.learn(X[:300], [str(y) for y in Y[:300]])
    one.merge(two)
    np.testing.assert_allclose(one.predict_proba(X), whole.predict_proba(X), atol=1e-8)
    assert one.counts == whole.counts
    one.forget(name="two's")
    assert sum(one.counts.values()) == 100
    for made in brains:
        made.close()


def test_brains_whose_senses_differ_do_not_merge(tmp_path: Path) -> None:
    with Brain.create(tmp_path / "a", seed=0) as one, Brain.create(tmp_path / "b", seed=1) as two:
        one.learn(X[:50], Y[:50])
        two.learn(X[:50], Y[:50])
        with pytest.raises(BadData, match="senses differ"):
            one.merge(two)
        assert one.version == 1


def test_going_back_and_forth_in_time(brain: Brain, tmp_path: Path) -> None:
    answers = {}
    for start in range(0, 200, 50):
        version = brain.learn(PICTURES[start : start + 50], Y[start : start + 50]).version
        answers[version] = brain.predict_proba(PICTURES[:20])
    assert brain.versions() == [1, 2, 3, 4]
    brain.rollback(2)
    np.testing.assert_array_equal(brain.predict_proba(PICTURES[:20]), answers[2])
    brain.rollback(4)
    np.testing.assert_array_equal(brain.predict_proba(PICTURES[:20]), answers[4])
    assert [event["kind"] for event in brain.history()] == ["learn"] * 4 + ["rollback"] * 2
    with pytest.raises(BadData, match="Version 99"):
        brain.rollback(99)


def test_the_log_is_cut_by_snapshots(brain: Brain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reverie.brain.history._LEAST", 200_000)
    brain.learn(PICTURES[:100], Y[:100])
    for start in range(100, 1700, 20):
        brain.learn(PICTURES[start : start + 20], Y[start : start + 20])
        assert 0 < brain._store._size() <= brain._store.room
    assert len(brain._store.snapshots()) > 1
    with Brain.open(tmp_path / "b", writer=False) as reader:
        assert same(brain, reader)


def test_one_writes_and_many_read(brain: Brain, tmp_path: Path) -> None:
    brain.learn(PICTURES[:50], Y[:50])
    with pytest.raises(BadData, match=r"written to by process \d+"):
        Brain.open(tmp_path / "b")
    readers = [Brain.open(tmp_path / "b", writer=False) for _ in range(2)]
    brain.learn(PICTURES[50:90], Y[50:90])
    assert [reader.version for reader in readers] == [1, 1]
    with pytest.raises(BadData, match="opened for reading"):
        readers[0].learn(PICTURES[:5], Y[:5])


BAD: dict[str, tuple[Any, Any, str]] = {
    "another size": (np.zeros((2, 9, 9)), [1, 2], "samples of 9×9"),
    "NaN": (np.full((2, 8, 8), np.nan), [1, 2], "NaN"),
    "nothing": (np.zeros((0, 8, 8)), [], "n ≥ 1"),
    "fewer labels": (PICTURES[:3], [1, 2], "3 samples and y has 2"),
    "labels of words": (PICTURES[:2], ["a", "b"], "Use one"),
    "labels of fractions": (PICTURES[:2], [0.5, 1.5], "whole numbers"),
    "mixed labels": (PICTURES[:2], [None, True], "whole numbers"),
    "sentences": (["a", "b"], [1, 2], "sentences"),
    "a sentence": ("a", [1], "samples of 8×8"),
    "objects": (np.array([object()]), [1], "not an array"),
    "ragged": ([[1, 2], [3]], [1, 2], "not an array"),
    "nested labels": (PICTURES[:2], [[1], [2, 3]], "labels"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_and_changes_nothing(case: str, brain: Brain) -> None:
    brain.learn(PICTURES[:50], Y[:50])
    before = brain.predict_proba(PICTURES[:9])
    x, y, said = BAD[case]
    with pytest.raises(BadData, match=said):
        brain.learn(x, y)
    assert brain.version == 1
    np.testing.assert_array_equal(brain.predict_proba(PICTURES[:9]), before)


def test_asking_an_empty_brain_and_forgetting_what_is_not_there(brain: Brain) -> None:
    with pytest.raises(BadData, match="learned nothing"):
        brain.predict(PICTURES)
    brain.learn(PICTURES[:20], Y[:20])
    for wrong in ({"label": 77}, {"name": "x"}, {}, {"label": 1, "name": "x"}, {"x": PICTURES[:60], "y": Y[:60]}):
        with pytest.raises(ReverieError):
            brain.forget(**wrong)
    assert brain.version == 1


def test_a_class_can_be_learned_again_after_it_was_forgotten(brain: Brain) -> None:
    brain.learn(PICTURES[:200], Y[:200])
    brain.forget(4)
    brain.learn(PICTURES[:200][Y[:200] == 4], Y[:200][Y[:200] == 4])
    assert float((brain.predict(PICTURES[:200]) == Y[:200]).mean()) > 0.9


def test_a_brain_of_a_kind_that_is_refused_today_is_opened(tmp_path: Path) -> None:
    with Brain.create(tmp_path / "b", encoder="expansion", settings={"width": 40, "kind": "relu"}) as made:
        made.learn(X, Y)
        expected = made.predict_proba(X)
        made._mind.senses.sense.settings["kind"] = "ReLU"  # a word that was taken for "relu" once
        made._durable.replace(made._mind)
    with Brain.open(tmp_path / "b") as brain:
        np.testing.assert_array_equal(brain.predict_proba(X), expected)


def test_settings_are_checked_before_there_is_a_folder(tmp_path: Path) -> None:
    wrong = [{"input_scale": -1.0}, {"input_scale": float("nan")}, {"kind": "rely"}]
    of_expansions = [{"encoder": encoder, "settings": one} for encoder in ("auto", "expansion") for one in wrong]
    for options in ({"encoder": "cortes"}, {"encoder": "raw", "settings": {"width": 3}}, {"ridge": -1}, *of_expansions):
        with pytest.raises(ReverieError):
            Brain.create(tmp_path / "b", **options)
        assert not (tmp_path / "b").exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(BadData, match="not an empty folder"):
        Brain.create(tmp_path / "full")
