"""What is carried along moves as the picture does, and edges follow those of the picture."""

import numpy as np
import pytest
import torch

from reverie.vision import dead_leaves, motion, region


def _moved():
    frame = dead_leaves(1, 64, 80, generator=torch.Generator().manual_seed(5))[0].numpy()
    mask = np.zeros((64, 80), np.float32)
    mask[20:40, 20:44] = 1
    shift = (3, 6)
    return frame, np.roll(frame, shift, (0, 1)), mask, np.roll(mask, shift, (0, 1))


def _beliefs(mask):
    return np.stack([1 - mask, mask], 2)


@pytest.mark.skipif(not motion.available(), reason="needs OpenCV: pip install 'reverie[video]'")
def test_beliefs_move_as_the_picture_moves():
    before, now, mask, wanted = _moved()
    found = motion.carried(_beliefs(mask), before, now)
    assert np.allclose(found.sum(2), 1, atol=1e-4)
    assert region(found[..., 1] > 0.5, wanted) > 0.85
    assert region(mask, wanted) < 0.6


def test_without_opencv_things_are_about_where_they_were(monkeypatch):
    monkeypatch.setattr(motion, "_opencv", lambda: None)
    before, now, mask, _ = _moved()
    found = motion.carried(_beliefs(mask), before, now)
    assert np.allclose(found.sum(2), 1, atol=1e-4)
    assert region(found[..., 1] > 0.5, mask) > 0.85
    assert 0.05 < found[30, 45, 1] < 0.5  # just outside: perhaps it is there by now
    assert np.array_equal(motion.sharpened(found, now), found)


@pytest.mark.skipif(not motion.available(), reason="needs OpenCV: pip install 'reverie[video]'")
def test_edges_follow_those_of_the_picture():
    picture = np.full((60, 60, 3), 40, np.uint8)
    picture[:, 30:] = 200
    rough = np.zeros((60, 60), np.float32)
    rough[:, 32:] = 1  # two pixels off
    found = motion.sharpened(_beliefs(rough), picture)[..., 1]
    assert found[30, 31] > found[30, 29] + 0.2
    assert abs(found[30, 31] - 1) < abs(rough[30, 31] - 1)
