"""Lives in environments, in run folders."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import gymnasium
import pytest

from corridor import SMALL, Corridor
from reverie.errors import BadData, CorruptFile, MissingData, UnknownName
from reverie.record import RunFolder, read_json, write_json
from reverie.runs import Grid, RunConfig, compare, execute
from reverie.runs.acting import Plan
from reverie.runs.build import build_stream, known_players, player_class
from reverie.runs.config import is_import

QUICK = {"stream.steps": 90, "stream.look": 30, "stream.episodes": 2}
LITTLE = QUICK | SMALL | {"longest": 60}


class _Pictures(Corridor):
    observation_space = gymnasium.spaces.Box(0, 255, (64, 64, 3))


class _Nowhere(Corridor):
    def __init__(self) -> None:
        raise OSError("no such serial port")


for name, kind in (("PictureCorridor-v0", _Pictures), ("NoCorridor-v0", _Nowhere)):
    if name not in gymnasium.registry:
        gymnasium.register(name, entry_point=kind)
for name, breaks_at in (("Corridor-v0", -1), ("BreakingCorridor-v0", 75)):
    if name not in gymnasium.registry:
        gymnasium.register(name, entry_point=Corridor, kwargs={"breaks_at": breaks_at}, max_episode_steps=50)


def _config(learner: str = "agent", stream: str = "gym:Corridor-v0", seed: int = 0, **settings: Any) -> RunConfig:
    plan = LITTLE if learner == "agent" else QUICK
    return RunConfig.make({"stream": stream, "learner": learner, "seed": seed, "settings": {**plan, **settings}})


def _breaking(**settings: Any) -> RunConfig:
    return _config(stream="gym:BreakingCorridor-v0", **{"stream.look": 40, **settings})


def _numbers(results: dict[str, Any]) -> dict[str, Any]:
    """What must not depend on the machine's mood."""
    mood = ("seconds", "cpu_seconds", "peak_memory_bytes", "machine")
    return {key: value for key, value in results.items() if key not in mood}


def test_a_life_is_written_down(tmp_path: Path) -> None:
    told: list[dict[str, Any]] = []
    folder = RunFolder(tmp_path / "a")
    results = execute(_config(), folder, listener=told.append)
    assert [look["step"] for look in results["looks"]] == [30, 60, 90]
    assert all(len(look["returns"]) == 2 for look in results["looks"])
    assert results["final_return"] == results["looks"][-1]["mean"] <= results["best_return"]
    assert (results["steps"], results["stored_samples"], results["scenario"]) == (90, 0, "acting")
    assert results["dreamt"] == 8 * 40 * 2 * 2  # two nights
    assert set(results["cpu_seconds"]) == {"learn", "sleep", "predict"}
    assert results["config"]["params"]["places"] == 60
    assert folder.results() == json.loads(json.dumps(results))
    events = list(folder.events())
    assert [event["event"] for event in events] == ["look", "look", "look", "finished"]
    lived = [one for event in events[:-1] for one in event["lived"]]
    assert len(lived) == results["episodes"]
    assert [event["event"] for event in told] == ["look", "look", "look", "finished"]
    assert execute(_config(), folder, resume=True) == folder.results()  # it is over: nothing is done


def test_a_goal_is_reached_and_kept(tmp_path: Path) -> None:
    results = execute(_config(**{"stream.goal": -1000.0}), RunFolder(tmp_path / "a"))
    assert (results["reached_at"], results["kept"], results["goal"]) == (30, 1.0, -1000.0)
    assert execute(_config(), RunFolder(tmp_path / "b"))["goal"] is None
    pole = _config("three-factor", "gym:CartPole-v1", **{"stream.steps": 30})
    results = execute(pole, RunFolder(tmp_path / "c"))
    assert (results["goal"], results["reached_at"], results["kept"]) == (475.0, None, None)


@pytest.mark.parametrize("learner", ["agent", "three-factor", "stream-ac"])
def test_a_killed_life_comes_to_the_same_numbers(tmp_path: Path, learner: str) -> None:
    config = _config(learner, "gym:CartPole-v1", **{"stream.steps": 160, "stream.look": 20})
    whole = execute(config, RunFolder(tmp_path / "whole"))
    code = (
        "import json, sys, torch; torch.set_num_threads(1)\n"
        "from reverie.record import RunFolder; from reverie.runs import RunConfig, execute\n"
        "config = RunConfig.make(json.loads(sys.argv[1]))\n"
        "execute(config, RunFolder(sys.argv[2]), listener=lambda event: print(event.get('step'), flush=True))\n"
    )
    words = [sys.executable, "-c", code, config.model_dump_json(), str(tmp_path / "killed")]
    running = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    for line in running.stdout:
        if int(line) >= 100:
            os.kill(running.pid, signal.SIGKILL)
            break
    running.wait()
    running.stdout.close()
    folder = RunFolder(tmp_path / "killed")
    assert folder.results() is None
    assert (folder.checkpoint_path / "state.json").exists()
    told: list[dict[str, Any]] = []
    again = execute(config, folder, resume=True, listener=told.append)
    assert told[0]["step"] > 20  # it did not begin anew
    assert _numbers(again) == _numbers(whole)
    steps = [event["lived"] for event in folder.events() if event["event"] == "look"]
    assert steps == [event["lived"] for event in RunFolder(tmp_path / "whole").events() if event["event"] == "look"]


def test_one_that_cannot_be_saved_begins_anew_and_says_so(tmp_path: Path) -> None:
    pytest.importorskip("stable_baselines3", reason="pip install stable-baselines3")
    config = _config("sb3-ppo", n_steps=16, batch_size=8)
    whole = execute(config, RunFolder(tmp_path / "whole"))
    folder, looks = RunFolder(tmp_path / "cut"), []

    def cut(event: dict[str, Any]) -> None:
        looks.append(event)
        if len(looks) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        execute(config, folder, listener=cut)
    assert not folder.checkpoint_path.exists()
    again = execute(config, folder, resume=True)
    assert _numbers(again) == _numbers(whole)
    assert [event["text"] for event in folder.events() if event["event"] == "warning"] == [
        "sb3-ppo cannot go on from the middle of a life: it begins anew."
    ]
    assert again["notes"] == ["Settings of PPO: stable-baselines3's defaults, and your own."]


def test_without_the_package_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "stable_baselines3", None)
    for learner in ("sb3-ppo", "sb3-dqn", "sb3-sac"):
        with pytest.raises(MissingData, match="pip install stable-baselines3"):
            execute(_config(learner), RunFolder(tmp_path / learner))
        assert not (tmp_path / learner).exists()
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    with pytest.raises(MissingData, match=r"reverie\[agents\]"):
        execute(_config(), RunFolder(tmp_path / "a"))


def test_an_environment_that_fails_loses_nothing_that_was_saved(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "a")
    with pytest.raises(BadData, match="the motor is hot"):
        execute(_breaking(), folder)
    assert [event["step"] for event in folder.events()] == [40]
    assert (folder.checkpoint_path / "state.json").exists()
    assert folder.results() is None
    with pytest.raises(BadData, match="Add --resume"):
        execute(_breaking(), folder)
    with pytest.raises(BadData, match="settings ="):
        execute(_breaking(rest=41), folder, resume=True)


def test_a_torn_checkpoint_is_told(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "a")
    config = _breaking()
    with pytest.raises(BadData):
        execute(config, folder)
    head = folder.checkpoint_path / "state.json"
    whole = head.read_bytes()
    head.write_bytes(whole[:-30])
    with pytest.raises(CorruptFile):
        execute(config, folder, resume=True)
    head.write_bytes(whole)
    folder.rewind([])
    with pytest.raises(BadData, match="tells of 0 looks"):
        execute(config, folder, resume=True)
    write_json(folder.results_path, {"stream": "gym:Corridor-v0"})
    with pytest.raises(CorruptFile, match="no results"):
        execute(config, folder, resume=True)


@pytest.mark.parametrize(
    ("values", "error", "says"),
    [
        ({"stream": "gym:NoSuch-v0"}, UnknownName, "environment 'NoSuch-v0'"),
        ({"stream": "gym:os:path"}, BadData, "registered name"),
        ({"stream": "gym:PictureCorridor-v0"}, BadData, "no sense for pictures"),
        ({"stream": "gym:NoCorridor-v0"}, BadData, "no such serial port"),
        ({"learner": "agnt"}, UnknownName, "Did you mean 'agent'"),
        ({"learner": "exact"}, BadData, "learns labels"),
        ({"learner": "reverie.learners:Exact"}, BadData, "not a subclass"),
        ({"settings": {"stream.stepz": 3}}, UnknownName, "Did you mean 'steps'"),
        ({"settings": {"stream.steps": 0}}, BadData, "Expected a whole number"),
        ({"settings": {"stream.episodes": True}}, BadData, "Expected a whole number"),
        ({"settings": {"stream.goal": "high"}}, BadData, "Expected a number"),
        ({"settings": {"rest": "no"}}, BadData, "rest is 'no'"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_written(
    tmp_path: Path, values: dict[str, Any], error: type[Exception], says: str
) -> None:
    config = RunConfig.make({"stream": "gym:Corridor-v0", "learner": "agent"} | values)
    with pytest.raises(error, match=says):
        execute(config, RunFolder(tmp_path / "a"))
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("values", [{"scenario": "task"}, {"order": 3}, {"classes_per_experience": 2}])
def test_what_a_life_has_not(values: dict[str, Any]) -> None:
    with pytest.raises(BadData, match="leave it out"):
        RunConfig.make({"stream": "gym:CartPole-v1", "learner": "agent"} | values)


def test_names_of_environments_and_of_learners_that_act() -> None:
    assert not is_import("gym:Bridge")
    assert {"agent", "three-factor", "stream-ac", "sb3-ppo", "sb3-dqn", "sb3-sac"} == set(known_players())
    assert player_class("reverie.agents.players:ThreeFactor") is player_class("three-factor")
    with pytest.raises(BadData, match="acts in an environment"):
        execute(RunConfig.make({"learner": "agent"}), RunFolder("never"))
    with pytest.raises(BadData, match="no labelled samples"):
        build_stream(RunConfig.make({"stream": "gym:CartPole-v1"}))
    assert Plan.of({"stream.steps": 7, "rest": 3}) == Plan(steps=7)


def test_a_comparison_of_lives(tmp_path: Path) -> None:
    grid = Grid(
        streams=["gym:Corridor-v0"],
        learners=["agent", "three-factor"],
        seeds=[0, 1],
        settings=LITTLE,
    )
    results = compare(grid, tmp_path / "c", announce=lambda seconds: pytest.fail("there is no estimate"))
    assert [(one["learner"], one["seed"]) for one in results] == [
        ("agent", 0),
        ("three-factor", 0),
        ("agent", 1),
        ("three-factor", 1),
    ]
    assert results[0]["looks"] != results[2]["looks"]
    assert read_json(tmp_path / "c" / "compare.json")["scenario"] == "acting"
    assert "rest" not in results[1]["config"]["settings"]  # it does not take that
    assert compare(grid, tmp_path / "c", resume=True) == results
    with pytest.raises(UnknownName, match="parameter of these learners"):
        compare(grid.model_copy(update={"settings": {"colour": 1}}), tmp_path / "d")
    with pytest.raises(BadData, match="Compare them apart"):
        compare(grid.model_copy(update={"streams": ["gym:Corridor-v0", "digits"]}), tmp_path / "d")
