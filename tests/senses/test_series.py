"""Series: windows of any length and of several channels, with gaps."""

from typing import Any

import numpy as np
import pytest
import torch

from reverie.errors import BadData
from reverie.senses import Series
from reverie.senses.series import _statistics, _width_of

CHANCE = np.random.default_rng(0)
WINDOWS = CHANCE.normal(size=(30, 3, 64)).cumsum(2)


@pytest.fixture
def sense() -> Series:
    made = Series({"width": 40})
    made.form(made.take(WINDOWS))
    return made


def keys(sense: Series, x: Any) -> torch.Tensor:
    return sense.keys(sense.take(x))


def test_statistics_are_those_that_are_named() -> None:
    at = np.arange(64)
    window = np.stack([-3 + 2 * np.sin(2 * np.pi * at / 4), np.full(64, 5.0)])
    found = _statistics(window)
    assert len(found) == _width_of(2) == 2 * 17 + 1
    each = found[:-1].reshape(17, 2)
    mean, size, deviation, least, largest = each[:5]
    np.testing.assert_allclose(mean, [-3, 5])
    np.testing.assert_allclose(size, [3, 5])
    np.testing.assert_allclose(deviation, [np.sqrt(2), 0], atol=1e-12)
    np.testing.assert_allclose([least[0], largest[0]], [-5, -1])
    np.testing.assert_allclose(each[5:10, 1], 5)
    np.testing.assert_allclose(each[7, 0], -3, atol=1e-9)  # the median
    np.testing.assert_allclose(each[10], [2, 0])  # mean step
    assert each[11:, 0].argmax() == 5  # a quarter of the sampling rate: the highest octave
    np.testing.assert_allclose(each[11:, 1], np.log(1e-6), atol=1e-3)
    assert found[-1] == pytest.approx(0, abs=1e-9)  # nothing correlates with what is constant


def test_correlations_of_channels() -> None:
    one = CHANCE.normal(size=100)
    found = _statistics(np.stack([one, -2 * one + 1, CHANCE.normal(size=100)]))[-3:]
    assert found[0] == pytest.approx(-1)
    assert abs(found[1]) < 0.5


def test_windows_of_one_channel_may_have_no_axis_for_it() -> None:
    sense = Series({"width": 40})
    x = WINDOWS[:, 0]
    sense.form(sense.take(x))
    assert torch.equal(keys(sense, x), keys(sense, WINDOWS[:, :1]))
    assert torch.equal(keys(sense, list(x)), keys(sense, torch.from_numpy(x)))


@pytest.mark.parametrize("steps", [4, 5, 7, 64, 1001])
def test_any_length_is_taken(steps: int, sense: Series) -> None:
    lengths = [CHANCE.normal(size=(3, steps)), CHANCE.normal(size=(3, 64))]
    assert keys(sense, lengths).shape == keys(sense, WINDOWS[:2]).shape


def test_a_longer_window_of_the_same_kind_is_alike(sense: Series) -> None:
    at = np.arange(640)
    tone = np.stack([np.sin(at / 3), np.cos(at / 5), at % 2.0])
    short, long, other = keys(sense, [tone[:, :128], tone, CHANCE.normal(size=(3, 128))]).double()
    assert float((short - long).norm()) < 0.3 * float((short - other).norm())


def test_gaps_are_filled_from_their_neighbours_and_counted(sense: Series) -> None:
    line = np.tile(np.arange(64.0), (3, 1))
    gaps = line.copy()
    gaps[0, 10:20], gaps[1, :3], gaps[2, 60:] = np.nan, np.nan, np.nan
    inner = line.copy()
    inner[0, 10:20] = np.nan
    assert torch.equal(keys(sense, [inner]), keys(sense, [line]))
    taken = sense.take([gaps, line])
    seen = sense.watch(taken, sense.keys(taken))
    assert seen.missing == 10 + 3 + 4
    assert np.isnan(taken[0]).sum() == 17  # type: ignore[index]  what was given stays
    empty = line.copy()
    empty[1] = np.nan
    assert keys(sense, [empty]).shape[0] == 1


def test_what_lies_beyond_the_first_windows_is_watched(sense: Series) -> None:
    taken = sense.take(WINDOWS)
    assert sense.watch(taken, sense.keys(taken)).share() < 0.01
    far = sense.take(WINDOWS + 1000)
    seen = sense.watch(far, sense.keys(far))
    assert seen.numbers == 30 * _width_of(3)
    assert seen.share() > 0.3
    assert float(sense.numbers(far).abs().max()) <= 4


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (WINDOWS[:, :2], "channels"),
        ([WINDOWS[0], WINDOWS[0, :2]], "same channels"),
        (WINDOWS[:, :, :3], "4 steps or more"),
        (WINDOWS[0, 0], "shape"),
        (np.zeros((2, 3, 0)), "4 steps or more"),
        (np.zeros((0, 3, 64)), "no windows"),
        (WINDOWS[:, None], "Expected"),
        (np.full((1, 3, 64), np.inf), "infinity"),
        (np.full((1, 3, 64), 1e300), "beyond"),
        (["a series"], "numbers"),
        ("a series", "str"),
        (7, "int"),
    ],
)
def test_what_is_no_series_is_refused(x: Any, said: str, sense: Series) -> None:
    with pytest.raises(BadData, match=said):
        sense.take(x)


def test_large_numbers_are_sensed(sense: Series) -> None:
    numbers = sense.numbers(sense.take([np.full((3, 64), 1e38), -1e38 * np.arange(64.0) / 64 * np.ones((3, 1))]))
    assert bool(numbers.isfinite().all())


def test_auto_leaves_windows_to_others() -> None:
    assert not Series.recognises(WINDOWS)


@pytest.mark.parametrize("channels", [0, 5000])
def test_states_that_are_none_are_refused(channels: int, sense: Series) -> None:
    with pytest.raises(BadData):
        Series().load_state_dict(sense.state_dict() | {"shape": [channels]})
    with pytest.raises(BadData, match="Expected at most"):
        Series().load_state_dict(sense.state_dict() | {"shape": [4000]})
