"""A memory and its cortex, by the small model within the package: told once, slept on, known, corrected, forgotten."""

import pytest

from reverie.errors import BadData, MissingData
from reverie.language import LanguageMemory
from reverie.language.cortex import Gate, LanguageCortex, NightPlan
from reverie.language.cortex.nights import Night, Nights
from reverie.memory.episodic import SQLiteStore

PLAN = NightPlan(rank=16, replayed=16, learning_rate=1e-2)


@pytest.fixture
def store(tmp_path):
    made = SQLiteStore(tmp_path / "episodes.db", encoder="hash", dimension=2048)
    yield made
    made.close()


def open_with(store, embedded, plan=PLAN, gate=None):
    """A memory whose cortex is the embedded model, read already."""
    store.set_named("cortex model", "tiny")
    cortex = LanguageCortex(store, base=embedded, plan=plan, gate=gate)
    return LanguageMemory(store, cortex=cortex), cortex


def test_a_life(store, embedded):
    memory, cortex = open_with(store, embedded)
    memory.remember("Ana Abbot's city is Oslo.")
    memory.remember("Ben Birch's pet is a grey cat.")
    memory.remember("Cara Crane's city is Bergen.", trusted=False)
    assert memory.recall("What is Ana Abbot's city?")[0].comes_from == "store"
    night = memory.sleep()["cortex"]
    assert (night["verdict"], night["arrived"], night["tonight"]) == ("kept", 2, 2)  # hearsay waits for ever
    assert night["rank"] < 16  # the weakest synapses were cut
    best = memory.recall("What is the city of Ana Abbot?")[0]
    assert (best.text, best.comes_from, best.episode.night) == ("Oslo", "weights", 1)
    assert memory.recall("What is the city of Cara Crane?")[0].comes_from == "store"
    assert memory.recall("And the city of Cosmo Crane?")[0].comes_from == "store"

    memory.remember("Ana Abbot's city is Lima.")
    assert (
        memory.recall("What is the city of Ana Abbot?")[0].text == "Ana Abbot's city is Lima."
    )  # newer than the night
    report = memory.sleep(drop_text=True)
    assert report["cortex"]["verdict"] == "kept"
    assert report["cortex"]["retained"] == 1
    assert memory.recall("What is Ana Abbot's city?")[0].text == "Lima"
    assert [one.text for one in store.all()] == [
        "Ana Abbot's city is Oslo.",
        None,
        "Cara Crane's city is Bergen.",
        None,
    ]
    assert memory.recall("Which pet does Ben Birch have?")[0].text == "a grey cat"  # by the weights alone
    assert {one.id: one.stage for one in store.all()} == {1: 1, 2: 2, 3: 0, 4: 1}

    memory.forget(who="Ana Abbot")
    assert memory.recall("What is Ana Abbot's city?")[0].text != "Lima"
    gone = memory.sleep()["forgotten"]
    assert gone["verdict"] == "forgotten"
    assert gone["answered_as_before"] <= gone["chance"] + 0.01
    assert gone["retained"] == 1
    assert cortex.model.complete(["What is the city of Ana Abbot?"])[0].text != "Lima"
    assert memory.recall("What is Ben Birch's pet?")[0].text == "a grey cat"
    assert memory.sleep()["forgotten"] == {"forgotten": []}
    assert [night.number for night in cortex.nights.all()] == [1, 2, 3]
    assert [cortex.nights.adapter(number) is None for number in (1, 2, 3)] == [True, True, False]
    again = LanguageMemory(store)  # whoever opens it later finds its cortex
    again.cortex._base = embedded
    assert again.recall("What is Ben Birch's pet?")[0].text == "a grey cat"


@pytest.mark.parametrize(
    ("gate", "plan", "reason"),
    [
        (Gate(general=-9.0), PLAN, "nat more"),
        (Gate(), NightPlan(rank=1, steps=1, learning_rate=1e-9), "have arrived"),
    ],
)
def test_a_harmful_night_is_rolled_back(store, embedded, gate, plan, reason):
    memory, cortex = open_with(store, embedded, plan, gate)
    memory.remember("Ana Abbot's city is Oslo.")
    night = memory.sleep()["cortex"]
    assert night["verdict"] == "rolled back"
    assert reason in night["reason"]
    assert cortex.nights.all() == []
    assert [one.id for one in store.waiting()] == [1]
    assert store.get(1).stage == 0


def test_what_was_known_and_is_lost_rolls_the_night_back_or_is_told_again(store, embedded):
    memory, _ = open_with(store, embedded)
    memory.remember("Ana Abbot's city is Oslo.")
    memory.remember("Ben Birch's pet is a newt.")
    memory.sleep()
    harmful = NightPlan(rank=16, steps=6, replayed=1, learning_rate=0.5)
    memory._cortex = LanguageCortex(store, base=embedded, plan=harmful, gate=Gate(general=99.0))
    memory.remember("Clara Crane's city is Bergen.")
    night = memory.sleep()["cortex"]
    assert night["verdict"] == "rolled back"
    assert "of what was known is left" in night["reason"] or "have arrived" in night["reason"]
    store.set_bytes("cortex night 000001", None)  # as if a night's weights were lost
    audit = LanguageCortex(store, base=embedded)._audit(False)
    assert audit == {"proven": 0, "lost": 2}
    assert {one.id for one in store.waiting()} == {1, 2, 3}


def test_one_who_sleeps_with_another_model_or_with_none_is_refused(store, tmp_path):
    nights = Nights(store)
    with pytest.raises(BadData, match="No language model was chosen"):
        _ = LanguageCortex(store).model
    memory = LanguageMemory(store)
    memory.remember("Ana Abbot's city is Oslo.")
    with pytest.raises(MissingData, match=r"config\.json"):
        memory.sleep(model=str(tmp_path))
    assert memory.cortex is None  # and no trace of it is left
    store.set_named("cortex model", "tiny")
    nights.keep(Night(1, (), {}), {})
    with pytest.raises(BadData, match="sleeps with the model tiny"):
        memory.sleep(model=str(tmp_path))
    with pytest.raises(BadData, match="give a rank"):
        LanguageCortex(store, plan=NightPlan(rank=None))
