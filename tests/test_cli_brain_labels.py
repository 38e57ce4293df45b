"""`reverie brain … --target labels`: cells with several labels, on the command line."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from reverie.brain import Brain
from reverie.errors import BadData
from test_cli_brain_reading import refused, run, told

SOURCE = np.random.default_rng(0)
X = SOURCE.normal(size=(300, 3)).round(3)
CELLS = [";".join(name for name, value in zip(("cold", "wet"), row, strict=False) if value > 0) for row in X]


def written(path: Path, places: range, *, labels: bool = True, separator: str = ";") -> Path:
    lines = [",".join(map(str, X[row])) + (f',"{CELLS[row]}"' if labels else "") for row in places]
    path.write_text(("a,b,c" + (",label" if labels else "") + "\n" + "\n".join(lines) + "\n").replace(";", separator))
    return path


@pytest.fixture
def brain(tmp_path: Path) -> Path:
    assert run("create", tmp_path / "brain", "--target", "labels", "--encoder", "raw").exit_code == 0
    return tmp_path / "brain"


def test_cells_of_several_labels_are_learned_and_predicted(tmp_path: Path, brain: Path) -> None:
    learned = told(run("learn", brain, written(tmp_path / "a.csv", range(200)), "--json"))
    assert (learned["samples"], learned["classes"]) == (200, ["cold", "wet"])  # rows without a label count
    asking = written(tmp_path / "b.csv", range(200, 300))
    answered = told(run("predict", brain, asking, "--json"))
    right = [{*cell.split(";")} - {""} for cell in CELLS[200:]]
    exact = np.mean([{*some} == other for some, other in zip(answered["labels"], right, strict=True)])
    assert answered["accuracy"] == pytest.approx(exact)
    assert answered["f1"] > 0.9
    assert all(p >= answered["threshold"] for some in answered["probabilities"] for p in some)
    other = told(run("predict", brain, written(tmp_path / "c.csv", range(200, 300), labels=False), "--json"))
    assert (other["labels"], "f1" in other) == (answered["labels"], False)
    lines = list(csv.DictReader(io.StringIO(run("predict", brain, asking, "--csv").stdout)))
    assert [line["labels"] for line in lines] == [";".join(some) for some in answered["labels"]]
    said = run("predict", brain, asking, "--threshold", "0.5").stdout
    assert "Labels are given from a probability of 0.50 on." in said
    assert "Micro F1 0." in said
    assert "… and 80 more" in said
    assert "(none)" in said
    assert "Leave --coverage" in refused(run("predict", brain, asking, "--coverage", "0.9"))
    assert "several labels" in refused(run("sleep", brain))


def test_another_separator_a_stream_and_forgetting(tmp_path: Path, brain: Path) -> None:
    learning = written(tmp_path / "a.csv", range(100), separator="|")
    assert told(run("learn", brain, learning, "--separator", "|", "--json"))["classes"] == ["cold", "wet"]
    stream = written(tmp_path / "b.csv", range(100, 160)).read_bytes()
    streamed = run("learn", brain, "-", "--batch", "40", "--json", given=stream)
    assert [json.loads(line)["samples"] for line in streamed.stdout.splitlines()] == [40, 60]
    assert run("forget", brain, "--data", learning, "--separator", "|").exit_code == 0
    with Brain.open(brain, writer=False) as reader:
        assert reader.mind.memory.samples == 60
    assert "no blank" in refused(run("learn", brain, learning, "--separator", " "))


def test_it_is_not_served_and_others_have_no_threshold(tmp_path: Path, brain: Path) -> None:
    from reverie.server import create_app

    with Brain.open(brain) as opened, pytest.raises(BadData, match="is not served"):
        create_app(opened, token="0123456789abcdef")
    assert "is not served" in refused(run("serve", brain, "--port", "0"))
    run("create", tmp_path / "classes", "--encoder", "raw")
    table = tmp_path / "a.csv"
    table.write_text("x,label\n1,a\n2,b\n1.1,a\n2.1,b\n")
    run("learn", tmp_path / "classes", table)
    assert "Leave --threshold out" in refused(run("predict", tmp_path / "classes", table, "--threshold", "0.5"))
