"""Sets of labels: they hold the right one as often as they say, and are the same whenever a sample is asked about."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_breast_cancer, load_digits

from reverie.brain import Brain
from reverie.brain.sets import chances_of, likely
from reverie.errors import BadData

SOURCE = np.random.default_rng(0)


def clouds(n: int, apart: float) -> tuple[np.ndarray, np.ndarray]:
    """Four clouds that overlap."""
    y = SOURCE.integers(0, 4, n)
    return SOURCE.normal(size=(n, 6)) + apart * np.eye(6)[y], y


@pytest.mark.parametrize("forgettable", [True, False])
def test_sets_cover_what_they_say(forgettable: bool, tmp_path: Path) -> None:
    x, y = clouds(800, 0.8)
    new, right = clouds(2000, 0.8)
    with Brain.create(tmp_path / "b", encoder="raw", forgettable=forgettable) as brain:
        for label in range(4):
            brain.learn(x[y == label], y[y == label])
        accuracy = float((brain.predict(new) == right).mean())
        sizes = []
        for coverage in (0.8, 0.9, 0.95, 0.99):
            sets = brain.predict_sets(new, coverage=coverage)
            held = np.mean([label in some for label, some in zip(right.tolist(), sets, strict=True)])
            assert coverage - 0.02 < held < coverage + 0.07, (coverage, held)
            sizes.append(np.mean([len(some) for some in sets]))
    assert accuracy < 0.6
    assert sizes == sorted(sizes)
    assert sizes[0] < 3


@pytest.mark.parametrize("load", [load_digits, load_breast_cancer])
def test_sets_cover_real_data_at_least(load, tmp_path: Path) -> None:
    x, y = load(return_X_y=True)
    order = np.random.default_rng(1).permutation(len(y))
    test, train = order[: len(y) // 3], order[len(y) // 3 :]
    with Brain.create(tmp_path / "b", encoder="raw") as brain:
        brain.learn(x[train], y[train])
        for coverage in (0.8, 0.9, 0.95, 0.99):
            sets = brain.predict_sets(x[test], coverage=coverage)
            held = np.mean([label in some for label, some in zip(y[test].tolist(), sets, strict=True)])
            assert held > coverage - 0.02
        assert np.mean([len(some) for some in brain.predict_sets(x[test])]) < 1.3


def test_a_set_begins_with_the_answer_and_depends_on_nothing_else(tmp_path: Path) -> None:
    x, y = clouds(400, 1.0)
    with Brain.create(tmp_path / "b", encoder="raw") as brain:
        brain.learn(x, [f"class {label}" for label in y])
        sets = brain.predict_sets(x, coverage=0.9)
        assert [some[0] for some in sets] == brain.predict(x).tolist()
        assert [brain.predict_sets(x[place : place + 1], coverage=0.9)[0] for place in range(0, 400, 37)] == sets[::37]
    with Brain.open(tmp_path / "b", writer=False) as reader:
        assert reader.predict_sets(x[::-1].copy(), coverage=0.9) == sets[::-1]


def test_what_is_forgotten_is_in_no_set(tmp_path: Path) -> None:
    x, y = clouds(400, 1.0)
    with Brain.create(tmp_path / "b", encoder="raw") as brain:
        brain.learn(x, y)
        brain.forget(3)
        sets = brain.predict_sets(x, coverage=0.99)
    assert set().union(*sets) == {0, 1, 2}


def test_sets_of_one_class_and_of_what_is_not_calibrated(tmp_path: Path) -> None:
    x, y = clouds(40, 1.0)
    with Brain.create(tmp_path / "one", encoder="raw") as brain:
        with pytest.raises(BadData, match="learned nothing"):
            brain.predict_sets(x)
        brain.learn(x[:5], [7] * 5)
        assert brain.predict_sets(x[:2]) == [[7], [7]]
        for coverage in (0.0, 1.0, 95.0):
            with pytest.raises(BadData, match="coverage is"):
                brain.predict_sets(x, coverage=coverage)
    with Brain.create(tmp_path / "given", encoder="raw", ridge=1.0) as brain:
        brain.learn(x, y)
        with pytest.raises(BadData, match="Sets need probabilities"):
            brain.predict_sets(x)
    with Brain.create(tmp_path / "numbers", encoder="raw", targets="numbers") as brain:
        brain.learn(x, x[:, 0])
        with pytest.raises(BadData, match="learns numbers"):
            brain.predict_sets(x)


def test_the_last_label_enters_with_the_share_that_is_missing() -> None:
    probability = torch.tensor([[0.1, 0.6, 0.3]]).repeat(10_000, 1).double()
    chances = torch.linspace(0, 1, 10_000, dtype=torch.float64)
    inside = likely(probability, chances, 0.75)
    assert bool(inside[:, 1].all())
    assert float(inside[:, 2].double().mean()) == pytest.approx(0.5, abs=1e-3)
    assert not bool(inside[:, 0].any())
    covered = (inside.double() * probability).sum(1).mean()
    assert float(covered) == pytest.approx(0.75, abs=1e-3)


def test_chances_are_spread_evenly_and_follow_the_key() -> None:
    keys = torch.randint(0, 5, (4000, 12), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    chances = chances_of(keys)
    assert torch.equal(chances_of(keys[::2]), chances[::2])
    counts = torch.histc(chances, 10, 0, 1)
    assert 320 < float(counts.min()) <= float(counts.max()) < 480
