"""Balanced brains: rare classes are found as often as frequent ones, from the same sums."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from commands import here
from reverie.brain import Brain
from reverie.errors import BadData

SOURCE = np.random.default_rng(0)


def drawn(n: int, rare: float) -> tuple[np.ndarray, list[str]]:
    """Two clouds that overlap."""
    there = SOURCE.random(n) < rare
    return SOURCE.normal(size=(n, 6)) + 0.5 * there[:, None], ["rare" if one else "usual" for one in there]


@pytest.mark.parametrize("forgettable", [True, False])
def test_a_rare_class_is_found_as_often_as_the_usual_one(forgettable: bool, tmp_path: Path) -> None:
    x, y = drawn(2000, 0.05)
    new, of = drawn(2000, 0.5)
    found, proba = {}, {}
    for balanced in (False, True):
        options: dict[str, Any] = {"encoder": "raw", "forgettable": forgettable, "balanced": balanced}
        with Brain.create(tmp_path / str(balanced), **options) as brain:
            brain.learn(x[:1000], y[:1000])
            brain.learn(x[1000:], y[1000:])
            found[balanced] = brain.predict(new)
            proba[balanced] = brain.predict_proba(new)
            counts = np.array([brain.counts[label] for label in brain.classes])
        with Brain.open(tmp_path / str(balanced), writer=False) as reader:
            np.testing.assert_allclose(reader.predict_proba(new), proba[balanced], atol=0.02)  # λ is chosen anew
    right = {
        balanced: [float((answers[np.asarray(of) == label] == label).mean()) for label in ("rare", "usual")]
        for balanced, answers in found.items()
    }
    assert right[False][0] < 0.5 < 0.9 < right[False][1]
    assert min(right[True]) > 0.6
    assert np.mean(right[True]) > np.mean(right[False]) + 0.1
    expected = proba[False] / counts
    np.testing.assert_allclose(proba[True], expected / expected.sum(1, keepdims=True), atol=1e-9)


def test_what_is_not_yes_or_no_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadData, match=r"A balanced brain has the ridge 1\.0"):
        Brain.create(tmp_path / "b", balanced=True, ridge=1.0)
    assert not (tmp_path / "b").exists()
    done = here("brain", "create", str(tmp_path / "b"), "--set", "balanced=3")
    assert (done.returncode, "balanced is 3. Expected true or false." in done.stderr) == (2, True)
    assert here("brain", "create", str(tmp_path / "b"), "--set", "balanced=true").returncode == 0
    with Brain.open(tmp_path / "b") as brain:
        assert brain.mind.memory.balanced
        assert brain.mind.copy().memory.balanced


def test_balance_survives_a_night_a_rollback_and_a_merge(tmp_path: Path) -> None:
    x, y = drawn(300, 0.1)
    with (
        Brain.create(tmp_path / "b", encoder="raw", balanced=True) as brain,
        Brain.create(tmp_path / "other", encoder="raw") as other,
    ):
        brain.learn(x, y)
        other.learn(x, y)
        brain.merge(other)
        brain.rollback(1)
        brain.sleep()
        assert brain.mind.memory.balanced
