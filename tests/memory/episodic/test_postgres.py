"""Many users in one database."""

import numpy as np
import pytest

from reverie.errors import BadData, MissingData
from reverie.language import LanguageMemory
from reverie.memory.episodic.postgres import PostgresStore

ONE = np.ones(3, np.float32)
pytestmark = pytest.mark.postgres


@pytest.fixture
def users(postgres, tmp_path):
    """Stores of Ana and Ben in the same database."""
    both = [PostgresStore(postgres, user=f"{name} {tmp_path}", encoder="mine", dimension=3) for name in ("ana", "ben")]
    yield both
    for one in both:
        one.close()


def test_two_users_never_see_each_other(users):
    ana, ben = users
    secret = ana.add("Ana's code is 1234.", ONE, who="Ana", what="code", value="1234")
    ana.add("more", ONE)
    ana.confirm("which code?", [secret])
    ana.set_named("x", 1)
    assert ben.all() == ben.live() == ben.waiting() == ben.keys() == ben.confirmed() == list(ben.changes()) == []
    assert ben.get(secret) is None is ben.get(999)
    assert ben.vectors([secret]) == {}
    assert ben.history("Ana") == []
    assert ben.get_named("x") is None
    assert ben.forget([secret]) == []
    ben.rehearse([secret])
    ben.mark([secret], night=1, stage=3)
    ben.drop_text([secret])
    ben.confirm("which?", [secret])
    assert ben.confirmed() == []
    assert ben.add("Ben's own", ONE) == 1  # ids tell nothing of others
    kept = ana.get(secret)
    assert (kept.text, kept.stage, kept.night) == ("Ana's code is 1234.", 0, None)


def test_a_memory_for_language_in_a_database(postgres, tmp_path):
    names = [f"{name} {tmp_path}" for name in ("ana", "ben")]
    stores = [PostgresStore(postgres, user=name, encoder="hash", dimension=2048) for name in names]
    with LanguageMemory(stores[0]) as ana, LanguageMemory(stores[1]) as ben:
        for number in range(9):
            told = ana.remember(f"Ana likes dish{number} best of all.")
            ana.confirm(f"Who likes dish{number}?", told)
        ben.remember("Ben likes tea.")
        assert ana.recall("Who likes dish7?")[0].episode.id == 8
        assert ana.sleep()["retriever"]["confirmed"] == 9
        assert ben.sleep()["retriever"]["confirmed"] == 0
        for question in ("Who likes dish7?", "Ana", "tea"):
            assert [one.text for one in ben.recall(question)] == ["Ben likes tea."]
        for call in (lambda: ben.confirm("?", [8]), lambda: ben.confirm("?", [999])):
            with pytest.raises(BadData, match="There is no memory"):
                call()
        assert ben.forget([8]) == ben.forget([999]) == []
        assert ben.history("Ana") == []


def test_what_is_wrong_is_said(postgres, tmp_path):
    with pytest.raises(MissingData, match="cannot be reached"):
        PostgresStore("host=/nowhere dbname=none", user="x")
    with pytest.raises(MissingData, match="has no memory yet"):
        PostgresStore(postgres, user=f"nobody {tmp_path}")
    with pytest.raises(BadData, match="user is empty"):
        PostgresStore(postgres, user="")
    name = f"cyd {tmp_path}"
    with PostgresStore(postgres, user=name, encoder="mine", dimension=3) as store:
        for odd in ("NUL \0", "half \ud800"):
            with pytest.raises(BadData, match="nothing was changed"):
                store.add(odd, ONE)
        assert store.all() == []
    with pytest.raises(BadData, match="made with the encoder 'mine' of 3 numbers"):
        PostgresStore(postgres, user=name, encoder="other", dimension=4)
    with PostgresStore(postgres, user=name) as store:
        assert (store.encoder, store.dimension) == ("mine", 3)
