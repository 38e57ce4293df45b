import numpy as np
import pytest
import torch

from reverie.errors import BadData
from reverie.streams import LabelledData, Split
from reverie.streams.data import stratified_split


@pytest.fixture
def data() -> LabelledData:
    y = np.arange(20) % 5
    x = np.stack([np.full((2, 2), 50 * label, dtype=np.uint8) for label in y])
    return LabelledData(x, y, x[:10], y[:10], tuple("abcde"))


def test_pictures_come_in_0_to_1(data):
    first = next(iter(Split(data, name="toy")))
    assert first.train_x.dtype == torch.float32
    assert sorted(set(first.train_x.flatten().tolist())) == pytest.approx([0.0, 50 / 255])


def test_the_last_experience_may_be_smaller(data):
    labels = [sorted(set(experience.train_y.tolist())) for experience in Split(data, name="toy")]
    assert labels == [[0, 1], [2, 3], [4]]


def test_task_incremental_names_candidates(data):
    candidates = [experience.candidates for experience in Split(data, name="toy", scenario="task")]
    assert candidates == [(0, 1), (2, 3), (4,)]


def test_domain_incremental_labels_are_positions(data):
    for experience in Split(data, name="toy", scenario="domain", classes_per_experience=5):
        assert sorted(set(experience.train_y.tolist())) == [0, 1, 2, 3, 4]
    labels = [sorted(set(experience.train_y.tolist())) for experience in Split(data, name="toy", scenario="domain")]
    assert labels == [[0, 1], [0, 1], [0]]


def test_order_shuffles_when_classes_come_and_nothing_else(data):
    def seen(order: int) -> list[int]:
        stream = Split(data, name="toy", order=order, classes_per_experience=1)
        return [int(experience.train_y[0]) for experience in stream]

    assert seen(0) == [0, 1, 2, 3, 4]
    assert sorted(seen(1)) == [0, 1, 2, 3, 4]
    assert seen(1) != seen(0)
    assert seen(1) != seen(2)
    for experience in Split(data, name="toy", order=1, classes_per_experience=1):
        assert float(experience.train_x[0, 0, 0]) == pytest.approx(50 * int(experience.train_y[0]) / 255)


def test_bad_options(data):
    with pytest.raises(BadData, match="at least 1"):
        Split(data, name="toy", classes_per_experience=0)


def test_stratified_split_takes_a_fifth_of_each_class():
    y = np.array([0] * 50 + [1] * 10 + [2])
    test = stratified_split(y)
    assert [int(test[y == label].sum()) for label in (0, 1, 2)] == [10, 2, 0]
    assert np.array_equal(test, stratified_split(y))
