"""Vectors are packed exactly; what a search needs is kept beside a large memory, and never believed too much."""

import shutil
import sqlite3
from contextlib import closing, suppress

import numpy as np
import pytest

from reverie.errors import CorruptFile
from reverie.language import LanguageMemory
from reverie.memory.episodic import SQLiteStore, mirror, shelf, sqlite
from reverie.memory.episodic.packing import pack, unpack
from reverie.memory.episodic.vectors import Vectors
from reverie.text import encode_text

QUESTION = "Where did Ana see the red fox?"


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.3, 0.9, 1.0])
@pytest.mark.parametrize("values", [3, 300])
def test_a_packed_vector_is_the_same_and_never_longer(share, values):
    chance = np.random.default_rng(0)
    for dimension in (1, 2, 384, 2048, 70_000):
        vector = chance.integers(1, values, dimension).astype(np.float32) / 7
        vector[chance.random(dimension) >= share] = 0
        data = pack(vector)
        assert len(data) <= 4 * dimension
        assert unpack(data, dimension).tobytes() == vector.tobytes()
    (row,) = encode_text(["Ana saw a red fox behind the house of her brother in the evening."])
    assert len(pack(row)) < 1000
    assert unpack(pack(row), 2048).tobytes() == row.tobytes()


def test_bytes_that_are_no_packed_vector_are_refused():
    good = pack(encode_text(["red fox"])[0])
    chance = np.random.default_rng(0)
    bad = [b"", b"x", good[:-1], good + b"x", b"\xff\xff" + good[2:], b"\0\0" + good[2:], good[:-1] + b"\xff"]
    for data in bad:
        with pytest.raises(ValueError, match="vector"):
            unpack(data, 2048)
    for _ in range(200):
        data = bytearray(good)
        data[int(chance.integers(len(data)))] = int(chance.integers(256))
        with suppress(ValueError):
            assert unpack(bytes(data), 2048).shape == (2048,)


@pytest.mark.parametrize("share", [0.02, 0.9])
def test_rows_are_multiplied_as_a_matrix_is(share):
    chance = np.random.default_rng(0)
    matrix = chance.normal(size=(200, 50)).astype(np.float32) * (chance.random((200, 50)) < share)
    matrix[3] = 0
    rows, question = Vectors(50), chance.normal(size=50).astype(np.float32)
    for number, row in enumerate(matrix):
        rows.append(None if number == 3 else row)
        if number in (0, 70, 199):
            np.testing.assert_allclose(rows @ question, matrix[: number + 1] @ question, atol=1e-5)
    rows.clear(7)
    matrix[7] = 0
    places = np.array([[0, 7], [199, -1]])
    for one in (rows, Vectors.of(rows.arrays(), 200, 50)):
        np.testing.assert_allclose(one @ question, matrix @ question, atol=1e-5)
        assert (one[places] == matrix[places]).all()
        one.append(matrix[0])
        assert len(one) == 201
        assert (one[np.array([200])] == matrix[:1]).all()


@pytest.fixture
def large(tmp_path, monkeypatch):
    """The folder of a memory that counts as large, with its shelf."""
    monkeypatch.setattr(mirror, "_LARGE", 20)
    chance = np.random.default_rng(0)
    words = "red fox cat house river Ana Ben saw met tree stone rain winter bread"
    with LanguageMemory.open(tmp_path / "m") as memory:
        for number in range(60):
            said = " ".join(chance.choice(words.split(), 6))
            memory.remember(f"Ana: {said}." if number % 2 else f"{said} {number}.", session=f"s{number % 4}")
        memory.remember("Hello! I moved to Lyon, and Zanzibar is far away. My dog is Rex.")
        memory.remember("Ana's city is Rome.")
        memory.remember("Ana's city is Oslo.")
        memory.forget([5])
    assert (tmp_path / "m" / "episodes.search").exists()
    return tmp_path / "m"


def answers(folder):
    with LanguageMemory.open(folder, create=False) as memory:
        found = [memory.recall(question, 12) for question in (QUESTION, "Which city is Ana's?", "Who is Rex?")]
        return [[(one.text, round(one.score, 5), one.over, len(one.facts)) for one in some] for some in found]


def read_from(monkeypatch):
    """From which clock on a store is read, each time."""
    asked, real = [], SQLiteStore.changes

    def changes(self, since=0):
        asked.append(since)
        return real(self, since)

    monkeypatch.setattr(SQLiteStore, "changes", changes)
    return asked


def without_shelf(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "plain")
    (tmp_path / "plain" / "episodes.search").unlink(missing_ok=True)
    return answers(tmp_path / "plain")


def test_who_opens_it_again_reads_only_what_is_new_and_finds_the_same(large, tmp_path, monkeypatch):
    asked = read_from(monkeypatch)
    first = answers(large)
    assert min(asked) > 0
    with LanguageMemory.open(large) as memory:
        memory.remember("Ana saw the red fox in Turin.", session="s1")
        memory.forget([9])
        memory.remember("Ana's city is Lima.")
        memory.confirm("Who is Rex?", [61])
    assert min(asked) > 0
    now = answers(large)
    assert now != first
    assert now == without_shelf(large, tmp_path)
    with LanguageMemory.open(large) as memory:
        memory.forget([2])  # the words of a turn that was kept
        assert memory.recall("red fox")
    assert answers(large) == without_shelf_of(large, tmp_path / "again")


def without_shelf_of(folder, place):
    place.mkdir()
    return without_shelf(folder, place)


def test_what_is_forgotten_is_in_no_file_any_more(large):
    assert any(b"zanzibar" in file.read_bytes() for file in large.iterdir() if file.suffix == ".search")
    with LanguageMemory.open(large) as memory:
        memory.forget([61])
        for file in large.iterdir():
            assert b"zanzibar" not in file.read_bytes().lower(), file
    assert (large / "episodes.search").exists()
    for file in large.iterdir():
        assert b"zanzibar" not in file.read_bytes().lower(), file


def test_whoever_was_stopped_between_erasing_and_wiping_leaves_nothing_for_long(large):
    kept = (large / "episodes.search").read_bytes()
    with closing(sqlite3.connect(large / "episodes.db")) as database:
        (known,) = database.execute("SELECT data FROM named WHERE name = 'shelf'").fetchone()
    with LanguageMemory.open(large) as memory:
        memory.forget([61])
    (large / "episodes.search").write_bytes(kept)
    with closing(sqlite3.connect(large / "episodes.db")) as database:
        database.execute("UPDATE named SET data = ? WHERE name = 'shelf'", [known])
        database.commit()
    with LanguageMemory.open(large) as memory:
        assert not (large / "episodes.search").exists()
        assert not any("Zanzibar" in one.text for one in memory.recall("Zanzibar", 70))


@pytest.mark.parametrize("harm", ["gone", "empty", "half", "flipped", "zeros", "other", "older store"])
def test_a_shelf_that_is_not_the_stores_is_passed_over(large, tmp_path, harm, monkeypatch):
    file = large / "episodes.search"
    data = file.read_bytes()
    if harm == "older store":
        shutil.copy(large / "episodes.db", tmp_path / "older.db")
        with LanguageMemory.open(large) as memory:
            for number in range(40):
                memory.remember(f"The fox {number} is blue.")
        shutil.copy(tmp_path / "older.db", large / "episodes.db")
    elif harm == "gone":
        file.unlink()
    else:
        flipped = data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]
        file.write_bytes({"empty": b"", "half": data[: len(data) // 2], "flipped": flipped, "zeros": bytes(len(data)),
                          "other": b"x" * 100}[harm])  # fmt: skip
    expected = without_shelf(large, tmp_path)
    asked = read_from(monkeypatch)
    assert answers(large) == expected
    assert asked[0] == 0


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("index where", lambda array: array + 1000),
        ("index where", lambda array: array[:-1]),
        ("index column before", lambda array: array + 10**6),
        ("index column own", lambda array: array[:-1]),
        ("index words", lambda array: array[: len(array) // 2]),
        ("vectors at", lambda array: array + 3000),
        ("vectors ends", lambda array: array[::-1]),
        ("vectors values", lambda array: array[:-1]),
        ("numbers", lambda array: array[:, :-1]),
        ("ids", lambda array: array[:-1]),
        ("ids", lambda array: array.astype(np.float64)),
    ],
)
def test_a_shelf_of_other_sizes_is_passed_over_whoever_has_signed_it(large, tmp_path, name, change, monkeypatch):
    with SQLiteStore(large / "episodes.db") as store:
        clock, arrays, told = shelf.kept(store)
        arrays[name] = change(arrays[name])
        assert shelf.keep(store, clock, arrays, told)
    expected = without_shelf(large, tmp_path)
    asked = read_from(monkeypatch)
    assert answers(large) == expected
    assert asked[0] == 0


def test_a_link_in_the_place_of_the_shelf_is_refused(large, tmp_path):
    (large / "episodes.search").rename(tmp_path / "elsewhere")
    (large / "episodes.search").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CorruptFile, match="symbolic link"):
        LanguageMemory.open(large)
    assert (tmp_path / "elsewhere").exists()


def test_a_memory_of_plain_vectors_is_opened_and_gone_on_with(tmp_path, monkeypatch):
    with monkeypatch.context() as earlier:
        earlier.setattr(sqlite, "pack", lambda vector: vector.astype("<f4").tobytes())
        earlier.setattr(sqlite, "_SCHEMA", 1)
        with LanguageMemory.open(tmp_path / "m") as memory:
            memory.remember("Ana saw a red fox.")
            (length,) = memory.store._ask("SELECT length(vector) FROM episodes")[0]
            assert length == 4 * 2048
            assert memory.store._ask("PRAGMA user_version") == [(1,)]
    with LanguageMemory.open(tmp_path / "m") as memory:
        memory.remember("Ben saw a blue fox.")
        assert memory.recall("Who saw the red fox?")[0].text == "Ana saw a red fox."
        lengths = [row[0] for row in memory.store._ask("SELECT length(vector) FROM episodes ORDER BY id")]
        assert lengths[0] == 4 * 2048
        assert lengths[1] < 1000
        assert memory.store._ask("PRAGMA user_version") == [(2,)]  # an earlier Reverie would not know these
