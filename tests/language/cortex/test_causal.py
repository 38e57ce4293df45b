"""A causal language model by itself."""

import json
import math

import pytest
import torch

from reverie.errors import BadData, CorruptFile, MissingData
from reverie.language.cortex.causal import CausalModel
from reverie.language.cortex.dreaming import _count, dream
from reverie.language.cortex.tiny import tiny_model
from reverie.language.cortex.wordings import Wordings
from reverie.language.cortex.world import WORLD_WORDINGS, World
from reverie.language.fact import Key


@pytest.fixture(scope="module")
def small():
    return tiny_model(width=48, depth=1, generator=torch.Generator().manual_seed(0))


def test_the_embedded_model_knows_its_world(embedded):
    facts = World(people=250, generator=torch.Generator().manual_seed(0)).facts[::25]
    dreams = dream(embedded, [fact.key for fact in facts], WORLD_WORDINGS)
    assert [one.fact for one in dreams] == facts
    assert all(0.5 < one.confidence <= 1 and one.agreement >= 0.75 for one in dreams)


def test_the_loss_is_that_of_each_sentence_alone(small):
    sentences = ["Ana lives in Rome.", "Ben keeps a very old cat."]
    apart = [small.encode([sentence]) for sentence in sentences]
    tokens = [batch.real.sum() - 1 for batch in apart]
    mean = sum(small.loss(batch) * count for batch, count in zip(apart, tokens, strict=True)) / sum(tokens)
    torch.testing.assert_close(small.loss(small.encode(sentences)), mean)


def test_confidence_is_the_geometric_mean_over_tokens(small):
    cue = "Ana lives in"
    said = small.complete([cue, "What is it?", cue])
    assert said[0] == said[2]
    ids, each = small.encode([cue], ended=False).ids, []
    for _ in range(12):
        p, token = small.network(input_ids=ids).logits[0, -1].detach().softmax(0).max(0)
        each.append(float(p))
        ids = torch.cat([ids, token.reshape(1, 1)], 1)
        if int(token) in small._stops:
            break
    assert said[0].confidence == pytest.approx(math.prod(each) ** (1 / len(each)), rel=1e-4)


def test_free_dreams_are_the_generators(small):
    state = torch.get_rng_state()
    one, other, third = (small.sample(3, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert one == other != third
    assert torch.equal(torch.get_rng_state(), state)


def test_any_text_can_be_spelled(small):
    for text in ("東京", "naïve", "a\tb", "Ünï 🎻"):
        ids = small.encode([text], ended=False).ids[0].tolist()
        assert small.tokenizer.decode(ids, skip_special_tokens=True).strip() == text


def test_a_sentence_that_is_too_long_is_named(small):
    with pytest.raises(BadData, match="longer than the model's 128"):
        small.encode(["word " * 200])


def test_a_saved_model_is_read_and_says_the_same(small, tmp_path):
    small.save(tmp_path / "model")
    again = CausalModel.load(tmp_path / "model")
    assert again.complete(["Ana lives in"]) == small.complete(["Ana lives in"])


def test_what_is_no_model_is_refused(small, tmp_path):
    with pytest.raises(MissingData, match=r"no config\.json"):
        CausalModel.load(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "gpt2"}))
    with pytest.raises(CorruptFile, match=r"Expected config\.json, a tokenizer and weights as safetensors"):
        CausalModel.load(tmp_path)
    small.save(tmp_path / "torn")
    file = tmp_path / "torn" / "model.safetensors"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(CorruptFile, match="weights or more; the files hold 1000 bytes"):
        CausalModel.load(tmp_path / "torn")
    file.write_bytes(b"?" * 10**6)
    with pytest.raises(CorruptFile, match="cannot be read as a causal language model"):
        CausalModel.load(tmp_path / "torn")


def test_a_tokenizer_without_an_end_is_refused(small):
    class Endless:
        bos_token_id = eos_token_id = None

    with pytest.raises(BadData, match="eos_token"):
        CausalModel(small.network, Endless())


def test_most_wordings_win_and_between_equals_the_surest():
    key = Key("Ana", "city")
    assert _count(key, [("Rome", 0.2), ("Oslo", 0.9), ("Rome", 0.1)]).fact.value == "Rome"
    found = _count(key, [("Rome", 0.2), ("Oslo", 0.9)])
    assert (found.fact.value, found.agreement, found.confidence) == ("Oslo", 0.5, 0.2)
    assert Wordings().question(key) == "What is the city of Ana?"
