"""The run folder survives what can happen to files."""

import math
from pathlib import Path

import pytest

from reverie import record
from reverie.errors import CorruptFile, MissingData
from reverie.record import RunFolder, read_json, replace_file, write_json


def test_replacing_is_all_or_nothing(tmp_path, monkeypatch):
    path = tmp_path / "file"
    replace_file(path, b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(record.os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path], "a temporary file was left"


def test_not_a_number_becomes_null(tmp_path):
    write_json(tmp_path / "a.json", {"x": [math.nan, math.inf, 1.5], "y": (1,)})
    assert read_json(tmp_path / "a.json") == {"x": [None, None, 1.5], "y": [1]}


def test_reading_says_what_is_wrong(tmp_path):
    with pytest.raises(MissingData, match="No file"):
        read_json(tmp_path / "none.json")
    for wrong in (b"{", b"\xff\xfe"):
        (tmp_path / "torn.json").write_bytes(wrong)
        with pytest.raises(CorruptFile, match=r"torn\.json is not JSON"):
            read_json(tmp_path / "torn.json")


def folder_with(tmp_path: Path, text: str) -> RunFolder:
    folder = RunFolder(tmp_path / "run")
    folder.begin({"a": 1})
    folder.events_path.write_text(text)
    return folder


def test_events_come_back_and_a_torn_last_line_is_left_out(tmp_path):
    folder = folder_with(tmp_path, '{"event": 1}\n{"event": 2}\n{"eve')
    assert list(folder.events()) == [{"event": 1}, {"event": 2}]
    folder.rewind([{"event": 1}])
    folder.append({"event": 3})
    assert list(folder.events()) == [{"event": 1}, {"event": 3}]


def test_a_torn_line_in_the_middle_is_named(tmp_path):
    folder = folder_with(tmp_path, '{"event": 1}\n{"eve\n{"event": 3}\n')
    with pytest.raises(CorruptFile, match="line 2"):
        list(folder.events())


def test_beginning_sweeps_what_a_kill_has_left(tmp_path):
    folder = folder_with(tmp_path, "")
    (folder.path / ".results.json.abc.tmp").write_text("half")
    folder.begin({"a": 1})
    assert not list(folder.path.glob(".*.tmp"))
    assert folder.config() == {"a": 1}
    assert folder.results() is None
    assert folder.controls == []
