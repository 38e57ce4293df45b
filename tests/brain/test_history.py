"""Which versions are kept: the rule by itself, and its settings."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reverie.brain import Brain
from reverie.brain.history import History
from reverie.errors import BadData


def test_the_last_are_kept_and_of_older_ones_the_last_of_a_day() -> None:
    there = [(version, f"2026-03-{version // 5 + 1:02d}") for version in range(1, 31)]
    assert History(last=3).kept(there) == [4, 9, 14, 19, 24, 28, 29, 30]
    assert History(last=10).kept(there) == [4, 9, 14, 19, *range(21, 31)]
    assert History(last=40).kept(there) == list(range(1, 31))


def test_a_day_that_has_one_among_the_last_keeps_no_other() -> None:
    assert History(last=2).kept([(1, "a"), (2, "b"), (3, "b"), (4, "b")]) == [1, 3, 4]


def test_room_is_a_multiple_of_the_newest_snapshot_but_for_small_folders() -> None:
    assert [History().room(held) for held in (10, 2**24, 10**9)] == [2**24, 2**25, 2 * 10**9]
    assert History(times=3).room(10**9) == 3 * 10**9
    assert [History().log(10**9), History(times=3).log(10**9)] == [4 * 10**8, 8 * 10**8]
    assert History().log(10) > 10**7  # a small brain is not written out whole again and again


@pytest.mark.parametrize("given", [1, 0, -5, "all", 2.5, True, None], ids=str)
def test_a_number_of_snapshots_that_is_none_is_refused(given: Any) -> None:
    with pytest.raises(BadData, match=f"history is {given!r}"):
        History.of({"history": given})


@pytest.mark.parametrize("given", [1.2, -2, float("nan"), float("inf"), "2", True, None], ids=str)
def test_a_size_that_is_none_is_refused(given: Any) -> None:
    with pytest.raises(BadData, match=f"disk is {given!r}"):
        History.of({"disk": given})


@pytest.mark.parametrize("given", [{"history": 1}, {"disk": 1.0}], ids=str)
def test_no_folder_is_made_with_such_settings(given: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(BadData):
        Brain.create(tmp_path / "b", **given)
    assert not (tmp_path / "b").exists()


def test_settings_are_kept(tmp_path: Path) -> None:
    with Brain.create(tmp_path / "b", history=5, disk=3) as brain:
        brain.learn(np.eye(4), [0, 1, 0, 1])
    with Brain.open(tmp_path / "b") as brain:
        assert brain._store.rule == History(5, 3)
