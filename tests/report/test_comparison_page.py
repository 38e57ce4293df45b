"""What stands on the page of a comparison."""

import json

import pytest

from reverie.errors import CorruptFile
from reverie.report import write_report


def test_learners_in_order_with_spread(tmp_path, put_comparison, read):
    page = read(put_comparison(tmp_path / "comparison"))
    assert page.rows[0][:5] == ["learner", "accuracy", "published", "to joint, points", "seeds"]
    assert [row[:5] for row in page.rows[1:4]] == [
        ["joint", "98.50 ± 0.71 %", "98.2 %", "+0.00", "2"],
        ["exact", "96.50 ± 0.71 %", "–", "−2.00", "2"],
        ["naive", "20.50 ± 0.71 %", "19.9 %", "−78.00", "2"],
    ]
    assert page.rows[0][5:] == ["forgetting, points", "raw samples stored", "state", "learn + sleep", "predict", "MACs"]
    assert page.rows[2][5:] == ["2.25", "0", "2.5 MB", "16.0 s", "250 ms", "3.4 G"]
    assert [row[:4] for row in page.rows[4:]] == [
        ["learner", "accuracy", "to joint, points", "seeds"],  # nothing published on this stream
        ["joint", "98.50 ± 0.71 %", "+0.00", "2"],
        ["exact", "96.00 %", "−2.50", "1"],  # one seed has no spread
        ["naive", "20.00 %", "−78.50", "1"],
    ]
    assert len(page.all("svg")) == 2


def test_streams_in_the_order_asked(tmp_path, put_comparison, read):
    page = read(put_comparison(tmp_path / "comparison"))
    assert page.text.index("split-mnist: kept over time") < page.text.index("digits: kept over time")
    assert "split-mnist: exact96.50 % ± 0.71 over 2 seeds" in page.text  # joint training does not learn in sequence


def test_what_is_not_finished_is_named(tmp_path, put_comparison, read):
    page = read(put_comparison(tmp_path / "comparison"))
    assert "10 of 12 runs finished" in page.text
    assert "exact on digits, seed 1 (5 experiences); naive on digits, seed 1 (not begun)" in page.text
    assert page.text.count("naive forgets") == 1
    assert "digits simulated" in page.text


def test_nothing_finished(tmp_path, read):
    (tmp_path / "compare.json").write_text(json.dumps({"streams": ["<i>s</i>"], "learners": ["a"], "seeds": [0]}))
    page = read(tmp_path)
    assert "0 of 1 runs finished" in page.text
    assert "a on <i>s</i>, seed 0 (not begun)" in page.text
    assert page.all("table") == []


@pytest.mark.parametrize("text", ['{"streams": "digits"}', "[]"])
def test_index_of_another_kind(tmp_path, text):
    (tmp_path / "compare.json").write_text(text)
    with pytest.raises(CorruptFile, match="no list 'streams'"):
        write_report(tmp_path)
