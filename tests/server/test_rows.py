"""Rows of a table through the service: columns go by their names."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from reverie.brain import Brain
from reverie.server import create_app
from serving import TOKEN

ROWS = [
    {"height": 150.0 + row, "city": "Rome" if row % 2 else "Oslo", "weight": 50 + row % 2 * 40} for row in range(40)
]
LABELS = ["heavy" if row % 2 else "light" for row in range(40)]


@pytest.fixture
def client(tmp_path: Path):
    with Brain.create(tmp_path / "b", settings={"width": 50}) as brain:
        app = create_app(brain, token=TOKEN)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        with TestClient(app, base_url="http://localhost", headers=headers, raise_server_exceptions=False) as client:
            yield client


def test_rows_are_learned_and_asked_by_name(client):
    told = client.post("/api/learn", json={"samples": {"rows": ROWS}, "labels": LABELS}).json()
    assert (told["samples"], sorted(told["new"])) == (40, ["heavy", "light"])
    asked = [{"weight": 91, "city": None, "height": 170, "more": "x"}, {"city": "Oslo", "height": 151.5, "weight": 49}]
    found = client.post("/api/predict", json={"samples": {"rows": asked}}).json()
    assert found["labels"] == ["heavy", "light"]


def test_rows_that_lack_a_column_are_refused_by_its_name(client):
    client.post("/api/learn", json={"samples": {"rows": ROWS}, "labels": LABELS})
    answer = client.post("/api/predict", json={"samples": {"rows": [{"height": 170.0, "city": "Rome"}]}})
    assert answer.status_code == 409
    assert "lacks weight" in answer.json()["error"]


@pytest.mark.parametrize(
    "rows", [[], [{}], [{"a": [1]}], [{"a": 1e400}], [{"a": "x" * 2000}], [{f"c{i}": 1 for i in range(501)}], "rows"]
)
def test_rows_of_another_form_are_refused(client, rows):
    body = b'{"samples": {"rows": [{"a": 1e400}]}}' if rows == [{"a": 1e400}] else None
    answer = (
        client.post("/api/predict", content=body, headers={"Content-Type": "application/json"})
        if body
        else client.post("/api/predict", json={"samples": {"rows": rows}})
    )
    assert answer.status_code == 422


def test_sets_are_told_where_a_coverage_is_asked_for(client):
    client.post("/api/learn", json={"samples": {"rows": ROWS}, "labels": LABELS})
    body = {"samples": {"rows": ROWS[:2]}}
    found = client.post("/api/predict", json=body | {"coverage": 0.9}).json()
    assert ([some[0] for some in found["sets"]], found["coverage"]) == (["light", "heavy"], 0.9)
    assert not {"sets", "coverage"} & client.post("/api/predict", json=body).json().keys()
    assert client.post("/api/predict", json=body | {"coverage": 0.9, "by": "cortex"}).status_code == 409
    assert client.post("/api/predict", json=body | {"coverage": 2}).status_code == 422
