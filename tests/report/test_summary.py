"""Means, spreads, ranks, and numbers as people read them."""

from math import isnan, nan, sqrt

import pytest

from reverie.report import human_bytes, human_count, human_seconds, summarise
from reverie.report.published import RECALLED, published


def result(learner, accuracy, **more):
    return {"stream": "s", "scenario": "class", "learner": learner, "final_accuracy": accuracy} | more


def test_mean_and_sample_standard_deviation():
    (row,) = summarise([result("a", value) for value in (0.1, 0.2, 0.6)])
    assert row.seeds == 3
    assert row.mean == pytest.approx(0.3)
    assert row.spread == pytest.approx(sqrt((0.04 + 0.01 + 0.09) / 2))


def test_costs_are_means_and_stored_samples_the_most():
    costs = [
        {"seconds": {"learn": 1.0, "sleep": 2.0, "predict": 5.0}, "state_bytes": 10, "stored_samples": 7, "macs": 1e3},
        {"seconds": {"learn": 3.0, "sleep": 4.0, "predict": 7.0}, "state_bytes": 30, "stored_samples": 2, "macs": 3e3},
    ]
    (row,) = summarise([result("a", 0.5, forgetting=0.1 * i, **cost) for i, cost in enumerate(costs)])
    assert (row.seconds, row.predict_seconds, row.state_bytes, row.stored_samples, row.macs) == (5.0, 6.0, 20, 7, 2e3)
    assert row.forgetting == pytest.approx(0.05)


def test_ranks_within_stream_and_scenario():
    rows = summarise(
        [
            result("low", 0.1),
            result("high", 0.9),
            result("unknown", None),
            result("other", 0.99, stream="t"),
            result("low", 1.0, scenario="task"),
        ]
    )
    assert [(row.stream, row.scenario, row.learner) for row in rows] == [
        ("s", "class", "high"),
        ("s", "class", "low"),
        ("s", "class", "unknown"),
        ("t", "class", "other"),
        ("s", "task", "low"),
    ]


def test_what_is_missing_is_left_out_of_the_mean():
    (row,) = summarise([result("a", 0.5, macs=None), result("a", None, macs=4.0), result("a", nan)])
    assert (row.seeds, row.mean, row.spread, row.macs) == (3, 0.5, 0.0, 4.0)
    assert all(isnan(value) for value in (row.forgetting, row.stored_samples, row.seconds))
    assert summarise([]) == []


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (999.6, "1.0 kB"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_960, "1.0 MB"),
        (3.4e9, "3.4 GB"),
        (5e12, "5.0 TB"),
        (2e18, "2000.0 PB"),
        (None, "–"),
        (nan, "–"),
    ],
)
def test_bytes_and_counts(count, said):
    assert human_bytes(count) == said
    assert human_count(count) == said.removesuffix("B").strip()


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 ms"),
        (0.0004, "0.4 ms"),
        (0.25, "250 ms"),
        (0.9996, "1.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 0 s"),
        (119.9, "2 min 0 s"),
        (3599.9, "1 h 0 min"),
        (86400, "24 h 0 min"),
        (None, "–"),
    ],
)
def test_seconds(seconds, said):
    assert human_seconds(seconds) == said


def test_published_numbers_are_fractions():
    assert published("split-cifar100", "class", "bir") == 0.258
    assert published("split-cifar100", "task", "er") == 0.764
    assert published("split-mnist", "domain", "dgr") == 0.956
    assert published("split-mnist", "domain", "exact") is None
    assert published("digits", "class", "joint") is None
    assert "split-mnist" in RECALLED
