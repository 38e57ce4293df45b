"""The six commands of the README, as they stand there, on pictures that the test draws."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import httpx

from drawing import draw

README = Path(__file__).resolve().parents[1] / "README.md"


def test_the_six_commands(tmp_path):
    part = README.read_text().partition("<!-- six commands; the tests run them -->")[2]
    commands = re.findall(r"^    (reverie brain [^#\n]+)", part, re.MULTILINE)[:6]
    assert [command.split()[2] for command in commands] == ["create", "learn", "predict", "learn", "sleep", "serve"]
    for label in ("cat", "dog"):
        draw(tmp_path / "pictures" / label, label, 20, 0)
    draw(tmp_path / "tomorrow" / "fish", "fish", 20, 0)
    draw(tmp_path / "one", "dog", 1, 1)
    next((tmp_path / "one").iterdir()).rename(tmp_path / "who-is-this.png")
    environment = os.environ | {"OMP_NUM_THREADS": "1", "REVERIE_TOKEN": "a-token-for-the-tests"}
    said = []
    for command in commands[:5]:
        words = [sys.executable, "-m", *shlex.split(command)]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, env=environment, check=False)
        assert done.returncode == 0, done.stderr
        said.append(done.stdout)
    assert "Learned 40 samples" in said[1]
    assert re.search(r"who-is-this.png +dog +confidence 0\.\d\d", said[2])
    assert "It knows 3 classes: cat, dog, fish" in said[3]
    assert "The night is committed" in said[4]
    words = [sys.executable, "-m", *shlex.split(commands[5]), "--port", "0"]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, text=True, env=environment) as service:
        address = service.stdout.readline().split()[1].partition("#")[0]
        page = httpx.get(address, timeout=900).text
        headers = {"Authorization": "Bearer a-token-for-the-tests"}
        brain = httpx.get(f"{address}api/brain", headers=headers, timeout=900).json()
        service.terminate()
    assert "Show it something" in page
    assert [one["label"] for one in brain["classes"]] == ["cat", "dog", "fish"]
    assert service.returncode == 0
