"""An expansion in eight bits, against the one that it was compiled from."""

from typing import Any

import pytest
import torch

from reverie.errors import BadData, ReverieError
from reverie.functional import WholeMatrix, whole_product
from reverie.layers import Expansion, IntegerExpansion

KINDS = pytest.mark.parametrize("kind", ["relu", "kwta"])


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@KINDS
@pytest.mark.parametrize("n_in", [1, 5, 384, 3072])
def test_spike_counts_are_nearly_those_of_the_expansion(kind: str, n_in: int) -> None:
    source = seeded()
    expansion = Expansion(n_in, 500, kind=kind, active=0.1, whole=True, generator=source)
    x = torch.randn(300, n_in, generator=source) * 10 ** torch.linspace(-3, 3, 300)[:, None]
    code, exact = IntegerExpansion.of(expansion)(x), expansion(x)
    assert code.dtype == torch.uint8
    assert code.shape == exact.shape
    assert int(code.max()) <= 127
    off = (code.float() - exact.float()).abs()
    assert float(off.mean()) < 0.01
    assert int(off.max()) <= 1


@KINDS
def test_one_sample_is_seen_as_among_others(kind: str) -> None:
    compiled = IntegerExpansion.of(Expansion(40, 300, kind=kind, whole=True, generator=seeded()))
    x = torch.randn(300, 40, generator=seeded())
    assert torch.equal(torch.cat([compiled(one[None]) for one in x[:20]]), compiled(x)[:20])
    assert torch.equal(compiled(x.view(300, 5, 8)), compiled(x))


def test_small_numbers_are_told_beside_a_large_one() -> None:
    expansion = Expansion(30, 400, whole=True, generator=seeded())
    x = torch.randn(300, 30, generator=seeded())
    x[:, 3] *= 1000
    off = (IntegerExpansion.of(expansion)(x).float() - expansion(x).float()).abs()
    assert float(off.mean()) < 0.01


def test_samples_are_scaled_as_the_expansion_scales_them() -> None:
    plain, louder = (Expansion(40, 300, whole=True, input_scale=s, generator=seeded()) for s in (1.0, 3.0))
    x = torch.randn(100, 40, generator=seeded()) / 40**0.5
    assert torch.equal(louder(x), plain(3 * x))
    assert not torch.equal(louder(x), plain(x))
    assert torch.equal(IntegerExpansion.of(louder)(x), IntegerExpansion.of(plain)(3 * x))


@pytest.mark.parametrize(
    "wrong", [{"input_scale": wrong} for wrong in (0.0, float("nan"), 1e39)] + [{"kind": "rely"}, {"width": 1}]
)
def test_a_setting_that_cannot_be_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ReverieError, match=next(iter(wrong)).split("_")[0]):
        Expansion(6, **({"width": 50} | wrong), generator=seeded())


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_rows_are_multiplied_however_they_lie(rows: int) -> None:
    matrix, across = (torch.randint(-128, 128, (5, k), dtype=torch.int8, generator=seeded()) for k in (4, rows))
    assert torch.equal(WholeMatrix(matrix)(across.T), (across.T.long() @ matrix.long()).int())
    assert torch.equal(whole_product(across.T, across.T), (across.long() @ across.T.long()).int())


def test_a_projection_that_is_not_whole_is_not_compiled() -> None:
    expansion = Expansion(6, 50, generator=seeded())
    assert not IntegerExpansion.fits(expansion)
    with pytest.raises(BadData, match="whole=True"):
        IntegerExpansion.of(expansion)


def test_nothing_is_seen_as_nothing() -> None:
    expansion = Expansion(6, 50, whole=True, generator=seeded())
    blank = torch.zeros(2, 6)
    off = IntegerExpansion.of(expansion)(blank).float() - expansion(blank).float()
    assert int(off.abs().max()) <= 1
    assert IntegerExpansion.of(expansion)(blank[:0]).shape == (0, 50)


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize(("n", "d", "k"), [(1, 1, 1), (1, 385, 3), (7, 2100, 5), (64, 33, 1), (0, 4, 2)])
def test_products_of_eight_bits_are_exact(fast: bool, n: int, d: int, k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if not fast:
        monkeypatch.setattr("reverie.functional.whole._FAST", False)
    source = seeded()
    rows = torch.randint(-128, 128, (n, d), dtype=torch.int8, generator=source)
    matrix = torch.randint(-128, 128, (d, k), dtype=torch.int8, generator=source)
    found = WholeMatrix(matrix)(rows)
    assert found.dtype == torch.int32
    assert torch.equal(found.long(), rows.long() @ matrix.long())
