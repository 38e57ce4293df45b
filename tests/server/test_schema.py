"""Schemathesis on the services' own OpenAPI: whatever it thinks of, no server error, and only documented answers."""

import os
import subprocess
import sys

import pytest

from reverie.brain import Brain
from reverie.language import LanguageMemory
from serving import TOKEN, X, Y


def of_a_brain(folder):
    with Brain.create(folder, encoder="raw") as brain:
        brain.learn(X[:200], [f"digit {label}" for label in Y[:200]])


def of_a_memory(folder):
    with LanguageMemory.open(folder) as memory:
        memory.remember("Ana's city is Rome.")
        memory.remember("Ben met Ana in Oslo.", session="monday")


@pytest.mark.parametrize(("what", "make"), [("brain", of_a_brain), ("memory", of_a_memory)])
def test_schemathesis_finds_nothing(tmp_path, processes, what, make):
    make(tmp_path / "b")
    service = processes(tmp_path / "b", what=what)
    command = [
        os.path.join(os.path.dirname(sys.executable), "schemathesis"),
        "run",
        f"{service.address}/api/openapi.json",
        "--header",
        f"Authorization: Bearer {TOKEN}",
        "--max-examples",
        "15",
        "--seed",
        "0",
        "--rate-limit",
        "90/s",
        "--exclude-path",
        "/api/sleep",
        "--no-color",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert service.process.poll() is None
