"""The page of a trial of modules shows the numbers of its file, and no more than there is."""

import json
import re

import pytest

from reverie.errors import CorruptFile
from reverie.report import write_report

TRIAL = {
    "data": "tables/cars.csv",
    "target": "dist",
    "task": "regression",
    "measure": "root mean squared error",
    "rows": 62,
    "splits": 5,
    "error_with": 12.34,
    "error_without": 23.45,
    "ratio": 0.5262,
    "controls": {"ridge": 34.56, "forest": 45.67},
    "weights": {"network": 0.25, "theory a.b": 0.75, "corrected a.b": 0.0},
    "verdict": "Used: a.b. It helps <b>much</b>.",
    "coverage_90": 0.91,
    "notes": ["3 of 62 rows lie outside"],
    "shares": {"mean": [40.0] * 62, "network": [float(k) for k in range(62)], "theory a.b": [-1.0] * 62},
    "efficiency": [{"rows": 10, "with": 20.0, "without": 60.0}, {"rows": 46, "with": 12.34, "without": 23.45}],
    "drift": {"a.b": [0.1 * k for k in range(10)]},
}


def page(folder, **changed):
    (folder / "fusion.json").write_text(json.dumps(TRIAL | changed))
    return write_report(folder).read_text()


def test_it_shows_what_was_found(tmp_path):
    html = page(tmp_path)
    for said in ("12.34", "23.45", "34.56", "45.67", "0.526", "91 %", "3 of 62 rows lie outside", "dist of cars.csv"):
        assert said in html
    assert "It helps &lt;b&gt;much&lt;/b&gt;." in html
    titles = re.findall(r"<h2>([^<]*)", html)
    assert titles == ["Errors on held-out rows", "Data efficiency", "Weights", "Shares", "Drift", "Numbers"]
    assert "60 of 62 rows are drawn" in html
    assert html.count("<svg") == 3


def test_what_is_not_there_is_not_drawn(tmp_path):
    classes = {name: [[value, -value] for value in values] for name, values in TRIAL["shares"].items()}
    html = page(tmp_path, efficiency=[], drift={}, shares=classes, coverage_90=None)
    assert "<svg" not in html
    assert "intervals" not in html


def test_another_file_is_refused(tmp_path):
    with pytest.raises(CorruptFile, match=r"fusion\.json is not what a trial writes \(at error_with\)"):
        page(tmp_path, error_with="much")
