"""Corrections: the answer changes, what is subtracted and added is exact, and the change is whole and can be undone."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from reverie.brain import Brain
from reverie.brain.correction import MOST
from reverie.brain.journal import Journal
from reverie.brain.mind import Mind
from reverie.brain.validity import check_entry
from reverie.contracts import State
from reverie.errors import BadData, CorruptFile
from reverie.memory import AssociativeMemory
from reverie.memory.contribution import contribution, factors_of

X, Y = load_digits(return_X_y=True)
NAMES = [f"digit {label}" for label in Y]
OPTIONS: dict[str, Any] = {"encoder": "expansion", "settings": {"width": 80}}


def same(one: Any, other: Any) -> bool:
    """Whether two states are the same to the last bit."""
    if isinstance(one, torch.Tensor):
        return isinstance(other, torch.Tensor) and one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def knowledge(brain: Brain) -> State:
    """All that a brain knows, but for when and how it came to know it."""
    return {
        name: part for name, part in brain.state_dict().items() if name not in ("history", "version", "oldest", "watch")
    }


def grams(brain: Brain) -> list[torch.Tensor]:
    """The sums, however they are kept."""
    sums = brain.mind.memory._need()
    return [*(sums.gram(column).triu() for column in range(len(sums.grams))), sums.cross, sums.sum_h, sums.sum_y]


@pytest.fixture(params=[True, False], ids=["forgettable", "one sum"])
def brain(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    with Brain.create(tmp_path / "b", forgettable=request.param, **OPTIONS) as made:
        made.learn(X[:500], NAMES[:500])
        yield made


def misjudged(brain: Brain) -> int:
    found: int = int(np.flatnonzero(brain.predict(X[500:900]) != np.asarray(NAMES[500:900]))[0]) + 500
    return found


def test_the_answer_changes_and_what_else_changed_is_told(brain: Brain) -> None:
    row = misjudged(brain)
    wrong = brain.predict(X[row : row + 1])[0]
    told = brain.correct(X[row : row + 1], NAMES[row])
    assert (told.before, told.after, told.to, told.was) == (wrong, NAMES[row], NAMES[row], None)
    assert told.changed
    assert told.weight in [2**power for power in range(11)]
    assert (told.version, told.new) == (2, [])
    assert list(told.others) == sorted(set(NAMES), key=brain.mind.labels.index)
    assert all(0 <= share <= 1 for share in told.others.values())
    assert brain.predict(X[row : row + 1])[0] == NAMES[row]
    with Brain.open(brain.folder, writer=False) as reader:
        assert reader.predict(X[row : row + 1])[0] == NAMES[row]
    event = brain.history()[-1]
    assert (event["kind"], event["to"], event["was"], event["weight"]) == ("correct", NAMES[row], None, told.weight)


def test_the_weight_is_the_smallest_that_changes_the_answer(brain: Brain, tmp_path: Path) -> None:
    told = brain.correct(X[:1], "digit 7")  # a plain zero, which all other zeros speak against
    assert told.changed
    assert told.weight > 1
    brain.undo()
    brain.learn(X[:1], ["digit 7"], weights=[told.weight // 2])
    with Brain.open(brain.folder, writer=False) as reader:
        assert reader.predict(X[:1])[0] == "digit 0"


def test_it_is_the_brain_that_has_learned_the_right_label(brain: Brain, tmp_path: Path) -> None:
    told = brain.correct(X[:1], "digit 7", was="digit 0")
    settings: dict[str, Any] = {"forgettable": brain.mind.memory.per_class, **OPTIONS}
    with Brain.create(tmp_path / "twin", **settings) as twin:
        twin.learn(X[:500], NAMES[:500])  # the sense is formed by the same samples
        twin.learn(np.repeat(X[:1], told.weight, 0), ["digit 7"] * told.weight)
        twin.forget(x=X[:1], y=["digit 0"])
        assert all(map(torch.equal, grams(brain), grams(twin)))
        assert brain.counts == twin.counts
        assert brain.counts["digit 0"] == NAMES[:500].count("digit 0") - 1


def test_undo_is_the_brain_before_bit_for_bit(brain: Brain) -> None:
    before, asked = knowledge(brain), brain.predict_proba(X[500:600])
    version = brain.version
    brain.correct(X[:1], "digit 7", was="digit 0")
    assert not same(knowledge(brain), before)
    assert brain.undo() == version
    assert same(knowledge(brain), before)
    np.testing.assert_array_equal(brain.predict_proba(X[500:600]), asked)
    with Brain.open(brain.folder, writer=False) as reader:
        assert same(knowledge(reader), before)
    assert brain.undo() == 2  # what was undone is done again
    assert brain.predict(X[:1])[0] == "digit 7"


def test_replay_after_reopening_is_the_same_bit_for_bit(brain: Brain) -> None:
    for row, label in ((0, "digit 7"), (3, "something else"), (10, "digit 2")):
        brain.correct(X[row : row + 1], label, was=NAMES[row])
    brain.learn(X[500:520], NAMES[500:520], weights=range(1, 21))
    with Brain.open(brain.folder, writer=False) as reader:
        assert same(reader.state_dict(), brain.state_dict())


def test_a_new_class_and_one_that_loses_its_last_sample(brain: Brain) -> None:
    brain.learn(X[600:601], ["mistake"])
    told = brain.correct(X[600:601], "a new one", was="mistake")
    assert (told.new, told.changed) == (["a new one"], True)
    assert "mistake" not in brain.classes
    assert brain.counts["a new one"] == told.weight
    assert brain.predict(X[600:601])[0] == "a new one"


def wrong(brain: Brain) -> dict[str, tuple[Callable[[], Any], str]]:
    return {
        "never learned": (lambda: brain.correct(60 * np.eye(64)[:1], "digit 7", was="digit 0"), "was not learned as"),
        "an unknown class": (lambda: brain.correct(X[:1], "digit 7", was="dog"), "Unknown label 'dog'"),
        "the same": (lambda: brain.correct(X[:1], "digit 0", was="digit 0"), "the same"),
        "two samples": (lambda: brain.correct(X[:2], "digit 7"), "Expected one"),
        "another kind of label": (lambda: brain.correct(X[:1], 7), "those known are str"),
        "another shape": (lambda: brain.correct(X[:1, :9], "digit 7"), "Expected|expected|takes"),
    }


@pytest.mark.parametrize("case", list(wrong(None)))  # type: ignore[arg-type]
def test_what_cannot_be_corrected_is_refused_and_changes_nothing(case: str, brain: Brain) -> None:
    before = brain.state_dict()
    action, words = wrong(brain)[case]
    with pytest.raises(BadData, match=words):
        action()
    assert same(brain.state_dict(), before)


def test_an_empty_brain_corrects_nothing(tmp_path: Path) -> None:
    with Brain.create(tmp_path / "b") as brain:
        with pytest.raises(BadData, match="learned nothing"):
            brain.correct(X[:1], 1)
        with pytest.raises(BadData, match="there is no earlier version"):
            brain.undo()
        brain.learn(X[:50], Y[:50])
        with pytest.raises(BadData, match="there is no earlier version"):
            brain.undo()


def test_what_was_forgotten_is_not_undone(brain: Brain) -> None:
    brain.forget(x=X[:2], y=NAMES[:2])
    with pytest.raises(BadData, match="version 2 has forgotten something"):
        brain.undo()


def test_where_no_weight_helps_the_sample_is_learned_once_and_that_is_said(tmp_path: Path) -> None:
    with Brain.create(tmp_path / "b", encoder="raw") as brain:
        brain.learn(X[:100], Y[:100])
        brain.learn(X[:1], Y[:1], weights=[4 * MOST])
        told = brain.correct(X[:1], 7)
        assert (told.changed, told.weight, told.after) == (False, 1, 0)
        assert brain.counts[7] == int((Y[:100] == 7).sum()) + 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("durable", [False, True])
def test_a_kill_leaves_the_whole_correction_or_none(
    durable: bool, brain: Brain, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, folder = brain.counts, brain.folder
    brain.close()
    child = os.fork()
    if child == 0:
        try:
            with Brain.open(folder) as mine:
                real, awake = Mind.apply, mine.mind

                def dies(mind: Mind, entry: State, **more: Any) -> None:
                    if mind is awake:
                        os.kill(os.getpid(), signal.SIGKILL)
                    real(mind, entry, **more)

                if durable:
                    monkeypatch.setattr(Mind, "apply", dies)
                else:
                    monkeypatch.setattr(Journal, "append", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
                mine.correct(X[:1], "digit 7", was="digit 0")
        finally:
            os._exit(1)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    with Brain.open(folder) as again:
        if durable:
            assert again.version == 2
            assert again.counts["digit 0"] == before["digit 0"] - 1
            assert again.counts["digit 7"] == before["digit 7"] + again.history()[-1]["weight"]
        else:
            assert (again.version, again.counts) == (1, before)


def test_a_correction_that_was_cut_in_the_log_is_none(brain: Brain) -> None:
    before, folder = knowledge(brain), brain.folder
    log = max((folder / "journal").iterdir())
    size, head = log.stat().st_size, (folder / "head").read_bytes()
    brain.correct(X[:1], "digit 7", was="digit 0")
    brain.close()
    whole = log.read_bytes()
    for cut in range(size + 1, len(whole), 997):
        log.write_bytes(whole[:cut])
        (folder / "head").write_bytes(head)
        with Brain.open(folder) as again:
            assert again.version == 1
            assert same(knowledge(again), before)


def test_entries_of_strangers_are_looked_at() -> None:
    batch = contribution(torch.ones(1, 3, dtype=torch.int64), torch.tensor([0]))
    entry: State = {"kind": "correct", "event": {}, "new_labels": [], "batch": batch, "gone": batch}
    check_entry(entry, [0])
    for change in ({"gone": 3}, {"gone": {"d": 3, "form": "sums"}}, {"batch": None}, {"new_labels": 1}):
        with pytest.raises((CorruptFile, KeyError)):
            check_entry({**entry, **change}, [0])


def test_labels_may_be_numbers_of_numpy(tmp_path: Path) -> None:
    with Brain.create(tmp_path / "b", encoder="raw") as brain:
        brain.learn(X[:100], Y[:100])
        told = brain.correct(X[:1], np.int64(7), was=Y[0])
        assert (type(told.to), type(told.was), told.after) == (int, int, 7)
        brain.rename(Y[1], np.int64(17))
        assert 17 in brain.classes
        brain.forget(np.int64(17))
        assert 17 not in brain.classes
        with pytest.raises(BadData, match="Unknown label True"):
            brain.forget(True)


# weights


@pytest.mark.parametrize("per_class", [True, False])
@pytest.mark.parametrize("largest", [1, 127, 2**15, 2**17])
@pytest.mark.parametrize("most", [1, 3, 300, 5000])
def test_a_weight_counts_as_so_many_samples_exactly(per_class: bool, largest: int, most: int) -> None:
    source = torch.Generator().manual_seed(largest + most)
    keys = torch.randint(0, largest + 1, (12, 90), generator=source)
    keys[0] = largest
    columns, weights = torch.arange(12) % 3, torch.randint(1, most + 1, (12,), generator=source)
    weights[0] = most
    weighted, repeated = (AssociativeMemory(per_class=per_class) for _ in range(2))
    batch = contribution(keys, columns, per_class=per_class, weights=weights)
    weighted.absorb(batch)
    repeated.write_labels(keys.repeat_interleave(weights, 0), columns.repeat_interleave(weights))
    one, other = weighted._need(), repeated._need()
    assert one.n == other.n == int(weights.sum())
    assert torch.equal(one.sum_y, other.sum_y)
    assert torch.equal(one.cross, other.cross)
    assert torch.equal(one.sum_h, other.sum_h)
    assert torch.equal(one.total().triu(), other.total().triu())
    for column in range(len(one.grams)):
        assert torch.equal(one.gram(column).triu(), other.gram(column).triu())
    if per_class and (known := factors_of(batch)):
        assert {column: sum(n for n, _ in parts) for column, parts in known.items()} == {
            column: int(weights[columns == column].sum()) for column in range(3)
        }
    weighted.absorb(batch, sign=-1)
    assert not weighted._need().total().triu().any()
    assert not weighted._need().cross.any()


def test_learning_with_weights_is_learning_so_many_times(brain: Brain, tmp_path: Path) -> None:
    weights = np.arange(30) % 5 + 1
    settings: dict[str, Any] = {"forgettable": brain.mind.memory.per_class, **OPTIONS}
    with Brain.create(tmp_path / "twin", **settings) as twin:
        twin.learn(X[:500], NAMES[:500])
        brain.learn(X[500:530], NAMES[500:530], weights=weights, name="heavy")
        twin.learn(np.repeat(X[500:530], weights, 0), np.repeat(NAMES[500:530], weights))
        assert all(map(torch.equal, grams(brain), grams(twin)))
    before = sum(brain.counts.values())
    brain.forget(name="heavy")
    assert sum(brain.counts.values()) == before - int(weights.sum())


@pytest.mark.parametrize(
    "weights", [[1], [1, 0], [1, -3], [1, 1.5], [1, float("nan")], [[1, 1]], ["a", "b"], [True, True], [1, 2**20], 3]
)
def test_weights_that_are_none_are_refused(weights: Any, brain: Brain) -> None:
    with pytest.raises(BadData, match="weights"):
        brain.learn(X[:2], NAMES[:2], weights=weights)
    with pytest.raises(BadData, match="Weights were given without labels"):
        brain.learn(X[:2], weights=weights)
    assert brain.version == 1
