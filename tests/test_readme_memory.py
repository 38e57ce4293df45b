"""The commands of the README's memory for language, as they stand there."""

import re
import shlex
from pathlib import Path

from commands import here

README = Path(__file__).resolve().parents[1] / "README.md"


def test_the_four_commands():
    part = README.read_text().partition("<!-- four commands; the tests run them -->")[2]
    commands = re.findall(r"^    reverie (memory .+?) +#", part, re.MULTILINE)[:4]
    assert [command.split()[1] for command in commands] == ["remember", "recall", "sleep", "forget"]
    said = []
    for command in commands:
        done = here(*shlex.split(command))
        assert done.returncode == 0, done.stderr
        said.append(done.stdout)
    assert "Ana: city: Oslo." in said[0]
    assert "Ana's city is Oslo." in said[1]
    assert "The night is over" in said[2]
    assert "Night 1 in the weights kept: of 1 facts 1 arrived" in said[2]
    assert said[3] == "Forgotten: 1.\n"
    assert "Forgotten by the weights: 1" in here("memory", "sleep", "notes").stdout
