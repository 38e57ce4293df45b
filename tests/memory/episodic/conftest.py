"""The same tests for every store."""

import pytest

from reverie.memory.episodic import SQLiteStore

STORES = ["sqlite"]


@pytest.fixture(params=STORES)
def store(tmp_path):
    with SQLiteStore(tmp_path / "episodes.db", encoder="mine", dimension=4) as made:
        yield made
