"""How likely it is that a memory answers, and of whom a sentence is."""

import math

import numpy as np
import pytest

from reverie.errors import BadData
from reverie.language import LanguageMemory
from reverie.language.likelihood import Asked, Coverage, likelihood
from reverie.language.recollection import Recollection, descending
from reverie.memory.episodic.mirror import Mirror


@pytest.fixture
def memory(tmp_path):
    with LanguageMemory.open(tmp_path / "m") as made:
        yield made


def talk(memory):
    turns = (
        "Ana: I ran a charity race last week!",
        "Ben: That race of yours sounds great. Your family must be proud.",
        "Ana: Thanks! How is your painting?",
        "Ben: I finished a painting of a lighthouse.",
        "Ana: You are so good at it.",
    )
    for turn in turns:
        memory.remember(turn, session="monday")


def test_who_is_asked_about_decides_not_the_words_alone(memory):
    talk(memory)
    for asked, right, wrong in (("Why did {} run a charity race?", "Ana", "Ben"), ("What did {} paint?", "Ben", "Ana")):
        scores = [memory.recall(asked.format(name), 1)[0].score for name in (right, wrong)]
        assert scores[0] > 0.35 > 0.2 > scores[1]
    assert memory.recall("What did Zoe paint?", 1)[0].score < 0.1


def test_a_sentence_is_about_who_says_i_or_who_is_spoken_to(memory):
    talk(memory)
    memory.remember("Cyd: Ana has a painting.", session="monday")
    memory.remember("The painting is by Ben.")
    memory.remember("A painting was sold.")
    mirror = Mirror(memory.store)
    asked = Asked.of("Which painting has Ana?", mirror)
    assert set(asked.people) == {"ana"}
    assert set(asked.others) == {"ben", "cyd"}
    assert asked.weights == {"paint": 1.0}
    covers = [Coverage.of(asked, one, []) for one in mirror.episodes]
    assert [(one.asked, one.others) for one in covers if one.words] == [(0, 1), (0, 1), (1, 0), (0, 1), (1, 0)]


def test_the_number_is_the_formula():
    hits = [Coverage(0.5, 0.25, 0.0, ()), Coverage(0.25, 1.0, 0.0, ()), *[Coverage(1.0, 0.0, 0.0, ())] * 0]
    logit = -2.05 + 2.8 * 0.5 + 9.9 * 0.075 - 15.5 * 0.125 * 0.5
    assert likelihood(hits) == pytest.approx(1 / (1 + math.exp(-logit)))


def test_scores_mean_the_same_in_a_store_of_one_and_of_many(tmp_path):
    found = {}
    for size in (0, 200):
        with LanguageMemory.open(tmp_path / str(size)) as memory:
            memory.remember("The harbour of Skagen freezes in January.")
            for number in range(size):
                memory.remember(f"Note {number}: parcel {number * 7} was sent to street {number * 3}.")
            found[size] = [
                memory.recall(asked, 1)[0].score
                for asked in ("When does the harbour freeze?", "What is the airspeed of an unladen swallow?")
            ]
    right, nonsense = zip(found[0], found[200], strict=True)
    assert min(right) > 0.8
    assert max(nonsense) < 0.2
    assert abs(right[0] - right[1]) < 0.05


def test_below_the_threshold_nothing_is_returned(memory):
    memory.remember("The harbour freezes in January.")
    memory.remember("Ben plays the violin.")
    nonsense = "What is the airspeed of an unladen swallow?"
    assert len(memory.recall(nonsense)) == 2
    assert memory.recall(nonsense, threshold=0.2) == []
    found = memory.recall("When does the harbour freeze?", threshold=0.2)
    assert [one.text for one in found] == ["The harbour freezes in January."]
    assert found[0].why.words == ("harbour", "freeze")
    assert found[0].why.covers == pytest.approx(1.0)
    assert 0.2 < found[0].why.sense <= 1
    for wrong in (-0.1, 1.5):
        with pytest.raises(BadData, match="probability from 0 to 1"):
            memory.recall("x", threshold=wrong)


def test_scores_never_rise_down_the_list(memory):
    talk(memory)
    memory.remember("Ana's city is Rome.")
    memory.remember("Hello! Ana moved to Oslo, she says. The city is cold.")
    for question in ("In which city is Ana?", "What did Ben paint?", "What?", "Ana"):
        scores = [one.score for one in memory.recall(question, 8)]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= one <= 1 for one in scores)


def test_what_moved_up_answers_no_less_than_what_it_passed():
    found = [Recollection(str(score), score, 1.0, "store") for score in (0.2, 0.7, 0.1)]
    bad = Recollection("bad", 0.9, 1.0, "store", instructs=True)
    assert [one.score for one in descending([*found, bad])] == [0.7, 0.7, 0.1, 0.1]
    assert [one.score for one in descending([bad])] == [0.9]


def test_the_cosine_that_is_named_is_that_of_the_vectors(memory):
    ids = memory.remember("Ben plays the violin.")
    vector = memory.store.vectors(ids)[ids[0]]
    asked = memory._encoded(["Who plays?"])[0]
    expected = float(vector @ asked / np.linalg.norm(vector) / np.linalg.norm(asked))
    assert memory.recall("Who plays?")[0].why.sense == pytest.approx(expected, abs=1e-5)
