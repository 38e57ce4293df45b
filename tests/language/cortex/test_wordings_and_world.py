"""Wordings, and the world that is told in them."""

import pytest
import torch

from reverie.errors import BadData
from reverie.language.cortex.tiny import biographies
from reverie.language.cortex.wordings import GENERAL, Wording, Wordings
from reverie.language.cortex.world import ATTRIBUTES, WORLD_WORDINGS, World
from reverie.language.fact import Fact, Key


@pytest.mark.parametrize("template", ["{value} is home to {who}.", "Ana lives in {value}.", "{who} lives here.", ""])
def test_a_wording_that_is_no_cue_is_refused(template):
    with pytest.raises(BadData, match=r"ends with \{value\}"):
        Wording(template)


def test_a_wording_is_told_and_begun():
    wording = Wording("What is the {what} of {who}? {value}.")
    assert wording.asks
    assert wording.tell(Fact("Ana", "city", "Rome")) == "What is the city of Ana? Rome."
    assert wording.cue(Key("Ana", "city")) == "What is the city of Ana?"
    assert Wordings().of("anything") == GENERAL
    assert WORLD_WORDINGS.question(Key("Ana", "city")) == "Where does Ana live?"


def test_a_world_is_what_its_seed_says_and_changes_are_changes():
    one, other = (World(people=20, generator=torch.Generator().manual_seed(3)) for _ in range(2))
    assert one.facts == other.facts
    assert len({fact.key for fact in one.facts}) == len(one.facts) == 80
    before = {fact.key: fact.value for fact in one.facts}
    changed = one.change(one.facts, 30)
    assert len({fact.key for fact in changed}) == 30
    assert all(fact.value != before[fact.key] and fact.value in ATTRIBUTES[fact.what] for fact in changed)
    now = {fact.key: fact.value for fact in one.facts}
    assert sum(now[key] != before[key] for key in now) == 30
    assert not {fact.who for fact in one.meet(5)} & {fact.who for fact in other.facts}
    with pytest.raises(BadData, match="no more names"):
        one.meet(10**6)


def test_only_some_people_are_asked_about():
    facts = World(people=40, generator=torch.Generator().manual_seed(0)).facts
    said = biographies(facts, generator=torch.Generator().manual_seed(0), asked=0.5)
    asked = {fact.who for fact in facts if f"Where does {fact.who} live? " in " ".join(said)}
    assert 10 < len(asked) < 30
    assert all(f"{fact.who} lives in " in " ".join(said) for fact in facts)
