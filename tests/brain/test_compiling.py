"""A night compiles the senses to eight bits; the brain goes on with its life, and what would harm is rolled back."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from reverie.brain import Brain, Plan
from reverie.edge.numpy_predictor import Predictor
from reverie.layers import Expansion, IntegerCortex, IntegerExpansion, VisualCortex
from reverie.senses.made_up import made_up_pictures

X, Y = load_digits(return_X_y=True)
PICTURES = (X.reshape(-1, 8, 8) * 15.9).astype(np.uint8)
OLD, NEW = Y < 7, (Y >= 7) & (np.arange(len(Y)) % 2 == 0)
HELD = (Y >= 7) & ~NEW
NIGHT = Plan(hidden=(), tolerance=0.05, keep=0.7)


@pytest.fixture(autouse=True)
def compiles_small_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reverie.senses.coded._PAYS", 0)
    monkeypatch.setattr("reverie.senses.cortex.pays_here", lambda: True)


@pytest.fixture
def brain(tmp_path: Path) -> Any:
    settings = {"filters": 24, "patch": 4, "patches": 5000, "precision": "bfloat16"}
    with Brain.create(tmp_path / "b", encoder="cortex", settings=settings) as made:
        made.learn(PICTURES[OLD], Y[OLD])
        yield made


def compiled(brain: Brain) -> bool:
    return brain.mind.senses.compiled is not None


def right(brain: Brain, part: Any) -> float:
    return float((brain.predict(PICTURES[part]) == Y[part]).mean())


def test_it_answers_as_before_and_is_found_again(brain: Brain, tmp_path: Path) -> None:
    before = brain.predict(PICTURES[OLD])
    report = brain.sleep(NIGHT)
    assert report["verdict"] == "committed"
    assert report["retention"]["senses"] > 0.95
    assert compiled(brain)
    assert float((brain.predict(PICTURES[OLD]) == before).mean()) > 0.99
    with Brain.open(tmp_path / "b", writer=False) as again:
        assert np.array_equal(again.predict_proba(PICTURES), brain.predict_proba(PICTURES))


def test_it_learns_forgets_and_sleeps_again(brain: Brain) -> None:
    version = brain.version
    awake = brain.predict_proba(PICTURES)
    brain.sleep(NIGHT)
    asleep = brain.predict_proba(PICTURES)
    brain.learn(PICTURES[NEW], Y[NEW], name="late")
    assert right(brain, HELD) > 0.9
    assert right(brain, OLD) > 0.97
    assert brain.sleep(NIGHT)["verdict"] == "committed"
    assert compiled(brain)
    brain.rollback(version)
    assert not compiled(brain)
    np.testing.assert_allclose(brain.predict_proba(PICTURES), awake, atol=1e-9)
    brain.rollback(version + 1)
    np.testing.assert_allclose(brain.predict_proba(PICTURES), asleep, atol=1e-9)
    brain.learn(PICTURES[NEW], Y[NEW], name="late")
    brain.forget(name="late")
    brain.learn(PICTURES[NEW], Y[NEW])
    brain.forget(x=PICTURES[NEW], y=Y[NEW])
    np.testing.assert_allclose(brain.predict_proba(PICTURES), asleep, atol=1e-6)


def test_samples_of_before_are_forgotten_exactly(tmp_path: Path) -> None:
    settings = {"filters": 60, "patch": 4, "patches": 5000}
    with Brain.create(tmp_path / "b", encoder="cortex", settings=settings, forgettable=False, ridge=10.0) as brain:
        brain.learn(PICTURES[:300], Y[:300])
        without = brain.predict_proba(PICTURES)
        brain.learn(PICTURES[300:1000], Y[300:1000])
        assert brain.sleep(Plan(hidden=(), keep=1.0))["verdict"] == "committed"
        assert compiled(brain)
        brain.forget(x=PICTURES[300:1000], y=Y[300:1000])  # an error of a spike would leave sums that are no squares
        difference = np.abs(brain.predict_proba(PICTURES) - without)  # only that of eyes which have been compiled
        assert float(difference.mean()) < 0.01
        brain.mind.senses.sense.compiled = None
        np.testing.assert_allclose(brain.predict_proba(PICTURES), without, atol=1e-8)


def test_one_that_sleeps_merges_with_one_that_is_awake(brain: Brain, tmp_path: Path) -> None:
    shutil.copytree(tmp_path / "b", tmp_path / "twin", ignore=shutil.ignore_patterns("lock", "holder.json"))
    with Brain.open(tmp_path / "twin") as twin:
        twin.learn(PICTURES[NEW], Y[NEW])
        brain.sleep(NIGHT)
        width = brain.mind.memory.width
        brain.merge(twin)
        assert brain.mind.memory.width == width
        assert compiled(brain)
        assert right(brain, HELD) > 0.9
        twin.merge(brain)
        assert not compiled(twin)
        assert right(twin, HELD) > 0.9


def test_senses_that_were_spoiled_are_not_kept(brain: Brain, monkeypatch: pytest.MonkeyPatch) -> None:
    real = IntegerCortex.of

    def spoiled(cortex: VisualCortex) -> IntegerCortex:
        made = real(cortex)
        made.kernel.copy_(made.kernel.flip(0))  # every cell tells what another one saw
        return made

    monkeypatch.setattr(IntegerCortex, "of", spoiled)
    before = brain.predict_proba(PICTURES)
    report = brain.sleep(replace(NIGHT, compile=True))
    assert report["verdict"] == "rolled back"
    assert "the senses would recognise only" in report["reason"]
    np.testing.assert_allclose(brain.predict_proba(PICTURES), before, atol=1e-9)
    assert not compiled(brain)
    report = brain.sleep(NIGHT)
    assert report["verdict"] == "committed" and not compiled(brain)
    assert "the compiled senses would recognise only" in report["left_out"]


def test_who_does_not_want_it_or_cannot_have_it(brain: Brain, tmp_path: Path) -> None:
    assert "senses" not in brain.sleep(Plan(hidden=(), tolerance=0.05, compile=False))["retention"]
    assert not compiled(brain)
    settings = {"filters": 24, "patch": 4, "patches": 5000}
    with Brain.create(tmp_path / "floats", encoder="cortex", settings=settings) as floats:
        floats.learn(PICTURES[OLD].astype(np.float32) * 3 - 50, Y[OLD])  # no grey levels
        assert floats.sleep(NIGHT)["verdict"] == "committed"
        assert not compiled(floats)


def test_fractions_of_white_are_compiled_as_grey_levels_are(brain: Brain, tmp_path: Path) -> None:
    fractions = (PICTURES / 255).astype(np.float32)
    settings = {"filters": 24, "patch": 4, "patches": 5000, "precision": "bfloat16"}
    with Brain.create(tmp_path / "f", encoder="cortex", settings=settings) as other:
        other.learn(fractions[OLD], Y[OLD])
        for one in (brain, other):
            one.sleep(NIGHT)
            assert compiled(one)
        with Brain.open(tmp_path / "f", writer=False) as again:
            assert np.array_equal(again.predict(fractions), brain.predict(PICTURES))


@pytest.mark.parametrize("shape", [(8, 9), (20, 11, 3)])
def test_made_up_pictures_are_of_every_kind(shape: tuple[int, ...]) -> None:
    pictures = made_up_pictures(50, shape, torch.Generator().manual_seed(0))
    assert pictures.shape == (50, *shape)
    means = pictures.float().flatten(1).mean(1)
    assert float(means.min()) < 60
    assert float(means.max()) > 190
    assert float(pictures.float().flatten(1).std(1).median()) > 10


def test_an_expansion_is_compiled_too(tmp_path: Path) -> None:
    x = X.astype(np.float32)
    with Brain.create(tmp_path / "b", encoder="expansion", settings={"width": 400}) as brain:
        brain.learn(x[OLD], Y[OLD])
        before = brain.predict(x[OLD])
        report = brain.sleep(NIGHT)
        assert report["verdict"] == "committed"
        assert report["retention"]["senses"] > 0.95
        assert isinstance(brain.mind.senses.compiled, IntegerExpansion)
        asleep = brain.predict_proba(x)
        assert float((brain.predict(x[OLD]) == before).mean()) > 0.99
        with Brain.open(tmp_path / "b", writer=False) as again:
            assert np.array_equal(again.predict_proba(x), asleep)
        brain.learn(x[NEW], Y[NEW], name="late")  # what is learned passes the expansion as it was
        assert float((brain.predict(x[HELD]) == Y[HELD]).mean()) > 0.9
        brain.forget(name="late")
        np.testing.assert_allclose(brain.predict_proba(x), asleep, atol=1e-2)
        assert brain.sleep(NIGHT)["verdict"] == "committed"
        assert isinstance(brain.mind.senses.compiled, IntegerExpansion)


def test_senses_that_were_compiled_wrongly_are_rolled_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x = X.astype(np.float32)
    with Brain.create(tmp_path / "b", encoder="expansion", settings={"width": 400}) as brain:
        brain.learn(x, Y)
        before = brain.predict_proba(x)

        def wrong(expansion: Expansion) -> IntegerExpansion:
            made = right_one(expansion)
            return IntegerExpansion(made.kernel.flip(1), made.constant, made.bias, winners=made.winners)

        right_one = IntegerExpansion.of
        monkeypatch.setattr(IntegerExpansion, "of", wrong)
        report = brain.sleep(replace(NIGHT, compile=True))
        assert report["verdict"] == "rolled back"
        assert "senses" in report["reason"]
        assert np.array_equal(brain.predict_proba(x), before)


@pytest.mark.parametrize(("far", "spread"), [(0, 0), (300, 0), (2024, 0), (0, 300), (0, 1000)])
def test_numbers_are_told_beside_one_that_is_far_larger(tmp_path: Path, far: float, spread: float) -> None:
    one = far + spread * np.random.default_rng(0).normal(size=len(X))
    x = np.column_stack([(X - X.mean(0)) / (X.std(0) + 1), one]).astype(np.float32)
    with Brain.create(tmp_path / "b", encoder="expansion", settings={"width": 400}) as brain:
        brain.learn(x[:900], Y[:900])
        before = float((brain.predict(x[900:]) == Y[900:]).mean())
        assert brain.sleep(Plan(hidden=(), keep=1.0, retention=0))["verdict"] == "committed"
        assert compiled(brain)
        assert float((brain.predict(x[900:]) == Y[900:]).mean()) > before - 0.02


@pytest.mark.parametrize("active", [0.1, 0.8])  # the second has more winners than a night leaves cells
def test_cells_that_compete_still_do_when_some_are_pruned(tmp_path: Path, active: float) -> None:
    x, settings = X.astype(np.float32), {"width": 200, "kind": "kwta", "active": active}
    with Brain.create(tmp_path / "b", encoder="expansion", settings=settings, forgettable=False) as brain:
        brain.learn(x[:600], Y[:600])
        keys = brain.mind.senses.keys(torch.from_numpy(x))
        assert brain.sleep(Plan(hidden=(), tolerance=0.2))["verdict"] == "committed"
        kept = brain.mind.senses.sense.kept
        assert kept is not None
        assert torch.equal(brain.mind.senses.keys(torch.from_numpy(x)), keys[:, kept])
        asleep = brain.predict_proba(x)
        with Brain.open(tmp_path / "b", writer=False) as again:
            assert np.array_equal(again.predict_proba(x), asleep)
        brain.learn(x[600:1200], Y[600:1200])
        brain.forget(x=x[:600], y=Y[:600])  # keys of other cells would leave sums that are no squares
        assert float((brain.predict(x[1200:]) == Y[1200:]).mean()) > 0.8
        assert brain.sleep(Plan(hidden=(), tolerance=0.2))["verdict"] == "committed"
        brain.export(tmp_path / "edge")
        assert np.array_equal(Predictor(tmp_path / "edge").predict(x), brain.predict(x))


def test_a_small_expansion_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    with Brain.create(tmp_path / "b", encoder="expansion", settings={"width": 400}) as brain:
        brain.learn(X[OLD].astype(np.float32), Y[OLD])
        assert brain.sleep(NIGHT)["verdict"] == "committed"
        assert not compiled(brain)


def test_one_that_a_night_has_made_small_is_compiled_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reverie.senses.coded._PAYS", 65 * 300)
    x = X.astype(np.float32)
    with Brain.create(tmp_path / "b", encoder="expansion", settings={"width": 400}) as brain:
        brain.learn(x, Y)
        brain.sleep(Plan(hidden=(), keep=0.9, tolerance=1.0))
        assert compiled(brain)
        brain.sleep(Plan(hidden=(), keep=0.6, tolerance=1.0))
        assert not compiled(brain)
        assert float((brain.predict(x) == Y).mean()) > 0.9


def test_a_cortex_is_not_compiled_where_that_would_be_slower(brain: Brain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reverie.senses.cortex.pays_here", lambda: False)
    report = brain.sleep(NIGHT)
    assert report["verdict"] == "committed" and "senses" not in report["retention"] and not compiled(brain)
    assert brain.sleep(replace(NIGHT, compile=True))["verdict"] == "committed" and compiled(brain)
