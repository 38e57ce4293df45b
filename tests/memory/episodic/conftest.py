"""The same tests for every store."""

import pytest

from reverie.memory.episodic import SQLiteStore


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request, tmp_path):
    """An empty one of each kind."""
    if request.param == "sqlite":
        made = SQLiteStore(tmp_path / "episodes.db", encoder="mine", dimension=4)
    else:
        from reverie.memory.episodic.postgres import PostgresStore

        address = request.getfixturevalue("postgres")
        made = PostgresStore(address, user=str(tmp_path), encoder="mine", dimension=4)
    with made:
        yield made


@pytest.fixture
def again(request):
    """Open the same store once more."""

    def opened(store):
        if isinstance(store, SQLiteStore):
            return SQLiteStore(store.path)
        return type(store)(request.getfixturevalue("postgres"), user=store.user)

    return opened
