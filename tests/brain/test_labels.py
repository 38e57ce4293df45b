"""A brain that learns several labels of a sample: exact in any order, new ones at any time, forgettable."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_digits, make_multilabel_classification
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import StandardScaler

from reverie.brain import Brain, cost_of
from reverie.brain.tags import Tags, take_label_sets
from reverie.errors import BadData, CorruptFile

SOURCE = np.random.default_rng(0)
NAMES = ["cold", "wet", "windy"]
X = SOURCE.normal(size=(400, 5))
THERE = X[:, :3] + SOURCE.normal(0, 0.3, (400, 3)) > [0.0, 0.5, -0.5]


def named(there: Any, names: list[str] = NAMES) -> list[list[str]]:
    return [[names[place] for place in np.flatnonzero(row)] for row in there]


Y = named(THERE)


def made(folder: Path, **options: Any) -> Brain:
    return Brain.create(folder, targets="labels", **({"encoder": "raw"} | options))


def f1(found: list[list[str]], right: list[list[str]]) -> float:
    both = sum(len({*one} & {*other}) for one, other in zip(found, right, strict=True))
    return 2 * both / sum(len(one) + len(other) for one, other in zip(found, right, strict=True))


def same(one: Brain, two: Brain) -> None:
    assert one.mind.tags == two.mind.tags
    torch.testing.assert_close(one.mind.memory.state_dict(), two.mind.memory.state_dict(), rtol=0, atol=0)


def test_labels_are_predicted_and_survive(tmp_path: Path) -> None:
    with made(tmp_path / "b") as brain:
        learned = brain.learn(X[:300], Y[:300])
        assert (learned.samples, sorted(learned.new)) == (300, NAMES)
        assert brain.classes == NAMES
        assert brain.counts == dict(zip(NAMES, THERE[:300].sum(0).tolist(), strict=True))
        found = brain.predict_labels(X[300:])
        assert f1(found.labels, Y[300:]) > 0.85
        assert found.probability.shape == (100, 3)
        np.testing.assert_array_equal(brain.predict_proba(X[300:]), found.probability)
        assert brain.predict(X[300:]).tolist() == found.labels
        for labels, row in zip(found.labels, found.probability, strict=True):
            assert {*labels} == {name for name, p in zip(NAMES, row, strict=True) if p >= found.threshold}
            assert [row[NAMES.index(name)] for name in labels] == sorted(row[row >= found.threshold], reverse=True)
        assert all(len(labels) <= 1 for labels in brain.predict_labels(X[300:], threshold=0.9999).labels)
    with Brain.open(tmp_path / "b", writer=False) as reader:
        assert reader.predict_labels(X[300:]).labels == found.labels


def test_sums_are_the_same_in_any_order_and_new_labels_were_zero_until_then(tmp_path: Path) -> None:
    with made(tmp_path / "one") as one, made(tmp_path / "two") as two, made(tmp_path / "late") as late:
        one.learn(X[:20], Y[:20])
        two.learn(X[:20], Y[:20])
        one.learn(X[20:], Y[20:])
        for start in (200, 100, 300, 20):
            stop = {20: 100, 100: 200, 200: 300, 300: 400}[start]
            two.learn(X[start:stop], Y[start:stop])
        same(one, two)
        late.learn(X[:20], [[] for _ in range(20)])
        assert late.classes == []
        assert late.predict_labels(X[:2]).labels == [[], []]
        late.learn(X[20:30], [["cold"]] * 10)
        assert late.learn(X[30:40], [["wet", "cold"]] * 10).new == ["wet"]
        assert late.counts == {"cold": 20, "wet": 10}
    with Brain.open(tmp_path / "late") as late, made(tmp_path / "again") as again:
        again.learn(X[:20], pd.DataFrame({"cold": [0] * 20, "wet": [0] * 20}))
        again.learn(X[20:40], pd.DataFrame({"wet": [0] * 10 + [1] * 10, "cold": [True] * 20}))
        assert again.counts == late.counts
        np.testing.assert_allclose(again.predict_proba(X), late.predict_proba(X), atol=1e-12)


def test_forgetting_is_as_if_it_had_never_been(tmp_path: Path) -> None:
    with made(tmp_path / "one") as one, made(tmp_path / "two") as two:
        for brain in (one, two):
            brain.learn(X[:200], Y[:200])
        one.learn(X[200:250], Y[200:250], name="friday")
        one.learn(X[250:300], [[*some, "dark"] for some in Y[250:300]])
        assert one.counts["dark"] == 50
        one.forget(name="friday")  # as it was before there was "dark"
        one.forget(x=X[250:300], y=[[*some, "dark"] for some in Y[250:300]])
        assert one.classes == NAMES
        np.testing.assert_allclose(one.predict_proba(X), two.predict_proba(X), atol=1e-9)
        assert one.counts == two.counts
        with pytest.raises(BadData, match="Unknown labels: green"):
            one.forget(x=X[:1], y=[["green"]])
        with pytest.raises(BadData, match="cannot all have been learned"):
            one.forget(x=X[300:], y=[NAMES] * 100)
        with pytest.raises(BadData, match="several labels"):
            one.forget("cold")


def test_merge_undo_rollback_and_weights(tmp_path: Path) -> None:
    with made(tmp_path / "one") as one, made(tmp_path / "two") as two, made(tmp_path / "all") as whole:
        one.learn(X[:100], Y[:100])
        two.merge(one)
        same(one, two)
        two.learn(X[100:150], [["dark", *some] for some in Y[100:150]], name="night")
        one.learn(X[150:200], [["light", *some] for some in Y[150:200]], weights=[2] * 50)
        one.merge(two)
        assert one.counts["dark"] == 50
        assert one.counts["light"] == 100
        whole.learn(X[:100], Y[:100], weights=[2] * 100)
        whole.learn(X[150:200], [["light", *some] for some in Y[150:200]], weights=[2] * 50)
        whole.learn(X[100:150], [["dark", *some] for some in Y[100:150]])
        same(one, whole)
        one.forget(name="night")
        assert "dark" not in one.classes
        version = two.version
        two.learn(X[:1], [["odd"]])
        two.undo()
        assert "odd" not in two.classes
        assert two.version == version + 2
    with Brain.create(tmp_path / "classes", encoder="raw") as classes, Brain.open(tmp_path / "one") as one:
        classes.learn(X, [0, 1] * 200)
        with pytest.raises(BadData, match="learns labels and the other classes"):
            one.merge(classes)
        with pytest.raises(BadData, match="learns classes and the other labels"):
            classes.merge(one)


def test_numbers_of_pictures_are_merged(tmp_path: Path) -> None:
    pictures = SOURCE.integers(0, 256, (30, 8, 8)).astype(np.uint8)
    options: Any = {"encoder": "cortex", "settings": {"filters": 7, "patch": 4, "patches": 500}}
    for targets, y in (("numbers", np.arange(30.0)), ("labels", [["a"], ["b", "c"], []] * 10)):
        with (
            Brain.create(tmp_path / f"{targets} 1", targets=targets, **options) as one,
            Brain.create(tmp_path / f"{targets} 2", targets=targets, **options) as two,
        ):
            one.learn(pictures, y)
            two.learn(pictures, y)
            one.merge(two)
            assert one.mind.memory.samples == 60


@pytest.mark.parametrize("encoder", ["raw", "auto"])
def test_as_good_as_logistic_regression_on_simulated_data(encoder: str, tmp_path: Path) -> None:
    x, there = make_multilabel_classification(1500, 60, n_classes=14, n_labels=3, random_state=0)
    names = [f"label {place}" for place in range(14)]
    right = named(there, names)
    with made(tmp_path / "b", encoder=encoder) as brain:
        brain.learn(x[:750].astype(float), right[:750])
        ours = brain.predict_labels(x[750:].astype(float))
        expected = brain.mind.labelling().expected
    scaler = StandardScaler().fit(x[:750])
    rival = OneVsRestClassifier(LogisticRegression(max_iter=500)).fit(scaler.transform(x[:750]), there[:750])
    theirs = named(rival.predict(scaler.transform(x[750:])), names)
    reached = f1(ours.labels, right[750:])
    assert reached > f1(theirs, right[750:]) + 0.03
    assert abs(reached - expected) < 0.03


def test_what_real_digits_are(tmp_path: Path) -> None:
    x, digit = load_digits(return_X_y=True)
    names = ["even", "prime", "with a loop", "large"]
    there = np.stack([digit % 2 == 0, np.isin(digit, [2, 3, 5, 7]), np.isin(digit, [0, 6, 8, 9]), digit >= 5], 1)
    right = named(there, names)
    with made(tmp_path / "b", encoder="expansion", settings={"width": 400}) as brain:
        brain.learn(x[:1200], right[:1200])
        found = brain.predict_labels(x[1200:])
    assert f1(found.labels, right[1200:]) > 0.93
    assert np.mean([{*one} == {*other} for one, other in zip(found.labels, right[1200:], strict=True)]) > 0.75


def test_what_it_does_not_do_says_why(tmp_path: Path) -> None:
    with made(tmp_path / "b") as brain, Brain.create(tmp_path / "classes", encoder="raw") as classes:
        with pytest.raises(BadData, match="learned nothing yet"):
            brain.predict_labels(X)
        brain.learn(X, Y)
        for refused in (
            lambda: brain.sleep(),
            lambda: brain.novelty(X),
            lambda: brain.predict_sets(X),
            lambda: brain.export(tmp_path / "out.onnx"),
            lambda: brain.correct(X[:1], "cold"),
            lambda: brain.rename("cold", "hot"),
        ):
            with pytest.raises(BadData, match="several labels"):
                refused()
        with pytest.raises(BadData, match="shards"):
            brain.ready(X, Y)
        with pytest.raises(BadData, match="without labels"):
            brain.learn(X)
        with pytest.raises(BadData, match="targets='numbers'"):
            brain.predict_intervals(X)
        with pytest.raises(BadData, match="targets='labels'"):
            classes.predict_labels(X)
        with pytest.raises(BadData, match="Leave balanced out"):
            made(tmp_path / "c", balanced=True)
        for threshold in (0, 1, 35, True):
            with pytest.raises(BadData, match="threshold is"):
                brain.predict_labels(X, threshold=threshold)
        assert brain.retention() == {}
        assert not brain.drift().found
        cost = cost_of(brain)
        assert cost["sleep"] is None
        assert cost["learn"]["us"] > 0


@pytest.mark.parametrize(
    ("y", "said"),
    [
        (["cold", "wet"], r"2 of 2 rows.*row 0 \('cold' is no list of labels\)"),
        ([["cold"], [3]], r"row 1 \(the label 3 is no word\)"),
        ([["cold"], [" "]], r"row 1 \(the label ' ' is no word\)"),
        ([["cold"]], "x has 2 samples and y has labels for 1"),
        (np.eye(2), "matrix without names"),
        (pd.DataFrame({"cold": [0.0, 2.0]}), r"row 1 \(cold is 2.0, expected 0 or 1\)"),
        (pd.DataFrame({"cold": [0, None]}), r"row 1 \(cold is nan, expected 0 or 1\)"),
        ("cold", "y is a str"),
    ],
)
def test_what_is_no_list_of_labels_is_told(y: Any, said: str, tmp_path: Path) -> None:
    with made(tmp_path / "b") as brain:
        with pytest.raises(BadData, match=said):
            brain.learn(X[:2], y)
        assert brain.version == 0


def test_label_sets_of_all_forms_are_taken() -> None:
    for some in (["b", "a"], ("b", "a"), np.array(["b", "a"]), np.array(["b", "a"], dtype=object)):
        assert take_label_sets([some], 1) == [["b", "a"]]
    assert take_label_sets([{"b", "a"}, frozenset(), ["a", "a"]], 3) == [["a", "b"], [], ["a"]]


def test_names_that_are_none_are_refused() -> None:
    for wrong in ("ab", [1], ["a", "a"], [""], None):
        with pytest.raises(CorruptFile):
            Tags.from_state(wrong)
