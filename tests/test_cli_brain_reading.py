"""What `reverie brain learn` and `predict` read, and how they say what they left out."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from reverie.cli.main import app


def run(*words: object, given: bytes | None = None):
    return CliRunner().invoke(app, ["brain", *map(str, words)], input=given)


def told(result) -> dict:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout.splitlines()[-1])


def refused(result) -> str:
    assert result.exit_code != 0
    return str(result.exception)


@pytest.fixture
def brain(tmp_path) -> Path:
    assert run("create", tmp_path / "brain", "--encoder", "raw").exit_code == 0
    return tmp_path / "brain"


def test_columns_are_named_and_answers_carry_ids(tmp_path, brain):
    table = tmp_path / "a.csv"
    lines = [f"p{row},{row % 2 * 10},{row % 2 * 5 + row / 100},junk{row},{'ab'[row % 2]}" for row in range(20)]
    table.write_text("who,x,y,note,kind\n" + "\n".join(lines) + "\n")
    columns = ("--label-column", "kind", "--drop", "note", "--id-column", "who")
    learned = told(run("learn", brain, table, *columns, "--json"))
    assert learned["samples"] == 20 and learned["classes"] == ["a", "b"]
    answered = told(run("predict", brain, table, *columns, "--json"))
    assert answered["names"] == [f"p{row}" for row in range(20)] and answered["accuracy"] == 1
    lines = list(csv.DictReader(io.StringIO(run("predict", brain, table, *columns, "--csv").stdout)))
    assert [line["name"] for line in lines] == answered["names"]
    assert [line["label"] for line in lines] == answered["labels"]
    assert set(lines[0]) == {"name", "label", "confidence", "novelty", "new"}
    assert "one of them" in refused(run("predict", brain, table, "--csv", "--json"))


def test_bad_rows_stop_it_unless_they_are_skipped(tmp_path, brain):
    table = tmp_path / "a.csv"
    table.write_text("x,label\n1,a\n2,\n3,b\n4\n")
    message = refused(run("learn", brain, table))
    assert "row 3 (no label); row 5 (1 cells" in message and "--skip-bad" in message
    result = run("learn", brain, table, "--skip-bad", "--json")
    learned = told(result)
    assert learned["samples"] == 2 and [one["name"] for one in learned["bad"]] == ["row 3", "row 5"]
    assert "row 3: no label" in result.stderr


def test_one_picture_and_a_folder_are_learned_under_a_label_and_answered_by_name(tmp_path):
    brain = tmp_path / "brain"
    assert run("create", brain, "--encoder", "raw").exit_code == 0
    for name, level in (("cat.png", 20), ("dogs/1.png", 220), ("dogs/2.png", 230)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((8, 8), level, dtype=np.uint8)).save(tmp_path / name)
    assert told(run("learn", brain, tmp_path / "cat.png", "--label", "cat", "--json"))["classes"] == ["cat"]
    assert told(run("learn", brain, tmp_path / "dogs", "--label", "dog", "--json"))["samples"] == 2
    answered = told(run("predict", brain, tmp_path / "dogs", "--json"))
    assert answered["names"] == ["1.png", "2.png"] and answered["labels"] == ["dog", "dog"]
    (tmp_path / "dogs" / "3.png").write_bytes(b"torn")
    assert "3.png" in refused(run("predict", brain, tmp_path / "dogs"))
    skipped = told(run("predict", brain, tmp_path / "dogs", "--skip-bad", "--json"))
    assert skipped["names"] == ["1.png", "2.png"] and skipped["bad"][0]["name"] == "3.png"


def test_a_label_beside_labels_is_refused(tmp_path, brain):
    table = tmp_path / "a.csv"
    table.write_text("x,label\n1,a\n2,b\n")
    assert "has labels of its own" in refused(run("learn", brain, table, "--label", "c"))
    table.write_text("x,kind\n1,a\n2,b\n")
    assert "--label-column" in refused(run("learn", brain, table))


def test_standard_input_is_learned_in_batches_and_each_is_acknowledged(brain):
    rows = "".join(json.dumps({"x": row % 2 * 9, "y": row, "label": "ab"[row % 2]}) + "\n" for row in range(25))
    result = run("learn", brain, "-", "--batch", "10", "--json", given=rows.encode())
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["samples"] for line in lines] == [10, 20, 25]
    assert [line["version"] for line in lines] == sorted({line["version"] for line in lines})
    answers = run("predict", brain, "-", "--batch", "2", "--csv", given=b"x,y\n0,2\n9,3\n0,4\n").stdout.splitlines()
    assert [line.split(",")[:2] for line in answers] == [["name", "label"], ["2", "a"], ["3", "b"], ["4", "a"]]


def test_a_batch_that_fails_leaves_those_before_it(brain):
    rows = b"x,label\n1,a\n9,b\n2,a\n8,\n"
    result = run("learn", brain, "-", "--batch", "2", "--json", given=rows)
    assert "row 5 (no label)" in refused(result)
    assert json.loads(result.stdout.splitlines()[0])["samples"] == 2


def test_numbers_to_predict_are_said(tmp_path, brain):
    table = tmp_path / "a.csv"
    table.write_text("x,price\n" + "\n".join(f"{row},{row / 7:.3f}" for row in range(300)))
    assert "numbers to predict" in refused(run("learn", brain, table, "--label-column", "price"))


def test_columns_that_the_brain_has_not_learned_are_named(tmp_path):
    folder, table, more = tmp_path / "brain", tmp_path / "a.csv", tmp_path / "b.csv"
    table.write_text("a,b,label\n" + "".join(f"{row % 2},{row},{'xy'[row % 2]}\n" for row in range(20)))
    more.write_text("b,extra,a\n3,9,1\n4,9,0\n")
    assert run("create", folder, "--sense", "table", "--set", "width=20").exit_code == 0
    told(run("learn", folder, table, "--json"))
    found = told(run("predict", folder, more, "--json"))
    assert found["labels"] == ["y", "x"]
    assert found["notes"] == ["Left out, for the brain has not learned them: the columns extra."]


def test_sets_of_labels_are_told_where_a_coverage_is_asked_for(tmp_path, brain):
    chance = np.random.default_rng(0)
    table, places = tmp_path / "a.csv", chance.integers(0, 3, 300)
    drawn = (chance.normal(0.7 * np.eye(3)[place]) for place in places)
    lines = [f"{x:.4f},{y:.4f},{z:.4f},{'abc'[place]}" for (x, y, z), place in zip(drawn, places, strict=True)]
    table.write_text("x,y,z,label\n" + "\n".join(lines) + "\n")
    run("learn", brain, table)
    answered = told(run("predict", brain, table, "--coverage", "0.9", "--json"))
    assert [some[0] for some in answered["sets"]] == answered["labels"]
    assert (answered["coverage"], answered["covered"] > 0.87, answered["accuracy"] < 0.8) == (0.9, True, True)
    lines = list(csv.DictReader(io.StringIO(run("predict", brain, table, "--coverage", "0.9", "--csv").stdout)))
    assert [json.loads(line["set"]) for line in lines] == answered["sets"]
    said = run("predict", brain, table, "--coverage", "0.9").stdout
    assert " or " in said and "90% of new samples have the right label in their set; 9" in said
    assert "sets" not in told(run("predict", brain, table, "--json"))
    assert "leave one of the two out" in refused(run("predict", brain, table, "--coverage", "0.9", "--by", "cortex"))
    assert "coverage is 90" in refused(run("predict", brain, table, "--coverage", "90"))
