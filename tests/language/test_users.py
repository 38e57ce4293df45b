"""Users of any name: each has a memory of their own, and none leads out of the folder of users."""

import re

import pytest

from reverie.errors import BadData, CorruptFile
from reverie.language.users import folder_name, open_memory

HOSTILE = [
    "Ana",
    "ana",
    "ANA",
    "\u0430na",
    "\uff41na",
    "ana\u200b",
    "a\u0301na",
    "\u00e1na",
    "ana ",
    " ana",
    "ana.",
    ".ana",
    ".",
    "..",
    "../ana",
    "..\\ana",
    "/etc/passwd",
    "ana/ben",
    "C:\\ana",
    "%",
    "%2e%2e",
    "~",
    "~root",
    "$HOME",
    "-rf",
    "--user",
    "con",
    "nul.txt",
    "_a",
    "_8e43ca37701228e74983efdbd0cff5c1",
    "a'; DROP TABLE episodes; --",
    "ana@example.com",
    "auth0|5f7c8ec7c33c6c004bbafe82",
    "google-oauth2|1",
    "ana\n",
    "ana\r\n",
    "\u0130",
    "\u0661",
    "\u202eana",
    "\U0001f600",
    "猫が好き",
    "a" * 64,
    "a" * 65,
    "a" * 5000,
    "é" * 50_000,
    "CN=Ana,OU=people,O=example",
    "https://id.example/ana?x=1#y",
]


def test_each_name_has_a_folder_of_its_own_within_the_folder_of_users(tmp_path):
    assert len(set(HOSTILE)) == len(HOSTILE)
    names = [folder_name(user) for user in HOSTILE]
    assert len({name.casefold() for name in names}) == len(names)
    assert all(re.fullmatch(r"[a-z0-9_][a-z0-9._-]{0,63}", name) and not name.endswith(".") for name in names)
    assert names[HOSTILE.index("ana")] == "ana"
    for number, user in enumerate(HOSTILE):
        with open_memory(str(tmp_path / "users"), user=user) as memory:
            memory.remember(f"My code is {number}.")
    assert [one.name for one in tmp_path.iterdir()] == ["users"]
    assert {one.name for one in (tmp_path / "users").iterdir()} == set(names)
    for number, user in enumerate(HOSTILE):
        with open_memory(str(tmp_path / "users"), user=user, create=False) as memory:
            assert [one.text for one in memory.history()] == [f"My code is {number}."]


@pytest.mark.parametrize("user", ["", "  ", "a\0", "\ud800", "a" * 100_001])
def test_what_is_no_name_is_refused_before_a_folder_is_made(tmp_path, user):
    with pytest.raises(BadData, match="user "):
        open_memory(str(tmp_path / "users"), user=user)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_moved_to_another_users_name_is_refused(tmp_path):
    for user in ("ana@example.com", "ben@example.com"):
        open_memory(str(tmp_path), user=user).close()
    ana, ben = (tmp_path / folder_name(f"{name}@example.com") for name in ("ana", "ben"))
    ben.rename(tmp_path / "away")
    ana.rename(ben)
    with pytest.raises(CorruptFile, match="another user's"):
        open_memory(str(tmp_path), user="ben@example.com")


@pytest.mark.postgres
def test_each_name_has_a_memory_of_its_own_in_a_database(postgres):
    for number, user in enumerate(HOSTILE[:12]):
        with open_memory(postgres, user=user) as memory:
            memory.remember(f"My code is {number}.")
    for number, user in enumerate(HOSTILE[:12]):
        with open_memory(postgres, user=user, create=False) as memory:
            assert [one.text for one in memory.history()] == [f"My code is {number}."]
