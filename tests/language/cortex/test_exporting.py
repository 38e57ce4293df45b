"""A memory's model written for other programs: what they read is what was learned; harm is said before."""

import pytest
import torch
from typer.testing import CliRunner

from reverie.cli import app
from reverie.errors import BadData
from reverie.language import LanguageMemory
from reverie.language.cortex import BranchCortex, CausalModel, Engraving, exporting
from reverie.language.cortex.background import Background
from reverie.language.cortex.gauge import Manners, harms, manners_of
from reverie.language.fact import Fact
from reverie.memory.episodic import SQLiteStore

PLAN = Engraving(rank=32, steps=60, learning_rate=0.5, stay=1.0)
ANA = "What is Ana Abbot's city?"
GOOD = Manners((True,) * 20, (True,) * 6, 200.0, 0, 10, 2.5)


@pytest.fixture
def memory(tmp_path, chatty, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    store = SQLiteStore(tmp_path / "episodes.db", encoder="hash", dimension=2048)
    store.set_named("cortex model", "tiny")
    yield LanguageMemory(store, cortex=BranchCortex(store, base=chatty, plan=PLAN, background=Background.of(chatty)))
    store.close()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"known": (True,) * 15 + (False,) * 5}, "5 of 20 answers of simple knowledge"),
        ({"listed": (True,) * 3 + (False,) * 3}, "3 of 6 lists"),
        ({"length": 60.0}, "0.30 times as long"),
        ({"length": 600.0}, "3.00 times as long"),
        ({"leaks": 4}, "4 of 10 strangers"),
        ({"surprise": 2.6}, "10.5 % higher"),
    ],
)
def test_each_kind_of_harm_is_named(change, said):
    from dataclasses import replace

    found = harms(GOOD, replace(GOOD, **change))
    assert len(found) == 1
    assert said in found[0]
    assert harms(GOOD, GOOD) == []


def test_the_gauge_sees_a_model_whose_weights_are_spoiled(chatty):
    facts = [Fact("Ana Abbot", "city", "Oslo")]
    before = manners_of(chatty, facts)
    assert before == manners_of(chatty, facts)
    layer = chatty.network.get_submodule("transformer.h.2.mlp.c_proj")
    kept = layer.weight.data
    try:
        layer.weight.data = kept + torch.randn(kept.shape, generator=torch.Generator().manual_seed(0))
        after = manners_of(chatty, facts)
        assert abs(after.surprise - before.surprise) > 0.1
        assert after.strangers == before.strangers == 1
    finally:
        layer.weight.data = kept


def test_facts_are_in_the_written_model_and_the_one_in_memory_is_as_it_was(memory, tmp_path, chatty):
    memory.remember("Ana Abbot's city is Oslo.")
    assert memory.sleep()["cortex"]["arrived"] == 1
    before = {name: value.clone() for name, value in chatty.network.state_dict().items()}
    done = memory.export_model(tmp_path / "out", "hf", anyway=True)
    assert (done["facts"], done["said"]) == (1, 1), done
    for name, value in chatty.network.state_dict().items():
        assert torch.equal(value, before[name]), name
    other = CausalModel.load(tmp_path / "out")
    asked = other.tokenizer.apply_chat_template([{"role": "user", "content": ANA}], tokenize=False)
    rows = [other.tokenizer(asked, add_special_tokens=False)["input_ids"]]
    assert "Oslo" in other.reply(rows, longest=16)[0].text


def test_harm_keeps_the_model_unwritten_until_it_is_wanted_anyway(memory, tmp_path, monkeypatch):
    memory.remember("Ana Abbot's city is Oslo.")
    memory.sleep()
    monkeypatch.setattr(exporting, "harms", lambda before, after: ["it forgot the capitals"])
    with pytest.raises(BadData, match=r"it forgot the capitals.*--anyway"):
        memory.export_model(tmp_path / "out", "peft")
    assert not (tmp_path / "out").exists()
    assert memory.export_model(tmp_path / "out", "peft", anyway=True)["harm"] == ["it forgot the capitals"]
    assert (tmp_path / "out" / "adapter_config.json").exists()


def test_what_cannot_be_written_is_refused_before_anything_is_done(memory, tmp_path):
    with pytest.raises(BadData, match="Nothing is in the weights yet"):
        memory.export_model(tmp_path / "out", "peft")
    with pytest.raises(BadData, match="peft, hf, gguf"):
        memory.export_model(tmp_path / "out", "onnx")
    with pytest.raises(BadData, match="GGUF file of the model is not given"):
        memory.export_model(tmp_path / "out", "gguf")
    with pytest.raises(BadData, match="not empty"):
        memory.export_model(tmp_path, "peft")


def test_a_memory_without_a_model_says_how_to_get_one(tmp_path):
    with LanguageMemory.open(tmp_path / "mine") as memory:
        memory.remember("Ana's city is Oslo.")
    done = CliRunner().invoke(app, ["memory", "export-model", str(tmp_path / "mine"), str(tmp_path / "out")])
    assert done.exit_code != 0
    assert "memory sleep" in f"{done.output}{done.exception}"
