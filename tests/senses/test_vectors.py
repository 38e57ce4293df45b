"""Vectors: by name from a Table, of any type, raw or expanded."""

from typing import Any

import numpy as np
import pytest
import torch

from reverie.errors import BadData
from reverie.senses import Expanded, Raw
from reverie.streams import Table

X = np.random.default_rng(0).normal(size=(20, 3)) * [1.0, 100.0, 0.01] + [0.0, 5.0, 1.0]
KINDS = [Raw, lambda: Expanded({"width": 24})]


def formed(make: Any, x: Any) -> Any:
    sense = make()
    sense.form(sense.take(x))
    return sense


@pytest.mark.parametrize("make", KINDS)
def test_columns_of_a_table_are_taken_by_name(make: Any) -> None:
    table = Table.of({"height": X[:, 0], "weight": X[:, 1], "age": X[:, 2]})
    sense = formed(make, table)
    keys = sense.keys(table)
    turned = Table.of({"age": X[:, 2], "shoe": X[:, 0], "weight": X[:, 1], "height": X[:, 0]})
    assert torch.equal(sense.keys(sense.take(turned)), keys)
    again = make()
    again.load_state_dict(sense.state_dict())
    assert torch.equal(again.keys(again.take(turned)), keys)
    with pytest.raises(BadData, match="lacks the columns weight"):
        sense.take(Table.of({"height": X[:, 0], "age": X[:, 2]}))
    with pytest.raises(BadData, match="missing"):
        sense.take(Table.of({"height": [None], "age": [1.0], "weight": [1.0]}))
    with pytest.raises(BadData, match="Expected a number"):
        sense.take(Table.of({"height": ["tall"], "age": [1.0], "weight": [1.0]}))


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int8, np.int16, np.int64, np.uint16, np.uint32, ">f8"])
def test_all_types_of_numbers_are_taken(make: Any, kind: Any) -> None:
    x = (100 * X[:, :2]).clip(0, 100).astype(kind)
    sense = formed(make, x)
    assert torch.equal(sense.keys(sense.take(x.tolist())), sense.keys(sense.take(x)))
    assert torch.equal(sense.keys(sense.take(x[::-1][::-1])), sense.keys(sense.take(x)))


def test_half_precision_is_taken() -> None:
    x = torch.from_numpy(X)
    for kind in (torch.float16, torch.bfloat16):
        assert formed(Raw, x.to(kind)).keys(x.to(kind).float()).shape == (20, 3)
        pictures = torch.rand(3, 1, 8, 8).to(kind)
        sense = Raw()
        assert tuple(sense.take(pictures).shape) == (3, 8, 8)  # type: ignore[attr-defined]


@pytest.mark.parametrize("make", KINDS)
def test_columns_count_alike_whatever_their_scale(make: Any) -> None:
    sense, scaled = formed(make, X), formed(make, X * 2.0 ** np.array([10, -10, 3]))
    assert torch.equal(
        sense.keys(torch.from_numpy(X)), scaled.keys(torch.from_numpy(X * 2.0 ** np.array([10, -10, 3])))
    )


def test_what_lies_far_out_is_cut_and_counted() -> None:
    sense = formed(Raw, X)
    far = X[:4].copy()
    far[1, 0], far[2, 1] = 1e30, -1e30
    taken = sense.take(far)
    seen = sense.watch(taken, sense.keys(taken))
    assert (seen.numbers, seen.clipped) == (12, 2)
    expanded = formed(KINDS[1], X)
    taken = expanded.take(far)
    assert expanded.watch(taken, expanded.keys(taken)).clipped == 2


@pytest.mark.parametrize("make", KINDS)
def test_grey_levels_of_pictures_have_one_scale_from_the_start(make: Any) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (9, 8, 8), dtype=np.uint8)
    sense, other = formed(make, pictures), formed(make, pictures[:2] // 2)
    assert sense.pixels
    taken = sense.take(pictures)
    assert torch.equal(sense.keys(taken), other.keys(taken))
    if make is Raw:
        assert torch.equal(sense.keys(taken), taken.flatten(1).int())


@pytest.mark.parametrize("shape", [(5, 1, 9, 9), (5, 9, 9, 1)])
def test_pictures_of_one_channel_are_grey_pictures(shape: Any) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (5, 9, 9), dtype=np.uint8)
    sense = formed(Raw, pictures)
    assert torch.equal(sense.keys(sense.take(pictures.reshape(shape))), sense.keys(sense.take(pictures)))


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (X[:, :2], "vectors of 2 numbers"),
        (np.zeros((2, 3, 4)), "samples of 3×4"),
        (X[0], "shape"),
        (np.full((2, 3), np.nan), "NaN"),
        (np.full((2, 3), 1j), "complex"),
        (np.zeros((0, 3)), "n ≥ 1"),
        (np.ma.masked_array(X, mask=X > 0), r"x\.filled"),
        (["a", "b"], "sentences"),
        ("a", "vectors of 3 numbers"),
    ],
)
def test_what_does_not_fit_is_refused(x: Any, said: str) -> None:
    with pytest.raises(BadData, match=said):
        formed(Raw, X).take(x)
