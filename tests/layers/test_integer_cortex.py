"""The eight-bit cortex: against its equations in Python's numbers, and each way to compute it against the others."""

import math
from copy import deepcopy
from fractions import Fraction
from typing import Any

import pytest
import torch

from reverie import native
from reverie.errors import BadData
from reverie.functional import whitening
from reverie.layers import IntegerCortex, VisualCortex
from reverie.native.library import function

FORMS: list[tuple[tuple[int, ...], dict[str, int]]] = [
    ((9, 11), {"filters": 3, "patch": 3, "grid": 2}),  # nine pixels: not a multiple of four
    ((12, 13, 3), {"filters": 37, "patch": 5, "grid": 3, "overlap": 1}),
    ((10, 10), {"filters": 64, "patch": 6, "grid": 4, "overlap": 2}),
    ((16, 15, 3), {"filters": 85, "patch": 6, "grid": 1}),
]


def seen(shape: tuple[int, ...], n: int = 7) -> torch.Tensor:
    return torch.randint(256, (n, *shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


def grown(shape: tuple[int, ...], **settings: Any) -> VisualCortex:
    """Whitened as a cortex is that has seen something."""
    source = torch.Generator().manual_seed(0)
    cortex = VisualCortex(shape, generator=source, **settings)
    mean, matrix = whitening(cortex.patches(seen(shape), 2000, source))
    cortex.mean.copy_(mean)
    cortex.whitening.copy_(matrix)
    cortex.rescale(seen(shape))
    return cortex


def slowly(cortex: IntegerCortex, picture: torch.Tensor) -> list[int]:
    """One picture's code, pixel by pixel."""
    (down, across), d = cortex.cuts, cortex.kernel.shape[1]
    counts = []
    for top, bottom in down:
        for left, right in across:
            on, off = [0] * len(cortex.kernel), [0] * len(cortex.kernel)
            for y in range(top, bottom):
                for x in range(left, right):
                    patch = picture[y : y + cortex.patch, x : x + cortex.patch].flatten().tolist()
                    mean = Fraction(sum(patch), d)
                    variance = sum((level - mean) ** 2 for level in patch) / d
                    deviation = math.sqrt(float(variance) + 10)
                    for k, weights in enumerate(cortex.kernel.tolist()):
                        level = round(sum(w * p for w, p in zip(weights, patch, strict=True)) / deviation)
                        on[k] += max(level - int(cortex.upper[k]), 0)
                        off[k] += max(int(cortex.lower[k]) - level, 0)
            size = (bottom - top) * (right - left)
            for sums in (on, off):
                activity = [math.sqrt(total * w / size) for total, w in zip(sums, cortex.weight.tolist(), strict=True)]
                counts += [min(127, round(a)) for a in activity]
    return counts


@pytest.mark.parametrize(("shape", "settings"), FORMS[:2])
def test_it_is_its_equation(shape: tuple[int, ...], settings: dict[str, int]) -> None:
    cortex = IntegerCortex.of(grown(shape, **settings))
    for picture, code in zip(seen(shape, 2), cortex(seen(shape, 2)).tolist(), strict=True):
        differ = [abs(one - other) for one, other in zip(slowly(cortex, picture), code, strict=True)]
        assert max(differ) <= 1  # a level just between two whole numbers
        assert sum(differ) <= len(code) / 200


@pytest.mark.parametrize(("shape", "settings"), FORMS)
@pytest.mark.parametrize("stark", [False, True])
def test_every_way_gives_the_same_bits(
    shape: tuple[int, ...], settings: dict[str, int], stark: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    cortex, x = IntegerCortex.of(grown(shape, **settings)), seen(shape)
    if stark:
        x = (x > 127).to(torch.uint8) * 255  # the largest numbers there can be
        x[0] = 255
    expected = cortex(x)
    assert bool(expected.any())
    assert torch.equal(expected, torch.cat([cortex(picture[None]) for picture in x]))
    if native.available():
        assert torch.equal(cortex.laid_out(vnni=False)(x), expected)
        if function("cortex_has_vnni")():
            assert torch.equal(cortex.laid_out(vnni=True)(x), expected)
    monkeypatch.setattr(native, "available", lambda: False)
    assert torch.equal(cortex(x), expected)


def test_levels_as_large_as_they_can_be_do_not_overflow() -> None:
    cortex = VisualCortex((33, 33), filters=2, patch=32, grid=1, generator=torch.Generator())
    half = torch.cat([torch.ones(512), -torch.ones(512)])
    cortex.filters.copy_(torch.stack([half, -half]) / 32)
    picture = ((half > 0).to(torch.uint8) * 255).view(32, 32)
    whole = torch.nn.functional.pad(picture.float(), (0, 1, 0, 1)).to(torch.uint8)[None]
    compiled = IntegerCortex.of(cortex)
    assert compiled.kernel.abs().min() == 127
    assert torch.equal(compiled(whole), torch.cat([compiled._slowly(whole)]))
    fast, slow = compiled(whole).float(), cortex(whole).float()
    torch.testing.assert_close(fast, slow, atol=1, rtol=0.02)


@pytest.mark.parametrize(("shape", "settings"), FORMS)
def test_it_sees_what_the_other_saw(shape: tuple[int, ...], settings: dict[str, int]) -> None:
    cortex = grown(shape, **settings)
    compiled = IntegerCortex.of(cortex)
    assert not compiled.kernel.int().sum(1).any()
    assert int(compiled.kernel.abs().max()) == 127
    before, after = cortex(seen(shape)).float(), compiled(seen(shape)).float()
    assert float((before - after).abs().mean()) < 0.01 * float(before.mean())
    assert float((before - after).abs().max()) <= 2


def test_fractions_of_white_are_grey_levels() -> None:
    cortex = IntegerCortex.of(grown((9, 11), filters=3, patch=3))
    assert torch.equal(cortex(seen((9, 11)).float() / 255), cortex(seen((9, 11))))


def test_a_copy_and_new_filters_are_seen() -> None:
    cortex = IntegerCortex.of(grown((12, 13, 3), filters=21, patch=5, grid=2))
    code = cortex(seen((12, 13, 3)))
    twin = deepcopy(cortex)
    assert torch.equal(twin(seen((12, 13, 3))), code)
    turned = {name: part.flip(0) for name, part in cortex.state_dict().items()}
    twin.load_state_dict(turned)
    assert torch.equal(twin(seen((12, 13, 3))).view(7, -1, 21), code.view(7, -1, 21).flip(2))
    assert torch.equal(cortex(seen((12, 13, 3))), code)


def test_what_does_not_fit_is_refused() -> None:
    large = VisualCortex((40, 40), filters=2, patch=33, generator=torch.Generator())
    wide = VisualCortex((900, 900), filters=2, patch=8, grid=1, generator=torch.Generator())
    for cortex in (large, wide):
        assert not IntegerCortex.fits(cortex)
        with pytest.raises(BadData, match="do not fit 32 bits"):
            IntegerCortex.of(cortex)
