"""Objects that are followed from frame to frame, with OpenCV and without it."""

import numpy as np
import pytest

from reverie.errors import BadData
from reverie.vision import DenseSense, VideoObjects, motion, region
from scenes import BALL, CAR, scene


@pytest.fixture(params=["as installed", "without OpenCV"])
def sense(request, monkeypatch):
    if request.param == "without OpenCV":
        monkeypatch.setattr(motion, "_opencv", lambda: None)
    return DenseSense(filters=8, width=200)


def _objects(masks):
    """The car is 1, the ball 2."""
    return np.where(masks == CAR, 1, np.where(masks == BALL, 2, 0))


def test_two_objects_are_followed_and_better_than_the_first_mask_stays(sense):
    frames, masks = scene(8)
    wanted = _objects(masks)
    found = list(VideoObjects(sense).track(frames, wanted[0]))
    assert len(found) == 8
    for label in (1, 2):
        followed = np.mean([region(f == label, w == label) for f, w in zip(found[1:], wanted[1:], strict=True)])
        stayed = np.mean([region(wanted[0] == label, w == label) for w in wanted[1:]])
        assert followed > 0.6
        assert followed > stayed + 0.1


def test_the_same_life_comes_again_whatever_the_global_state():
    frames, masks = scene(4)
    sense = DenseSense(filters=8, width=100)
    first = list(VideoObjects(sense).track(frames, _objects(masks[0])))
    np.random.seed(3)  # noqa: NPY002
    again = list(VideoObjects(sense).track(frames, _objects(masks[0])))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_frames_are_read_one_by_one():
    frames, masks = scene(5)
    given = []

    def come():
        for frame in frames:
            given.append(len(given))
            yield frame

    tracked = VideoObjects(DenseSense(filters=4, width=60)).track(come(), _objects(masks[0]))
    next(tracked)
    next(tracked)
    assert given == [0, 1]


def test_a_mask_corrects_the_last_frame_and_may_bring_new_objects(sense):
    frames, masks = scene(6)
    wanted = _objects(masks)
    objects = VideoObjects(sense)
    objects.begin(frames[0], np.where(wanted[0] == 1, 1, 0))
    objects.follow(frames[1])
    corrected = objects.correct(mask=np.where(wanted[1] == 2, 7, wanted[1]))
    assert np.array_equal(corrected == 7, wanted[1] == 2)
    assert objects.labels == [0, 1, 7]
    for frame in frames[2:]:
        found = objects.follow(frame)
    assert region(found == 7, wanted[-1] == 2) > 0.5


def test_a_click_says_what_an_object_is(sense):
    frames, masks = scene(3)
    objects = VideoObjects(sense)
    objects.begin(frames[0], _objects(masks[0]) % 2)
    objects.follow(frames[1])
    wanted = _objects(masks[1]) == 2
    assert not (objects.mask() == 2).any()
    rows, columns = np.nonzero(wanted)
    place = int(rows.mean()), int(columns.mean())
    found = objects.correct(click=place, label=2)
    assert found[place] == 2
    assert region(found == 2, wanted) > 0.3
    gone = objects.correct(click=place, label=0)
    assert gone[place] == 0


def test_large_frames_are_reduced_inside(sense):
    frames, masks = scene(3, height=96, width=128)
    wanted = _objects(masks)
    found = list(VideoObjects(sense, side=64).track(frames, wanted[0]))
    assert found[-1].shape == (96, 128)
    assert region(found[-1] == 1, wanted[-1] == 1) > 0.6


def test_what_does_not_fit_is_refused():
    frames, masks = scene(2)
    objects = VideoObjects(DenseSense(filters=4, width=60))
    with pytest.raises(BadData, match="No mask was given"):
        objects.follow(frames[0])
    for mask in (np.zeros((48, 64), int), np.ones((48, 64), int)):
        with pytest.raises(BadData, match="another number for each object"):
            objects.begin(frames[0], mask)
    objects.begin(frames[0], _objects(masks[0]))
    with pytest.raises(BadData, match="frames of one size"):
        objects.follow(frames[1][:40])
    with pytest.raises(BadData, match="a click together with its label"):
        objects.correct(click=(3, 3))
    with pytest.raises(BadData, match="a mask, or a click"):
        objects.correct()
    with pytest.raises(BadData, match="outside"):
        objects.correct(click=(48, 3), label=1)
    with pytest.raises(BadData, match="decay is 1"):
        VideoObjects(DenseSense(filters=4, width=60), decay=1.0)
