"""A comparison gives the same numbers wherever it runs, and goes on where it was stopped."""

import json

import pytest

from reverie.errors import BadData, UnknownName
from reverie.runs import Grid, RunConfig, compare
from reverie.runs.config import parse_settings

GRID = Grid(streams=["digits"], learners=["naive", "ncm"], seeds=[0, 1], settings={"iterations": 20})


def numbers(results):
    return [(run["learner"], run["seed"], run["accuracy"], run["macs"]) for run in results]


def test_here_and_in_processes_are_the_same(tmp_path):
    told = []
    here = compare(GRID, tmp_path / "here", progress=lambda place, _: told.append(place))
    there = compare(GRID, tmp_path / "there", jobs=2)
    assert numbers(here) == numbers(there)
    assert len(told) == 4
    assert [run["learner"] for run in here] == ["naive", "ncm"] * 2


@pytest.mark.ray
@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("ray_cluster")
def test_on_ray_it_is_the_same(tmp_path):
    here = compare(GRID, tmp_path / "here")
    away = compare(GRID, tmp_path / "away", ray="local")
    assert numbers(here) == numbers(away)
    for place, _ in GRID.runs():
        assert (tmp_path / "away" / place / "events.jsonl").exists()
        assert (tmp_path / "away" / place / "checkpoint" / "state.json").exists()


def test_it_goes_on_with_what_is_missing_and_can_be_widened(tmp_path):
    whole = compare(GRID, tmp_path / "whole")
    compare(GRID.model_copy(update={"seeds": [0]}), tmp_path / "parts")
    told = []
    both = compare(GRID, tmp_path / "parts", resume=True, progress=lambda place, _: told.append(place))
    assert numbers(both) == numbers(whole)
    assert len(told) == 4
    asked = json.loads((tmp_path / "parts" / "compare.json").read_text())
    assert asked["seeds"] == [0, 1]


def test_an_occupied_or_different_folder_is_refused(tmp_path):
    compare(GRID, tmp_path)
    with pytest.raises(BadData, match="holds a comparison already"):
        compare(GRID, tmp_path)
    with pytest.raises(BadData, match="scenario = 'class', not 'task'"):
        compare(GRID.model_copy(update={"scenario": "task"}), tmp_path, resume=True)


def test_settings_reach_the_learners_that_take_them():
    settings = {run.learner: run.settings for _, run in GRID.runs()}
    assert settings == {"naive": {"iterations": 20}, "ncm": {}}
    with pytest.raises(UnknownName, match="'iteration'"):
        list(GRID.model_copy(update={"settings": {"iteration": 20}}).runs())


def test_places_are_safe_names():
    places = [place for place, _ in GRID.model_copy(update={"streams": ["../a b/c.npz"]}).runs()]
    assert all(".." not in place and " " not in place for place in places)


def test_settings_are_read_as_people_write_them():
    assert parse_settings(["a=1e9", "b=0.5", "c=7", "d=no", "e=[1, 2]", "f=adam", "g=1.e-3"]) == {
        "a": 1e9,
        "b": 0.5,
        "c": 7,
        "d": False,
        "e": [1, 2],
        "f": "adam",
        "g": 1e-3,
    }


def test_a_file_and_flags_read_numbers_alike(tmp_path):
    (tmp_path / "run.yaml").write_text("settings: {strength: 1e9, damping: 0.1}\n")
    assert RunConfig.read(tmp_path / "run.yaml")["settings"] == parse_settings(["strength=1e9", "damping=0.1"])


def test_an_unknown_setting_leaves_nothing_behind(tmp_path):
    with pytest.raises(UnknownName):
        compare(GRID.model_copy(update={"settings": {"iteration": 20}}), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_configuration_is_checked():
    assert RunConfig.make({"seed": 3}).seed == 3
    with pytest.raises(BadData, match="seed is 'x'"):
        RunConfig.make({"seed": "x"})
