import json
from pathlib import Path

import pytest

from commands import here
from corridor import SMALL

SETTINGS = [word for name, value in SMALL.items() for word in ("--set", f"{name}={value}")]


def _run(*words: str) -> str:
    done = here("agent", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_life_on_the_command_line(tmp_path: Path) -> None:
    folder = str(tmp_path / "a")
    assert "reverie agent live" in _run("create", folder, "--env", "CartPole-v1", *SETTINGS)
    state = json.loads(_run("live", folder, "--steps", "60", "--json"))
    assert (state["steps"], state["stored_samples"]) == (60, 0)
    assert json.loads(_run("live", folder, "--until", "100", "--json"))["steps"] == 100
    assert "100 steps" in _run("live", folder, "--until", "90")  # it has lived longer: nothing is done
    assert json.loads(_run("sleep", folder, "--json"))["steps"] > 0
    assert len(json.loads(_run("test", folder, "--episodes", "3", "--json"))["returns"]) == 3
    assert (
        len(json.loads(_run("history", folder, "--json"))["nights"]) == 4
    )  # the first as soon as the senses have formed, and one at our wish
    assert "dreams" in _run("history", folder)
    page = Path(json.loads(_run("watch", folder, "--gif", str(tmp_path / "it.gif"), "--json"))["page"])
    html = page.read_text()
    assert "data:image/gif;base64," in html
    assert "<script" not in html
    assert (tmp_path / "it.gif").read_bytes()[:3] == b"GIF"
    assert json.loads(_run("export", folder, str(tmp_path / "h.npz"), "--json"))["bytes"] > 1000


@pytest.mark.parametrize(
    "words",
    [
        ["create", "b", "--env", "NoSuch-v0"],
        ["create", "b", "--env", "CartPole-v1", "--set", "rest=no"],
        ["live", "nowhere", "--steps", "5"],
        ["live", "nowhere"],
    ],
)
def test_what_is_wrong_is_told(words: list[str]) -> None:
    done = here("agent", *words)
    assert done.returncode == 2
    assert done.stderr.strip()
