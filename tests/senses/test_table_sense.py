"""Tables: columns by name, whatever order, with words, dates, gaps and what nobody has seen before."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch

from reverie.errors import BadData, CorruptFile
from reverie.senses import Senses, TableSense
from reverie.streams import Table

ROWS = [
    {
        "height": 150.0 + 3 * row,
        "weight": 50.0 + row,
        "town": ("Rome", "Oslo", "Bonn")[row % 3],
        "seen": f"2024-03-{row + 1:02}",
    }
    for row in range(20)
]
NAMES = ["height", "weight", "town", "seen", "seen weekday"]


@pytest.fixture
def sense() -> TableSense:
    made = TableSense({"width": 16})
    made.form(made.take(ROWS))
    return made


def keys(sense: TableSense, x: Any) -> torch.Tensor:
    return sense.keys(sense.take(x))


def test_columns_are_taken_by_name(sense: TableSense) -> None:
    assert [column.name for column in sense.columns] == NAMES
    usual = keys(sense, ROWS)
    turned = [dict(reversed(row.items())) for row in ROWS]
    more = [row | {"shoe": 40, "note": "none"} for row in ROWS]
    frame = pd.DataFrame(ROWS)[["seen", "weight", "town", "height"]]
    for x in (
        turned,
        more,
        frame,
        pl.from_pandas(frame),
        pa.Table.from_pandas(frame),
        {name: list(frame[name]) for name in frame},
        Table.of(frame),
    ):
        assert torch.equal(keys(sense, x), usual)
    assert sense.left_out(Table.of(more)) == ["shoe", "note"]


def test_all_forms_of_tables_are_recognised() -> None:
    frame = pd.DataFrame(ROWS)
    for x in (
        ROWS,
        frame,
        pl.from_pandas(frame),
        pa.Table.from_pandas(frame),
        Table.of(frame),
        frame.to_records(index=False),
    ):
        assert TableSense.recognises(x) is True
        senses = Senses()
        senses.form(senses.take(x), x)
        assert senses.encoder == "table"
    for x in (np.zeros((3, 2)), ["a"], frame["town"], pl.Series(["a"]), [[1.0, 2.0]], [], {}):
        assert TableSense.recognises(x) is False


def test_a_missing_column_is_named(sense: TableSense) -> None:
    with pytest.raises(BadData, match=r"lacks town.*has city beyond"):
        sense.take([{"height": 1, "weight": 2, "seen": "2024-01-01", "city": "Rome"}])


def test_empty_cells_and_unseen_words_have_inputs_of_their_own(sense: TableSense) -> None:
    asked = sense.take(
        [
            {"height": None, "weight": 55, "town": "Oslo", "seen": "2024-03-04"},
            {"height": 180, "weight": "", "town": "Paris", "seen": None},
            {"height": 180, "weight": float("nan"), "town": "?", "seen": "NA"},
        ]
    )
    numbers = sense.numbers(asked)
    height, weight = numbers[:, 0:2], numbers[:, 2:4]
    town, seen = numbers[:, 4:9], numbers[:, 9:11]  # Bonn, Oslo, Rome, unseen, missing
    assert height[0].tolist() == [0, 1]
    assert height[1, 1] == 0
    assert weight[1:].tolist() == [[0, 1], [0, 1]]
    assert town.tolist() == [[0, 1, 0, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1]]
    assert seen[1:].tolist() == [[0, 1], [0, 1]]
    watched = sense.watch(asked, sense.keys(asked))
    assert (watched.numbers, watched.unseen, watched.clipped) == (15, 1, 0)
    assert watched.missing == 1 + 2 + 1 + 2 + 2  # of height, weight, town, seen and its weekday
    assert watched.worst == "town"


def test_dates_are_days_and_weekdays(sense: TableSense) -> None:
    monday, tuesday = (sense.numbers(sense.take([ROWS[0] | {"seen": day}]))[0] for day in ("2024-03-04", "2024-03-05"))
    assert float(tuesday[9] - monday[9]) == pytest.approx(1 / np.std(range(20)), rel=1e-5)
    assert monday[11:].argmax() != tuesday[11:].argmax()


def test_scales_and_their_limits() -> None:
    sense = TableSense({"width": 16})
    sense.form(sense.take({"a": [1.0, 3.0], "constant": [7.0, 7.0], "zero": [0, 0]}))
    numbers = sense.numbers(sense.take({"a": [2.0, 4.0, 1e9], "constant": [7.0, 7.5, 14.0], "zero": [0, 0.5, -9]}))
    assert numbers[:, 0].tolist() == [0, 2, 4]
    assert numbers[:, 2].tolist() == [0, pytest.approx(0.5 / 7), 1]
    assert numbers[:, 4].tolist() == [0, 0.5, -4]


def test_what_is_sorted_by_a_column_is_watched() -> None:
    """Scales of first rows that were sorted do not fit the others: the watch says so, and names the column."""
    chance = np.random.default_rng(0)
    first, last = np.sort(chance.normal(size=1000)), chance.normal(size=1000)
    sense = TableSense({"width": 16})
    sense.form(sense.take({"fits": last[:100], "sorted": first[:100]}))
    rest = sense.take({"fits": last, "sorted": first})
    seen = sense.watch(rest, sense.keys(rest))
    assert seen.worst == "sorted"
    assert seen.clipped == round(1000 * seen.worst_share) > 200
    assert seen.share() == seen.worst_share  # however many columns fit
    fit = TableSense({"width": 16})
    fit.form(rest)
    assert fit.watch(rest, fit.keys(rest)).share() < 0.01


def test_words_sorted_by_a_column_are_watched() -> None:
    towns = sorted(f"town {row % 50:02}" for row in range(1000))
    sense = TableSense({"width": 16})
    sense.form(sense.take({"town": towns[:100]}))
    rest = sense.take({"town": towns})
    seen = sense.watch(rest, sense.keys(rest))
    assert (seen.unseen, seen.worst) == (900, "town")


def test_of_many_words_the_most_frequent_have_inputs() -> None:
    words = [f"word {row % 100}" for row in range(100)] + [f"word {row}" for row in range(64)] * 2
    sense = TableSense({"width": 16})
    sense.form(sense.take({"w": words}))
    (column,) = sense.columns
    assert set(column.values or ()) == {f"word {row}" for row in range(64)}
    assert column.inputs == 66


def test_arrays_have_their_columns_by_place(sense: TableSense) -> None:
    x = np.random.default_rng(0).normal(size=(9, 3))
    plain = TableSense({"width": 16})
    plain.form(plain.take(x))
    assert [column.name for column in plain.columns] == ["0", "1", "2"]
    assert torch.equal(keys(plain, torch.from_numpy(x)), keys(plain, x))
    with pytest.raises(BadData, match="vectors of 2 numbers"):
        plain.take(x[:, :2])
    masked = np.ma.masked_array(x, mask=x > 1)
    with_gaps = np.where(x > 1, np.nan, x)
    assert plain.numbers(plain.take(masked)).equal(plain.numbers(plain.take(with_gaps)))
    assert plain.watch(plain.take(masked), keys(plain, masked)).missing == int((x > 1).sum())


def test_auto_takes_masked_arrays_as_a_table_with_gaps() -> None:
    x = np.random.default_rng(0).normal(size=(9, 3))
    senses = Senses()
    masked = np.ma.masked_array(x, mask=x > 1)
    senses.form(senses.take(masked), masked)
    assert senses.encoder == "table"


def test_a_column_that_was_empty_at_first(sense: TableSense) -> None:
    empty = TableSense({"width": 16})
    empty.form(empty.take({"a": [1, 2, 3], "none": ["", None, "?"]}))
    for later in ([5, 6], ["", ""], ["a", "b"]):
        taken = empty.take({"a": [1, 2], "none": later})
        assert empty.keys(taken).shape == (2, 16 + 8)
        seen = empty.watch(taken, empty.keys(taken))
        assert seen.unseen == (2 if later == ["a", "b"] else 0)
        assert seen.missing == (2 if later == ["", ""] else 0)


def test_a_column_keeps_the_kind_that_it_had_at_first() -> None:
    sense = TableSense({"width": 16})
    sense.form(sense.take({"code": ["007", "012", "1.10"], "day": ["01/02/2024", "03/04/2024", "03/04/2024"]}))
    assert sense.kinds == {"code": "category", "day": "category"}
    asked = sense.take({"code": ["012", "1.10"], "day": ["01/02/2024", "25/12/2024"]})  # alone they are numbers, dates
    assert sense.watch(asked, sense.keys(asked)).unseen == 1
    numbers = TableSense({"width": 16})
    numbers.form(numbers.take({"a": ["1,5", "2,25", "3"]}))
    assert numbers.take({"a": ["1,125"]}).columns["a"].tolist() == [1.125]  # type: ignore[attr-defined]
    with pytest.raises(BadData, match=r"row 0.*'many' is not a number"):
        numbers.take({"a": ["many", "1,5"]})


def test_it_goes_on_from_its_state(sense: TableSense) -> None:
    other = TableSense()
    other.load_state_dict(sense.state_dict())
    assert torch.equal(keys(other, ROWS), keys(sense, ROWS))
    made = sense.made_up(5, torch.Generator().manual_seed(0))
    assert keys(other, made).shape == (5, keys(sense, ROWS).shape[1])


@pytest.mark.parametrize(
    "columns",
    [
        "none",
        [{"name": "a"}],
        [{"name": "a", "mean": float("nan"), "deviation": 1}],
        [{"name": "a", "mean": 0, "deviation": 0}],
        [{"name": "a", "mean": 0, "deviation": 1}] * 2,
        [{"name": "a", "mean": 0, "deviation": 1, "values": 7}],
    ],
)
def test_states_that_are_none_are_refused(columns: Any, sense: TableSense) -> None:
    with pytest.raises(CorruptFile):
        TableSense().load_state_dict(sense.state_dict() | {"columns": columns})


def test_a_state_that_would_fill_the_memory_is_refused(sense: TableSense) -> None:
    wide = [{"name": "a", "mean": 0, "deviation": 1, "values": [str(value) for value in range(100_000)]}]
    state = sense.state_dict() | {"columns": wide, "shape": [1], "module": {}}
    with pytest.raises(BadData, match="Expected at most"):
        TableSense().load_state_dict(state)


@pytest.mark.parametrize("width", [3, "many", 7.5, None, True])
def test_widths_that_are_none_are_refused(width: Any) -> None:
    with pytest.raises(BadData, match="4 or more"):
        TableSense({"width": width})


def test_what_is_no_table_is_refused() -> None:
    for x in (["a sentence"], np.zeros((2, 3, 4)), np.array([["a", "b"]]), np.zeros((0, 3)), {"a": []}, 7):
        with pytest.raises(BadData):
            TableSense().take(x)
