"""The tutorial of docs/disciplines.md as it stands there: a paragraph → a card → confirmed → fused → explained."""

import re
import shlex
from pathlib import Path

import numpy as np

from commands import here
from reverie.disciplines import Module

ROOT = Path(__file__).resolve().parents[1]


def test_from_a_paragraph_to_an_explained_prediction(tmp_path):
    page = (ROOT / "docs" / "disciplines.md").read_text()
    commands = re.findall(r"^    (reverie modules .+)$", page.partition("<!-- the tutorial")[2], re.MULTILINE)
    assert [command.split()[2] for command in commands] == ["extract", "check", "fuse", "explain"]
    Path("stopping.txt").write_text(re.search(r"```text\n(.+?)```", page, re.S)[1])
    speed = np.random.default_rng(0).uniform(5, 60, 30)
    law = Module.of("physics.stopping_distance")({"speed": speed})["distance"]
    rows = [f"{s:.2f},{d:.1f}" for s, d in zip(speed, law, strict=True)]
    Path("cars.csv").write_text("\n".join(["speed,dist", *rows]))
    said = []
    for command in commands:
        done = here(*shlex.split(command)[1:])
        assert done.returncode == 0, done.stderr
        said.append(done.stdout)
    assert "proposed: proposed/physics.stopping.yaml" in said[0]
    assert "physics.stopping@0.1.0: holds, 1 examples computed. confirmed" in said[1]
    assert "Used: physics.stopping." in said[2]
    assert "theory physics.stopping" in said[3]


def test_the_commands_of_the_readme():
    text = (ROOT / "README.md").read_text()
    commands = re.findall(r"^    reverie (modules [^#\n]+)", text, re.MULTILINE)
    assert len(commands) == 3
    Path("cars.csv").write_text("speed,dist\n" + "\n".join(f"{s},{s + s * s / 9}" for s in range(5, 45)))
    for command in commands:
        done = here(*shlex.split(command), *(["--splits", "1"] if "fuse" in command else []))
        assert done.returncode == 0, done.stderr
