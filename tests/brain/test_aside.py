"""Keys aside: which ones, and that they are forgotten, merged and pruned with what they are of."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from commands import here
from reverie.brain import Brain, Plan
from reverie.brain.aside import Aside
from reverie.errors import CorruptFile

X, Y = load_digits(return_X_y=True)
MADE: dict[str, Any] = {"encoder": "expansion", "settings": {"width": 200}}
KEYS = torch.randint(0, 100, (5000, 12), generator=torch.Generator().manual_seed(0))
OF = torch.arange(5000) % 7


def rows(aside: Aside) -> set[tuple[int, ...]]:
    return {(*key, column) for key, column in zip(aside.keys.tolist(), aside.columns.tolist(), strict=True)}


def test_the_choice_does_not_depend_on_the_order() -> None:
    one, two = Aside(), Aside()
    one.add(Aside.of(KEYS, OF), None)
    order = torch.randperm(5000, generator=torch.Generator().manual_seed(1))
    for part in order.split(300):
        two.add(Aside.of(KEYS[part], OF[part]), None)
    assert rows(one) == rows(two) and 180 < len(rows(one)) < 320


def test_there_are_two_thousand_at_most() -> None:
    aside = Aside()
    for seed in range(12):
        keys = torch.randint(0, 100, (5000, 12), generator=torch.Generator().manual_seed(seed))
        aside.add(Aside.of(keys, OF), "a" if seed % 2 else None)
    assert len(aside.columns) == len(aside.keys) == len(aside.names) == 2000


def test_what_is_forgotten_is_not_aside() -> None:
    aside = Aside()
    aside.add(Aside.of(KEYS[:2500], OF[:2500]), "first")
    aside.add(Aside.of(KEYS[2500:], OF[2500:]), None)
    later = Aside()
    later.add(Aside.of(KEYS[2500:], OF[2500:]), None)
    aside.forget_name("first")
    assert rows(aside) == rows(later)
    aside.forget_keys(KEYS[2500:3500])
    aside.forget_column(3)
    assert all(column < 6 for column in aside.columns.tolist())
    kept = Aside()
    stays = OF[3500:] != 3
    moved = OF[3500:][stays] - (OF[3500:][stays] > 3).long()
    kept.add(Aside.of(KEYS[3500:][stays], moved), None)
    assert rows(aside) == rows(kept)


def test_a_brain_keeps_and_forgets_them(tmp_path: Path) -> None:
    with Brain.create(tmp_path / "brain", **MADE) as brain:
        brain.learn(X, Y, name="all")
        aside = brain.mind.aside
        assert aside is not None and 50 < len(aside.columns) < 140
        brain.forget(4)
        four = [label == 4 for label in np.asarray(brain.mind.labels)[aside.columns]]
        assert not any(four)
        before = rows(aside)
    with Brain.open(tmp_path / "brain") as brain:
        aside = brain.mind.aside
        assert aside is not None and rows(aside) == before
        brain.forget(name="all")
        assert not len(aside.columns)


def test_samples_that_are_forgotten_or_corrected(tmp_path: Path) -> None:
    with Brain.create(tmp_path / "brain", **MADE) as brain, Brain.create(tmp_path / "other", **MADE) as other:
        brain.learn(X[:500], Y[:500])
        other.learn(X[:500], Y[:500])
        brain.learn(X[500:], Y[500:])
        brain.forget(x=X[500:], y=Y[500:])
        mine, others = brain.mind.aside, other.mind.aside
        assert mine is not None and others is not None and rows(mine) == rows(others)
        keys = brain.mind.senses.keys(brain.mind.senses.take(X[:500]))
        place = next(i for i in range(500) if len(Aside.of(keys[i : i + 1], torch.tensor([0]))["columns"]))
        wrong = int(Y[place])
        brain.correct(X[place : place + 1], (wrong + 1) % 10, was=wrong)
        assert len(mine.columns) == len(others.columns) - 1


def test_merged_pruned_and_slept(tmp_path: Path) -> None:
    with Brain.create(tmp_path / "one", **MADE) as one:
        one.learn(X[:600], Y[:600])
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    with Brain.open(tmp_path / "one") as one, Brain.open(tmp_path / "two") as two:
        one.learn(X[600:1000], Y[600:1000])
        two.learn(X[1000:], Y[1000:])
        count = len(one.mind.aside.columns)  # type: ignore[union-attr]
        one.merge(two)
        assert len(one.mind.aside.columns) > count  # type: ignore[union-attr]
        report = one.sleep(Plan(keep=0.5, tolerance=1.0, hidden=()))
        aside = one.mind.aside
        assert aside is not None and aside.keys.shape[1] == one.mind.memory.width
        assert report["sharpened"]["aside"] > 20


def test_none_are_kept_where_none_are_wanted(tmp_path: Path) -> None:
    for place, made in enumerate(({"aside": False}, {"forgettable": False}, {"budget": 10**6})):  # the keys are small
        with Brain.create(tmp_path / str(place), **(MADE | made if place < 2 else {"encoder": "raw"} | made)) as brain:
            brain.learn(X, Y)
            assert brain.mind.aside is None and "aside" not in brain.state_dict()
            assert not brain.sleep(Plan(hidden=()))["sharpened"]["sharpened"]


def test_a_strangers_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        Aside, "of", staticmethod(lambda keys, columns: {"keys": keys[:1], "columns": torch.tensor([99])})
    )
    with Brain.create(tmp_path / "brain", **MADE) as brain:
        brain.learn(X[:50], Y[:50])
    with pytest.raises(CorruptFile, match="aside"):
        Brain.open(tmp_path / "brain")


def test_what_is_no_yes_or_no_is_refused_before_there_is_a_folder(tmp_path: Path) -> None:
    done = here("brain", "create", tmp_path / "brain", "--set", "aside=3")
    assert done.returncode == 2 and "aside is 3. Expected true or false" in done.stderr
    assert not (tmp_path / "brain").exists()
