"""A memory for language in a folder, by the encoder that is always there."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import numpy as np
import pytest

from reverie.errors import BadData, MissingData, ReverieError
from reverie.language import Key, LanguageMemory
from reverie.language.cortex import Known

DAY = timedelta(days=1)
THEN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def memory(tmp_path):
    with LanguageMemory.open(tmp_path / "m") as made:
        yield made


def texts(found):
    return [one.text for one in found]


def test_what_is_told_is_recalled_also_after_a_restart(tmp_path):
    with LanguageMemory.open(tmp_path / "m") as memory:
        memory.remember("Ben plays the violin in an orchestra.")
        memory.remember("The harbour freezes in January.", source="almanac")
        memory.remember("Ana bakes bread on Sundays.")
    with LanguageMemory.open(tmp_path / "m", create=False) as memory:
        best = memory.recall("Which instrument does Ben play?")[0]
        assert best.text == "Ben plays the violin in an orchestra."
        assert best.comes_from == "store"
        assert best.strength > 0.99
        assert texts(memory.recall("When does the harbour freeze?", k=1)) == ["The harbour freezes in January."]


def test_facts_are_read_versioned_and_dated(memory):
    memory.remember("Ana's city is Rome.", heard=THEN)
    memory.remember("The city of Ana is Oslo.", heard=THEN + 5 * DAY)
    memory.remember("Ana moved.", who="Ana", what="city", value="Bonn", valid_from=THEN + 9 * DAY)
    assert texts(memory.recall("What is Ana's city?")) == ["Ana moved."]
    assert texts(memory.recall("What is Ana's city?", as_of=THEN + 2 * DAY)) == ["Ana's city is Rome."]
    assert [one.value for one in memory.history("Ana", "city")] == ["Rome", "Oslo", "Bonn"]
    assert [one.kind for one in memory.history()] == ["semantic"] * 3


def test_kinds_novelty_and_importance_are_tagged(memory):
    memory.remember("Yesterday I met Ana at the station.")
    memory.remember("To restart the server, run make serve.")
    memory.remember("Yesterday I met Ana at the old station.")
    memory.remember("Never mind.", kind="semantic", importance=0.125)
    memory.remember("The code is 1234.", pinned=True)
    found = memory.history()
    assert [one.kind for one in found] == ["episodic", "procedural", "episodic", "semantic", "episodic"]
    assert found[0].novelty == 1.0
    assert found[2].novelty < 0.5 < found[1].novelty
    assert found[2].importance < found[1].importance < 1
    assert found[3].importance == 0.125
    assert found[4].pinned


def test_the_same_text_again_is_a_rehearsal_but_not_within_a_talk(memory):
    first = memory.remember("Tea is at five.", heard=THEN)
    assert memory.remember("Tea is at five.", heard=THEN + 9 * DAY) == first
    assert memory.history()[0].rehearsed == THEN + 9 * DAY
    assert memory.remember("Tea is at five.", trusted=False) != first
    turns = [memory.remember("Ana: yes", session="a"), memory.remember("Ana: yes", session="a")]
    assert turns[0] != turns[1]


def test_a_long_text_is_kept_in_passages(memory):
    text = " ".join(f"Sentence {number} speaks of topic{number}." for number in range(200))
    ids = memory.remember(text)
    assert len(ids) > 5
    assert " ".join(memory.store.get(one).text for one in ids) == text
    assert "topic137." in memory.recall("What is said of topic137?", k=1)[0].text


def test_a_passage_of_a_long_text_is_found_by_its_own_words(memory):
    """Those around it, which say much, count as little as they do around a turn of a talk."""
    filler = [
        f"Paragraph {number} is of things {number} and of other things that nobody needs to know. " * 9
        for number in range(6)
    ]
    filler[2] += "The lighthouse keeper of Skagen is called Mette."
    for session in (None, "monday"):
        ids = memory.remember("\n".join(filler), session=session)
        memory.remember("\n".join(filler[:2]).replace("Paragraph", "Section"), session=session)
        best = memory.recall("Who is the lighthouse keeper of Skagen?", 3)
        assert "Mette" in best[0].text
        assert len(ids) >= 6
        memory.forget(one.id for one in memory.history())


def test_capacity_lets_the_weakest_go(tmp_path):
    with LanguageMemory.open(tmp_path / "m", capacity=3) as memory:
        old = memory.remember("An old story of a king.", heard=THEN - 300 * DAY)[0]
        pinned = memory.remember("The alarm code is 1234.", heard=THEN - 400 * DAY, pinned=True)[0]
        known = memory.remember("Ana's city is Rome.", heard=THEN - 300 * DAY)[0]
        memory.confirm("Who?", [old])
        memory.store.mark([known], night=1, stage=1)
        newest = memory.remember("Ben's dog is Rex.")[0]
        assert [one.id for one in memory.history() if one.text] == [old, pinned, newest]
        assert memory.store.get(known).forgotten is None  # it lives in the weights
    with LanguageMemory.open(tmp_path / "m") as memory:  # the capacity is remembered
        memory.remember("Cyd sings.")
        assert [one.id for one in memory.history() if one.text] == [old, pinned, newest + 1]
        assert memory.store.get(newest).forgotten is not None


def test_forgetting(memory):
    first = memory.remember("Ana's city is Rome.")
    memory.remember("Ana's city is Oslo.")
    other = memory.remember("Ana's job is baker.")
    assert memory.forget(who="ana", what="city") == [first[0], first[0] + 1]
    assert texts(memory.recall("What about Ana?")) == ["Ana's job is baker."]
    assert memory.forget(other) == other
    assert memory.forget(other) == []
    assert memory.recall("What about Ana?") == []
    with pytest.raises(BadData, match="either ids or who"):
        memory.forget()


def test_what_is_forgotten_is_in_no_file(tmp_path):
    secret = "xylophone-4711"
    with LanguageMemory.open(tmp_path / "m") as memory:
        memory.remember(f"The word is {secret}.", heard=THEN)
        memory.remember(f"Ana's word is {secret}.")
        memory.confirm(f"Is it {secret}?", [1])
        memory.remember("Another thing.")
        vector = memory.store.vectors([1])[1].tobytes()
        assert any(secret.encode() in file.read_bytes() for file in (tmp_path / "m").iterdir())
        memory.forget([1, 2])
        for file in (tmp_path / "m").iterdir():
            data = file.read_bytes()
            assert secret.encode() not in data
            assert vector not in data
            assert b"Ana" not in data


class Weights:
    """A cortex that knows one thing."""

    def __init__(self):
        self.sure, self.store = 0.9, None

    def answer(self, question):
        return Known("Rome", self.sure, Key("Ana", "city")) if "city" in question else None

    def sleep(self, **options):
        waiting = [one.id for one in self.store.waiting()]
        self.store.mark(waiting, night=1, stage=1)
        return {"learned": waiting}

    def forget(self):
        return {"forgotten": [one.id for one in self.store.tombstones()]}


def test_the_cortex_is_asked_first_and_the_store_has_the_last_word(tmp_path):
    cortex = Weights()
    with LanguageMemory.open(tmp_path / "m", cortex=cortex) as memory:
        cortex.store = memory.store
        memory.remember("Ana's city is Rome.")
        assert memory.recall("What is Ana's city?")[0].comes_from == "store"  # no night has seen it yet
        report = memory.sleep()
        assert report["cortex"] == {"learned": [1]}
        best = memory.recall("What is Ana's city?", k=2)
        assert [(one.text, one.comes_from) for one in best] == [("Rome", "weights"), ("Ana's city is Rome.", "store")]
        assert best[0].episode.id == 1
        assert memory.recall("Where to?")[0].comes_from == "store"  # it says nothing
        assert memory.recall("What is Ana's city?", as_of=datetime.now(UTC))[0].comes_from == "store"
        memory.remember("Ana's city is Oslo.")
        assert texts(memory.recall("What is Ana's city?")) == ["Ana's city is Oslo."]
        memory.forget([2])
        assert memory.sleep()["forgotten"] == {"forgotten": [2]}
        memory.remember("Ana's city is Rome.")
        memory.sleep()
        assert memory.recall("What is Ana's city?")[0].comes_from == "weights"
        cortex.sure = 0.2
        assert all(one.comes_from == "store" for one in memory.recall("What is Ana's city?"))


def test_who_sleeps_can_be_asked_and_is_not_put_to_sleep_twice(tmp_path):
    class Slow(Weights):
        began, end = Event(), Event()

        def sleep(self, **options):
            self.began.set()
            assert self.end.wait(30)
            return {}

    cortex = Slow()
    with LanguageMemory.open(tmp_path / "m", cortex=cortex) as memory:
        cortex.store = memory.store
        memory.remember("Ben plays the violin.")
        night = Thread(target=memory.sleep)
        night.start()
        assert cortex.began.wait(30)
        memory.remember("Cyd sings.")
        assert texts(memory.recall("Who sings?", 1)) == ["Cyd sings."]
        with LanguageMemory.open(tmp_path / "m") as other, pytest.raises(BadData, match="sleeps already"):
            other.sleep()
        cortex.end.set()
        night.join()
        assert memory.sleep()["cortex"] == {}


def test_two_hands_in_one_memory_see_what_the_other_did(tmp_path):
    with LanguageMemory.open(tmp_path / "m") as one, LanguageMemory.open(tmp_path / "m") as other:
        ids = one.remember("Ben plays the violin.")
        assert texts(other.recall("violin")) == ["Ben plays the violin."]
        other.forget(ids)
        assert one.recall("violin") == []


@pytest.mark.parametrize("text", ["東京で猫を見ました。", "Ελλάδα", "שלום עולם", "🎻🎻", "naïve café", "न", "a\u0301"])
def test_text_in_any_script(memory, text):
    memory.remember(text)
    memory.remember("Something else.")
    assert memory.recall(text)[0].text == text


BAD = {
    "empty": ("", "text is empty"),
    "blank": (" \n\t", "text is empty"),
    "half a pair": ("a\ud800b", "at place 1 a sign that is no character"),
    "NUL": ("ab\0", "at place 2"),
    "too long": ("x" * 10_000_001, "Expected at most 10000000"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_text_is_refused_and_changes_nothing(memory, case):
    text, said = BAD[case]
    for call in (memory.remember, memory.recall, lambda given: memory.remember("Fine.", source=given or " ")):
        with pytest.raises(BadData, match=r"Expected|wrong encoding") as error:
            call(text)
    assert said.partition(" ")[2] in str(error.value) or case == "too long"
    assert memory.history() == []


def test_a_megabyte_of_text(memory):
    ids = memory.remember("x" * 1_000_000)
    assert len(ids) == 1250
    assert sum(len(one.text) for one in memory.history()) == 1_000_000


def test_what_failed_is_not_remembered_in_part(tmp_path):
    with LanguageMemory.open(tmp_path / "m", capacity=50) as memory:
        memory.remember("Ben plays the violin.")
        pages = memory.store._ask("PRAGMA page_count")[0][0]
        memory.store._ask(f"PRAGMA max_page_count = {pages + 10}")
        with pytest.raises(BadData, match="No room is left"):
            memory.remember("A long story of a violin. " * 2000)
        assert texts(memory.recall("violin")) == ["Ben plays the violin."]
        memory.store._ask("PRAGMA max_page_count = 100000")
        memory.remember("Cyd sings.")
        assert [one.id for one in memory.history()] == [1, 2]
        assert texts(memory.recall("Cyd")) == ["Cyd sings.", "Ben plays the violin."]


def test_what_is_no_memory_is_refused_and_left_as_it_is(tmp_path):
    with pytest.raises(MissingData, match="reverie memory remember"):
        LanguageMemory.open(tmp_path / "none", create=False)
    assert not (tmp_path / "none").exists()
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "letter.txt").write_text("dear")
    with pytest.raises(BadData, match="not a memory's folder"):
        LanguageMemory.open(tmp_path / "taken")
    (tmp_path / "odd").mkdir()
    for content, said in ((b"no database" * 100, "damaged, or is no memory"), (b"", "not a memory of Reverie")):
        (tmp_path / "odd" / "episodes.db").write_bytes(content)
        with pytest.raises(ReverieError, match=said):
            LanguageMemory.open(tmp_path / "odd")


def test_another_encoder_is_refused(tmp_path, monkeypatch):
    with LanguageMemory.open(tmp_path / "m") as memory:
        memory.remember("Ben plays the violin.")
    from reverie.language import memory as module

    real = module.encode_text
    monkeypatch.setattr(module, "encoder_width", lambda name: 3)
    with pytest.raises(BadData, match="made with the encoder 'hash' of 2048 numbers; given is 'minilm' of 3"):
        LanguageMemory.open(tmp_path / "m", encoder="minilm")
    monkeypatch.setattr(module, "encode_text", lambda texts, name: -real(texts, name))
    with LanguageMemory.open(tmp_path / "m") as memory, pytest.raises(BadData, match="not the one"):
        memory.recall("violin")


def test_a_folder_as_encoder_is_known_wherever_one_stands(tmp_path, monkeypatch):
    (tmp_path / "model").mkdir()
    from reverie.language import memory as module

    asked = []

    def encode(texts, name):
        asked.append(name)
        return np.ones((len(texts), 3), np.float32)

    monkeypatch.setattr(module, "encode_text", encode)
    monkeypatch.setattr(module, "encoder_width", lambda name: 3)
    with LanguageMemory.open("m", encoder="model") as memory:
        memory.remember("Ben plays the violin.")
    monkeypatch.chdir("model")
    with LanguageMemory.open("../m") as memory:
        assert memory.recall("violin")[0].text == "Ben plays the violin."
    assert set(asked) == {str(tmp_path / "model")}


def test_a_newer_schema_and_a_damaged_file(tmp_path):
    import sqlite3

    with LanguageMemory.open(tmp_path / "m") as memory:
        memory.remember("Ben plays the violin.")
    file = tmp_path / "m" / "episodes.db"
    whole = file.read_bytes()
    database = sqlite3.connect(file)
    database.execute("PRAGMA user_version = 99")
    database.commit()
    database.close()
    with pytest.raises(BadData, match="written by a newer Reverie"):
        LanguageMemory.open(tmp_path / "m")
    file.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    with pytest.raises(ReverieError, match="Restore it from a copy"):
        LanguageMemory.open(tmp_path / "m")
    file.write_bytes(whole)
    with LanguageMemory.open(tmp_path / "m") as memory:
        assert texts(memory.recall("violin")) == ["Ben plays the violin."]


def test_torch_is_not_needed_to_remember_and_recall(tmp_path):
    asked = (
        "import sys\n"
        "from reverie.language import LanguageMemory\n"
        f"with LanguageMemory.open({str(tmp_path / 'm')!r}) as memory:\n"
        "    memory.remember('Ben plays the violin.')\n"
        "    assert memory.recall('violin')\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", asked], check=True, timeout=900)
