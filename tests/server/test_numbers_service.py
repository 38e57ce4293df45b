"""A brain of numbers through the service."""

from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from reverie.brain import Brain
from reverie.server import create_app
from serving import TOKEN

X = np.random.default_rng(0).normal(size=(60, 3)).round(3)
Y = (X @ [1.0, 2.0, -3.0] + 5).round(2)


@pytest.fixture
def client(tmp_path: Path):
    with Brain.create(tmp_path / "b", encoder="raw", targets="numbers") as brain:
        app = create_app(brain, token=TOKEN)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        with TestClient(app, base_url="http://localhost", headers=headers, raise_server_exceptions=False) as client:
            yield client


def learn(client: TestClient, **what: object):
    return client.post("/api/learn", json={"samples": {"vectors": X.tolist()}, **what})


def test_numbers_are_learned_and_told_with_limits(client: TestClient) -> None:
    assert learn(client, numbers=Y.tolist()).json()["samples"] == 60
    asked = {"samples": {"vectors": X[:3].tolist()}}
    found = client.post("/api/predict", json=asked | {"coverage": 0.8}).json()
    assert (found["coverage"], found["targets"]) == (0.8, [""])
    np.testing.assert_allclose(found["values"], Y[:3], atol=0.1)
    assert (np.array(found["low"]) < found["values"]).all()
    assert client.post("/api/predict", json=asked).json()["coverage"] == 0.9
    view = client.get("/api/brain").json()
    assert (view["targets"], view["classes"], view["samples"]) == ("numbers", [], 60)
    assert client.post("/api/sleep", json={}).status_code == 409
    assert "reverie_samples_total" in client.get("/metrics").text


def test_several_numbers_and_limits_that_nobody_knows(client: TestClient) -> None:
    one = {"samples": {"vectors": [[1.0, 2.0, 3.0]]}}
    assert client.post("/api/learn", json=one | {"numbers": [[3.5, 4]]}).status_code == 200
    found = client.post("/api/predict", json=one).json()
    assert (found["values"], found["low"], found["high"]) == ([[3.5, 4]], [[None, None]], [[None, None]])


@pytest.mark.parametrize(
    ("what", "status"),
    [
        ({"labels": ["a"] * 60}, 409),
        ({}, 409),
        ({"labels": ["a"] * 60, "numbers": Y.tolist()}, 409),
        ({"numbers": [1.0]}, 409),
        ({"numbers": ["1"] * 60}, 422),
        ({"numbers": [True] * 60}, 422),
        ({"numbers": [None] * 60}, 422),
        ({"numbers": []}, 422),
    ],
)
def test_what_is_no_number_is_refused(client: TestClient, what: dict[str, object], status: int) -> None:
    assert learn(client, **what).status_code == status


def test_a_coverage_is_a_share(client: TestClient) -> None:
    learn(client, numbers=Y.tolist())
    for coverage in (0, 1, 90, "0.9"):
        body = {"samples": {"vectors": X[:1].tolist()}, "coverage": coverage}
        assert client.post("/api/predict", json=body).status_code == 422


def test_brains_of_classes_take_no_numbers(service) -> None:
    client, _ = service
    answer = client.post("/api/learn", json={"samples": {"texts": ["a"]}, "numbers": [1.5]})
    assert answer.status_code == 409
    assert "Given numbers" in answer.json()["error"]
