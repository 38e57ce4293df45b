"""Brains with one sum for all classes sharpen by a sketch, which is exact through all of a brain's life."""

import shutil
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from reverie.brain import Brain, Plan, cost_of
from reverie.brain.mind import Mind
from reverie.edge.numpy_predictor import Predictor
from reverie.errors import CorruptFile
from reverie.memory.sketch import Sketch
from spreads import Samples, spread_classes

MADE: dict[str, Any] = {"encoder": "raw", "forgettable": False}
QUIET = Plan(hidden=())


samples = partial(spread_classes, inputs=400)


FIRST, MORE, ASKED = samples(700, 0), samples(400, 1), samples(600, 2)


def sketch_of(brain: Brain) -> Sketch:
    sketch = brain.mind.memory.sketch
    assert sketch is not None
    return sketch


def expected(brain: Brain, *learned: Samples) -> Sketch:
    """A sketch along the same directions that has learned these, and nothing else."""
    made, mind = sketch_of(brain).another(), brain.mind
    for x, y in learned:
        made.write(mind.senses.keys(mind.senses.take(x)), mind.columns(y.tolist()))
    return made


def same(one: Sketch, two: Sketch) -> bool:
    alike = [
        torch.equal(getattr(one.sums, name), getattr(two.sums, name)) for name in ("sum_h", "sum_y", "cross", "sum_yy")
    ]
    grams = [torch.equal(one.sums.gram(column).triu(), two.sums.gram(column).triu()) for column in range(3)]
    return all(alike) and all(grams) and torch.equal(one.third, two.third)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sketched") / "brain"
    with Brain.create(folder, **MADE) as brain:
        brain.learn(*FIRST)
        assert brain.mind.memory.sketch_is_whole and same(sketch_of(brain), expected(brain, FIRST))
    return folder


@pytest.fixture
def brain(first: Path, tmp_path: Path) -> Any:
    shutil.copytree(first, tmp_path / "brain")
    with Brain.open(tmp_path / "brain") as made:
        yield made


def test_what_is_learned_and_forgotten(brain: Brain) -> None:
    x, y = MORE
    brain.learn(x[:150], y[:150], name="some")
    brain.learn(x[150:152], y[150:152], weights=[3, 2])
    for row in range(152, 156):
        brain.learn(x[row : row + 1], y[row : row + 1])
    brain.learn(x[200:], y[200:])
    twice = [150, 150, 150, 151, 151]
    left = (FIRST, (x[twice], y[twice]), (x[152:156], y[152:156]), (x[200:], y[200:]))
    assert same(sketch_of(brain), expected(brain, (x[:150], y[:150]), *left))
    brain.forget(name="some")
    assert same(sketch_of(brain), expected(brain, *left))
    brain.forget(x=x[200:], y=y[200:])
    assert same(sketch_of(brain), expected(brain, *left[:3])) and brain.mind.memory.sketch_is_whole
    brain.correct(x[152:153], to=int(y[152] + 1) % 3, was=int(y[152]))
    counts = brain.counts
    assert sketch_of(brain).counts(3).tolist() == [counts[label] for label in brain.mind.labels]


def test_the_log_gives_it_back(brain: Brain) -> None:
    brain.learn(MORE[0][:50], MORE[1][:50], name="few")
    brain.learn(MORE[0][50:], MORE[1][50:])
    brain.forget(name="few")
    brain.close()
    with Brain.open(brain.folder) as again:
        assert same(sketch_of(again), expected(again, FIRST, (MORE[0][50:], MORE[1][50:])))


def test_rolled_back(brain: Brain) -> None:
    version = brain.version
    brain.learn(*MORE)
    brain.rollback(version)
    assert same(sketch_of(brain), expected(brain, FIRST))


def test_merged(brain: Brain, first: Path, tmp_path: Path) -> None:
    shutil.copytree(first, tmp_path / "other")
    with Brain.open(tmp_path / "other") as other:
        other.learn(*MORE)
        brain.merge(other)
    assert same(sketch_of(brain), expected(brain, FIRST, FIRST, MORE)) and brain.mind.memory.sketch_is_whole


def test_a_night_sharpens_and_is_exported(tmp_path: Path) -> None:
    with Brain.create(tmp_path / "brain", **MADE) as brain:
        for seed in range(3):
            brain.learn(*samples(2000, seed))
        x, y = ASKED
        before = float((brain.predict(x) == y).mean())
        report = brain.sleep(QUIET)
        assert report["verdict"] == "committed" and report["sharpened"]["sharpened"]
        assert report["inputs"] == [400, 400] and "pruning" in report["left_out"]
        assert before < 0.6 < 0.75 < float((brain.predict(x) == y).mean())
        brain.export(tmp_path / "model")
        assert np.abs(Predictor(tmp_path / "model").predict_proba(x) - brain.predict_proba(x)).max() < 1e-6
        told = cost_of(brain, sleep=False)
        assert told["sketch"]["directions"] == 100 and 0 < told["sketch"]["bytes"] < brain.state_bytes
        assert told["aside_bytes"] > 200 * 400
        brain.learn(*MORE)
        assert float((brain.predict(x) == y).mean()) > 0.75
        brain.forget(x=MORE[0], y=MORE[1])
        assert brain.mind.memory.sharpening is None and brain.mind.memory.sketch_is_whole
        assert brain.sleep(QUIET)["sharpened"]["sharpened"]


def planted(tmp_path: Path, *learned: Samples) -> tuple[float, float, dict[str, Any]]:
    """Accuracy before and after a night, and what it measured."""
    with Brain.create(tmp_path / "brain", **MADE) as brain:
        for x, y in learned:
            brain.learn(x, y)
        before = float((brain.predict(ASKED[0]) == ASKED[1]).mean())
        report = brain.sleep(Plan(keep=1.0, hidden=()))
        return before, float((brain.predict(ASKED[0]) == ASKED[1]).mean()), report["sharpened"]


def test_noise_in_what_is_kept_aside_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from reverie.brain.aside import Aside

    kept = Aside.of

    def noisy(keys: torch.Tensor, columns: torch.Tensor) -> Any:
        found = kept(keys, columns)
        source = torch.Generator().manual_seed(0)
        return found | {"columns": columns[torch.randint(len(columns), (len(found["columns"]),), generator=source)]}

    monkeypatch.setattr(Aside, "of", staticmethod(noisy))
    before, after, told = planted(tmp_path, *(samples(2000, seed) for seed in range(2)))
    assert told["aside"] > 100 and not told["sharpened"] and after == before


def test_wrong_labels_of_half_a_class_do_no_harm(tmp_path: Path) -> None:
    learned = []
    for seed in range(2):
        x, y = samples(2000, seed)
        wrong = np.flatnonzero(y == 0)[::2]
        y[wrong] = 1
        learned.append((x, y))
    before, after, told = planted(tmp_path, *learned)
    assert after >= before - 0.02
    assert not told["sharpened"] or told["sharp_loss"] < told["loss"] - 2 * told["error"]


def test_noise_in_the_sketch_does_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Sketch.project

    def noisy(self: Sketch, keys: torch.Tensor) -> torch.Tensor:
        u = write(self, keys)
        source = torch.Generator().manual_seed(int(keys.long().sum()) % 2**31)
        return torch.where(
            torch.rand(u.shape, generator=source) < 0.5, torch.randint(-127, 128, u.shape, generator=source), u
        ).to(torch.int8)

    monkeypatch.setattr(Sketch, "project", noisy)
    before, after, _ = planted(tmp_path, *(samples(2000, seed) for seed in range(2)))
    assert after >= before - 0.02


def test_pruned_brains_begin_another(brain: Brain) -> None:
    brain.learn(MORE[0][:100], MORE[1][:100], name="early")
    report = brain.sleep(Plan(keep=0.99, tolerance=1.0, hidden=(), retention=0.0))
    assert report["verdict"] == "committed" and report["inputs"][1] == 396
    assert brain.mind.memory.sketch is None  # fewer than 400 inputs


def test_a_sketch_that_is_not_whole_begins_anew(first: Path, tmp_path: Path) -> None:
    """What was learned before it was begun is not in it; where such samples are forgotten, the keys aside are kept."""
    with Brain.create(tmp_path / "one", **MADE) as one:
        one.learn(FIRST[0][:90], FIRST[1][:90], name="early")  # too few for directions
        assert one.mind.memory.sketch is None and one.mind.aside is not None
        one.learn(FIRST[0][90:], FIRST[1][90:])
        one.sleep(Plan(keep=1.0, hidden=()))
        aside = one.mind.aside
        kept = len(aside.columns)
        assert kept > 10 and sketch_of(one).counts(3).sum() == kept and not one.mind.memory.sketch_is_whole
        one.learn(*MORE, name="late")
        assert sketch_of(one).counts(3).sum() == kept + 400
        one.forget(name="late")
        assert sketch_of(one).counts(3).sum() == kept
        one.learn(*MORE)
        one.forget(name="early")
        mind: Mind = one.mind
        assert mind.aside is not None and len(mind.aside.columns) < kept + 60
        assert sketch_of(one).counts(3).sum() == len(mind.aside.columns)
        version, before = one.version, sketch_of(one)
    with Brain.open(tmp_path / "one") as again:
        assert again.version == version and same(sketch_of(again), before)


def test_left_out(tmp_path: Path) -> None:
    for place, made in enumerate(({"sketch": False}, {"aside": False}, {"budget": 999_999})):
        with Brain.create(tmp_path / str(place), **(MADE | made)) as brain:
            brain.learn(*FIRST)
            assert brain.mind.memory.sketch is None and brain.mind.aside is None


def test_within_a_budget(tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (600, 16, 16, 3), dtype=np.uint8)
    y = np.arange(600) % 3
    budget = 2_000_000
    with Brain.create(tmp_path / "brain", encoder="cortex", budget=budget, settings={"epochs": 0}) as brain:
        brain.learn(pictures, y)
        assert sketch_of(brain).width >= 40
        assert brain.state_bytes <= budget
        report = brain.sleep()
        assert report["state_bytes"][1] <= budget and report["verdict"] == "committed"


def test_a_strangers_sketch(brain: Brain, monkeypatch: pytest.MonkeyPatch) -> None:
    state = Sketch.state
    monkeypatch.setattr(Sketch, "state", lambda self: state(self) | {"step": self.step * 0})
    brain.sleep(Plan(keep=1.0, hidden=()))  # writes a snapshot
    brain.close()
    monkeypatch.undo()
    with pytest.raises(CorruptFile, match="sketch"):
        Brain.open(brain.folder)
