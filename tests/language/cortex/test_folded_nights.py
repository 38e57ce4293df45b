"""Many nights: old adapters are folded into one, and nothing that is known, asked or forgotten changes by it."""

import json

import pytest
import torch

from reverie.language import LanguageMemory
from reverie.language.cortex import LanguageCortex, NightPlan
from reverie.language.cortex.adapters import add_adapter, fold_adapters, pack_adapter
from reverie.language.cortex.nights import _APART, Night, Nights
from reverie.language.cortex.tiny import tiny_model
from reverie.memory.episodic import SQLiteStore

LAYERS = {"transformer.h.0.attn.c_proj": (48, 48), "transformer.h.0.mlp.c_fc": (48, 192)}


@pytest.fixture(scope="module")
def small():
    return tiny_model(width=48, depth=1, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def store(tmp_path):
    made = SQLiteStore(tmp_path / "episodes.db", encoder="hash", dimension=2048)
    yield made
    made.close()


def adapters(count, rank=8):
    generator = torch.Generator().manual_seed(1)

    def part(*shape):
        return 0.02 * torch.randn(shape, generator=generator)

    return [
        {name: (part(rank, n_in), part(n_out, rank)) for name, (n_in, n_out) in LAYERS.items()} for _ in range(count)
    ]


def added(adapter, name):
    a, b = (part.double() for part in adapter[name])
    return b @ a


def kept_bytes(store):
    ((size,),) = store._ask("SELECT sum(length(data)) FROM named WHERE name LIKE 'cortex night %'")
    return size


def keep(nights, count, made=None):
    for number, adapter in enumerate(made or adapters(count), nights.next):
        with nights._store.transaction():
            nights.keep(Night(number, (2 * number, 2 * number + 1), {"night": number}), adapter)


@pytest.mark.parametrize("count", [2, 6, 7, 20])
def test_a_fold_adds_what_its_parts_add_and_is_no_wider_than_a_layer(count):
    parts = adapters(count)
    del parts[0]["transformer.h.0.mlp.c_fc"]
    whole = fold_adapters(parts)
    again = fold_adapters([whole, parts[-1]])
    for name, shape in LAYERS.items():
        expected = sum(added(part, name) for part in parts if name in part)
        torch.testing.assert_close(added(whole, name), expected, rtol=1e-6, atol=1e-8)
        torch.testing.assert_close(added(again, name), expected + added(parts[-1], name), rtol=1e-6, atol=1e-8)
        assert len(whole[name][0]) <= min(shape)
        assert len(again[name][0]) <= min(shape)
    assert fold_adapters([{}, {}]) == {}
    tall = {"layer": (torch.ones(3, 9), torch.ones(2, 3))}
    assert [part.shape for part in fold_adapters([tall])["layer"]] == [(2, 9), (2, 2)]


def test_the_model_is_the_same_and_what_is_kept_stops_growing(store, small):
    nights, made = Nights(store), adapters(40)
    weights = {name: small.network.get_submodule(name).weight.detach().double() for name in LAYERS}
    sizes = []
    for number in range(1, 41):
        keep(nights, 1, [made[number - 1]])
        sizes.append(kept_bytes(store))
    now, before = nights.model_before(small), nights.model_before(small, 36)
    for model, count in ((now, 40), (before, 35)):
        for name, weight in weights.items():
            expected = weight + sum(added(part, name) for part in made[:count]).T
            torch.testing.assert_close(
                model.network.get_submodule(name).weight.double(), expected, rtol=1e-5, atol=1e-6
            )
    one_night, layers = len(pack_adapter(made[0])), 4 * sum(n_in * n_out for n_in, n_out in LAYERS.values())
    assert sizes[_APART - 1] == _APART * one_night
    assert len(set(sizes[20:])) == 1  # no byte more in twenty nights
    assert sizes[-1] <= _APART * one_night + 2 * layers + 1000
    assert [one.report["night"] for one in nights.all()] == list(range(1, 41))  # every report is still there
    assert all(one.episodes == (2 * one.number, 2 * one.number + 1) for one in nights.all())


def test_a_model_answers_the_same_before_and_after_a_fold(store, embedded):
    nights = Nights(store)
    generator = torch.Generator().manual_seed(2)
    layers = {name: layer.weight.shape for name, layer in embedded.network.named_modules() if "c_" in name}
    made = [
        {
            name: (0.01 * torch.randn(4, n_in, generator=generator), torch.randn(n_out, 4, generator=generator) * 0.01)
            for name, (n_in, n_out) in layers.items()
        }
        for _ in range(_APART + 2)
    ]
    keep(nights, _APART + 1, made[:-1])
    unfolded = nights.model_before(embedded)
    add_adapter(unfolded.network, made[-1])
    keep(nights, 1, made[-1:])
    assert [nights.adapter(number) is None for number in (1, 2, 3)] == [False, True, False]
    folded = nights.model_before(embedded)
    cues = [f"What is the {what} of Ana Abbot?" for what in ("city", "job", "pet", "hobby")]
    before, after = unfolded.complete(cues), folded.complete(cues)
    assert [one.text for one in after] == [one.text for one in before]
    assert [one.confidence for one in after] == pytest.approx([one.confidence for one in before], rel=1e-3)


def test_folded_nights_are_one_that_told_what_all_told(store, small):
    nights, made = Nights(store), adapters(12)
    keep(nights, 12, made)
    assert [one.folded for one in nights.all()] == [1] * 5 + [None] * 7
    told = nights.told_in()
    assert [told[2 * number] for number in range(1, 13)] == [1] * 5 + list(range(6, 13))
    for number in (1, 3, 5):  # nobody can say any more what was before the third alone
        base = nights.model_before(small, number).network
        assert all(torch.equal(one, small.network.state_dict()[name]) for name, one in base.state_dict().items())
    with store.transaction():
        nights.keep(Night(13, (7,), {}), adapters(1)[0], instead_of=told[6])
    assert nights.told_in() == {7: 13}  # no part of what was folded is left
    keep(nights, 12, made)
    assert {one.folded for one in nights.all()[12:18]} == {13}
    assert nights.told_in()[7] == 13


def test_a_fold_that_no_database_would_take_is_left(store, monkeypatch):
    nights = Nights(store)
    monkeypatch.setattr("reverie.language.cortex.nights._LARGEST", 10)
    keep(nights, 12)
    assert len(nights._kept(nights.all())) == 12


def test_a_memory_with_more_nights_than_are_kept_apart_folds_them_in_its_next(store, small):
    nights, made = Nights(store), adapters(20)
    rows = [{"number": number, "episodes": [number], "report": {}} for number in range(1, 20)]  # as they were written
    for number, adapter in enumerate(made[:19], 1):
        store.set_bytes(f"cortex night {number:06d}", pack_adapter(adapter))
    store.set_named("cortex nights", rows)
    assert nights.told_in() == {number: number for number in range(1, 20)}
    keep(nights, 1, made[19:])
    assert len(nights._kept(nights.all())) == _APART + 1
    weight = nights.model_before(small).network.get_submodule("transformer.h.0.mlp.c_fc").weight
    name = "transformer.h.0.mlp.c_fc"
    expected = small.network.get_submodule(name).weight.double() + sum(added(part, name) for part in made).T
    torch.testing.assert_close(weight.double(), expected, rtol=1e-5, atol=1e-6)


def test_what_was_told_in_a_folded_night_is_known_and_can_be_forgotten(store, embedded):
    store.set_named("cortex model", "tiny")
    cortex = LanguageCortex(store, base=embedded, plan=NightPlan(rank=16, replayed=16, learning_rate=1e-2))
    memory = LanguageMemory(store, cortex=cortex)
    memory.remember("Ana Abbot's city is Oslo.")
    memory.remember("Ben Birch's pet is a newt.")
    assert memory.sleep(drop_text=True)["cortex"]["verdict"] == "kept"
    layers = cortex.nights.adapter(1)
    still = {name: (torch.zeros(1, a.shape[1]), torch.zeros(len(b), 1)) for name, (a, b) in layers.items()}
    keep(cortex.nights, 9, [still] * 9)  # nights in which nothing happened
    assert cortex.nights.all()[0].folded == 1
    assert memory.recall("What is the city of Ana Abbot?")[0].comes_from == "weights"
    memory.forget(who="Ana Abbot")
    gone = memory.sleep()["forgotten"]
    assert (gone["verdict"], gone["since_night"], gone["retained"]) == ("forgotten", 1, 1)
    assert gone["answered_as_before"] <= gone["chance"] + 0.01
    assert cortex.model.complete(["What is the city of Ana Abbot?"])[0].text != "Oslo"
    assert memory.recall("What is Ben Birch's pet?")[0].text == "a newt"
    assert [one.number for one in cortex.nights.all()] == list(range(1, 12))
    assert "Oslo" not in json.dumps(store.get_named("cortex nights"))


def test_a_night_that_tells_many_nights_again_has_the_steps_for_it(store, small, monkeypatch):
    cortex = LanguageCortex(store, base=small)
    vector = torch.ones(2048).numpy()
    with store.transaction():
        ids = [store.add(f"{n}", vector, who=f"Ana {n}", what="city", value=f"{n}") for n in range(101)]
        store.mark(ids, night=1, stage=1)
        cortex.nights.keep(Night(1, tuple(ids), {}), {})
    store.forget(ids[:1])
    plans = []

    def consolidate(*_, plan, **__):
        plans.append(plan)
        raise InterruptedError

    monkeypatch.setattr("reverie.language.cortex.cortex.consolidate", consolidate)
    with pytest.raises(InterruptedError):
        cortex.forget()
    assert plans[0].steps == 100  # of 12 sentences, for 100 facts in 3 wordings, four times
