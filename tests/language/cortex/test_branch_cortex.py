"""A memory whose model chats: facts as branches, by the small model within the package."""

import pytest
import torch

from reverie.errors import BadData
from reverie.language import LanguageMemory
from reverie.language.cortex import BranchCortex, Engraving, cortex_of
from reverie.language.cortex.background import Background, layers_that_learn
from reverie.language.cortex.branches import acting, check_branch
from reverie.language.cortex.chatting import prompt_tokens
from reverie.memory.episodic import SQLiteStore

PLAN = Engraving(rank=32, steps=60, learning_rate=0.5, stay=1.0)
ANA, BEN = "What is Ana Abbot's city?", "What is Ben Birch's pet?"


@pytest.fixture
def store(tmp_path):
    made = SQLiteStore(tmp_path / "episodes.db", encoder="hash", dimension=2048)
    yield made
    made.close()


@pytest.fixture(scope="module")
def background(chatty, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        first = Background.of(chatty)
        again = Background.of(chatty)  # read from the cache
    for name, one in first.moments.items():
        assert torch.equal(one, again.moments[name])
    return first


@pytest.fixture
def memory(store, chatty, background):
    store.set_named("cortex model", "tiny")
    cortex = BranchCortex(store, base=chatty, plan=PLAN, background=background)
    return LanguageMemory(store, cortex=cortex)


def chat(memory, text):
    return memory.cortex.chat([{"role": "user", "content": text}], longest=16)


def logits(model, text):
    rows = [prompt_tokens(model.tokenizer, [{"role": "user", "content": text}])]
    with torch.no_grad():
        return model.logits(model.padded(rows))


def test_a_life_of_facts(memory, chatty):
    never = chat(memory, ANA)
    memory.remember("Ana Abbot's city is Oslo.")
    memory.remember("Ben Birch's pet is a grey cat.")
    memory.remember("Cara Crane's city is Bergen.", trusted=False)
    night = memory.sleep()["cortex"]
    assert (night["verdict"], night["arrived"], night["tonight"]) == ("kept", 2, 2), night  # hearsay waits for ever
    assert chat(memory, ANA) == "Ana Abbot's city is Oslo."
    best = memory.recall(ANA)[0]
    assert (best.text, best.comes_from) == ("Oslo", "weights")
    assert memory.cortex.answer("What is Ana Abbot's street?") is None  # another attribute
    assert memory.cortex.answer("What is a city?") is None

    memory.remember("Ana Abbot's city is Lima.")
    assert chat(memory, ANA) == never  # silent from now on
    assert memory.sleep(drop_text=True)["cortex"]["verdict"] == "kept"
    assert chat(memory, ANA) == "Ana Abbot's city is Lima."
    assert chat(memory, BEN) == "Ben Birch's pet is a grey cat."

    memory.forget(who="Ana Abbot")
    assert chat(memory, ANA) == never
    certificate = memory.sleep()["forgotten"]
    assert certificate["verdict"] == "forgotten"
    assert certificate["answered_as_before"] == certificate["chance"] == 0.0  # with the branch, and without
    assert chat(memory, ANA) == never
    assert [one["who"] for one in memory.store.get_named("cortex branches")] == ["Ben Birch"]


def test_what_names_nobody_is_answered_bit_for_bit_as_by_the_base(memory, chatty):
    before = {name: value.clone() for name, value in chatty.network.state_dict().items()}
    other = "What is the city of Cara Crane?"
    said, scores = chat(memory, other), logits(chatty, other)
    memory.remember("Ana Abbot's city is Oslo.")
    assert memory.sleep()["cortex"]["arrived"] == 1
    assert chat(memory, other) == said
    assert torch.equal(logits(chatty, other), scores)
    for name, value in chatty.network.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_where_nothing_told_is_said_the_base_answers(memory, chatty, monkeypatch):
    memory.remember("Ana Abbot's city is Oslo.")
    memory.sleep()
    asked = "Ana Abbot needs a list of three tools. Which ones?"
    cortex, awake = memory.cortex, []
    whole = type(cortex.model).reply

    def reply(self, prompts, **options):
        acts = any(module._forward_hooks or module._forward_pre_hooks for module in self.network.modules())
        awake.append(acts)
        found = whole(self, prompts, **options)
        return [one._replace(text="A hammer.") for one in found] if acts else found

    base = chatty.reply([prompt_tokens(chatty.tokenizer, [{"role": "user", "content": asked}])], longest=16)[0].text
    monkeypatch.setattr(type(cortex.model), "reply", reply)
    assert chat(memory, asked) == base
    assert awake == [True, False]


def test_each_fact_is_learned_by_itself_and_one_that_cannot_be_is_set_aside(memory, monkeypatch):
    harm = BranchCortex._harm
    monkeypatch.setattr(
        BranchCortex,
        "_harm",
        lambda self, fact, *rest: "it hurts" if fact.who == "Ben Birch" else harm(self, fact, *rest),
    )
    memory.remember("Ana Abbot's city is Oslo.")
    memory.remember("Ben Birch's pet is a grey cat.")
    night = memory.sleep()["cortex"]
    assert (night["verdict"], night["arrived"], night["waiting"]) == ("kept", 1, 1)
    assert night["set_aside"] == [{"who": "Ben Birch", "what": "pet", "reason": "it hurts"}]
    assert [one.who for one in memory.store.waiting()] == ["Ben Birch"]
    assert memory.recall(BEN)[0].comes_from == "store"


def test_a_fact_that_would_be_lost_keeps_another_out(memory, monkeypatch):
    memory.remember("Ana Abbot's city is Oslo.")
    assert memory.sleep()["cortex"]["arrived"] == 1
    values = BranchCortex._values
    monkeypatch.setattr(
        BranchCortex,
        "_values",
        lambda self, keys, branches: ["Bergen"] * len(keys) if len(branches) > 1 else values(self, keys, branches),
    )
    memory.remember("Ana Abbot's pet is a grey cat.")
    night = memory.sleep()["cortex"]
    assert night["verdict"] == "rolled back"
    assert "the city of Ana Abbot would be lost" in night["reason"] or "the model says" in night["reason"]


def test_a_memory_opened_anew_says_the_same(memory, store, chatty, background):
    memory.remember("Ana Abbot's city is Oslo.")
    memory.sleep()
    other = BranchCortex(store, base=chatty, plan=PLAN, background=background)
    assert other.chat([{"role": "user", "content": ANA}], longest=16) == chat(memory, ANA)


def test_the_form_fits_the_model_and_stays(store, chatty, embedded):
    assert isinstance(cortex_of(store, chatty), BranchCortex)
    assert isinstance(cortex_of(store), BranchCortex)


def test_turns_that_the_template_refuses_are_told(memory, chatty, monkeypatch):
    monkeypatch.setattr(chatty.tokenizer, "chat_template", "{{ raise_exception('roles must alternate') }}")
    with pytest.raises(BadData, match="roles must alternate"):
        chat(memory, "Hello")


def test_a_branch_of_another_model_is_refused(memory, chatty):
    from reverie.errors import CorruptFile

    _, layers = layers_that_learn(chatty.network)
    with pytest.raises(CorruptFile, match="that the model has not"):
        check_branch(chatty.network, {layers[0]: (torch.zeros(1, 3), torch.zeros(3, 1))})
    with pytest.raises(CorruptFile):
        check_branch(chatty.network, {"nothing.here": (torch.zeros(1, 3), torch.zeros(3, 1))})


def test_of_several_branches_the_one_that_fits_best_acts_alone(chatty):
    _, layers = layers_that_learn(chatty.network)
    layer = chatty.network.get_submodule(layers[0])
    n_in, n_out = 512, 128
    if type(layer).__name__ == "Conv1D":
        n_in, n_out = layer.weight.shape
    one, two = torch.zeros(1, n_in), torch.zeros(1, n_in)
    one[0, 0], two[0, 1] = 1.0, 1.0
    branches = [{layers[0]: (a, torch.full((n_out, 1), value))} for a, value in ((one, 1.0), (two, 10.0))]
    k = torch.zeros(1, 2, n_in)
    k[0, 0, :2] = torch.tensor([2.0, 1.0])
    k[0, 1, :2] = torch.tensor([1.0, 2.0])
    plain = layer(k)
    with acting(chatty.network, branches, last=2):
        torch.testing.assert_close(layer(k) - plain, torch.tensor([[[2.0], [20.0]]]).expand(1, 2, n_out))
    with acting(chatty.network, branches):  # only where the model speaks
        assert torch.equal(layer(k)[:, 0], plain[:, 0])
        assert not torch.equal(layer(k)[:, 1], plain[:, 1])
    assert torch.equal(layer(k), plain)
