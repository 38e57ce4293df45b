"""A service of a small brain, in this process through its own client; and services in processes of their own."""

from pathlib import Path

import pytest

from reverie.brain import Brain
from serving import PICTURES, TOKEN, Process, Y


@pytest.fixture
def brain(tmp_path: Path):
    with Brain.create(tmp_path / "b", encoder="cortex", settings={"filters": 10, "patch": 4, "patches": 2000}) as made:
        made.learn(PICTURES[:300][Y[:300] < 8], [f"digit {label}" for label in Y[:300][Y[:300] < 8]])
        yield made


@pytest.fixture
def service(brain):
    """(client, brain); the client knows the token."""
    from fastapi.testclient import TestClient

    from reverie.server import create_app

    app = create_app(brain, token=TOKEN)
    client = TestClient(
        app, base_url="http://localhost", headers={"Authorization": f"Bearer {TOKEN}"}, raise_server_exceptions=False
    )
    with client:
        yield client, brain


@pytest.fixture
def processes():
    """Start services; they are ended."""
    begun = []

    def start(folder, *options, **which):
        begun.append(Process(folder, *options, **which))
        return begun[-1]

    yield start
    for one in begun:
        one.end()
