"""The small language model within the package, read once; and the same one as a model that chats."""

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from reverie.language.cortex.causal import CausalModel
from reverie.language.cortex.embedded import embedded_model

CHAT = "{% for turn in messages %}{{ turn['content'] }}{% endfor %}"
"""A chat template for a model that has learned none: the turns, one after the other."""


@pytest.fixture(scope="session")
def embedded():
    return embedded_model()


@pytest.fixture(scope="session")
def chatty():
    model = embedded_model()
    model.tokenizer.chat_template = CHAT
    return model


@pytest.fixture
def llama(chatty):
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(chatty.tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=4,
        num_attention_heads=4, num_key_value_heads=2,
    )  # fmt: skip
    return CausalModel(LlamaForCausalLM(config).eval(), chatty.tokenizer)
