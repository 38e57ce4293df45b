"""Tensors that are packed, alone and by newer ones: the same again to the last bit, and never more than the bounds."""

import itertools
import zlib
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from reverie.brain import difference
from reverie.brain.difference import digest_of, pack_difference, pack_whole, unpack
from reverie.brain.planes import bytes_said, pack_planes, unpack_planes
from reverie.brain.runs import common_runs, copied
from reverie.errors import CorruptFile

_KINDS = [torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64, torch.bool, torch.float16, torch.bfloat16]
_KINDS += [torch.float32, torch.float64]


def of_bits(kind: torch.dtype, *shape: int, seed: int = 0) -> Tensor:
    """Any bits at all: not-a-number, infinities and the least of all numbers are among them."""
    size = int(np.prod(shape)) * kind.itemsize
    if size == 0:
        return torch.empty(shape, dtype=kind)
    bits = np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8)
    if kind == torch.bool:
        bits &= 1
    return torch.from_numpy(bits).view(kind).reshape(shape)


def packed_bytes(packed: dict[str, Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in packed.values())


@pytest.mark.parametrize("kind", _KINDS, ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1,), (7, 5), (2**18 + 3,)], ids=str)
def test_planes_give_every_tensor_again(kind: torch.dtype, shape: tuple[int, ...]) -> None:
    tensor = of_bits(kind, *shape)
    how, planes = pack_planes(tensor)
    assert bytes_said(how) == tensor.numel() * kind.itemsize
    again = unpack_planes(how, planes)
    assert digest_of({"": again}) == digest_of({"": tensor})


def test_small_numbers_take_little_whatever_their_sign() -> None:
    for values in (torch.arange(-3000, 3000), torch.zeros(6000, dtype=torch.int64)):
        _, planes = pack_planes(values)
        assert sum(len(plane) for plane in planes) < 0.25 * 8 * 6000


@pytest.mark.parametrize("kind", _KINDS, ids=str)
@pytest.mark.parametrize("shapes", [((40, 300), (40, 300)), ((40, 300), (50, 300)), ((50, 300), (40, 300))], ids=str)
def test_a_difference_gives_the_older_tensors_again(kind: torch.dtype, shapes: Any) -> None:
    old = {"0": of_bits(kind, *shapes[0]), "1": torch.ones(3), "2": of_bits(kind, 9000, seed=2)}
    new = {"5": of_bits(kind, *shapes[1], seed=1), "6": old["2"].clone()}
    how, packed = pack_difference(old, new, {"0": "5", "2": "6"})
    assert digest_of(unpack(how, packed, new)) == digest_of(old)
    assert how["2"]["way"] == "same"
    assert not any(name.startswith("2.") for name in packed)


def test_what_has_grown_in_the_midst_is_copied() -> None:
    blocks = [of_bits(torch.float32, size, seed=size) for size in (5000, 9000, 7000)]
    old = {"0": torch.cat(blocks)}
    new = {"0": torch.cat([part for block in blocks for part in (block, of_bits(torch.float32, 600, seed=3))])}
    how, packed = pack_difference(old, new, {"0": "0"})
    assert how["0"]["way"] == "runs" and packed_bytes(packed) < 100
    assert digest_of(unpack(how, packed, new)) == digest_of(old)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 900), st.integers(0, 900)), max_size=6), st.integers(0, 3))
def test_runs_are_the_same_in_both_and_in_order(cuts: list[tuple[int, int]], values: int) -> None:
    source = np.random.default_rng(values).integers(0, 2 ** (8 * values + 1), 1000).astype(np.uint32)
    old = source
    new = np.concatenate([source[min(cut) : max(cut)] for cut in cuts] or [source[:0]])
    runs = common_runs(old, new)
    left = np.ones(len(old), dtype=bool)
    for start, there, length in runs:
        assert (old[start : start + length] == new[there : there + length]).all()
        left[start : start + length] = False
    assert all(one[0] + one[2] <= other[0] for one, other in itertools.pairwise(runs))
    assert (copied(runs, old[left], new, len(old)) == old).all()


# hostile


def test_no_more_is_unpacked_than_the_bounds_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(difference, "_FREE", 1000)
    zeros = {"0": torch.zeros(2**20, dtype=torch.int32)}
    how, packed = pack_whole(zeros)
    assert how["0"]["way"] == "plain"  # packed it would be a bomb
    assert digest_of(unpack(how, packed)) == digest_of(zeros)
    monkeypatch.undo()
    how, packed = pack_whole(zeros)
    monkeypatch.setattr(difference, "_FREE", 1000)
    with pytest.raises(CorruptFile, match="would be unpacked to 4194304 bytes"):
        unpack(how, packed)


@pytest.mark.parametrize("size", [9999, 10001])
def test_a_plane_inflates_to_what_is_said_and_not_a_byte_more(size: int) -> None:
    how, planes = pack_planes(torch.zeros(10000, dtype=torch.uint8))
    maker = zlib.compressobj(1, zlib.DEFLATED, -15)
    planes[0] = torch.frombuffer(bytearray(maker.compress(bytes(size)) + maker.flush()), dtype=torch.uint8)
    with pytest.raises(CorruptFile, match="does not inflate to 10000 bytes"):
        unpack_planes(how, planes)


@pytest.mark.parametrize(
    "change",
    [
        {"dtype": "int65"},
        {"dtype": None},
        {"dtype": "float32"},
        {"shape": [2**50]},
        {"shape": [-5, -5]},
        {"shape": [10**6]},
        {"shape": "many"},
        {"shape": [1] * 9},
        {"deflated": [True]},
        {"deflated": None},
        {"way": "told"},
        {"way": "runs"},
        {"of": "9"},
        {"of": None},
    ],
    ids=str,
)
def test_a_description_that_does_not_fit_is_refused(change: dict[str, Any]) -> None:
    new = {"0": torch.arange(20_000)}
    how, packed = pack_difference({"0": torch.arange(20_000) * 3}, new, {"0": "0"})
    how["0"] |= change
    with pytest.raises(CorruptFile):
        unpack(how, packed, new)


@pytest.mark.parametrize(
    "runs",
    [
        *([[0, 0, 10**9]], [[0, -1, 100]], [[0, 0, 0]], [[50, 0, 100], [0, 0, 50]]),
        *([[0, 0]], [["0", 0, 1]], [[0, 0, 1.5]], [[2**70, 0, 1]], "runs", None),
    ],
    ids=str,
)
def test_stretches_that_are_none_are_refused(runs: Any) -> None:
    new = {"0": of_bits(torch.float32, 9000)}
    how, packed = pack_difference({"0": torch.cat([new["0"][100:], torch.ones(50)])}, new, {"0": "0"})
    assert how["0"]["way"] == "runs"
    how["0"]["runs"] = runs
    with pytest.raises(CorruptFile):
        unpack(how, packed, new)


@pytest.mark.parametrize("how", [None, [], {"0": None}, {"0": {}}, {"0": {"way": "same", "of": "0"}}], ids=str)
def test_no_description_is_refused(how: Any) -> None:
    with pytest.raises(CorruptFile):
        unpack(how, {}, {})
