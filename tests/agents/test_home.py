import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from corridor import SMALL
from reverie.agents import Home
from reverie.edge.numpy_habit import Habit
from reverie.errors import BadData, CorruptFile, MissingData, ReverieError

QUICK = SMALL | {"longest": 60}


def _made(folder: Path) -> Home:
    return Home.create(folder, "CartPole-v1", seed=1, settings=QUICK)


def _live(folder: Path, steps: int) -> Home:
    with Home(folder, writer=True) as home:
        for _ in home.live(steps):
            pass
    return Home(folder)


def test_a_life_is_kept(tmp_path: Path) -> None:
    _made(tmp_path / "a")
    home = _live(tmp_path / "a", 100)
    assert home.agent.steps == 100
    assert len(home.agent.nights) == 3  # the first as soon as the senses have formed
    assert sum(total for _, total in home.returns) == 100  # each step of a pole brings one


def test_a_killed_life_comes_to_the_same_numbers(tmp_path: Path) -> None:
    _made(tmp_path / "whole")
    _made(tmp_path / "killed")
    whole = _live(tmp_path / "whole", 200)
    code = (
        "import sys, torch; torch.set_num_threads(1)\n"
        "from pathlib import Path; from reverie.agents import Home\n"
        "with Home(Path(sys.argv[1]), writer=True) as home:\n"
        "    for episode in home.live(200):\n"
        "        print(home.agent.steps, flush=True)\n"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "killed")], stdout=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    for line in running.stdout:
        if int(line) > 90:  # in the middle of an episode, after a night or two
            os.kill(running.pid, signal.SIGKILL)
            break
    running.wait()
    running.stdout.close()
    steps = Home(tmp_path / "killed").agent.steps
    assert 0 < steps < 200
    again = _live(tmp_path / "killed", 200 - steps)
    assert again.agent.nights == whole.agent.nights
    assert again.returns == whole.returns


def test_one_process_at_a_time(tmp_path: Path) -> None:
    _made(tmp_path / "a")
    with Home(tmp_path / "a", writer=True):
        with pytest.raises(BadData, match="living in another process"):
            Home(tmp_path / "a", writer=True)
        assert Home(tmp_path / "a").agent.steps == 0  # to look at it is no harm


def test_folders_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(MissingData, match="reverie agent create"):
        Home(tmp_path)
    _made(tmp_path / "a")
    with pytest.raises(BadData, match="already"):
        _made(tmp_path / "a")
    with pytest.raises(BadData, match="writer=True"):
        next(iter(Home(tmp_path / "a").live(5)))


@pytest.mark.parametrize(
    "written",
    [
        {"environment": "os:path", "seed": 0, "settings": {}},
        {"environment": "CartPole-v1", "seed": "x", "settings": {}},
        {"environment": "CartPole-v1", "seed": 0, "settings": {"lives": "many"}},
        {"environment": "CartPole-v1"},
        [1],
    ],
)
def test_a_strangers_folder_is_refused_by_name(tmp_path: Path, written: object) -> None:
    _made(tmp_path / "a")
    (tmp_path / "a" / "agent.json").write_text(json.dumps(written))
    with pytest.raises(ReverieError):
        Home(tmp_path / "a")


def test_a_torn_state_is_told(tmp_path: Path) -> None:
    _made(tmp_path / "a")
    _live(tmp_path / "a", 60)
    state = tmp_path / "a" / "state" / "state.json"
    state.write_bytes(state.read_bytes()[:-20])
    with pytest.raises(CorruptFile):
        Home(tmp_path / "a")


def test_it_is_watched_and_exported(tmp_path: Path) -> None:
    _made(tmp_path / "a")
    home = _live(tmp_path / "a", 60)
    picture, total = home.watch(seed=5)
    assert picture[:6] in (b"GIF89a", b"GIF87a")
    assert total >= 1
    home.export(tmp_path / "habit.npz")
    habit, actor = Habit(tmp_path / "habit.npz"), home.agent
    generator = np.random.default_rng(0)
    states = generator.uniform(-0.2, 0.2, (50, 4)).astype(np.float32)
    assert [habit.act(state) for state in states] == actor.act_each(states)


def test_a_newborn_has_no_habit_to_export(tmp_path: Path) -> None:
    _made(tmp_path / "a")
    with pytest.raises(BadData, match="no habit yet"):
        Home(tmp_path / "a").export(tmp_path / "habit.npz")
    assert not (tmp_path / "habit.npz").exists()
