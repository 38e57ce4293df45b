"""Sums made apart and added equal one pass; workers may die; a budget is kept."""

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from reverie.brain import Brain, Plan, shard_sums
from reverie.errors import BadData

X, Y = load_digits(return_X_y=True)
PICTURES = (X.reshape(-1, 8, 8) * 15.9).astype(np.uint8)
OPTIONS: dict[str, Any] = {"settings": {"filters": 8, "patch": 4, "patches": 2000}, "encoder": "cortex"}


@pytest.mark.parametrize("forgettable", [True, False])
@pytest.mark.parametrize("shards", [1, 4, 60])
def test_shards_equal_one_pass(shards: int, forgettable: bool, tmp_path: Path) -> None:
    with (
        Brain.create(tmp_path / "one", forgettable=forgettable, **OPTIONS) as one,
        Brain.create(tmp_path / "many", forgettable=forgettable, **OPTIONS) as many,
    ):
        one.learn(PICTURES, Y)
        ready = many.ready(PICTURES, Y)
        parts = zip(np.array_split(PICTURES, shards), np.array_split(Y, shards), strict=True)
        learned = many.learn_sums([shard_sums(ready, x, y) for x, y in parts])
        assert (learned.samples, many.counts) == (len(Y), one.counts)
        np.testing.assert_allclose(many.predict_proba(PICTURES), one.predict_proba(PICTURES), atol=1e-8)


def test_sums_of_other_senses_are_refused(tmp_path: Path) -> None:
    with Brain.create(tmp_path / "a", seed=0) as one, Brain.create(tmp_path / "b", seed=1) as two:
        part = shard_sums(one.ready(X, Y), X, Y)
        two.learn(X, Y)
        with pytest.raises(BadData, match="not made by this brain's senses"):
            two.learn_sums([part])


@pytest.mark.ray
@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("ray_cluster")
@pytest.mark.slow
def test_on_ray_with_half_of_the_workers_killed_it_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from reverie.runs import shards

    marks = tmp_path / "marks"
    marks.mkdir()

    def lethal(ready: Any, x: Any, y: Any) -> Any:
        """Dies in two of four shards, the first time it is given them."""
        mark = marks / str(int(x.astype(int).sum()))
        if len(list(marks.iterdir())) < 2 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return shard_sums(ready, x, y)

    with Brain.create(tmp_path / "one", **OPTIONS) as one, Brain.create(tmp_path / "many", **OPTIONS) as many:
        one.learn(PICTURES, Y)
        monkeypatch.setattr(shards, "shard_sums", lethal)
        shards.learn_in_shards(many, PICTURES, Y, address="local", shards=4)
        assert len(list(marks.iterdir())) >= 2
        np.testing.assert_allclose(many.predict_proba(PICTURES), one.predict_proba(PICTURES), atol=1e-8)


@pytest.mark.parametrize("encoder", ["cortex", "expansion"])
def test_a_budget_is_kept_awake_and_asleep(encoder: str, tmp_path: Path) -> None:
    budget = 200_000
    with Brain.create(tmp_path / "b", encoder=encoder, budget=budget) as brain:
        for start in range(0, 1600, 200):
            brain.learn(PICTURES[start : start + 200], Y[start : start + 200])
            assert brain.state_bytes <= budget
        assert brain.state_bytes > 0.5 * budget
        report = brain.sleep(Plan(hidden=(16,), steps=200, tolerance=0.1))
        assert brain.state_bytes <= budget, report
        assert float((brain.predict(PICTURES[1600:]) == Y[1600:]).mean()) > 0.85
    with pytest.raises(BadData, match="too small"), Brain.create(tmp_path / "c", encoder=encoder, budget=900) as small:
        small.learn(PICTURES[:50], Y[:50])


def test_sums_that_would_not_fit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reverie.memory.room._LARGEST_SUMS", 10_000)
    with Brain.create(tmp_path / "b", **OPTIONS) as brain:
        with pytest.raises(BadData, match="forgettable=False"):
            brain.learn(PICTURES, Y)
        assert brain.version == 0
