"""Modules that learn continually: rows in parts give what all rows at once give, and rows can be taken back."""

from itertools import pairwise

import numpy as np
import pytest

from reverie.disciplines import Remembered, open_card, parse_card
from reverie.errors import BadData

CARD = """
card: physics.station
version: 1.0.0
title: What a weather station has measured
status: empirical
valid_from: 2020-01-01
source: {title: "a station", reference: "its log"}
inputs: {pressure: {unit: hPa, range: [950, 1050]}, warmth: {unit: degC, range: [-20, 40]}}
outputs: {rain: {unit: mm}}
body: {kind: simulator, simulator: station}
examples: [{given: {pressure: 1000, warmth: 10}, expect: {rain: 6.0}, tolerance: 0.05}]
"""


def measured(n, seed):
    source = np.random.default_rng(seed)
    pressure, warmth = source.uniform(950, 1050, n), source.uniform(-20, 40, n)
    return {"pressure": pressure, "warmth": warmth, "rain": 5 + np.cos((pressure - 1000) / 20) + 0.0 * warmth}


def parts(rows, *cuts):
    edges = [0, *cuts, len(rows["rain"])]
    return [{k: v[a:b] for k, v in rows.items()} for a, b in pairwise(edges)]


def made(*batches):
    body = Remembered.of(parse_card(CARD))
    for rows in batches:
        body.learn(rows)
    return body


ASKED = {name: value for name, value in measured(20, 9).items() if name != "rain"}


def test_rows_that_come_in_parts_are_as_rows_that_come_at_once():
    rows = measured(300, 0)
    whole = made(rows)
    for batches in (parts(rows, 200), parts(rows, 1, 3, 250, 251), parts(rows, 100, 200)[::-1]):
        body = made(*batches)
        np.testing.assert_allclose(body(**ASKED)["rain"], whole(**ASKED)["rain"], rtol=1e-8)
        assert body.rows == 300
    np.testing.assert_allclose(whole(**ASKED)["rain"], 5 + np.cos((ASKED["pressure"] - 1000) / 20), atol=0.05)


def test_more_rows_mend_what_few_did_not_know():
    low, rest = measured(300, 0), measured(300, 1)
    low = {name: value[low["pressure"] < 980] for name, value in low.items()}
    truth = 5 + np.cos((ASKED["pressure"] - 1000) / 20)
    body = made(low)
    before = np.abs(body(**ASKED)["rain"] - truth).max()
    body.learn(rest)
    assert np.abs(body(**ASKED)["rain"] - truth).max() < 0.05 < before


def test_rows_are_taken_back():
    rows, wrong = measured(200, 0), measured(50, 1) | {"rain": np.full(50, 100.0)}
    body = made(rows, wrong)
    body.forget(wrong)
    np.testing.assert_allclose(body(**ASKED)["rain"], made(rows)(**ASKED)["rain"], rtol=1e-6)


def test_it_is_the_body_of_a_card_that_goes_on_learning():
    body = made(measured(100, 0))
    module = open_card(parse_card(CARD), simulators={"station": body})
    before = module(ASKED)["rain"]
    body.learn(measured(300, 1))
    np.testing.assert_allclose(module(ASKED)["rain"], body(**ASKED)["rain"], rtol=1e-12)
    assert not np.array_equal(module(ASKED)["rain"], before)
    with pytest.raises(BadData, match="the worked example expects rain"):
        open_card(parse_card(CARD), simulators={"station": made()})


def test_it_is_kept_and_put_back():
    body, other = made(measured(100, 0)), made()
    other.load_state_dict(body.state_dict())
    np.testing.assert_array_equal(other(**ASKED)["rain"], body(**ASKED)["rain"])


def test_bad_rows_are_refused_and_nothing_is_learned():
    body = made(measured(100, 0))
    before = body(**ASKED)["rain"]
    with pytest.raises(BadData, match="There is no column rain"):
        body.learn(ASKED)
    with pytest.raises(BadData, match="no number for one of pressure, warmth"):
        body.learn(measured(2, 0) | {"warmth": [np.nan, 1.0]})
    with pytest.raises(BadData, match="2 inputs and 3 outputs"):
        body.learn(measured(2, 0) | {"rain": [1.0, 2.0, 3.0]})
    np.testing.assert_array_equal(body(**ASKED)["rain"], before)
    with pytest.raises(BadData, match="pressure has no range"):
        Remembered.of(parse_card(CARD.replace("unit: hPa, range: [950, 1050]", "unit: hPa")))
