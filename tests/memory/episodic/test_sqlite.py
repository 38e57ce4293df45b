"""What one file of episodes withstands: kills, a full disk, other processes, and other files in its place."""

import os
import sqlite3

import numpy as np
import pytest

from commands import benchmark_holds
from reverie.errors import BadData, CorruptFile, MissingData
from reverie.memory.episodic import SQLiteStore

ONE = np.ones(2, np.float32)


def open_store(path, **options):
    return SQLiteStore(path, encoder="mine", dimension=2, **options)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_fifteen_kills_lose_nothing():
    benchmark_holds("memory_kills", "--only", "days", "--kills", "15")


def test_a_full_disk_loses_nothing(tmp_path):
    with open_store(tmp_path / "e.db") as store:
        store.add("first", ONE)
        pages = store._ask("PRAGMA page_count")[0][0]
        store._ask(f"PRAGMA max_page_count = {pages + 1}")
        with pytest.raises(BadData, match="No room is left on the disk"), store.transaction():
            store.add("small", ONE)
            store.add("x" * 100_000, ONE)
        assert [one.text for one in store.all()] == ["first"]
        store._ask("PRAGMA max_page_count = 100000")
        store.add("second", ONE)
    with SQLiteStore(tmp_path / "e.db") as store:
        assert [one.text for one in store.all()] == ["first", "second"]


def test_another_process_that_writes_is_waited_for_and_named(tmp_path):
    with open_store(tmp_path / "e.db") as one, open_store(tmp_path / "e.db", timeout=0.05) as other:
        with one.transaction():
            one.add("first", ONE)
            assert other.all() == []  # reading goes on
            with pytest.raises(BadData, match="being written to by another process"):
                other.add("second", ONE)
        assert [episode.text for episode in other.all()] == ["first"]
        assert other.add("second", ONE) == 2


def test_what_is_erased_is_in_no_page_and_not_in_the_log(tmp_path):
    with open_store(tmp_path / "e.db") as store:
        with store.transaction():
            for number in range(200):
                store.add(f"secret-{number} " + "x" * 500, ONE, who="a", what=f"k{number}", value=f"secret-{number}")
        files = [file for file in tmp_path.iterdir() if b"secret-7 " in file.read_bytes()]
        assert files
        with store.transaction():
            store.forget(range(1, 150))
            store.drop_text([160])
        for file in tmp_path.iterdir():
            data = file.read_bytes()
            for number in (0, 7, 77, 148, 159):
                assert f"secret-{number} ".encode() not in data
        assert store.get(180).text.startswith("secret-179 ")


def test_files_of_another_kind_are_refused_and_left_as_they_are(tmp_path):
    with pytest.raises(MissingData, match="There is no memory"):
        SQLiteStore(tmp_path / "none.db")
    database = sqlite3.connect(tmp_path / "other.db")
    database.execute("CREATE TABLE mine (x)")
    database.commit()
    database.close()
    (tmp_path / "text.db").write_text("a letter " * 1000)
    (tmp_path / "folder.db").mkdir()
    for name, error in (("other", CorruptFile), ("text", CorruptFile), ("folder", BadData)):
        with pytest.raises(error, match=r"not a memory|no memory|cannot be read"):
            open_store(tmp_path / f"{name}.db")
    assert (tmp_path / "text.db").read_text() == "a letter " * 1000


def test_a_file_is_made_whole_or_not_at_all_and_once(tmp_path, monkeypatch):
    from reverie.language import LanguageMemory
    from reverie.memory.episodic import sqlite

    class Stopped(BaseException):
        pass

    def stop(*given):
        raise Stopped

    with monkeypatch.context() as patch, pytest.raises(Stopped):
        patch.setattr(sqlite.os, "link", stop)
        patch.setattr(sqlite.Path, "unlink", lambda *given, **named: None)  # nothing is tidied after a kill
        LanguageMemory.open(tmp_path / "m")
    assert [file.suffix for file in (tmp_path / "m").iterdir()] == [".tmp"]
    with LanguageMemory.open(tmp_path / "m") as memory:
        memory.remember("first")
        sqlite._make(tmp_path / "m" / "episodes.db", "other", 3)  # another process comes late
        assert [one.text for one in memory.history()] == ["first"]
    with SQLiteStore(tmp_path / "m" / "episodes.db") as store:
        assert [one.text for one in store.all()] == ["first"]


def test_a_file_system_without_links(tmp_path, monkeypatch):
    from reverie.memory.episodic import sqlite

    def refuse(*given):
        raise PermissionError

    monkeypatch.setattr(sqlite.os, "link", refuse)
    with open_store(tmp_path / "e.db") as store:
        store.add("first", ONE)
        sqlite._make(tmp_path / "e.db", "other", 3)
        assert [one.text for one in store.all()] == ["first"]
    assert [file.name for file in tmp_path.iterdir()] == ["e.db"]


def test_a_vector_that_was_cut_is_named(tmp_path):
    with open_store(tmp_path / "e.db") as store:
        store.add("first", ONE)
        store._run("UPDATE episodes SET vector = x'00'")
        with pytest.raises(CorruptFile, match="a vector has 1 bytes"):
            store.vectors([1])
