"""Torn writes, flipped bits, full disks and kills: found and named, the last good state kept."""

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from commands import benchmark_holds
from reverie.brain import Brain
from reverie.brain.journal import EMPTY, Journal
from reverie.errors import CorruptFile, MissingData

X, Y = load_digits(return_X_y=True)
OPTIONS: dict[str, Any] = {"encoder": "expansion", "settings": {"width": 30}, "ridge": 1.0}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A brain at version 4: a snapshot at 1, and a log of three records."""
    with Brain.create(tmp_path / "b", **OPTIONS) as brain:
        for start in range(0, 80, 20):
            brain.learn(X[start : start + 20], Y[start : start + 20])
    return tmp_path / "b"


def log_of(folder: Path) -> Path:
    return next((folder / "journal").iterdir())


def journal_at(path: Path) -> Journal:
    return Journal(path, b"a brain's digits")


def test_a_log_cut_at_any_byte_gives_its_whole_records(tmp_path: Path) -> None:
    journal = journal_at(tmp_path / "log")
    journal.begin(0, b"before" + bytes(26))
    payloads = [bytes([index]) * index * 7 for index in range(5)]
    ends = [journal.size]
    for index, payload in enumerate(payloads, 1):
        journal.append(index, payload)
        ends.append(journal.size)
    whole = journal.path.read_bytes()
    for cut in range(1, len(whole)):
        journal.path.write_bytes(whole[:cut])
        read = journal_at(journal.path)
        if cut < EMPTY:
            with pytest.raises(CorruptFile, match="damaged at byte 0"):
                list(read.records())
            continue
        count = sum(end <= cut for end in ends) - 1
        assert list(read.records()) == list(enumerate(payloads[:count], 1))
        read.mend()
        assert read.size == ends[count]
        assert journal_at(journal.path).versions() == list(range(1, count + 1))
        read.append(count + 1, b"goes on")
        assert list(journal_at(journal.path).records())[-1] == (count + 1, b"goes on")


def test_a_flipped_bit_anywhere_in_a_log_is_named(tmp_path: Path) -> None:
    journal = journal_at(tmp_path / "log")
    journal.begin(0, bytes(32))
    for index in range(3):
        journal.append(index + 1, b"content " * 5)
    whole = journal.path.read_bytes()
    for place in range(len(whole)):
        journal.path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        with pytest.raises(CorruptFile, match="damaged at byte"):
            list(journal_at(journal.path).records())


def test_damage_is_named_and_the_last_good_state_can_be_gone_on_with(folder: Path) -> None:
    log = log_of(folder)
    data = bytearray(log.read_bytes())
    data[-100] ^= 1
    log.write_bytes(data)
    with pytest.raises(CorruptFile, match="damaged at byte"):
        Brain.open(folder)
    with Brain.open(folder, recover=True) as brain:
        assert sum(brain.counts.values()) == 60
        assert brain.history()[-1]["kind"] == "recover"
        brain.learn(X[100:120], Y[100:120])
    with Brain.open(folder) as brain:
        assert sum(brain.counts.values()) == 80


def test_a_damaged_snapshot_is_named_and_the_one_before_is_used(folder: Path) -> None:
    with Brain.open(folder) as brain:
        brain.rollback(3)
        brain.learn(X[80:100], Y[80:100])
    newest = max((folder / "snapshots").iterdir())
    file = next(newest.glob("*.safetensors"))
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(CorruptFile, match="SHA-256"):
        Brain.open(folder)
    with Brain.open(folder, recover=True) as brain:
        assert sum(brain.counts.values()) == 80  # version 4, before the rollback
        assert "SHA-256" in brain.history()[-1]["damage"]
        version = brain.version
    with Brain.open(folder) as brain:
        assert brain.version == version


@pytest.mark.parametrize(("call", "change"), [("write", "learn"), ("fsync", "learn"), ("fsync", "rollback")])
def test_a_full_disk_changes_nothing(call: str, change: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Brain.open(folder) as brain:
        before, bytes_before = brain.predict_proba(X[:9]), log_of(folder).read_bytes()

        def full(*_: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
            patch.setattr(os, call, full)
            if change == "learn":
                brain.learn(X[:9], Y[:9])
            else:
                brain.rollback(2)
        assert brain.version == 4
        assert log_of(folder).read_bytes() == bytes_before
        np.testing.assert_array_equal(brain.predict_proba(X[:9]), before)
        assert brain.learn(X[80:90], Y[80:90]).version == 5
    with Brain.open(folder) as brain:
        assert brain.version == 5


def test_files_of_another_kind_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingData, match="not a brain's folder"):
        Brain.open(tmp_path / "nowhere")
    (folder / "brain.json").write_text("{}")
    with pytest.raises(CorruptFile, match="does not describe a brain"):
        Brain.open(folder)


def test_a_copied_folder_is_a_brain_of_its_own(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    with Brain.open(folder) as one, Brain.open(tmp_path / "copy") as two:
        two.learn(X[80:100], Y[80:100])
        assert (one.version, two.version) == (4, 5)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forty_kills_lose_nothing() -> None:
    benchmark_holds("kills", "--quick")
