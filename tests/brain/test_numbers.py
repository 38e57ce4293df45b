"""A brain that learns numbers: exact in any order, forgettable, honest about how sure it is."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_diabetes

from reverie.brain import Brain
from reverie.brain.given import Given, take_numbers
from reverie.brain.numbers import Numbers
from reverie.brain.store import Store
from reverie.errors import BadData, CorruptFile, UnknownName
from reverie.streams import Table

SOURCE = np.random.default_rng(0)
X = SOURCE.normal(size=(400, 5))
Y = 10 + X @ [3.0, -2.0, 0.5, 0.0, 1.0] + SOURCE.normal(0, 0.5, 400)


def made(folder: Path, **options: Any) -> Brain:
    return Brain.create(folder, targets="numbers", **({"encoder": "raw"} | options))


def sums(brain: Brain) -> dict[str, Any]:
    return brain.mind.memory.state_dict()


def same(one: Brain, two: Brain) -> None:
    torch.testing.assert_close(sums(one), sums(two), rtol=0, atol=0)


def test_numbers_are_predicted_with_intervals_and_survive(tmp_path: Path) -> None:
    with made(tmp_path / "b") as brain:
        learned = brain.learn(X[:300], Y[:300])
        assert (learned.samples, learned.new, learned.note, learned.warning) == (300, [], "", "")
        found = brain.predict_intervals(X[300:], coverage=0.8)
        assert (brain.targets, brain.classes, brain.counts) == ("numbers", [], {"numbers": 300})
    assert found.value.shape == (100,)
    assert np.abs(found.value - Y[300:]).mean() < 0.6
    assert 0.7 < ((found.low <= Y[300:]) & (Y[300:] <= found.high)).mean() < 0.9
    with Brain.open(tmp_path / "b", writer=False) as reader:
        np.testing.assert_array_equal(reader.predict(X[300:]), found.value)
        wider = reader.predict_intervals(X[300:], coverage=0.99)
    assert (wider.high > found.high).all()
    assert (wider.low < found.low).all()


def test_intervals_of_real_data_cover_what_they_say(tmp_path: Path) -> None:
    data = load_diabetes(scaled=False)
    shares, explained = [], []
    for seed in range(4):
        order = np.random.default_rng(seed).permutation(len(data.target))
        test, train = order[:110], order[110:]
        with made(tmp_path / str(seed), encoder="expansion") as brain:
            brain.learn(data.data[train], data.target[train])
            found = brain.predict_intervals(data.data[test])
        right = data.target[test]
        shares.append(((found.low <= right) & (right <= found.high)).mean())
        explained.append(1 - ((right - found.value) ** 2).sum() / ((right - right.mean()) ** 2).sum())
    assert 0.85 < np.mean(shares) < 0.95
    assert np.mean(explained) > 0.42  # linear regression: 0.48


@pytest.mark.parametrize("encoder", ["raw", "expansion"])
def test_any_order_gives_the_same_sums_to_the_last_bit(encoder: str, tmp_path: Path) -> None:
    with made(tmp_path / "one", encoder=encoder) as one, made(tmp_path / "two", encoder=encoder) as two:
        one.learn(X[:100], Y[:100])
        two.learn(X[:100], Y[:100])
        one.learn(X[100:], Y[100:])
        for places in (np.arange(350, 400), np.arange(349, 99, -1)):
            for part in np.array_split(places, 3):
                two.learn(X[part], Y[part])
        same(one, two)


def test_what_is_forgotten_was_never_learned(tmp_path: Path) -> None:
    with made(tmp_path / "one") as one, made(tmp_path / "two") as two:
        for brain in (one, two):
            brain.learn(X[:100], Y[:100])
        one.learn(X[100:150], Y[100:150], name="ward 3")
        one.learn(X[150:200], Y[150:200])
        one.forget(name="ward 3")
        one.forget(x=X[150:200], y=Y[150:200])
        same(one, two)
        with pytest.raises(BadData, match="cannot all have been learned"):
            one.forget(x=X[:20], y=Y[:20] + 40)
        with pytest.raises(BadData, match="More samples"):
            one.forget(x=X[:101], y=Y[:101])
        with pytest.raises(BadData, match="learns numbers"):
            one.forget("numbers")


def test_weights_merge_undo_rollback(tmp_path: Path) -> None:
    with made(tmp_path / "one") as one, made(tmp_path / "two") as two, made(tmp_path / "three") as three:
        for brain in (one, two):
            brain.learn(X[:100], Y[:100])
        three.merge(one)
        same(three, one)
        one.learn(X[100:200], Y[100:200], weights=[2] * 100)
        before = one.predict(X)
        two.learn(X[100:200], Y[100:200])
        two.learn(X[100:200], Y[100:200])
        same(one, two)
        one.undo()
        assert one.counts == {"numbers": 100}
        one.rollback(2)
        np.testing.assert_array_equal(one.predict(X), before)
        one.merge(three)
        assert one.counts == {"numbers": 400}
    with Brain.open(tmp_path / "one", writer=False) as reader:
        assert np.abs(reader.predict(X[:50]) - Y[:50]).mean() < 1


def test_the_scale_goes_with_the_first_numbers(tmp_path: Path) -> None:
    with made(tmp_path / "one") as one, made(tmp_path / "two") as two:
        assert one.learn(X[:100], Y[:100] * 1e6).clipped == 0
        assert two.learn(X[:100], Y[:100]).clipped == 0
        with pytest.raises(BadData, match="another kind or scale"):
            two.merge(one)
    with Brain.open(tmp_path / "one", writer=False) as reader:
        assert np.abs(reader.predict(X[:50]) - 1e6 * Y[:50]).mean() < 1e6


def test_classes_and_numbers_are_not_mixed(tmp_path: Path) -> None:
    with made(tmp_path / "numbers") as numbers, Brain.create(tmp_path / "classes", encoder="raw") as classes:
        numbers.learn(X, Y)
        classes.learn(X, (Y > 10).astype(int))
        for one, other in ((numbers, classes), (classes, numbers)):
            with pytest.raises(BadData, match="Merge brains that learn the same"):
                one.merge(other)
        with pytest.raises(BadData, match="targets='numbers'"):
            classes.predict_intervals(X)
        with pytest.raises(BadData, match="without labels"):
            numbers.learn(X)
        for refused in (
            lambda: numbers.sleep(),
            lambda: numbers.predict_proba(X),
            lambda: numbers.novelty(X),
            lambda: numbers.export(tmp_path / "out.onnx"),
            lambda: numbers.correct(X[:1], 3),
            lambda: numbers.rename("numbers", "prices"),
        ):
            with pytest.raises(BadData, match="learns numbers"):
                refused()
        with pytest.raises(BadData, match="shards"):
            numbers.ready(X, Y)
        assert numbers.retention() == {}
        assert not numbers.drift().found


def test_several_numbers_by_name_and_by_place(tmp_path: Path) -> None:
    y = pd.DataFrame({"height": Y, "weight": X @ [0, 0, 5.0, 5.0, 0] - 70})
    with made(tmp_path / "b") as brain:
        brain.learn(X[:200], y[:200])
        brain.learn(X[200:300], y[200:300][["weight", "height"]])
        brain.learn(X[300:], y[300:].to_numpy())
        found = brain.predict_intervals(X)
        assert found.low.shape == (400, 2)
        assert (np.abs(found.value - y.to_numpy()).mean(0) < [0.6, 0.1]).all()
        with pytest.raises(BadData, match="Expected height, weight"):
            brain.learn(X, y[["height"]])
        with pytest.raises(BadData, match="1 numbers, expected 2"):
            brain.learn(X, Y)


@pytest.mark.parametrize(
    ("y", "said"),
    [
        ([1.0, None, 3.0, "4 m"], r"2 of 4 rows.*row 1 \(no number\); row 3 \('4 m' is no number\)"),
        (np.array([1, np.nan, np.inf, 4]), r"row 1 \(no number\); row 2 \(the number is not finite\)"),
        ([[1, 2], [1], [3, 4], [5, 6]], r"row 1 \(1 numbers, expected 2\)"),
        ([1, 2, 3], "x has 4 samples and y has numbers for 3"),
        ([1, 2, 3, 1e200], r"row 3 \(1e\+200 is too large\)"),
    ],
)
def test_what_is_no_number_is_listed(y: Any, said: str, tmp_path: Path) -> None:
    with made(tmp_path / "b") as brain, pytest.raises(BadData, match=said):
        brain.learn(X[:4], y)


def test_prices_are_learned_as_logarithms_and_that_is_said(tmp_path: Path) -> None:
    prices = np.exp(0.3 * Y)
    with made(tmp_path / "b") as brain:
        assert "Learned as logarithms" in brain.learn(X[:300], {"price": prices[:300]}).note
        assert "price" in brain.mind.numbers.note()
        assert brain.learn(X[300:310], prices[300:310]).note == ""
        found = brain.predict_intervals(X[310:])
        assert (found.low > 0).all()
        right = prices[310:]
        assert 0.82 < ((found.low <= right) & (right <= found.high)).mean() < 0.98
        assert np.corrcoef(np.log(found.value), np.log(prices[310:]))[0, 1] > 0.95
        brain.learn(X[:2], [0.0, -3.0])  # a later zero has a place
    with made(tmp_path / "plain") as brain:
        assert brain.learn(X, 100 + Y).note == ""


def test_numbers_far_beyond_the_first_are_cut_and_that_is_said(tmp_path: Path) -> None:
    with made(tmp_path / "b") as brain:
        brain.learn(X[:100], Y[:100])
        learned = brain.learn(X[100:110], np.r_[Y[100:109], 1e7])
        assert learned.clipped == 1
        assert "10 % of the numbers to learn" in learned.warning
        brain.forget(x=X[100:110], y=np.r_[Y[100:109], 1e7])
        assert brain.counts == {"numbers": 100}


def test_one_sample_is_answered_with_an_open_interval(tmp_path: Path) -> None:
    with made(tmp_path / "b") as brain:
        brain.learn(X[:1], [3.0])
        found = brain.predict_intervals(X[1:3])
    np.testing.assert_allclose(found.value, 3.0)
    assert np.isneginf(found.low).all()
    assert np.isposinf(found.high).all()


def test_digits_give_back_the_codes() -> None:
    numbers = Numbers(["", ""], [0.0, 0.0], [0.0, 0.0], [1.0, 1.0], False)
    codes = np.array([[0, 1], [-1, 63], [64, -64], [-65, 8127], [8128, -8256], [-8257, 2088895], [9e9, -9e9]])
    digits = numbers.digits(codes)
    assert digits.shape == (7, 6)
    expected = codes.clip(-2088895, 2088895)
    np.testing.assert_array_equal((digits.double() @ numbers.weights).numpy(), expected)
    assert numbers.beyond(codes)[0] == 2


def test_few_first_numbers_do_not_fix_a_tiny_scale() -> None:
    numbers = Numbers.of(Given(np.array([[250000.0], [250001.0]]), [""], True), torch.eye(2))
    assert numbers.beyond(np.array([[400000.0]]))[0] == 0
    many = Numbers.of(Given(1.7e9 + np.arange(100.0)[:, None], [""], True), torch.eye(100))
    np.testing.assert_allclose(many.back(many.codes(np.array([[1.7e9 + 5.25]]))), 1.7e9 + 5.25, atol=0.01)


def test_options_and_scales_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="Known: classes, labels, numbers"):
        Brain.create(tmp_path / "b", targets="prices")
    with pytest.raises(BadData, match="Leave balanced out"):
        made(tmp_path / "b", balanced=True)
    assert not (tmp_path / "b").exists()
    with made(tmp_path / "b") as brain:
        with pytest.raises(BadData, match="learned nothing yet"):
            brain.predict(X)
        brain.learn(X, Y)
        for coverage in (0.0, 1.0, 90.0):
            with pytest.raises(BadData, match="coverage is"):
                brain.predict_intervals(X, coverage=coverage)
        good = brain.mind.numbers.state_dict()
    for change in ({"step": [0.0]}, {"centre": [float("nan")]}, {"small": []}, {"names": []}, {"step": ["a"]}):
        with pytest.raises(CorruptFile):
            Numbers.from_state(good | change)
    assert Store(tmp_path / "b", writer=False).head["settings"]["targets"] == "numbers"


def test_tables_tensors_and_columns_are_taken() -> None:
    for y in (torch.tensor([1.0, 2.0]), pd.Series([1.0, 2.0]), (1, 2), np.array([1, 2])):
        given = take_numbers(y, 2, None)
        assert given.values.tolist() == [[1.0], [2.0]]
        assert given.flat
    assert not take_numbers([[1.0], [2.0]], 2, None).flat
    assert take_numbers(pd.DataFrame({"a": [1], "b": [2]}), 1, ["b"]).values.tolist() == [[2.0]]
    assert take_numbers(Table.of({"a": [1, 2]}), 2, None).names == ["a"]
