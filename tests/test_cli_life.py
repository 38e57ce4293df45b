import json
from pathlib import Path

import pytest

from commands import here
from corridor import SMALL

PLAN = {"stream.steps": 60, "stream.look": 30, "stream.episodes": 2}
SETTINGS = [word for name, value in (PLAN | SMALL | {"longest": 60}).items() for word in ("--set", f"{name}={value}")]
LIFE = ("--stream", "gym:CartPole-v1")


def test_a_life_on_the_command_line(tmp_path: Path) -> None:
    done = here("run", *LIFE, "--learner", "agent", *SETTINGS, "--out", tmp_path / "a", "--json", REVERIE_PROGRESS="1")
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    assert [look["step"] for look in results["looks"]] == [30, 60]
    assert "step 30: return" in done.stderr
    html = (tmp_path / "a" / "report.html").read_text()
    assert "agent in CartPole-v1" in html
    again = here("run", *LIFE, "--learner", "agent", *SETTINGS, "--out", tmp_path / "a", "--resume")
    assert f"{results['final_return']:.4g}" in again.stdout


def test_without_a_learner_the_agent_has_its_controls(tmp_path: Path) -> None:
    words = [word for name, value in PLAN.items() for word in ("--set", f"{name}={value}")]
    done = here("run", *LIFE, *words, "--out", tmp_path / "a")
    assert done.returncode == 0, done.stderr
    for name in ("agent", "three-factor", "stream-ac"):
        assert name in done.stdout
    assert sorted(path.name for path in (tmp_path / "a" / "controls").iterdir()) == ["stream-ac", "three-factor"]


def test_a_comparison_on_the_command_line(tmp_path: Path) -> None:
    words = ("--learners", "three-factor,stream-ac", "--seeds", "0,1", "--set", "stream.steps=40")
    done = here("compare", *LIFE, *words, "--set", "stream.episodes=1", "--out", tmp_path / "c")
    assert done.returncode == 0, done.stderr
    assert "[4/4]" in done.stderr
    assert "2 seeds" in done.stdout
    assert "three-factor" in (tmp_path / "c" / "report.html").read_text()


def test_learners_that_act_and_environments_are_listed() -> None:
    listed = json.loads(here("learners", "--json").stdout)
    assert "streaming" in listed["stream-ac"].lower()
    assert {"agent", "three-factor", "sb3-ppo", "sb3-dqn", "sb3-sac", "exact"} <= listed.keys()
    assert "gym:NAME" in json.loads(here("streams", "--json").stdout)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("run", "--stream", "gym:CartPol-v1"), "Did you mean 'CartPole-v1'"),
        (("run", "--stream", "gym:os:path", "--learner", "agent"), "registered name"),
        (("run", *LIFE, "--learner", "exact"), "learns labels"),
        (("run", "--learner", "agent"), "acts in an environment"),
        (("run", *LIFE, "--scenario", "task"), "leave it out"),
        (("compare", *LIFE, "--learners", "agent,exact"), "learns labels"),
    ],
)
def test_what_is_wrong_is_told(words: tuple[str, ...], says: str, tmp_path: Path) -> None:
    done = here(*words, "--out", tmp_path / "x")
    assert done.returncode == 2
    assert says in done.stderr
    assert not (tmp_path / "x").exists()
