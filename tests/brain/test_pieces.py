"""Pieces of a brain's folder that are missing, exchanged, linked or somebody else's: named, and gone on from."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from sklearn.datasets import load_digits

from reverie.brain import Brain
from reverie.errors import BadData, CorruptFile, MissingData, ReverieError

X, Y = load_digits(return_X_y=True)
OPTIONS: dict[str, Any] = {"encoder": "expansion", "settings": {"width": 30}, "ridge": 1.0}


def learned(folder: Path, parts: int) -> Path:
    with Brain.create(folder, **OPTIONS) as brain:
        for start in range(0, 20 * parts, 20):
            brain.learn(X[start : start + 20], Y[start : start + 20])
        brain.rollback(parts - 1)
        brain.learn(X[200:220], Y[200:220])
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Versions 1 to 6: a snapshot at 1 with a log of three records, one at 5 with a log of one."""
    return learned(tmp_path / "b", 4)


def logs(folder: Path) -> list[Path]:
    return sorted((folder / "journal").iterdir())


def snapshots(folder: Path) -> list[Path]:
    return sorted((folder / "snapshots").iterdir())


def test_the_newest_log_is_gone(folder: Path) -> None:
    logs(folder)[-1].unlink()
    with pytest.raises(MissingData, match=r"000000000005\.log is missing"):
        Brain.open(folder)
    with pytest.raises(MissingData, match="is missing"):
        Brain.open(folder, writer=False)
    with Brain.open(folder, recover=True) as brain:
        event = brain.history()[-1]
        assert (event["kind"], event["lost"]) == ("recover", [6, 6])
        assert sum(brain.counts.values()) == 60
        assert brain.learn(X[:20], Y[:20]).version == 8
    with Brain.open(folder) as brain:
        assert brain.version == 8


def test_the_newest_log_is_cut_between_records(folder: Path) -> None:
    with Brain.open(folder) as brain:
        sizes = [logs(folder)[-1].stat().st_size]
        brain.learn(X[:20], Y[:20])
    os.truncate(logs(folder)[-1], sizes[0])
    with pytest.raises(CorruptFile, match=r"version 7 is missing"):
        Brain.open(folder)
    with Brain.open(folder, recover=True) as brain:
        assert brain.history()[-1]["lost"] == [7, 7]
        assert sum(brain.counts.values()) == 80


def test_the_newest_snapshot_is_gone(folder: Path) -> None:
    shutil.rmtree(snapshots(folder)[-1])
    with pytest.raises(CorruptFile, match="versions 5 to 6 are missing"):
        Brain.open(folder)
    with Brain.open(folder, recover=True) as brain:
        assert brain.history()[-1]["lost"] == [5, 6]
        assert sum(brain.counts.values()) == 80  # version 4


def test_where_a_snapshot_of_what_the_log_holds_is_gone_nothing_is_lost(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reverie.brain.history._LOG", 2**40)
    with Brain.open(folder) as brain:
        brain.learn(X[:20], Y[:20])  # after it there is a snapshot
        monkeypatch.undo()
        brain.learn(X[20:40], Y[20:40])
        expected = brain.predict_proba(X[:50])
    shutil.rmtree(snapshots(folder)[-1])
    with Brain.open(folder) as brain:
        assert brain.version == 8
        assert (brain.predict_proba(X[:50]) == expected).all()


@pytest.mark.parametrize("kind", ["log", "snapshot", "both", "head"])
def test_pieces_of_another_brain(kind: str, folder: Path, tmp_path: Path) -> None:
    other = learned(tmp_path / "other", 4)
    if kind in ("log", "both"):
        shutil.copy(logs(other)[-1], logs(folder)[-1])
    if kind in ("snapshot", "both"):
        shutil.rmtree(snapshots(folder)[-1])
        shutil.copytree(snapshots(other)[-1], folder / "snapshots" / snapshots(other)[-1].name)
    if kind == "head":
        shutil.copy(other / "head", folder / "head")
    with pytest.raises(CorruptFile, match="another brain"):
        Brain.open(folder)
    with Brain.open(folder, recover=True) as brain:
        assert sum(brain.counts.values()) == {"log": 60, "snapshot": 80, "both": 80, "head": 80}[kind]


def test_pieces_of_a_copy_that_went_another_way(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    with Brain.open(folder) as one, Brain.open(tmp_path / "copy") as two:
        one.learn(X[:20], Y[:20])
        two.learn(X[20:40], Y[20:40])
    shutil.copy(logs(tmp_path / "copy")[-1], logs(folder)[-1])
    with pytest.raises(CorruptFile, match="not the one that was acknowledged"):
        Brain.open(folder)


@pytest.mark.parametrize("damage", ["gone", "empty", "flipped"])
def test_the_head_is_damaged(damage: str, folder: Path) -> None:
    head = folder / "head"
    if damage == "gone":
        head.unlink()
    else:
        head.write_bytes(b"" if damage == "empty" else bytes(len(head.read_bytes())))
    with pytest.raises(ReverieError, match=r"head is (missing|damaged)"):
        Brain.open(folder)
    with Brain.open(folder, recover=True) as brain:
        assert (sum(brain.counts.values()), brain.history()[-1]["lost"]) == (80, None)


def test_a_folder_whose_creation_was_interrupted_is_created_again(tmp_path: Path) -> None:
    folder = tmp_path / "b"
    Brain.create(folder, **OPTIONS).close()
    (folder / "brain.json").unlink()
    (folder / ".brain.json.0a0b0c0d.tmp").write_text("{")
    with Brain.create(folder, **OPTIONS) as brain:
        brain.learn(X[:20], Y[:20])
    (folder / "brain.json").unlink()
    with pytest.raises(BadData, match="there already"):  # this one has learned
        Brain.create(folder, **OPTIONS)


@pytest.mark.parametrize("word", ["__tensor__", "__dict__", "a/b", "../x", "\ud800", "", " "])
def test_any_name_and_any_label_can_be_read_again(word: str, tmp_path: Path) -> None:
    with Brain.create(tmp_path / "b", **OPTIONS) as brain:
        brain.learn(X[:20], [f"{word}{y}" for y in Y[:20]])
        if word:
            brain.learn(X[20:30], [word or "x"] * 10, name=word)
        brain._durable.replace(brain._mind)
        counts = brain.counts
    with Brain.open(tmp_path / "b") as brain:
        assert brain.counts == counts
        if word:
            brain.forget(name=word)


# links


def outside(tmp_path: Path) -> Path:
    """A folder of somebody's, with names like ours."""
    place = tmp_path / "outside"
    (place / "000000000009").mkdir(parents=True)
    for name in ("tensors-1.safetensors", ".state.json.1.tmp", "000000000001.log", "mine.txt", "state.json"):
        (place / name).write_text("mine")
        (place / "000000000009" / name).write_text("mine")
    return place


def contents(place: Path) -> dict[str, str]:
    return {str(file.relative_to(place)): file.read_text() for file in sorted(place.rglob("*")) if file.is_file()}


@pytest.mark.parametrize("name", ["snapshots", "journal", "night"])
def test_nothing_is_removed_through_a_link_in_place_of_a_folder(name: str, folder: Path, tmp_path: Path) -> None:
    place = outside(tmp_path)
    before = contents(place)
    if name != "night":
        (folder / name).rename(tmp_path / "kept")
    os.symlink(place, folder / name)
    with pytest.raises(CorruptFile, match=r"Links are not followed|is a symbolic link"), Brain.open(folder) as brain:
        brain.sleep()
    assert contents(place) == before


def test_nothing_is_removed_through_links_inside(folder: Path, tmp_path: Path) -> None:
    place = outside(tmp_path)
    before = contents(place)
    os.symlink(place / "000000000009", folder / "snapshots" / "000000000009")
    os.symlink(place / "000000000009", folder / "snapshots" / "000000000002")
    os.symlink(place, folder / "snapshots" / "notes")
    os.symlink(place / "mine.txt", folder / "journal" / "000000000007.log")
    os.symlink(place / "mine.txt", folder / ".holder.json.9.tmp")
    (folder / "snapshots" / "readme.txt").write_text("mine")
    (folder / ".mine.tmp").write_text("mine")
    with pytest.raises(CorruptFile, match="Links are not followed"):
        Brain.open(folder)  # 000000000009 looks like the newest snapshot
    (folder / "snapshots" / "000000000009").unlink()
    with Brain.open(folder) as brain:
        brain.learn(X[:20], Y[:20])
        for _ in range(4):
            brain.rollback(brain.version)
    assert contents(place) == before
    assert (folder / "snapshots" / "readme.txt").exists() and (folder / ".mine.tmp").exists()
    assert not os.path.lexists(folder / "snapshots" / "000000000002")


@pytest.mark.parametrize("name", ["brain.json", "head", "log", "state.json", "tensors"])
def test_a_link_or_a_pipe_in_place_of_a_file_is_refused(name: str, folder: Path, tmp_path: Path) -> None:
    newest = snapshots(folder)[-1]
    file = {
        "brain.json": folder / "brain.json",
        "head": folder / "head",
        "log": logs(folder)[-1],
        "state.json": newest / "state.json",
        "tensors": next(newest.glob("*.safetensors")),
    }[name]
    file.rename(tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", file)
    with pytest.raises(CorruptFile, match="not a regular file"):
        Brain.open(folder)
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(CorruptFile, match="not a regular file"):
        Brain.open(folder, writer=False)


# brains made before


def test_a_brain_of_the_first_format_is_opened_and_goes_on(tmp_path: Path) -> None:
    """Its folder is written here as the first format laid it out."""
    import hashlib
    import json
    import struct
    import zlib

    from reverie.brain.store import Store
    from reverie.checkpoint import pack_state, save_state

    entries = []
    with Brain.create(tmp_path / "b", **OPTIONS) as brain:
        brain.learn(X[:20], Y[:20])
        state = brain.state_dict()
        settings = brain._store.head["settings"]
        for start in (20, 40):
            brain.learn(X[start : start + 20], Y[start : start + 20])
        entries = list(Store(tmp_path / "b", writer=False).life(1))
        expected = brain.predict_proba(X)
    old = tmp_path / "old"
    (old / "snapshots").mkdir(parents=True)
    (old / "journal").mkdir()
    made = {"format": "reverie-brain-1", "created": "2026-11-01T00:00:00+00:00", "settings": settings}
    check = zlib.crc32(json.dumps(made, sort_keys=True).encode())
    (old / "brain.json").write_text(json.dumps(made | {"check": check}))
    save_state(old / "snapshots" / f"{1:012d}", state, kind="brain")
    with (old / "journal" / f"{1:012d}.log").open("wb") as log:
        for version, entry in entries:
            payload = pack_state(entry)
            head = struct.pack("<4sQQ32s", b"rvj1", version, len(payload), hashlib.sha256(payload).digest())
            log.write(head + struct.pack("<I", zlib.crc32(head)) + payload)
    with Brain.open(old, writer=False) as brain:
        assert (brain.version, (brain.predict_proba(X) == expected).all()) == (3, True)
    with Brain.open(old) as brain:
        assert brain.learn(X[60:80], Y[60:80]).version == 4
        brain.rollback(2)
    logs(old)[-1].unlink()
    with pytest.raises(MissingData, match="is missing"):
        Brain.open(old)
