"""`reverie modules …`, as a user types it."""

import json

import numpy as np
import pytest
import yaml

from commands import here
from disciplines.example import CARD
from reverie.disciplines import Module

LAW = "physics.stopping_distance"


@pytest.fixture
def cars(tmp_path):
    source = np.random.default_rng(0)
    speed = source.uniform(5, 70, 30)
    dist = Module.of(LAW)({"speed": speed})["distance"] + 0.5 * source.standard_normal(30)
    lines = [
        f"{i},{s:.2f},{'ford' if i % 2 else 'opel'},{d:.2f}" for i, (s, d) in enumerate(zip(speed, dist, strict=True))
    ]
    path = tmp_path / "cars.csv"
    path.write_text("rownames,Speed,make,dist\n" + "\n".join([*lines, "30,20,opel,"]) + "\n")
    return path


def ran(*words):
    done = here("modules", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(*words):
    done = here("modules", *words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_fuse_and_explain_on_a_table(cars, tmp_path):
    asked = ["--data", cars, "--target", "dist", "--cards", LAW]
    found = json.loads(ran("fuse", *asked, "--splits", 1, "--out", tmp_path / "f", "--json"))
    assert found["error_with"] < found["error_without"]
    assert found["module_weights"][LAW] > 0.8
    assert found["verdict"].startswith(f"Used: {LAW}")
    assert sum(found["weights"].values()) == pytest.approx(1.0)
    assert "1 rows without dist left out" in found["notes"]
    assert "rownames left out: it numbers the rows" in found["notes"]
    written = json.loads((tmp_path / "f" / "fusion.json").read_text())
    assert len(written["shares"]["mean"]) == 30
    assert [at["rows"] for at in written["efficiency"]] == [10, 20, 22]
    assert written["efficiency"][-1]["with"] == found["error_with"]
    assert len(written["drift"][LAW]) == 10
    page = (tmp_path / "f" / "report.html").read_text()
    assert page.count("<svg") == 3
    assert found["verdict"] in page
    one = json.loads(ran("explain", *asked, "--row", 3, "--json"))
    assert sum(one["shares"].values()) == pytest.approx(one["prediction"])
    assert one["interval_90"][0] < one["prediction"] < one["interval_90"][1]
    assert "Row 31 is asked" in refused("explain", *asked, "--row", 31)


def test_classes_on_a_table(cars, tmp_path):
    rows = cars.read_text().splitlines()[1:31]
    path = tmp_path / "far.csv"
    far = [f"{row.split(',')[1]};{'far' if float(row.split(',')[3]) > 200 else 'near'}" for row in rows]
    path.write_text("speed;reach\n" + "\n".join(far))
    found = json.loads(ran("fuse", "--data", path, "--target", "reach", "--cards", LAW, "--splits", 1, "--json"))
    assert found["task"] == "classification"
    assert found["error_with"] <= 0.2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--target", "distance", "--cards", LAW], "Unknown column 'distance'. Did you mean"),
        (
            ["--target", "dist", "--cards", "sociology.preston_curve"],
            "needs income (yearly product per head, in dollar). Columns",
        ),
        (["--target", "dist", "--cards", "physics.stoping"], "Unknown card 'physics.stoping'"),
        (["--target", "dist", "--cards", LAW, "--rename", "speed"], "expected input=column"),
        (["--target", "dist", "--cards", LAW, "--rename", "speed=make"], "holds words. Expected numbers in mile/hour"),
        (["--target", "dist", "--cards", LAW, "--group", "town"], "Unknown column 'town'"),
        (["--target", "dist", "--cards", LAW, "--task", "guess"], "Unknown task 'guess'"),
        (["--target", "make", "--cards", LAW, "--task", "regression"], "make holds words"),
        (["--target", "dist", "--cards", ","], "No card is named"),
        (["--target", "dist", "--cards", f"{LAW},{LAW}"], "named twice"),
    ],
)
def test_what_does_not_fit_is_said_and_ends_with_two(cars, words, said):
    assert said in refused("fuse", "--data", cars, *words)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has 0 lines"),
        ("speed,dist\n1,2,3\n", "line 2: 3 values, 2 names"),
        ("speed,speed\n1,2\n", "names speed twice"),
        ("speed,dist\n1,2\n3,4\n", "2 rows have a dist. Expected at least 8"),
        ("speed,dist\n" + "1,2\n" * 9, "dist has the same value in every row"),
    ],
)
def test_a_table_that_is_none(tmp_path, text, said):
    path = tmp_path / "t.csv"
    path.write_text(text)
    assert said in refused("fuse", "--data", path, "--target", "dist", "--cards", LAW)
    assert "is not there" in refused("fuse", "--data", tmp_path / "no.csv", "--target", "dist", "--cards", LAW)


def test_from_a_proposed_card_to_a_registry_and_back(tmp_path):
    path, registry = tmp_path / "fall.yaml", tmp_path / "registry"
    path.write_text(CARD.replace("status: confirmed", "status: proposed"))
    assert "It is proposed" in ran("check", path)
    assert "A person confirms it first" in refused("check", path, "--add", registry)
    assert json.loads(ran("check", path, "--confirm", "Ada", "--add", registry, "--json"))[0]["status"] == "confirmed"
    assert yaml.safe_load(path.read_text())["confirmed_by"] == "Ada"
    rows = tmp_path / "rows.csv"
    rows.write_text("time,way\n" + "\n".join(f"{t},{5 * t * t}" for t in range(1, 15)))
    assert "constants.g.value: 9.81 → 9.9" in ran("train", path, "--data", rows, "--out", tmp_path / "new.yaml")
    ran("check", tmp_path / "new.yaml", "--add", registry)
    assert [one["version"] for one in json.loads(ran("list", "--registry", registry, "--json"))] == ["1.1.0"]
    assert "version: 1.0.0 → 1.1.0" in ran("diff", "physics.fall@1.0.0", "physics.fall", "--registry", registry)
    assert "physics.fall@1.0.0 is in force" in ran("rollback", registry, "physics.fall", "--to", "1.0.0")
    assert "Known: 1.0.0, 1.1.0" in refused("rollback", registry, "physics.fall", "--to", "7.0.0")
    ran("distil", path, "--out", tmp_path / "small")
    made = json.loads(ran("freeze", path, "--out", tmp_path / "frozen", "--json"))
    assert made["digest"] in ran("freeze", tmp_path / "frozen", "--out", tmp_path / "again", "--json")


def test_the_library_is_listed():
    assert "physics.stopping_distance@1.0.0" in ran("list")
    assert "line 16" in refused("check", spoiled())


def spoiled():
    from pathlib import Path

    Path("bad.yaml").write_text(CARD.replace("time^2", "time"))
    return "bad.yaml"
