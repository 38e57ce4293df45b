"""Adapters, and one night in the weights."""

import copy
from math import ceil

import pytest
import torch

from reverie.errors import BadData, CorruptFile
from reverie.language.cortex.adapters import adapter_of, add_adapter, cut_adapter, pack_adapter, rank_of, unpack_adapter
from reverie.language.cortex.causal import CausalModel
from reverie.language.cortex.consolidation import NightPlan, consolidate, knows, merged
from reverie.language.cortex.rehearsal import Missed, rehearse
from reverie.language.cortex.tiny import tiny_model
from reverie.language.cortex.wordings import Wordings
from reverie.language.fact import Fact

ANA, BEN = Fact("Ana Abbot", "city", "Oslo"), Fact("Ben Birch", "pet", "cat")
PLAN = NightPlan(rank=8, steps=12)


@pytest.fixture(scope="module")
def small():
    return tiny_model(width=48, depth=1, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def night(small):
    return consolidate(small, [ANA], [BEN], wordings=Wordings(), plan=PLAN, generator=torch.Generator().manual_seed(1))


def logits(model):
    with torch.no_grad():
        return model.logits(model.encode(["Ana Abbot's city is Oslo."]))


def test_a_night_leaves_the_evening_as_it_was_and_is_its_seeds(small, night):
    before = copy.deepcopy(small.network.state_dict())
    again = consolidate(small, [ANA], [BEN], wordings=Wordings(), plan=PLAN, generator=torch.Generator().manual_seed(1))
    assert all(torch.equal(value, before[name]) for name, value in small.network.state_dict().items())
    assert torch.equal(logits(again), logits(night))
    assert not torch.allclose(logits(night), logits(small))


def test_an_adapter_added_by_hand_is_the_adapter_merged(small, night):
    adapter = adapter_of(night.network)
    whole = merged(copy.deepcopy(night))
    network = copy.deepcopy(small.network)
    add_adapter(network, unpack_adapter(pack_adapter(adapter)))
    by_hand = CausalModel(network, small.tokenizer)
    torch.testing.assert_close(logits(by_hand), logits(whole), rtol=1e-4, atol=1e-5)


def test_cutting_keeps_the_strongest_directions(night):
    adapter = adapter_of(night.network)
    assert rank_of(adapter) == 8
    whole, less = cut_adapter(adapter, 8), cut_adapter(adapter, 3)
    assert rank_of(less) == 3
    for name, (a, b) in adapter.items():
        torch.testing.assert_close(whole[name][1] @ whole[name][0], b @ a, rtol=1e-3, atol=1e-6)
        u, s, v = torch.linalg.svd(b @ a)
        best = u[:, :3] * s[:3] @ v[:3]
        torch.testing.assert_close(less[name][1] @ less[name][0], best, rtol=1e-3, atol=1e-6)


def test_an_adapter_of_another_model_is_refused(small):
    with pytest.raises(CorruptFile, match="has a layer 'nowhere'"):
        add_adapter(small.network, {"nowhere": (torch.zeros(1, 2), torch.zeros(2, 1))})


def test_all_weights_can_learn_and_a_night_teaches():
    small = tiny_model(width=48, depth=1, generator=torch.Generator().manual_seed(0))
    plan = NightPlan(rank=None, learning_rate=5e-2)
    model = consolidate(small, [ANA], [BEN], wordings=Wordings(), plan=plan, generator=torch.Generator().manual_seed(0))
    assert knows(model, [ANA, BEN], Wordings()) == [True, True]
    assert knows(model, [], Wordings()) == []
    assert merged(model) is model


def test_half_of_what_follows_is_what_was_missed(small, monkeypatch):
    seen = []
    encode = CausalModel.encode
    monkeypatch.setattr(CausalModel, "encode", lambda self, texts: seen.append(texts) or encode(self, texts))
    model = copy.deepcopy(small)
    asked = iter([Missed([], ["hard one."])] + [Missed([], [])] * 9)
    rehearse(
        model, [], ["easy one.", "easy two."], ask=lambda: next(asked), steps=30, batch=4,
        generator=torch.Generator().manual_seed(0),
    )  # fmt: skip
    hard = [texts.count("hard one.") for texts in seen]
    assert hard == [0] * 12 + [2] * 12 + [0] * 6


def test_without_anything_to_learn_or_a_fact_twice_there_is_no_night(small):
    generator = torch.Generator().manual_seed(0)
    with pytest.raises(BadData, match="nothing to consolidate"):
        consolidate(small, [], [], wordings=Wordings(), plan=PLAN, generator=generator)
    with pytest.raises(BadData, match="both tonight's and known"):
        consolidate(small, [ANA], [ANA], wordings=Wordings(), plan=PLAN, generator=generator)
    for plan in ({"rank": 0}, {"steps": 0}, {"told": 0}):
        with pytest.raises(BadData, match="at least 1"):
            NightPlan(**plan)


def test_a_night_has_as_many_steps_as_it_needs():
    plan = NightPlan()
    assert plan.steps_for(3, 0) == 24
    assert plan.steps_for(150, 0) == 50
    assert plan.steps_for(0, 2560) == 60
    assert plan.steps_for(10**6, 0) == plan.steps
    assert plan.anew(10**4).steps_for(10**4, 0) == ceil(4 * 10**4 / plan.told)  # told again, nothing is told less often
    assert plan.anew(3) == plan
