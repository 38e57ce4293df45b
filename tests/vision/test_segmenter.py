"""Segmentation by a memory over pixels: exact in any order, open-ended, and kept durably."""

import json

import numpy as np
import pytest
import torch

from reverie.errors import BadData, CorruptFile, MissingData
from reverie.memory import AssociativeMemory
from reverie.vision import Confusion, DenseSense, Segmenter
from scenes import BALL, CAR, GROUND, POLE, SKY, scene


def _segmenter(**options: object) -> Segmenter:
    return Segmenter(DenseSense(filters=8, width=200), **options)


def _learned(frames, masks, **options) -> Segmenter:
    found = _segmenter(**options)
    for frame, mask in zip(frames, masks, strict=True):
        found.learn(frame, mask)
    return found


def test_it_segments_frames_that_it_has_not_seen():
    learned = _learned(*scene(4, seed=1))
    frames, masks = scene(3, seed=2)
    seen = Confusion()
    for frame, mask in zip(frames, masks, strict=True):
        seen.add(learned.predict(frame), mask)
    assert seen.mean_iou > 0.75
    assert set(seen.iou) == {SKY, GROUND, CAR, POLE, BALL}


def test_classes_one_after_the_other_are_known_as_well_as_together():
    frames, masks = scene(3)
    joint, apart = _learned(frames, masks), _segmenter()
    for classes in ([CAR, BALL], [SKY], [POLE, GROUND]):
        for frame, mask in zip(frames, masks, strict=True):
            apart.learn(frame, mask, classes=classes)
    assert apart.classes == joint.classes
    assert apart.pixels == joint.pixels
    other = scene(1, seed=5)[0][0]
    assert float((apart.beliefs(other) - joint.beliefs(other)).abs().max()) < 1e-6
    assert np.array_equal(apart.predict(other), joint.predict(other))
    order = [apart._labels.index(label) for label in joint._labels]
    assert torch.equal(apart.memory.means()[1][order], joint.memory.means()[1])  # sums of whole numbers


def test_pixels_without_a_label_are_not_written():
    frames, masks = scene(2)
    whole, partly = _segmenter(), _segmenter()
    for frame, mask in zip(frames, masks, strict=True):
        partly.learn(frame, np.where(mask == GROUND, 255, mask))
        whole.learn(frame, mask, classes=[SKY, CAR, POLE, BALL])
    assert partly.pixels == whole.pixels
    assert GROUND not in partly.classes
    assert torch.equal(partly.beliefs(frames[0]), whole.beliefs(frames[0]))
    before = partly.pixels
    assert partly.learn(frames[0], np.full(masks[0].shape, 255)) == 0
    assert partly.pixels == before


def test_a_class_is_forgotten_as_if_it_had_never_been():
    frames, masks = scene(2)
    learned, never = _learned(frames, masks), _segmenter()
    for frame, mask in zip(frames, masks, strict=True):
        never.learn(frame, mask, classes=[SKY, GROUND, POLE, BALL])
    learned.forget(CAR)
    assert learned.classes == never.classes
    assert float((learned.beliefs(frames[1]) - never.beliefs(frames[1])).abs().max()) < 1e-6
    with pytest.raises(BadData, match="class 2 is not known"):
        learned.forget(CAR)


def test_two_merge_into_what_one_would_have_learned():
    frames, masks = scene(4)
    one, two = _segmenter(), _segmenter()
    one.learn(frames[0], masks[0], classes=[BALL, SKY])
    for frame, mask in zip(frames[1:], masks[1:], strict=True):
        two.learn(frame, mask)
    both = _segmenter()
    both.learn(frames[0], masks[0], classes=[BALL, SKY])
    for frame, mask in zip(frames[1:], masks[1:], strict=True):
        both.learn(frame, mask)
    one.merge(two)
    assert one.pixels == both.pixels
    assert float((one.beliefs(frames[2]) - both.beliefs(frames[2])).abs().max()) < 1e-6
    with pytest.raises(BadData, match="senses differ"):
        one.merge(Segmenter(DenseSense(filters=8, width=200, seed=1)))


def test_it_is_kept_and_opened_as_it_was(tmp_path):
    frames, masks = scene(2)
    learned = _learned(frames, masks, exponent=0.25)
    learned.save(tmp_path / "kept")
    opened = Segmenter.open(tmp_path / "kept")
    assert opened.exponent == 0.25
    assert torch.equal(opened.beliefs(frames[0]), learned.beliefs(frames[0]))
    opened.learn(frames[1], masks[1])
    learned.learn(frames[1], masks[1])
    assert np.array_equal(opened.predict(frames[0]), learned.predict(frames[0]))


def test_torn_files_are_refused(tmp_path):
    with pytest.raises(MissingData):
        Segmenter.open(tmp_path / "none")
    frames, masks = scene(1)
    learned = _learned(frames, masks)
    learned.save(tmp_path / "kept")
    tensors = next((tmp_path / "kept").glob("tensors-*"))
    tensors.write_bytes(tensors.read_bytes()[:-7])
    with pytest.raises(CorruptFile, match="torn"):
        Segmenter.open(tmp_path / "kept")
    learned.save(tmp_path / "other")
    head = json.loads((tmp_path / "other" / "state.json").read_text())
    head["tree"]["labels"] = [1]
    (tmp_path / "other" / "state.json").write_text(json.dumps(head))
    with pytest.raises(CorruptFile):
        Segmenter.open(tmp_path / "other")


def test_nothing_is_stored_but_sums():
    frames, masks = scene(6)
    learned = _learned(frames[:3], masks[:3], side=64)
    before = learned.bytes
    for frame, mask in zip(frames[3:], masks[3:], strict=True):
        learned.learn(frame, mask)
    assert learned.bytes <= 1.1 * before  # sums grow by their digits alone


def test_predicting_changes_nothing():
    frames, masks = scene(2)
    learned = _learned(frames, masks)
    before = learned.beliefs(frames[0])
    learned.predict(frames[1])
    assert torch.equal(learned.beliefs(frames[0]), before)


def test_a_large_exponent_finds_more_of_what_is_rare():
    frames, masks = scene(2)
    learned = _learned(frames, masks)
    other = scene(1, seed=9)[0][0]
    found = []
    for exponent in (0.0, 1.0):
        learned.exponent = exponent
        found.append(int((learned.predict(other) == POLE).sum()))
    assert found[1] > found[0]


def test_the_exponent_is_chosen_on_frames_held_out():
    frames, masks = scene(2)
    learned = _learned(frames, masks)
    other, wanted = scene(2, seed=3)
    scores = {}
    for exponent in (0.0, 0.25, 0.5, 0.75, 1.0):
        learned.exponent, seen = exponent, Confusion()
        for frame, mask in zip(other, wanted, strict=True):
            seen.add(learned.predict(frame), mask)
        scores[exponent] = seen.mean_iou
    chosen = learned.tune(zip(other, wanted, strict=True))
    assert scores[chosen] == max(scores.values())
    with pytest.raises(BadData, match="held out"):
        learned.tune([])


def test_large_frames_are_reduced_inside_and_answers_have_their_size():
    frames, masks = scene(1, height=150, width=200)
    learned = _learned(frames, masks, side=100)
    assert sum(learned.pixels.values()) == 75 * 100
    found = learned.predict(frames[0])
    assert found.shape == (150, 200)
    seen = Confusion()
    seen.add(found, masks[0])
    assert seen.accuracy > 0.9


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.zeros((48, 63), int), "Expected the same size"),
        (np.zeros((48, 64, 3), int), "coloured masks"),
        (np.full((48, 64), 0.5), "whole numbers"),
        (np.where(np.arange(64) < 9, 255, 0)[None].repeat(48, 0), "0 and 255 alone"),
    ],
)
def test_masks_that_do_not_fit_are_refused(mask, message):
    with pytest.raises(BadData, match=message):
        _segmenter().learn(scene(1)[0][0], mask)


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((48, 64), np.uint8),
        np.zeros((48, 64, 3)),
        np.zeros((8, 64, 3), np.uint8),
        np.zeros((48, 64, 4), np.uint8),
    ],
)
def test_frames_that_do_not_fit_are_refused(frame):
    with pytest.raises(BadData, match="A frame has shape"):
        _segmenter().learn(frame, np.zeros(frame.shape[:2], int))


def test_frames_that_cannot_be_written_to_are_taken():
    frames, masks = scene(1)
    frames.flags.writeable = masks.flags.writeable = False
    learned = _learned(frames, masks)
    assert learned.predict(frames[0]).shape == masks[0].shape


def test_asking_before_learning_says_what_to_do():
    with pytest.raises(BadData, match="Nothing was learned"):
        _segmenter().predict(scene(1)[0][0])


def test_a_memory_of_ones_own_is_used():
    memory = AssociativeMemory(ridge=10.0)
    learned = _learned(*scene(1), memory=memory)
    assert memory.samples == 48 * 64
    with pytest.raises(BadData, match="one sum for all classes"):
        learned.forget(CAR)
    assert CAR in learned.classes
