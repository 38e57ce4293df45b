"""The wide memory answers as the exact memory does."""

from collections.abc import Callable

import pytest
import torch

import reverie.memory as memories
from reverie import checks
from reverie.checkpoint import pack_state, unpack_state
from reverie.contracts import Memory
from reverie.errors import BadData
from reverie.functional import whole as module
from reverie.functional import whole_product
from reverie.memory import AssociativeMemory, WideMemory, wide


def codes(n: int, d: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(0, 128, (n, d), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))


class OfAnyKeys(WideMemory):
    """Rounds the keys of the checks to spike counts."""

    def write(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        super().write(rounded(keys), values)

    def read(self, keys: torch.Tensor) -> torch.Tensor:
        return super().read(rounded(keys))


def rounded(keys: torch.Tensor) -> torch.Tensor:
    return (30 * keys).round().clamp(-128, 127).to(torch.int8)


@pytest.mark.parametrize("check", checks.MEMORY_CHECKS, ids=lambda check: check.__name__)
def test_check(check: Callable[[Callable[[], Memory]], None]) -> None:
    check(lambda: OfAnyKeys(ridge=1.0))


def test_every_memory_is_checked() -> None:
    assert memories.__all__ == ["AssociativeMemory", "WideMemory"]  # one here, one in test_associative.py


@pytest.mark.parametrize("panel", [7, 2048])
def test_it_answers_as_the_exact_memory(panel: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wide, "_PANEL", panel)
    keys, values = codes(300, 20), torch.eye(3)[torch.arange(300) % 3]
    exact, broad = AssociativeMemory(ridge=20 * 5.0), WideMemory(ridge=5.0)
    exact.write(keys, values)
    broad.write(keys[:100], values[:100])
    broad.write(keys[100:], values[100:])
    asked = codes(50, 20, 1)
    assert torch.allclose(exact.read(asked), broad.read(asked), atol=1e-4)


def test_more_columns_open_later() -> None:
    keys, values = codes(90, 8), torch.eye(3)[torch.arange(90) // 30]
    whole, parts = WideMemory(ridge=1.0), WideMemory(ridge=1.0)
    whole.write(keys, values)
    for start in (0, 30, 60):
        parts.write(keys[start : start + 30], values[start : start + 30, : start // 30 + 1])
    assert torch.equal(whole.read(keys), parts.read(keys))


def test_it_is_kept_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wide, "_PANEL", 5)
    keys, values = codes(60, 12), torch.eye(2)[torch.arange(60) % 2]
    one, other = WideMemory(ridge=2.0), WideMemory(ridge=1.0)
    one.write(keys[:30], values[:30])
    other.load_state_dict(unpack_state(pack_state(one.state_dict())))
    for memory in (one, other):
        memory.write(keys[30:], values[30:])
    assert torch.equal(one.read(keys), other.read(keys))
    empty = WideMemory(ridge=1.0)
    empty.load_state_dict(WideMemory(ridge=3.0).state_dict())
    empty.write(keys, values)
    assert empty.ridge == 3.0


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (torch.rand(3, 4), "float32"),
        (torch.full((3, 4), 200, dtype=torch.uint8), "−128…127"),
        (torch.zeros(3, 5, dtype=torch.uint8), "5 inputs, expected 4"),
        (torch.zeros(200_000, 4, dtype=torch.uint8), "fit 32 bits"),
    ],
)
def test_what_it_cannot_hold_it_refuses_and_stays(keys: torch.Tensor, said: str) -> None:
    memory = WideMemory(ridge=1.0)
    memory.write(codes(10, 4), torch.ones(10, 1))
    before = memory.read(codes(10, 4))
    with pytest.raises(BadData, match=said):
        memory.write(keys, torch.ones(len(keys), 1))
    assert torch.equal(memory.read(codes(10, 4)), before)


def test_an_empty_one_has_no_answer() -> None:
    with pytest.raises(BadData, match="empty"):
        WideMemory(ridge=1.0).read(codes(1, 4))
    with pytest.raises(BadData, match="ridge is 0"):
        WideMemory(ridge=0.0)


@pytest.mark.parametrize("fast", [True, False])
def test_products_of_eight_bits_are_exact(fast: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FAST", fast)
    source = torch.Generator().manual_seed(0)
    a = torch.randint(-128, 128, (3000, 7), dtype=torch.int8, generator=source)
    b = torch.randint(-128, 128, (3000, 5), dtype=torch.int8, generator=source)
    assert torch.equal(whole_product(a, b).long(), a.long().T @ b.long())
    assert whole_product(a[:0], b[:0]).tolist() == [[0] * 5] * 7
    assert whole_product(a[:, 2:5], b[:, 1:]).tolist() == (a[:, 2:5].long().T @ b[:, 1:].long()).tolist()
    assert whole_product(a[:, :1], b).tolist() == (a[:, :1].long().T @ b.long()).tolist()
    most = torch.full((2**17 - 1, 2), -128, dtype=torch.int8)
    assert whole_product(most, most).tolist() == [[128 * 128 * (2**17 - 1)] * 2] * 2
