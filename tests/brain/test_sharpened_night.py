"""A night sharpens answers where they are better then: kept, exported, and dropped where anything is forgotten."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from reverie.brain import Brain, Plan
from reverie.edge.numpy_predictor import Predictor
from spreads import spread_classes

PLAN = Plan(keep=1.0, hidden=())


samples = partial(spread_classes, inputs=70)


@pytest.fixture(scope="module")
def slept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sharp") / "brain"
    with Brain.create(folder, encoder="raw") as brain:
        brain.learn(*samples(6000, 0))
        before = float((brain.predict(samples(1000, 1)[0]) == samples(1000, 1)[1]).mean())
        report = brain.sleep(PLAN)
        after = float((brain.predict(samples(1000, 1)[0]) == samples(1000, 1)[1]).mean())
    assert report["sharpened"]["sharpened"] and before < 0.6 < 0.75 < after
    return folder


def test_it_is_kept_and_learns_on(slept: Path) -> None:
    x, y = samples(1000, 1)
    with Brain.open(slept, writer=False) as brain:
        assert (brain.predict(x) == y).mean() > 0.75
    with Brain.open(slept) as brain:
        brain.learn(*samples(300, 2))
        assert (brain.predict(x) == y).mean() > 0.75
        brain.undo()


@pytest.mark.parametrize("name", ["model.onnx", "model"])
def test_the_export_answers_the_same(slept: Path, name: str, tmp_path: Path) -> None:
    x, _ = samples(500, 3)
    with Brain.open(slept, writer=False) as brain:
        brain.export(tmp_path / name)
        expected = brain.predict_proba(x)
    if name.endswith("onnx"):
        runtime = pytest.importorskip("onnxruntime")
        session = runtime.InferenceSession(str(tmp_path / name), providers=["CPUExecutionProvider"])
        found = session.run(["probabilities"], {session.get_inputs()[0].name: x})[0]
    else:
        found = Predictor(tmp_path / name).predict_proba(x)
    assert np.abs(found - expected).max() < 1e-6


def test_what_is_forgotten_takes_it_along(slept: Path) -> None:
    with Brain.open(slept) as brain:
        version = brain.version
        brain.learn(*samples(300, 4), name="later")
        brain.forget(name="later")
        assert brain.mind.memory.sharpening is None
        assert brain.versions()[0] > version


def test_a_night_that_gains_nothing_says_so(tmp_path: Path) -> None:
    with Brain.create(tmp_path / "brain", encoder="raw") as brain:
        brain.learn(*samples(6000, 0, spread=1.0))
        report = brain.sleep(PLAN)
        assert not report["sharpened"]["sharpened"]
        assert report["sharpened"]["aside"] > 200 and brain.mind.memory.sharpening is None
