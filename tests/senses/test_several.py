"""Several senses in one brain: what a sample may be, and what keys are made of it."""

from typing import Any

import numpy as np
import pytest
import torch

from reverie.checks import check_sense
from reverie.contracts import Sense
from reverie.errors import BadData
from reverie.senses import Senses

KINDS = {"seen": "expansion", "heard": "raw", "said": "hash"}
SETTINGS = {"senses": KINDS, "seen": {"width": 20}, "said": {"width": 16}}
CHANCE = np.random.default_rng(0)
SAMPLES: list[dict[str, Any]] = [
    {
        "seen": None if row == 3 else CHANCE.normal(size=6),
        "heard": CHANCE.normal(size=2) * 100,
        **({"said": f"word {row % 4}"} if row % 3 else {}),
    }
    for row in range(12)
]


def made() -> Sense:
    sense = Senses("together", SETTINGS).sense
    assert sense is not None
    return sense


def test_it_is_a_sense() -> None:
    check_sense(made, SAMPLES)


def test_zeros_stand_for_what_a_sample_lacks() -> None:
    senses = Senses("together", SETTINGS)
    taken = senses.take(SAMPLES)
    senses.form(taken)
    keys = senses.keys(taken)
    seen, heard, said = senses.parts()
    assert keys[:, seen.there].tolist() == [int(row != 3) for row in range(12)]
    assert not keys[3, seen.inputs].any() and keys[3, heard.inputs].any()
    assert keys[:, said.there].tolist() == [int(row % 3 > 0) for row in range(12)]
    alone = Senses("expansion", SETTINGS["seen"])  # type: ignore[arg-type]
    rows = [row for row in range(12) if row != 3]
    vectors = np.stack([SAMPLES[row]["seen"] for row in rows])
    alone.form(alone.take(vectors))
    assert torch.equal(keys[rows][:, seen.inputs], alone.keys(alone.take(vectors)).long())


def test_samples_may_come_sense_by_sense() -> None:
    senses = Senses("together", SETTINGS)
    senses.form(senses.take(SAMPLES))
    columns = {name: [sample.get(name) for sample in SAMPLES] for name in KINDS}
    assert torch.equal(senses.keys(senses.take(columns)), senses.keys(senses.take(SAMPLES)))
    taken = senses.take(SAMPLES)
    assert torch.equal(senses.keys(taken)[2:7], senses.keys(taken[2:7]))  # type: ignore[index]


@pytest.mark.parametrize(
    ("x", "said"),
    [
        ([{"seen": [1.0] * 6, "smelt": 3}], "'smelt'"),
        ({"seen": np.zeros((3, 6)), "heard": np.zeros((2, 2))}, "'seen': 3"),
        ({"seen": 3}, "seen"),
        (np.zeros((3, 6)), "ndarray"),
        ([{"seen": [1.0] * 5}], "'seen': .*5"),
        ({}, "seen"),
    ],
)
def test_samples_that_are_none(x: Any, said: str) -> None:
    senses = Senses("together", SETTINGS)
    senses.form(senses.take(SAMPLES))
    with pytest.raises(BadData, match=said):
        senses.take(x)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "senses is None"),
        ({"senses": {"one": "raw"}}, "from 2"),
        ({"senses": {"one": "raw", "two": "nose"}}, "'two': .*nose"),
        ({"senses": {"one": "raw", "two": "together"}}, "'two'"),
        ({"senses": {"one": "raw", "two": "raw"}, "three": {}}, "three"),
        ({"senses": {"one": "raw", "two": "expansion"}, "two": {"wide": 3}}, "wide"),
    ],
)
def test_senses_that_cannot_be_made(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(BadData, match=said):
        Senses("together", settings)


def test_each_must_be_met_at_first() -> None:
    senses = Senses("together", SETTINGS)
    with pytest.raises(BadData, match="'said'"):
        senses.form(senses.take([{"seen": [1.0] * 6, "heard": [1.0, 2.0]}]))
