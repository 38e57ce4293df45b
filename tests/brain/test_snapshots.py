"""The folder of a brain stays small: differences, how many there are, what damage does to them, kills in between."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from sklearn.datasets import load_digits

from reverie.brain import Brain
from reverie.brain.store import Store
from reverie.checkpoint import load_head, pack_state, save_parts, save_state
from reverie.errors import BadData, CorruptFile, MissingData, ReverieError

X, Y = load_digits(return_X_y=True)
OPTIONS: dict[str, Any] = {"encoder": "expansion", "settings": {"width": 40}, "ridge": 1.0}


@pytest.fixture(autouse=True)
def small_folders_are_kept_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reverie.brain.history._LEAST", 0)


def knows(brain: Brain) -> str:
    """Digest of what it has learned, but for its history."""
    state = brain.state_dict()
    return hashlib.sha256(
        pack_state({name: state[name] for name in ("senses", "memory", "labels", "watch")})
    ).hexdigest()


def lived(folder: Path, snapshots: int = 8, **options: Any) -> dict[int, str]:
    """A brain with so many snapshots, two changes apart; what it knows at each version."""
    known = {}
    with Brain.create(folder, **OPTIONS, **options) as brain:
        brain.learn(X[:60], Y[:60])
        known[1] = knows(brain)
        for start in range(60, 60 + 8 * snapshots, 8):
            for part in (slice(start, start + 4), slice(start + 4, start + 8)):
                brain.learn(X[part], Y[part])
                known[brain.version] = knows(brain)
            brain._durable.replace(brain.mind)
    return known


@pytest.fixture
def life(tmp_path: Path) -> tuple[Path, dict[int, str]]:
    return tmp_path / "b", lived(tmp_path / "b")


def folder_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def forms(folder: Path) -> dict[int, int | None]:
    """Of each snapshot, the one that it builds on."""
    store = Store(folder, writer=False)
    return {version: store._snapshots.onto(version) for version in store.snapshots()}


def place(folder: Path, version: int) -> Path:
    return folder / "snapshots" / f"{version:012d}"


def damaged(folder: Path, version: int, name: str = "*.safetensors") -> None:
    file = next(place(folder, version).glob(name))
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def test_every_version_that_is_said_to_be_kept_is_kept(life: tuple[Path, dict[int, str]]) -> None:
    folder, known = life
    with Brain.open(folder, writer=False) as brain:
        assert folder_bytes(folder) <= 2 * brain.state_bytes
        kept = brain.versions()
    by = forms(folder)
    assert sum(onto is not None for onto in by.values()) >= 2
    assert [*by.values()][-2:] == [None, None]
    assert {*by} <= {*kept}
    for version in kept:
        shutil.copytree(folder, folder.with_name(str(version)))
        with Brain.open(folder.with_name(str(version))) as brain:
            brain.rollback(version)
            assert knows(brain) == known[version]


def test_the_folder_never_passes_its_room(tmp_path: Path) -> None:
    with Brain.create(tmp_path / "b", **OPTIONS | {"settings": {"width": 150}}) as brain:
        brain.learn(X[:60], Y[:60])
        for start in range(60, 700, 4):
            brain.learn(X[start : start + 4], Y[start : start + 4])
            assert folder_bytes(tmp_path / "b") <= brain._store.room <= 2 * brain.state_bytes
            assert brain.version - 1 in brain.versions()  # the last change can always be undone
        before = knows(brain)
        brain.learn(X[:40], Y[:40])
        brain.undo()
        assert knows(brain) == before


def test_more_room_keeps_more(tmp_path: Path) -> None:
    lived(tmp_path / "tight", 14, disk=1.5)
    lived(tmp_path / "large", 14, disk=20.0)
    lived(tmp_path / "many", 14, disk=20.0, history=20)
    kept = [len(forms(tmp_path / name)) for name in ("tight", "large", "many")]
    assert kept[0] < kept[1] == 10 < kept[2] == 15


def test_days_are_thinned_and_what_built_on_the_others_can_still_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = iter(f"2026-07-{1 + number // 3:02d}" for number in range(100))
    monkeypatch.setattr("reverie.brain.snapshots.today", lambda: next(days))
    folder = tmp_path / "b"
    known = lived(folder, 14, history=2, disk=2.5)
    by = forms(folder)
    assert [*by] == [5, 11, 17, 23, 27, 29]  # the third, sixth, … snapshot, and the last two
    assert all(onto is None or onto in by for onto in by.values()) and any(by.values())
    for version in [*by][:-1]:
        shutil.copytree(folder, tmp_path / "copy")
        with Brain.open(tmp_path / "copy") as brain:
            brain.rollback(version)
            assert knows(brain) == known[version]
        shutil.rmtree(tmp_path / "copy")


def test_forgetting_reaches_every_difference(life: tuple[Path, dict[int, str]]) -> None:
    folder, _ = life
    old = {file for file in folder.rglob("*") if file.is_file() and file.parent.parent.name == "snapshots"}
    with Brain.open(folder) as brain:
        brain.forget(3)
        brain._durable.replace(brain.mind)
        assert brain.versions() == [brain.version]
        assert not any(file.exists() for file in old)
        with pytest.raises(BadData, match="what was forgotten is kept nowhere"):
            brain.undo()


# damage


def test_a_damaged_newest_snapshot_loses_nothing(life: tuple[Path, dict[int, str]]) -> None:
    folder, known = life
    newest = max(forms(folder))
    damaged(folder, newest)
    with pytest.raises(CorruptFile, match="SHA-256"):
        Brain.open(folder)
    with Brain.open(folder, recover=True) as brain:
        assert brain.history()[-1]["lost"] is None
        assert knows(brain) == known[newest]
        assert folder_bytes(folder) <= brain._store.room
        assert newest not in forms(folder)
        kept = [version for version in forms(folder) if version < newest]
        assert len(kept) >= 2
        brain.rollback(kept[0])
        assert knows(brain) == known[kept[0]]


@pytest.mark.parametrize("name", ["*.safetensors", "state.json"])
def test_damage_of_an_old_snapshot_hurts_only_what_builds_on_it(name: str, life: tuple[Path, dict[int, str]]) -> None:
    folder, known = life
    by = forms(folder)
    for version in [*by][:-1]:
        copy = folder.with_name(f"{version}")
        shutil.copytree(folder, copy)
        damaged(copy, version, name)
        hurt = {version}
        while more := {one for one, onto in by.items() if onto in hurt} - hurt:
            hurt |= more
        with Brain.open(copy) as brain:
            assert knows(brain) == known[max(by)]
            for one in hurt:
                with pytest.raises(CorruptFile):
                    brain.rollback(one)
            well = [one for one in by if one not in hurt and one < max(by)]
            for start in range(800, 900, 4):  # it goes on, and what is damaged goes when room is needed
                brain.learn(X[start : start + 4], Y[start : start + 4])
                if start % 16 == 0:
                    brain._durable.replace(brain.mind)
                assert folder_bytes(copy) <= brain._store.room
            assert not hurt & {*brain._store.snapshots()}
            assert brain.undo()
        assert well or version == [*by][-2]


def test_a_snapshot_that_others_build_on_is_gone(life: tuple[Path, dict[int, str]]) -> None:
    folder, _ = life
    by = forms(folder)
    base = next(onto for onto in by.values() if onto is not None)
    shutil.rmtree(place(folder, base))
    with Brain.open(folder) as brain:
        with pytest.raises(MissingData, match=f"{base:012d}"):
            brain.rollback(min(by))
        brain.learn(X[:4], Y[:4])


def rewritten(folder: Path, version: int, **changes: Any) -> None:
    """A snapshot as a stranger could write it: all checksums fit."""
    head = load_head(place(folder, version), kind="brain")
    tensors = load_file(place(folder, version) / head["file"])
    save_parts(place(folder, version), head["tree"], tensors, kind="brain", about=head["about"] | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"onto": 1},
        {"onto": 10**11},
        {"onto": "newest"},
        {"onto": 2.5},
        {"onto": None},
        {"content": "0" * 64},
        {"content": None},
        {"packed": None},
        {"packed": {}},
        {"packed": {"0": {"way": "whole", "dtype": "int64", "shape": [2**40], "deflated": [True] * 8}}},
        {"packed": {"0": {"way": "plain", "dtype": "int64", "shape": [2**40]}}},
    ],
    ids=str,
)
def test_a_hostile_difference_is_refused(changes: dict[str, Any], life: tuple[Path, dict[int, str]]) -> None:
    folder, known = life
    version = min(forms(folder))
    rewritten(folder, version, **changes)
    with Brain.open(folder) as brain:
        with pytest.raises((CorruptFile, MissingData)):
            brain.rollback(version)
        assert knows(brain) == known[max(known)]
        brain._durable.replace(brain.mind)
        brain.learn(X[:4], Y[:4])


def test_a_newest_snapshot_that_is_a_difference_is_refused(life: tuple[Path, dict[int, str]]) -> None:
    folder, _ = life
    rewritten(folder, max(forms(folder)), onto=max(forms(folder)) + 1)
    with pytest.raises(ReverieError):
        Brain.open(folder)


# interruptions


class Stopped(BaseException):
    """As a kill: nothing that the product catches."""


_CALLS = ("open", "write", "fsync", "replace", "unlink", "rmdir", "mkdir", "close")


def interrupted(monkeypatch: pytest.MonkeyPatch, at: int) -> Iterator[None]:
    """Nothing that the `at`-th call of the system would have done is done, nor anything after it."""
    calls = 0
    for name in _CALLS:
        real = getattr(os, name)

        def call(*given: Any, real: Any = real, name: str = name, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls >= at:
                if name == "close":
                    real(*given)
                elif name == "write" and calls == at:
                    real(given[0], bytes(given[1])[: len(given[1]) // 2])
                raise Stopped
            return real(*given, **named)

        monkeypatch.setattr(os, name, call)
    yield


def test_a_kill_at_any_call_of_a_rewriting_leaves_either_form(
    life: tuple[Path, dict[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, known = life
    whole = [version for version, onto in forms(folder).items() if onto is None]
    older, newer = whole[0], whole[1]
    seen = set()
    for at in range(1, 200):
        copy = folder.with_name(f"{at}")
        shutil.copytree(folder, copy)
        store = Store(copy, writer=False)
        with monkeypatch.context() as patch:
            for _ in interrupted(patch, at):
                try:
                    store._snapshots.shrink(older, newer)
                    stopped = False
                except Stopped:
                    stopped = True
        seen.add(forms(copy)[older])
        with Brain.open(copy) as brain:
            assert knows(brain) == known[max(known)]
            assert len([*place(copy, older).iterdir()]) == 2  # what was left over is swept
            brain.rollback(older)
            assert knows(brain) == known[older]
        shutil.rmtree(copy)
        if not stopped:
            break
    assert not stopped and seen == {None, newer}


# folders of before


def test_a_folder_with_whole_snapshots_is_opened_and_made_small(tmp_path: Path) -> None:
    """Its snapshots are written here as they were before there were differences."""
    folder = tmp_path / "b"
    known = lived(folder, 4, disk=30.0)
    store = Store(folder, writer=False)
    for version in store.snapshots():
        found = store._snapshots.load(version)
        about = {key: found.about[key] for key in ("brain", "version", "chain", "previous")}
        save_state(place(folder, version), found.state, kind="brain", about=about)
    made = json.loads((folder / "brain.json").read_text())
    from reverie.brain.store import _check

    del made["check"], made["settings"]["history"], made["settings"]["disk"]
    (folder / "brain.json").write_text(json.dumps(made | {"check": _check(made)}))
    before = folder_bytes(folder)
    with Brain.open(folder) as brain:
        assert folder_bytes(folder) <= 2 * brain.state_bytes < before
        assert knows(brain) == known[brain.version]
        kept = brain.versions()
        assert len(kept) > 2
        brain.rollback(kept[0])
        assert knows(brain) == known[kept[0]]


def test_tensors_of_any_kind_are_packed_in_a_file_that_safetensors_reads(life: tuple[Path, dict[int, str]]) -> None:
    folder, _ = life
    for version in forms(folder):
        tensors = load_file(next(place(folder, version).glob("*.safetensors")))
        assert any(tensor.dtype == torch.uint8 for tensor in tensors.values())
        save_file(tensors, folder / "again")
