"""`reverie doctor` says what is there and what is missing; every extra of the package is known to it."""

import json
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from typer.testing import CliRunner

from reverie.cli import app, doctor


def test_what_is_there_is_said_and_what_is_missing_with_the_command_that_gets_it(monkeypatch):
    version = metadata.version

    def without(name):
        if name in ("mcp", "soxr"):
            raise metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(doctor.metadata, "version", without)
    done = CliRunner().invoke(app, ["doctor"])
    assert done.exit_code == 0, done.output
    assert "pip install 'reverie[mcp]'" in done.output
    assert "pip install 'reverie[sound]'" in done.output
    assert "missing: soxr" in done.output
    assert "pip install 'reverie[serve]'" not in done.output
    found = json.loads(CliRunner().invoke(app, ["doctor", "--json"]).stdout)
    missing = {one["name"]: one["missing"] for one in found["extras"]}
    assert missing["mcp"] == ["mcp"]
    assert missing["serve"] == []  # the packages of reverie[drift] within it are there as well


@pytest.mark.parametrize("pure", [True, False])
def test_whether_compiled_loops_run_is_said(monkeypatch, pure):
    monkeypatch.setattr("reverie.native.available", lambda: not pure)
    said = CliRunner().invoke(app, ["doctor"]).output
    assert ("Compiled loops run." in said) is not pure
    assert ("slower" in said) is pure


def test_every_extra_for_users_has_its_job_told():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    assert set(doctor._JOBS) == set(project["optional-dependencies"]) - {"dev", "docs"}
