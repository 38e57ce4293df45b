"""What a brain says of what it has not been told: new classes, strange samples, a world that changes."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from reverie.brain import NEW, Brain
from reverie.errors import BadData

X, Y = load_digits(return_X_y=True)
X = X.astype(np.float32)
OLD = Y < 8


@pytest.fixture
def brain(tmp_path: Path):
    with Brain.create(tmp_path / "b", encoder="expansion", settings={"width": 120}) as made:
        made.learn(X[:1200][OLD[:1200]], Y[:1200][OLD[:1200]])
        yield made


def test_without_labels_what_is_new_becomes_a_class(brain: Brain, tmp_path: Path) -> None:
    known, before = brain.classes, brain.predict(X[:1200])
    nines = X[1200:][Y[1200:] == 9]
    learned = brain.learn(nines)
    assert learned.new == [8]  # the next number
    assert learned.samples == int((learned.novelty >= NEW).sum()) > 0.5 * len(nines)
    assert (brain.predict(nines) == 8).mean() > 0.6
    assert (brain.predict(X[:1200][OLD[:1200]]) == before[OLD[:1200]]).mean() > 0.95
    brain.rename(8, 9)
    with Brain.open(tmp_path / "b", writer=False) as reader:
        assert reader.classes == [*known, 9]
        assert [event["kind"] for event in reader.history()] == ["learn", "learn", "rename"]
    brain.forget(9)
    assert brain.classes == known


def test_what_is_known_is_not_learned_again(brain: Brain) -> None:
    version, counts = brain.version, brain.counts
    sure = X[:1200][OLD[:1200]][brain.novelty(X[:1200][OLD[:1200]]) < NEW][:50]
    learned = brain.learn(sure)
    assert (learned.samples, learned.new, brain.version, brain.counts) == (0, [], version, counts)
    assert learned.novelty.shape == (50,)


def test_words_get_words(tmp_path: Path) -> None:
    with Brain.create(tmp_path / "b", encoder="raw") as brain:
        with pytest.raises(BadData, match="learned nothing"):
            brain.learn(X[:10])
        brain.learn(X[:600][OLD[:600]], [f"digit {label}" for label in Y[:600][OLD[:600]]])
        strange = np.full((5, 64), 40.0) * np.arange(64) % 7
        assert brain.learn(strange).new == ["new 1"]
        assert brain.learn(-9 * strange[:, ::-1].copy()).new == ["new 2"]


def test_names_that_are_refused(brain: Brain) -> None:
    for to in ("nine", 3, "", 1.5):
        with pytest.raises(BadData, match="not in use"):
            brain.rename(0, to)
    with pytest.raises(BadData, match="Unknown label 77"):
        brain.rename(77, 78)


def grey(picture: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """As a failing camera would see it."""
    return picture * 0.5 + generator.normal(4, 3, picture.shape).astype(np.float32)


@pytest.mark.parametrize("drifts", [False, True])
def test_drift_is_found_where_there_is_some(drifts: bool, tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    mixed = generator.permutation(600)
    by_class = mixed[np.argsort(Y[mixed], kind="stable")]  # classes one after the other are no drift
    later = generator.choice(1797, 1200)
    with Brain.create(tmp_path / "b", encoder="raw", ridge=1.0) as brain:
        for part in np.split(by_class, 30):
            brain.learn(X[part].reshape(-1, 8, 8), Y[part])
        for part in np.split(later[:600], 30):
            brain.learn(X[part].reshape(-1, 8, 8), Y[part])
        changed = brain.version
        for part in np.split(later[600:], 30):
            brain.learn((grey(X[part], generator) if drifts else X[part]).reshape(-1, 8, 8), Y[part])
        drift = brain.drift()
    with Brain.open(tmp_path / "b", writer=False) as again:
        assert again.drift() == drift
    assert drift.found == drifts
    if drifts:
        assert drift.since is not None
        assert changed - 5 <= drift.since <= changed + 10
        assert drift.now > 1.2 * drift.before


def test_the_watch_is_bounded_and_forgets(tmp_path: Path) -> None:
    with Brain.create(tmp_path / "b", encoder="raw") as brain:
        for _ in range(70):
            brain.learn(X[:400], Y[:400])
        watch = brain.mind.watch
        assert len(watch.values) == len(watch.versions) == 1000
        brain.forget(3)
        assert brain.mind.watch.state_dict() == {"usual": {}, "values": [], "versions": []}


def test_without_river_it_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['river'] = None\n"
        "from reverie.brain.watch import Watch\n"
        "try: Watch().look()\n"
        "except FileNotFoundError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'reverie[drift]'" in done.stdout
    assert json.dumps(done.stderr) == '""'
