"""The small language model within the package, read once; and the same one as a model that chats."""

import pytest

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
