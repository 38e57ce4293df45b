"""Curves: what is drawn is what was given, in the page's own colours."""

import re
from math import nan
from xml.etree import ElementTree

from reverie.report.plots import COLOURS, Line, curves


def test_colours_are_the_pages():
    lines = [Line(f"line {index}", [(1, 0.2), (2, 0.1)], [0.1, 0.1]) for index in range(COLOURS + 1)]
    svg = curves([*lines, Line("mean", [(1, 0.5), (2, 0.4)], strong=True)])
    ElementTree.fromstring(svg)
    used = set(re.findall(r"var\((--\w+)\)", svg))
    assert used == {"--ink", "--soft", "--line", *(f"--c{index}" for index in range(COLOURS))}
    assert re.findall(r"(?:stroke|fill): #[0-9a-f]+", svg) == []
    assert "<style" not in svg
    assert "DejaVu" not in svg


def test_height_is_accuracy():
    svg = curves([Line("a", [(1, 0.0), (2, 1.0), (3, 0.25)], strong=True)])
    (path,) = re.findall(r'<path d="([^"]*)"[^>]*stroke: var\(--ink\); stroke-width: 2.2', svg)
    zero, full, quarter = (float(y) for _, y in re.findall(r"[ML] ([\d.]+) ([\d.]+)", path))
    assert abs((zero - quarter) / (zero - full) - 0.25) < 1e-3


def test_high_curves_begin_higher_and_say_so():
    ticks = re.compile(r">(\d+) %</text>")
    assert ticks.findall(curves([Line("a", [(1, 0.1), (2, 0.9)])])) == ["0", "20", "40", "60", "80", "100"]
    assert ticks.findall(curves([Line("a", [(1, 0.99), (2, 0.9)])])) == ["80", "85", "90", "95", "100"]


def test_gaps_and_nothing():
    ElementTree.fromstring(curves([Line("a", [(1, 0.5), (2, nan), (3, 0.5)])]))
    ElementTree.fromstring(curves([Line("a", [])]))
