"""The code of a trace: small, the same however it is computed, better with more bytes, and mirrored as pictures are."""

import pytest
import torch
from torch import Tensor

from reverie.errors import CorruptFile
from reverie.layers import MapNetwork, TraceCode, VisualCortex
from reverie.plasticity import CompetitiveHebb, develop

SHAPE = (14, 14)


def pictures(n: int, seed: int, shape: tuple[int, ...] = SHAPE) -> Tensor:
    source = torch.Generator().manual_seed(seed)
    smooth = torch.nn.functional.interpolate(torch.rand(n, 1, 5, 5, generator=source), shape[:2], mode="bilinear")
    grey = (255 * smooth[:, 0]).to(torch.uint8)
    return grey if len(shape) == 2 else grey[..., None].expand(n, *shape).contiguous()


@pytest.fixture(scope="module")
def sight() -> VisualCortex:
    source = torch.Generator().manual_seed(0)
    cortex = VisualCortex(SHAPE, filters=6, patch=4, generator=source)
    develop(cortex, pictures(200, 1), rule=CompetitiveHebb(), patches=2000, generator=source)
    return cortex


def test_more_bytes_are_nearer(sight: VisualCortex) -> None:
    first, x = pictures(300, 2), pictures(100, 3)
    best = TraceCode.of(sight, first, size=700)
    units = [TraceCode.of(sight, first, size=size) for size in (20, 60, 200)]
    ratios = [code._typical() / best._typical() for code in units]
    errors = [
        float((code.decode(code(x)) * ratio - best.decode(best(x))).square().mean())
        for code, ratio in zip(units, ratios, strict=True)
    ]
    assert errors[0] > 1.5 * errors[1] > 2 * errors[2]
    assert [code(x).shape[1] for code in units] == [20, 60, 200]


def test_one_by_one_and_all_together_are_the_same(sight: VisualCortex) -> None:
    code, x = TraceCode.of(sight, pictures(100, 2)), pictures(20, 4)
    assert torch.equal(code(x), torch.cat([code(one[None]) for one in x]))
    assert code(x).dtype == torch.uint8 and code.decode(code(x)[:0]).shape[0] == 0


def test_a_mirror_image_has_the_mirrored_map(sight: VisualCortex) -> None:
    code, x = TraceCode.of(sight, pictures(300, 2), size=400), pictures(50, 5)
    maps, turned = code.decode(code(x)), code.decode(code(x.flip(2)))
    assert float((code.mirrored(maps) - turned).square().mean()) < 0.1 * float((maps - turned).square().mean())
    assert {1, -1} == set(code.sign.tolist())
    assert torch.equal(code.mirrored(code.mirrored(maps)), maps)


def test_it_is_kept_in_whole_numbers_and_as_it_was(sight: VisualCortex) -> None:
    code, x = TraceCode.of(sight, pictures(100, 2)), pictures(20, 6)
    again = TraceCode.from_state(code.state(), SHAPE)
    assert again.digest == code.digest and torch.equal(again(x), code(x))
    assert torch.equal(again.decode(code(x)), code.decode(code(x)))
    own = {name: value for name, value in code.state_dict().items() if not name.startswith("cortex.")}
    assert not any(value.is_floating_point() for value in own.values())
    assert TraceCode.of(sight, pictures(100, 7)).digest != code.digest


@pytest.mark.parametrize("shape", [(5, 5), (9, 14), (12, 9, 3), (28, 28)])
def test_pictures_of_any_shape_and_from_a_single_one(shape: tuple[int, ...]) -> None:
    cortex = VisualCortex(shape, filters=4, patch=3, grid=2, generator=torch.Generator().manual_seed(0))
    code = TraceCode.of(cortex, pictures(1, 1, shape))
    x = pictures(7, 2, shape)
    maps = code.decode(code(x))
    assert maps.shape == (7, code.components, code.grid, code.grid) and bool(torch.isfinite(maps).all())
    network = MapNetwork(code.components, 3, torch.Generator().manual_seed(0)).eval()
    assert network(maps).shape == (7, 3)


def test_constant_pictures_are_coded(sight: VisualCortex) -> None:
    flat = torch.full((10, *SHAPE), 9, dtype=torch.uint8)
    code = TraceCode.of(sight, flat)
    assert bool(torch.isfinite(code.decode(code(flat))).all())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bits", torch.tensor([1], dtype=torch.uint8)),
        ("centre", torch.zeros(0, 4, dtype=torch.uint8)),
        ("spread", torch.zeros(1, dtype=torch.int32)),
        ("across", torch.zeros(3, 3, dtype=torch.int8)),
        ("levels", torch.zeros(7, 64)),
        ("cortex.filters", torch.full((12, 16), torch.nan)),
        ("threshold", "high"),
    ],
)
def test_a_strangers_code_is_refused(name: str, value: object, sight: VisualCortex) -> None:
    state = TraceCode.of(sight, pictures(50, 2)).state()
    with pytest.raises(CorruptFile):
        TraceCode.from_state(state | {name: value}, SHAPE)
