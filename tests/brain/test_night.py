"""A night is a transaction: committed where retention holds, else rolled back; gone on with when cut short."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from reverie.brain import Brain, Plan
from reverie.errors import BadData

X, Y = load_digits(return_X_y=True)
PICTURES = (X.reshape(-1, 8, 8) * 15.9).astype(np.uint8)
HELD = np.arange(len(Y)) % 5 == 0
QUICK = Plan(hidden=(64,), steps=300, tolerance=0.05)


@pytest.fixture
def brain(tmp_path: Path) -> Any:
    settings = {"filters": 24, "patch": 4, "patches": 5000}
    with Brain.create(tmp_path / "b", encoder="cortex", settings=settings) as made:
        order = np.argsort(Y[~HELD], kind="stable")
        for part in np.array_split(order, 5):
            made.learn(PICTURES[~HELD][part], Y[~HELD][part])
        yield made


def accuracy(brain: Brain, by: Any = "memory") -> float:
    return float((brain.predict(PICTURES[HELD], by=by) == Y[HELD]).mean())


def test_a_night_halves_the_brain_and_teaches_the_cortex(brain: Brain, tmp_path: Path) -> None:
    before, bytes_before = accuracy(brain), brain._mind.memory.width
    report = brain.sleep(QUICK)
    assert report["verdict"] == "committed", report["reason"]
    assert brain._mind.memory.width <= 0.75 * bytes_before
    assert accuracy(brain) > before - 0.02
    assert accuracy(brain, by="cortex") > 0.9
    with Brain.open(tmp_path / "b", writer=False) as again:
        assert np.array_equal(again.predict(PICTURES), brain.predict(PICTURES))
        assert np.array_equal(again.predict(PICTURES, by="cortex"), brain.predict(PICTURES, by="cortex"))
    assert brain.history()[-1]["kind"] == "sleep"


def test_after_a_night_it_goes_on_learning_and_forgetting(brain: Brain) -> None:
    brain.learn(PICTURES[HELD][:50], Y[HELD][:50], name="late")
    brain.sleep(QUICK)
    brain.forget(name="late")
    brain.forget(3)
    with pytest.raises(BadData, match="no cortex network"):
        brain.predict(PICTURES, by="cortex")
    brain.learn(PICTURES[~HELD][Y[~HELD] == 3], Y[~HELD][Y[~HELD] == 3])
    assert accuracy(brain) > 0.93
    assert brain.sleep(QUICK)["verdict"] == "committed"


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (Plan(hidden=(64,), steps=1, keep=1.0), "the cortex would recognise only"),
        (Plan(hidden=(), keep=0.04, tolerance=2.0), "the memory would recognise only"),
    ],
)
def test_a_harmful_night_is_rolled_back(harm: Plan, reason: str, brain: Brain) -> None:
    before = brain.predict_proba(PICTURES)
    report = brain.sleep(harm)
    assert report["verdict"] == "rolled back"
    assert reason in report["reason"]
    np.testing.assert_allclose(brain.predict_proba(PICTURES), before, atol=1e-12)
    assert brain.history()[-1]["verdict"] == "rolled back"


def test_a_network_that_was_not_asked_for_and_does_not_hold_is_left_out(brain: Brain) -> None:
    report = brain.sleep(Plan(steps=1))
    assert report["verdict"] == "committed"
    assert "the cortex would recognise only" in report["left_out"]
    assert "cortex" not in report["retention"]
    assert report["state_bytes"][1] < report["state_bytes"][0]
    with pytest.raises(BadData, match="no cortex network"):
        brain.predict(PICTURES, by="cortex")
    assert brain.sleep(Plan())["left_out"] is None
    assert accuracy(brain, by="cortex") > 0.9


def test_pruning_stops_where_it_would_cost_too_much(brain: Brain) -> None:
    report = brain.sleep(Plan(hidden=(), keep=0.05, tolerance=0.02))
    assert report["verdict"] == "committed"
    assert report["explained"][1] >= report["explained"][0] - 0.02
    assert 0.05 < report["inputs"][1] / report["inputs"][0] < 1


def test_a_night_cut_short_is_gone_on_with_to_the_same_morning(
    brain: Brain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    shutil.copytree(tmp_path / "b", tmp_path / "twin")
    monkeypatch.setattr("reverie.brain.progress._SAVE_EVERY", 0.0)
    calls = 0
    from reverie.sleep import Consolidation

    real = Consolidation.advance

    def interrupted(self: Consolidation, steps: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 6:
            raise KeyboardInterrupt
        real(self, steps)

    with monkeypatch.context() as patch:
        patch.setattr(Consolidation, "advance", interrupted)
        with pytest.raises(KeyboardInterrupt):
            brain.sleep(QUICK)
    assert (tmp_path / "b" / "night" / "state.json").exists()
    steps = []

    def counted(self: Consolidation, number: int) -> None:
        steps.append(number)
        real(self, number)

    with monkeypatch.context() as patch:
        patch.setattr(Consolidation, "advance", counted)
        brain.sleep(QUICK)
    assert len(steps) == 10  # of fifteen, five had been taken
    with Brain.open(tmp_path / "twin") as twin:
        twin.sleep(QUICK)
        one, two = (made.state_dict()["cortex"] for made in (brain, twin))
        assert all(torch.equal(one[name], two[name]) for name in one)
    assert not (tmp_path / "b" / "night").exists()


def test_brains_that_slept_apart_merge(tmp_path: Path) -> None:
    options: dict[str, Any] = {"encoder": "expansion", "settings": {"width": 80}, "ridge": 1.0}
    with Brain.create(tmp_path / "a", **options) as one, Brain.create(tmp_path / "b", **options) as two:
        one.learn(X[:500], Y[:500])
        two.learn(X[500:1000], Y[500:1000])
        one.sleep(Plan(hidden=(), tolerance=1.0, keep=0.6))
        two.sleep(Plan(hidden=(), tolerance=1.0, keep=0.6))
        kept = set(one._mind.senses.sense.kept.tolist()) & set(two._mind.senses.sense.kept.tolist())
        one.merge(two)
        assert set(one._mind.senses.sense.kept.tolist()) == kept
        assert one.counts == {int(label): int((Y[:1000] == label).sum()) for label in range(10)}
        assert float((one.predict(X[:1000]) == Y[:1000]).mean()) > 0.9


def test_an_empty_brain_does_not_sleep(tmp_path: Path) -> None:
    with Brain.create(tmp_path / "b") as brain, pytest.raises(BadData, match="learned nothing"):
        brain.sleep()
    with pytest.raises(BadData, match="keep is 0"):
        Plan(keep=0.0)
