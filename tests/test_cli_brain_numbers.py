"""`reverie brain … --target numbers`: from a table to numbers with limits, on the command line."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from test_cli_brain_reading import refused, run, told

SOURCE = np.random.default_rng(0)
SIZE = SOURCE.uniform(40, 200, 300).round(1)
PRICE = (2000 * SIZE * np.exp(SOURCE.normal(0, 0.2, 300))).round()


def written(path: Path, places: range, *, price: bool = True) -> Path:
    lines = [f"{row},{SIZE[row]},{'ab'[row % 2]}" + (f",{PRICE[row]:.0f}" if price else "") for row in places]
    path.write_text("id,size,kind" + (",price" if price else "") + "\n" + "\n".join(lines) + "\n")
    return path


@pytest.fixture
def brain(tmp_path: Path) -> Path:
    assert run("create", tmp_path / "brain", "--target", "numbers", "--set", "width=50").exit_code == 0
    return tmp_path / "brain"


def test_prices_are_learned_and_predicted_with_limits(tmp_path: Path, brain: Path) -> None:
    learning, asking = written(tmp_path / "a.csv", range(240)), written(tmp_path / "b.csv", range(240, 300))
    result = run("learn", brain, learning, "--label-column", "price", "--drop", "id", "--json")
    learned = told(result)
    assert (learned["samples"], learned["targets"], learned["classes"]) == (240, ["price"], [])
    answered = told(run("predict", brain, asking, "--coverage", "0.8", "--id-column", "id", "--json"))
    assert answered["targets"] == ["price"]  # taken as the label, for it was learned as that
    assert answered["names"] == [str(row) for row in range(240, 300)]
    assert len(answered["values"]) == len(answered["low"]) == len(answered["high"]) == 60
    assert answered["coverage"] == 0.8
    assert answered["r2"] > 0.6
    assert answered["mae"] == pytest.approx(np.abs(np.array(answered["values"]) - PRICE[240:]).mean())
    inside = (np.array(answered["low"]) <= PRICE[240:]) & (PRICE[240:] <= np.array(answered["high"]))
    assert answered["covered"] == pytest.approx(inside.mean())
    assert 0.65 < inside.mean() < 0.95
    unlabelled = told(run("predict", brain, written(tmp_path / "c.csv", range(240, 300), price=False), "--json"))
    assert (unlabelled["values"][:60], "r2" in unlabelled) == (answered["values"], False)
    lines = list(csv.DictReader(io.StringIO(run("predict", brain, asking, "--csv").stdout)))
    assert set(lines[0]) == {"name", "value", "low", "high"}
    np.testing.assert_allclose([float(line["value"]) for line in lines], answered["values"])


def test_people_are_told_the_same(tmp_path: Path, brain: Path) -> None:
    learning = written(tmp_path / "a.csv", range(240))
    result = run("learn", brain, learning, "--label-column", "price", "--drop", "id")
    assert "It predicts price. Version 1." in result.stdout
    assert "Learned as logarithms: price" in result.stderr
    said = run("predict", brain, written(tmp_path / "b.csv", range(240, 300))).stdout
    assert "… and 40 more" in said
    assert "Between the limits lie 90% of new numbers." in said
    assert "price: R² 0." in said
    cost = run("cost", brain).stdout
    assert "Number   price: learned as its logarithm" in cost
    assert "Sleep" not in cost
    assert "learns numbers" in refused(run("sleep", brain))
    assert "Forgotten. It predicts price." in run("forget", brain, "--data", learning, "--drop", "id").stdout
    assert told(run("history", brain, "--json"))["events"][0]["new"] == []


def test_rows_without_a_number_are_listed_and_skipped(tmp_path: Path, brain: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text("size,price\n1,10\n2,cheap\n3,\n4,inf\n5,12\n")
    message = refused(run("learn", brain, table, "--label-column", "price"))
    assert "row 3 (the label 'cheap' is no number); row 4 (no label); row 5 (the label 'inf' is no number)" in message
    learned = told(run("learn", brain, table, "--label-column", "price", "--skip-bad", "--json"))
    assert (learned["samples"], len(learned["bad"])) == (2, 3)


def test_several_columns_and_a_stream(tmp_path: Path, brain: Path) -> None:
    table = written(tmp_path / "a.csv", range(240))
    names = ("--label-column", "price", "--label-column", "size", "--drop", "id")
    assert told(run("learn", brain, table, *names, "--json"))["targets"] == ["price", "size"]
    rows = "kind,size,price\n" + "\n".join(f"{'ab'[row % 2]},{SIZE[row]},{PRICE[row]}" for row in range(240, 300))
    streamed = run("learn", brain, "-", "--batch", "40", "--json", given=rows.encode())
    assert [json.loads(line)["samples"] for line in streamed.stdout.splitlines()] == [40, 60]
    answered = told(run("predict", brain, table, "--json"))
    assert [len(row) for row in answered["values"]] == [2] * 240
    assert len(answered["r2"]) == 2
    header = run("predict", brain, table, "--csv").stdout.splitlines()[0]
    assert header == "name,price,price low,price high,size,size low,size high"
    assert "price: R²" in run("predict", brain, table).stdout
    assert "named twice" in refused(run("learn", brain, table, "--label-column", "size", "--label-column", "size"))


def test_brains_of_classes_name_the_way_out(tmp_path: Path) -> None:
    table = written(tmp_path / "a.csv", range(240))
    assert run("create", tmp_path / "classes").exit_code == 0
    message = refused(run("learn", tmp_path / "classes", table, "--label-column", "price"))
    assert "reverie brain create FOLDER --target numbers" in message
    message = refused(run("learn", tmp_path / "classes", table, "--label-column", "price", "--label-column", "size"))
    assert "2 columns are named as labels" in message
    assert "Known: classes, labels, numbers" in refused(run("create", tmp_path / "b", "--target", "prices"))


def test_one_sample_has_no_limits_and_that_is_json(tmp_path: Path, brain: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text("size,price\n3,10\n")
    run("learn", brain, table, "--label-column", "price")
    answered = told(run("predict", brain, table, "--json"))
    assert (answered["values"], answered["low"], answered["high"], answered["r2"]) == ([10], [None], [None], None)
    assert "10 (? … ?)" in run("predict", brain, table).stdout


def test_folders_whose_names_are_numbers(tmp_path: Path) -> None:
    for size in (3, 6, 9):
        (tmp_path / "photos" / str(size)).mkdir(parents=True)
        for number in range(12):
            pixels = np.full((12, 12), 20 * size + number, np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / str(size) / f"{number}.png")
    run("create", tmp_path / "brain", "--target", "numbers", "--encoder", "expansion", "--set", "width=40")
    assert told(run("learn", tmp_path / "brain", tmp_path / "photos", "--json"))["samples"] == 36
    assert told(run("predict", tmp_path / "brain", tmp_path / "photos", "--json"))["r2"] > 0.9
    (tmp_path / "photos" / "3").rename(tmp_path / "photos" / "small")
    assert "the label 'small' is no number" in refused(run("learn", tmp_path / "brain", tmp_path / "photos"))
