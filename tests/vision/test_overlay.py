"""Masks to look at, and masks that are read again."""

import numpy as np
import pytest
from PIL import Image

from reverie.errors import BadData
from reverie.vision.overlay import colours, moving_picture, painted, write_mask


def test_labels_have_the_colours_that_voc_and_davis_give_them():
    known = colours()
    assert known[[0, 1, 2, 3, 4, 8, 15, 20]].tolist() == [
        [0, 0, 0],
        [128, 0, 0],
        [0, 128, 0],
        [128, 128, 0],
        [0, 0, 128],
        [64, 0, 0],
        [192, 128, 128],  # a person
        [0, 64, 128],  # a monitor
    ]
    assert len({tuple(colour) for colour in known.tolist()}) == 256


def test_what_is_no_object_stays_as_it_is():
    frame = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    mask = np.zeros((6, 8), int)
    mask[2:4] = 3
    found = painted(frame, mask)
    assert np.array_equal(found[mask == 0], frame[mask == 0])
    assert not np.array_equal(found[mask == 3], frame[mask == 3])


@pytest.mark.parametrize("largest", [3, 300])
def test_a_mask_is_written_and_read_as_it_was(tmp_path, largest):
    mask = np.arange(48).reshape(6, 8) % 4
    mask[0, 0] = largest
    write_mask(tmp_path / "m.png", mask)
    with Image.open(tmp_path / "m.png") as picture:
        assert picture.mode == ("P" if largest < 256 else "I;16")
        assert np.array_equal(np.asarray(picture), mask)
    with pytest.raises(BadData, match="0 to 65535"):
        write_mask(tmp_path / "n.png", mask - 1)


def test_what_fails_within_leaves_no_film(tmp_path):
    for name in ("film.gif", "film.mp4"):
        if name.endswith("mp4"):
            pytest.importorskip("av")
        with pytest.raises(ZeroDivisionError), moving_picture(tmp_path / name) as take:
            take(np.zeros((20, 30, 3), np.uint8))
            raise ZeroDivisionError
    assert not list(tmp_path.iterdir())
