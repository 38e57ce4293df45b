"""Schemathesis on the service's own OpenAPI: whatever it thinks of, no server error, and only documented answers."""

import os
import subprocess
import sys

from reverie.brain import Brain
from serving import TOKEN, X, Y


def test_schemathesis_finds_nothing(tmp_path, processes):
    with Brain.create(tmp_path / "b", encoder="raw") as brain:
        brain.learn(X[:200], [f"digit {label}" for label in Y[:200]])
    service = processes(tmp_path / "b")
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
