"""Keys of every pixel: the same everywhere, whole numbers, and about what is there."""

import numpy as np
import pytest
import torch

from reverie.errors import BadData, CorruptFile
from reverie.vision import DenseSense, dead_leaves
from reverie.vision.dense import _SCALES, _textures
from scenes import scene


def test_two_senses_of_the_same_settings_are_the_same():
    one, two = DenseSense(filters=6, width=50), DenseSense(filters=6, width=50)
    torch.manual_seed(7)
    assert one.same_as(two)
    assert not one.same_as(DenseSense(filters=6, width=50, seed=1))
    frame = scene(1)[0][0]
    assert torch.equal(one(frame), two(frame))


def test_a_state_makes_the_same_sense():
    sense = DenseSense(filters=6, width=50)
    other = DenseSense.of(sense.state())
    assert sense.same_as(other)
    state = sense.state()
    state["numbers"]["mean"] = state["numbers"]["mean"][1:]
    with pytest.raises(CorruptFile, match="dense sense"):
        DenseSense.of(state)
    state = sense.state()
    state["numbers"]["scale"] = state["numbers"]["scale"] * torch.nan
    with pytest.raises(CorruptFile, match="not finite"):
        DenseSense.of(state)


def test_cells_see_what_a_slow_version_says():
    sense = DenseSense(filters=3, patch=4, width=20)
    frame = torch.rand(3, 20, 24, generator=torch.Generator().manual_seed(1))
    fast = _textures(frame, 1, sense.kernel, sense.bias, 4)
    y, x = 9, 11
    cells = []
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            patch = frame[:, y + dy - 1 : y + dy + 3, x + dx - 1 : x + dx + 3]
            normal = (patch - patch.mean()) / (patch.var(unbiased=False) + 10 / 255**2).sqrt()
            simple = (sense.kernel * normal).sum((1, 2, 3)) + sense.bias
            cells.append(torch.cat([(simple - 0.25).clamp(min=0), (-simple - 0.25).clamp(min=0)]))
    assert torch.allclose(fast[:, y, x], torch.stack(cells).mean(0), atol=1e-4)


@pytest.mark.parametrize("size", [(16, 16), (17, 31), (45, 23)])
def test_frames_of_any_size_have_a_key_for_each_pixel(size):
    sense = DenseSense(filters=2, width=20)
    keys = sense(np.zeros((*size, 3), np.uint8))
    assert keys.shape == (size[0] * size[1], 20)
    assert len(_SCALES) == 4


def test_leaves_have_contrast_at_every_size_and_come_again():
    first = dead_leaves(2, 60, 80, generator=torch.Generator().manual_seed(3))
    again = dead_leaves(2, 60, 80, generator=torch.Generator().manual_seed(3))
    assert torch.equal(first, again)
    x = first.float()
    for side in (1, 4, 12):
        means = torch.nn.functional.avg_pool2d(x.permute(0, 3, 1, 2), side)
        assert float(means.std()) > 15


def test_settings_out_of_range_are_refused():
    for wrong in ({"filters": 0}, {"patch": 1}, {"width": 1}, {"width": 10**6}):
        with pytest.raises(BadData, match="Expected"):
            DenseSense(**wrong)
