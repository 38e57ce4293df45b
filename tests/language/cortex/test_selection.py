"""Which episodes a night takes: rules by hand-made cases, and what a cortex passes to them."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import torch

from reverie.errors import BadData
from reverie.language import LanguageMemory
from reverie.language.cortex import LanguageCortex
from reverie.language.cortex.selection import (
    Unsaid,
    Waiting,
    importance,
    importance_and_novelty,
    need,
    need_times_gain,
    novelty,
    uniform,
    unknown,
)
from reverie.language.cortex.wordings import Wordings
from reverie.language.cortex.world import WORLD_WORDINGS, World
from reverie.language.fact import Fact
from reverie.memory.episodic import Episode, SQLiteStore

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ONE = Episode(
    id=1, text="x", who=None, what=None, value=None, kind="episodic", source="user", trusted=True, session=None,
    valid_from=NOW, valid_to=None, heard=NOW, novelty=0.5, importance=0.5, stability=2.0, difficulty=5.0, rehearsed=NOW,
    stage=0, night=None, merged=None, forgotten=None,
)  # fmt: skip
RULES = (uniform, novelty, importance, importance_and_novelty, need_times_gain)


def waiting(confirmed, gain=None, **fields):
    episodes = [
        replace(ONE, id=place, **{name: values[place] for name, values in fields.items()})
        for place in range(len(confirmed))
    ]
    gain = [1.0] * len(confirmed) if gain is None else gain
    return Waiting(episodes, confirmed, lambda chosen: np.array(gain, np.float64))


def chosen(rule, there, limit):
    return rule(there, limit, torch.Generator().manual_seed(0))


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_takes_each_once_and_no_more_than_there_are(rule):
    there = waiting([0, 2, 1, 0])
    assert chosen(rule, waiting([]), 3) == []
    assert chosen(rule, there, 0) == []
    assert sorted(chosen(rule, there, 9)) == [0, 1, 2, 3]
    assert len(set(chosen(rule, there, 3))) == 3


@pytest.mark.parametrize("rule", RULES[1:])
def test_of_equals_what_was_heard_first(rule):
    assert chosen(rule, waiting([0] * 5), 3) == [0, 1, 2]  # nothing confirmed: all are as likely to be needed
    assert chosen(rule, waiting([0] * 5, gain=[0.0] * 5), 3) == [0, 1, 2]  # everything known


def test_rules_look_at_what_they_say():
    there = waiting([0, 0, 0], novelty=[0.1, 0.9, 0.5], importance=[0.9, 0.2, 0.7])
    assert chosen(novelty, there, 2) == [1, 2]
    assert chosen(importance, there, 2) == [0, 2]
    assert chosen(importance_and_novelty, there, 2) == [2, 1]  # 1.2, 1.1 and 1.0


def test_chance_is_even_and_the_generators():
    there = waiting([5, 0, 0, 0])
    drawn = [uniform(there, 1, torch.Generator().manual_seed(seed))[0] for seed in range(400)]
    assert all(60 < drawn.count(place) < 140 for place in range(4))
    assert chosen(uniform, there, 2) == chosen(uniform, there, 2)


def test_need_times_gain_is_a_product():
    assert chosen(need_times_gain, waiting([0, 4, 1]), 3) == [1, 2, 0]
    assert chosen(need_times_gain, waiting([0, 4, 1], gain=[0.5, 0.1, 0.5]), 3) == [2, 0, 1]
    assert chosen(need_times_gain, waiting([9, 0], gain=[0.0, 0.01]), 1) == [1]
    pinned = waiting([0, 0], importance=[0.4, 1.0])
    assert chosen(need_times_gain, pinned, 1) == [1]
    assert need(waiting([0, 3], importance=[0.5, 0.0])).tolist() == [3.0, 3.0]


def test_what_was_said_already_is_said_again_last():
    texts = ["Ana plays the violin.", "Ana plays the violin!", "Ben bakes bread.", "and so"]
    gain = Unsaid(texts)
    assert gain([]).tolist() == pytest.approx([1 - np.exp(-0.3)] * 3 + [0.0])
    assert gain([0])[1] == pytest.approx(1 - np.exp(-0.15))
    there = Waiting([replace(ONE, id=place) for place in range(4)], [0] * 4, gain)
    assert chosen(need_times_gain, there, 4) == [0, 2, 1, 3]
    assert Unsaid([])([]).tolist() == []


def test_the_gain_of_a_fact_is_what_the_weights_do_not_answer(embedded):
    known = World(people=250, generator=torch.Generator().manual_seed(0)).facts[0]
    other = Fact(known.who, known.what, "nowhere")
    gain = unknown(embedded, [known, other, Fact("Zoe Zane", "city", "Oslo")], WORLD_WORDINGS)([])
    assert 0 <= gain[0] < 0.5
    assert gain[1:].tolist() == [1.0, 1.0]
    assert unknown(embedded, [], Wordings())([]).tolist() == []


@pytest.fixture
def store(tmp_path):
    made = SQLiteStore(tmp_path / "episodes.db", encoder="hash", dimension=2048)
    yield made
    made.close()


def test_a_night_with_a_limit_takes_what_is_asked_for_and_not_known(store, embedded):
    known = World(people=250, generator=torch.Generator().manual_seed(0)).facts[0]
    store.set_named("cortex model", "tiny")
    cortex = LanguageCortex(store, base=embedded, wordings=WORLD_WORDINGS)
    memory = LanguageMemory(store, cortex=cortex)
    memory.remember("Ana Abbot's city is Oslo.", importance=0.9)
    memory.remember("Ben Birch's city is Lima.", importance=0.5)
    told = memory.remember("It is so.", who=known.who, what=known.what, value=known.value, importance=0.9)
    for _ in range(6):
        memory.confirm("Where does Ben Birch live?", [2])
        memory.confirm("Where was that?", told)
    memory.remember("Ben Birch's city is Rome.", importance=0.5)  # who asked for the key has asked for this too
    waiting = store.waiting()
    assert [one.id for one in waiting] == [1, 3, 4]
    assert [[one.id for one in cortex._chosen(waiting, limit)] for limit in (1, 2)] == [[4], [4, 1]]
    first = LanguageCortex(store, base=embedded, rule=lambda there, limit, generator: [1])
    assert [one.id for one in first._chosen(waiting, 1)] == [3]


def test_a_limit_that_takes_all_asks_nothing(store, embedded, monkeypatch):
    store.set_named("cortex model", "tiny")
    cortex = LanguageCortex(store, base=embedded)
    LanguageMemory(store, cortex=cortex).remember("Ana Abbot's city is Oslo.")
    monkeypatch.setattr(cortex, "_chosen", lambda *_: pytest.fail("nothing is to be chosen"))

    def consolidate(model, facts, *_, **__):
        raise KeyError(*facts)

    monkeypatch.setattr("reverie.language.cortex.cortex.consolidate", consolidate)
    with pytest.raises(KeyError) as told:
        cortex.sleep(limit=1)
    assert told.value.args == (Fact("Ana Abbot", "city", "Oslo"),)
    assert LanguageCortex(store, base=embedded).sleep(limit=0)["verdict"] == "nothing to do"


def test_a_limit_is_a_number_of_facts(store, embedded):
    store.set_named("cortex model", "tiny")
    cortex = LanguageCortex(store, base=embedded)
    LanguageMemory(store, cortex=cortex).remember("Ana Abbot's city is Oslo.")
    with pytest.raises(BadData, match=r"limit is -1\. Expected a number of facts"):
        cortex.sleep(limit=-1)
