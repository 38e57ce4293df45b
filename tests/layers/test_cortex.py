"""The visual cortex against a slow version of its equations."""

import itertools

import numpy as np
import pytest
import torch

from reverie.errors import BadData
from reverie.functional import normalise_contrast, whitening
from reverie.layers import VisualCortex


def slow_activity(cortex: VisualCortex, picture: torch.Tensor) -> torch.Tensor:
    side, size = picture.shape[0], cortex.patch
    count = side - size + 1
    on, off = (torch.zeros(count, count, len(cortex.filters)) for _ in range(2))
    for row in range(count):
        for column in range(count):
            p = picture[row : row + size, column : column + size].flatten()
            p = (p - p.mean()) / (p.var(unbiased=False) + 10 / 255**2).sqrt()
            a = cortex.filters @ (cortex.whitening @ (p - cortex.mean))
            on[row, column], off[row, column] = (a - cortex.threshold).relu(), (-a - cortex.threshold).relu()
    cuts = [round(i * count / cortex.grid) for i in range(cortex.grid + 1)]
    regions = []
    for top, bottom in itertools.pairwise(cuts):
        for left, right in itertools.pairwise(cuts):
            regions += [cells[top:bottom, left:right].mean((0, 1)) for cells in (on, off)]
    return torch.cat(regions).sqrt()


@pytest.mark.parametrize("shape", [(9, 9), (9, 9, 3)])
def test_activity_is_the_equation(shape: tuple[int, ...]) -> None:
    source = torch.Generator().manual_seed(0)
    cortex = VisualCortex(shape, filters=5, patch=4, grid=3, generator=source)
    x = torch.rand(3, *shape, generator=source)
    mean, matrix = whitening(cortex.patches(x, 500, source))
    cortex.mean.copy_(mean)
    cortex.whitening.copy_(matrix)
    for picture, fast in zip(x, cortex.activity(x), strict=True):
        torch.testing.assert_close(fast, slow_activity(cortex, picture), atol=1e-5, rtol=1e-4)


def test_grey_levels_and_fractions_of_white_are_the_same_picture() -> None:
    cortex = VisualCortex((8, 8), filters=5, patch=3, generator=torch.Generator().manual_seed(0))
    levels = torch.randint(256, (4, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    assert torch.equal(cortex(levels), cortex(levels.float() / 255))


def test_a_batch_is_coded_as_its_pictures_are_one_by_one() -> None:
    cortex = VisualCortex((12, 12), filters=7, patch=5, generator=torch.Generator().manual_seed(0))
    x = torch.rand(300, 12, 12, generator=torch.Generator().manual_seed(1))
    together, alone = cortex(x), torch.cat([cortex(picture[None]) for picture in x])
    assert float((together == alone).float().mean()) > 0.999  # a product's rounding may depend on its size
    assert int((together.int() - alone.int()).abs().max()) <= 1


def test_bfloat16_moves_spike_counts_by_little() -> None:
    codes = []
    for precision in ("float32", "bfloat16"):
        cortex = VisualCortex(
            (12, 12), filters=7, patch=5, precision=precision, generator=torch.Generator().manual_seed(0)
        )
        codes.append(cortex(torch.rand(50, 12, 12, generator=torch.Generator().manual_seed(1))).float())
    assert float((codes[0] - codes[1]).abs().mean()) < 0.01 * float(codes[0].mean())


def test_the_gain_fills_the_range() -> None:
    source = torch.Generator().manual_seed(0)
    cortex = VisualCortex((8, 8), filters=5, patch=3, generator=source)
    x = torch.rand(100, 8, 8, generator=source)
    cortex.rescale(x)
    assert 80 < int(cortex(x).max()) <= 127
    cortex.rescale(torch.zeros(3, 8, 8))  # nothing seen: no division by zero
    assert bool(torch.isfinite(cortex.gain).all())


def test_whitened_patches_are_uncorrelated() -> None:
    mixed = torch.randn(5000, 6, generator=torch.Generator().manual_seed(0)) @ torch.randn(
        6, 6, generator=torch.Generator().manual_seed(1)
    )
    mean, matrix = whitening(mixed + 3, floor=1e-6)
    white = ((mixed + 3) - mean) @ matrix
    np.testing.assert_allclose((white.T @ white / 5000).numpy(), np.eye(6), atol=1e-3)
    assert bool(torch.isfinite(normalise_contrast(torch.ones(2, 5))).all())


@pytest.mark.parametrize(
    ("shape", "settings", "said"),
    [((64,), {}, "Samples have shape"), ((4, 4), {"patch": 6}, "at least 7"), ((8, 8), {"precision": "half"}, "half")],
)
def test_what_does_not_fit_is_refused(shape: tuple[int, ...], settings: dict[str, int | str], said: str) -> None:
    with pytest.raises(BadData, match=said):
        VisualCortex(shape, generator=torch.Generator(), **settings)
