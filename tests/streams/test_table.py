"""Columns as people write them: numbers, dates, categories and gaps; frames of other libraries."""

import datetime

import numpy as np
import pytest

from reverie.errors import BadData
from reverie.streams import Table
from reverie.streams.cells import read_cells


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (["1,234", "5"], "number", [1234, 5]),
        (["1,234.5", "−2"], "number", [1234.5, -2]),
        (["12 345", "1\u00a0000", "7'000"], "number", [12345, 1000, 7000]),
        (["3,14", "2,7"], "number,", [3.14, 2.7]),
        (["1.234,5", "2"], "number,", [1234.5, 2]),
        (["1e5", " -2.5 ", "+.5"], "number", [1e5, -2.5, 0.5]),
        ([1, 2.5, "3"], "number", [1, 2.5, 3]),
        (["true", "FALSE"], "boolean", [1, 0]),
        ([True, False], "boolean", [1, 0]),
        (["2024-05-03", "2024-05-04T12:00:00Z"], "date", [19846, 19847.5]),
        (["2024-05-03T02:00:00+02:00"], "date", [19846]),
        (["2024/05/03"], "date", [19846]),
        (["31/12/2023", "01/02/2024"], "date dmy", [19722, 19754]),
        (["12/31/2023", "02/01/2024"], "date mdy", [19722, 19754]),
        (["3.5.2024"], "date dmy", [19846]),
        (["May 3, 2024", "3 May 2024"], "date", [19846, 19846]),
        ([datetime.date(2024, 5, 3), datetime.datetime(2024, 5, 3, 12)], "date", [19846, 19846.5]),
    ],
)
def test_numbers_and_dates(cells, kind, values):
    found = read_cells(cells)
    assert found.kind == kind and found.values.tolist() == values and not found.bad


@pytest.mark.parametrize(
    "cells", [["007", "010"], ["a", "b"], ["1_000", "2"], ["1.2.3", "4.5.6"], ["31/12/24", "12/31/24"]]
)
def test_words(cells):
    found = read_cells(cells)
    assert found.kind == "category" and found.values.tolist() == cells


def test_dates_that_can_be_two_days_are_words_and_that_is_said():
    table = Table.of({"when": ["03/04/2024", "05/06/2024"]})
    assert table.kinds == {"when": "date?"} and table.columns["when"].tolist() == ["03/04/2024", "05/06/2024"]
    assert "day first or month first" in table.notes[0]
    assert table.as_kinds({"when": "date dmy"}).columns["when"].tolist() == [19816, 19879]


@pytest.mark.parametrize("gap", ["", " ", "?", "NA", "N/A", "nan", "NaN", None, float("nan"), np.datetime64("NaT")])
def test_missing_cells(gap):
    assert read_cells(["1", gap, "2"]).values.tolist()[::2] == [1, 2] and np.isnan(read_cells(["1", gap]).values[1])
    assert read_cells(["a", gap]).values.tolist() == ["a", None]
    assert read_cells([gap, gap]).kind == "unknown"


def test_a_few_words_among_many_numbers_are_faults_and_few_codes_are_categories():
    found = read_cells([str(number) for number in range(50)] + ["oops"])
    assert found.kind == "number" and found.bad == [(50, "'oops' is not a number")]
    assert read_cells(["1", "2", "3"] * 20 + ["X"]).kind == "category"
    assert read_cells([1.0, 1e999]).bad == [(1, "not finite")]
    assert read_cells(["1", [2]]).bad == [(1, "a list")]
    assert read_cells([10**400, 1]).bad == [(0, "a number beyond what can be held")]


def test_masked_cells_are_missing():
    masked = np.ma.array([[1.0, 2.0], [3.0, 4.0]], mask=[[False, True], [False, False]])
    columns = Table.of(masked).columns
    assert columns["0"].tolist() == [1, 3] and np.isnan(columns["1"][0]) and columns["1"][1] == 4
    whole = Table.of({"a": np.ma.array([1, 2], mask=[True, False]), "b": np.ma.array(["x", "y"], mask=[False, True])})
    assert np.isnan(whole.columns["a"][0]) and whole.columns["b"].tolist() == ["x", None]


def frames():
    columns = {
        "a": [1, 2, 3],
        "b": ["x", None, "y"],
        "c": [datetime.datetime(2024, 1, 1), None, datetime.datetime(2024, 1, 3)],
        "d": [0.5, None, 1.5],
        "e": [True, False, True],
    }
    yield "dict", lambda: columns
    yield "rows", lambda: [{name: cells[row] for name, cells in columns.items()} for row in range(3)]
    yield "pandas", lambda: pytest.importorskip("pandas").DataFrame(columns)
    yield "polars", lambda: pytest.importorskip("polars").DataFrame(columns)
    yield "pyarrow", lambda: pytest.importorskip("pyarrow").table(columns)


@pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in frames()])
def test_frames(make):
    table = Table.of(make())
    assert table.names == ["a", "b", "c", "c weekday", "d", "e"] and table.rows == ["0", "1", "2"]
    assert table.columns["a"].tolist() == [1, 2, 3] and table.columns["b"].tolist() == ["x", None, "y"]
    assert table.columns["c weekday"].tolist() == ["Monday", None, "Wednesday"]
    assert table.columns["c"].tolist()[::2] == [19723, 19725] and table.columns["e"].tolist() == [1, 0, 1]
    assert np.isnan(table.columns["d"][1])


def test_pandas_own_types_and_index():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {"n": pandas.array([1, None], dtype="Int64"), "k": pandas.Categorical(["u", None])}, index=["first", "second"]
    )
    table = Table.of(frame)
    assert table.rows == ["first", "second"] and table.columns["k"].tolist() == ["u", None]
    assert np.isnan(table.columns["n"][1])
    frame.columns = ["n", "n"]
    with pytest.raises(BadData, match="'n'"):
        Table.of(frame)


def test_structured_arrays_slices_and_lists():
    rows = np.array([(1.5, b"a"), (2.5, b"b"), (3.5, b"c")], dtype=[("size", "f4"), ("kind", "S1")])
    table = Table.of(rows, rows=["r1", "r2", "r3"])
    assert table[1:].columns["kind"].tolist() == ["b", "c"] and table[[2, 0]].rows == ["r3", "r1"] and len(table) == 3
    assert table.without(["size"]).names == ["kind"]


def test_vectors_are_by_name_and_what_cannot_be_one_is_named():
    table = Table.of({"weight": [5, 6], "height": ["1", "2"], "city": ["Rome", None], "age": [1, None]})
    assert table.numbers(["height", "weight"]).tolist() == [[1, 5], [2, 6]]
    with pytest.raises(BadData, match="Row 0: city is 'Rome'"):
        table.numbers()
    with pytest.raises(BadData, match="Row 1: age is missing"):
        table.numbers(["age"])
    with pytest.raises(BadData, match="lacks the columns depth and has city, age"):
        table.numbers(["height", "weight", "depth"])


def test_one_row_is_read_as_the_thousand_before():
    learned = Table.of(
        {"code": ["a", "1"], "when": ["31/12/2024", "1/1/2024"], "n": ["1,5", "2"], "f": ["true", "false"]}
    )
    asked = Table.of({"code": ["1"], "when": ["03/04/2024"], "n": ["1,234"], "f": ["1"]}).as_kinds(learned.kinds)
    assert asked.kinds == learned.kinds
    assert asked.columns["code"].tolist() == ["1"] and asked.columns["when"].tolist() == [19816]
    assert asked.columns["f"].tolist() == [1]
    bad = []
    odd = Table.of({"n": ["oops"]}).as_kinds({"n": "number", "other": "date"}, bad=bad)
    assert np.isnan(odd.columns["n"][0]) and bad == [(0, "n: 'oops' is not a number")]
    with pytest.raises(BadData, match=r"row 0 \(n: 'oops' is not a number\)"):
        Table.of({"n": ["oops"]}).as_kinds({"n": "number"})


def test_what_is_no_table_is_refused():
    for x in ([1, 2], 3, "a,b", np.zeros(3), {}):
        with pytest.raises(BadData):
            Table.of(x)
    with pytest.raises(BadData, match="differ in length"):
        Table.of({"a": [1], "b": [1, 2]})
