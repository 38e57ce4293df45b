"""The service through its own client: what it does, and what it refuses."""

import threading
import time

import numpy as np
import pytest
from fastapi.testclient import TestClient

from reverie.brain import Brain
from reverie.errors import BadData
from reverie.server import Limits, create_app, serve
from serving import PICTURES, TOKEN, Y, png


def samples(*numbers):
    return {"pictures": [png(PICTURES[number]) for number in numbers]}


def test_learn_predict_rename_forget_rollback(service):
    client, brain = service
    nines = np.flatnonzero(Y == 9)[:20].tolist()
    told = client.post("/api/learn", json={"samples": samples(*nines), "labels": ["nine"] * 20, "name": "alice"}).json()
    assert told == {"samples": 20, "new": ["nine"], "novelty": [], "version": 2}
    found = client.post("/api/predict", json={"samples": samples(*np.flatnonzero(Y == 9)[20:25].tolist())}).json()
    assert found["labels"].count("nine") >= 4
    assert found.keys() == {"labels", "confidence", "novelty", "new"}
    assert client.post("/api/rename", json={"label": "nine", "to": "digit 9"}).json() == {"version": 3}
    assert client.post("/api/forget", json={"name": "alice"}).json() == {"version": 4}
    assert "digit 9" not in [one["label"] for one in client.get("/api/brain").json()["classes"]]
    assert client.post("/api/forget", json={"label": "digit 3"}).json() == {"version": 5}
    client.post("/api/learn", json={"samples": samples(*nines), "labels": ["nine"] * 20})
    to = brain.versions()[0]
    assert client.post("/api/rollback", json={"to": to}).json() == {"version": 7}
    assert [event["kind"] for event in client.get("/api/brain").json()["history"]][-1] == "rollback"
    with Brain.open(brain.folder, writer=False) as reader:
        assert reader.version == 7


def test_correct_tells_what_has_changed_and_is_undone(service):
    client, brain = service
    before = client.post("/api/predict", json={"samples": samples(0)}).json()["labels"]
    assert before == ["digit 0"]
    told = client.post("/api/correct", json={"samples": samples(0), "to": "odd one", "was": "digit 0"}).json()
    assert told.keys() == {"before", "after", "changed", "weight", "others", "new", "version"}
    assert (told["before"], told["after"], told["changed"]) == ("digit 0", "odd one", True)
    assert (told["new"], told["version"]) == (["odd one"], 2)
    assert [one["label"] for one in told["others"]] == brain.mind.labels[:8]
    assert all(0 <= one["share"] <= 1 for one in told["others"])
    assert client.post("/api/predict", json={"samples": samples(0)}).json()["labels"] == ["odd one"]
    assert client.get("/api/brain").json()["history"][-1]["was"] == "digit 0"
    assert client.post("/api/rollback", json={"to": 1}).json() == {"version": 3}
    assert client.post("/api/predict", json={"samples": samples(0)}).json()["labels"] == before


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"samples": samples(0, 1), "to": "digit 1"}, 409, "Expected one"),
        ({"samples": samples(0), "to": 3}, 409, "those known are str"),
        ({"samples": samples(0), "to": "digit 1", "was": "dog"}, 409, "Unknown label"),
        ({"samples": samples(0), "to": "digit 1", "was": "digit 1"}, 409, "the same"),
        ({"samples": {"pictures": [png(255 - PICTURES[0])]}, "to": "digit 1", "was": "digit 0"}, 409, "not learned as"),
        ({"samples": samples(0)}, 422, "Look at"),
        ({"samples": samples(0), "to": ""}, 422, "Look at"),
        ({"samples": samples(0), "to": "digit 1", "weight": 3}, 422, "Look at"),
    ],
)
def test_what_cannot_be_corrected_is_explained_and_changes_nothing(service, body, status, words):
    client, brain = service
    answer = client.post("/api/correct", json=body)
    assert (answer.status_code, words in answer.json()["error"]) == (status, True), answer.text
    assert brain.version == 1
    foreign = client.post("/api/correct", json=body, headers={"Origin": "http://evil.example"})
    assert foreign.status_code == 403


def test_without_labels_what_is_new_becomes_a_class(service):
    client, _ = service
    told = client.post("/api/learn", json={"samples": samples(*np.flatnonzero(Y == 9)[:30].tolist())}).json()
    assert told["new"] == ["new 1"]
    assert len(told["novelty"]) == 30


def test_a_night_is_slept_while_the_brain_can_be_asked(service, monkeypatch):
    client, brain = service
    asked, real = threading.Event(), brain.sleep

    def long_night():
        assert asked.wait(900)
        return real()

    monkeypatch.setattr(brain, "sleep", long_night)
    assert client.post("/api/sleep").status_code == 202
    seen = set()
    while not (nights := client.get("/api/brain").json()["nights"]):
        assert client.post("/api/predict", json={"samples": samples(0)}).status_code == 200
        seen.add(client.post("/api/forget", json={"label": "no such"}).status_code)
        asked.set()
        time.sleep(0.05)  # a long night must not meet the limit on requests
    assert nights[0]["verdict"] in ("committed", "rolled back")
    assert 503 in seen
    while client.get("/api/brain").json()["asleep"]:  # the night is over a moment before the brain is awake
        time.sleep(0.05)
    assert client.post("/api/forget", json={"label": "digit 1"}).status_code == 200


def test_it_measures_itself(service):
    client, _ = service
    client.post("/api/predict", json={"samples": samples(0, 1)})
    text = client.get("/metrics").text
    assert 'reverie_samples_total{what="predicted"} 2.0' in text
    assert "reverie_classes 8.0" in text
    assert text.endswith("# EOF\n")
    assert client.get("/healthz").json() == {"status": "ok"}


def test_there_is_no_answer_without_the_token(service):
    client, _ = service
    paths = client.get("/api/openapi.json").json()["paths"]
    tried = [(method, path) for path, methods in paths.items() for method in methods]
    tried += [("get", "/metrics"), ("get", "/api/events"), ("get", "/api/openapi.json")]
    assert len(tried) >= 10
    stranger = TestClient(client.app, base_url="http://localhost")
    for header in ("", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer "):
        for method, path in tried:
            answer = stranger.request(method, path, headers={"Authorization": header} if header else {}, json={})
            assert answer.status_code == 401, (method, path, header)
            assert answer.json() == {"error": "A token is needed: Authorization: Bearer TOKEN."}


BAD = {
    "not JSON": (b"{", 422),
    "no samples": ({}, 422),
    "nothing in it": ({"samples": {"texts": []}}, 422),
    "two kinds": ({"samples": {"texts": ["a"], "vectors": [[1]]}}, 422),
    "an unknown word": ({"samples": {"texts": ["a"]}, "extra": 1}, 422),
    "infinity": (b'{"samples": {"vectors": [[NaN]]}}', 422),
    "deep": (b"[" * 100_000, (400, 422)),
    "sentences for pictures": ({"samples": {"texts": ["a"]}}, 409),
    "vectors for pictures": ({"samples": {"vectors": [[1, 2]]}}, 409),
    "ragged": ({"samples": {"vectors": [[1, 2], [1]]}}, 409),
    "too large for float32": ({"samples": {"vectors": [[1e300] * 64]}}, 409),
    "not base64": ({"samples": {"pictures": ["§"]}}, 409),
    "not a picture": ({"samples": {"pictures": ["aGVsbG8="]}}, 409),
    "labels of two kinds": ({"samples": {"pictures": [png(PICTURES[0])] * 2}, "labels": ["a", 1]}, 409),
    "numbers where words are known": ({"samples": {"pictures": [png(PICTURES[0])]}, "labels": [3]}, 409),
    "more labels than samples": ({"samples": {"pictures": [png(PICTURES[0])]}, "labels": ["a", "b"]}, 409),
    "a path as a name": (
        {"samples": {"pictures": [png(PICTURES[0])]}, "labels": ["a"], "name": "../../etc/passwd"},
        422,
    ),
    "half a letter": (b'{"samples": {"texts": ["\\ud800"]}}', 422),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_requests_are_explained_and_change_nothing(service, case):
    client, brain = service
    body, expected = BAD[case]
    given = (
        {"content": body, "headers": {"Content-Type": "application/json"}}
        if isinstance(body, bytes)
        else {"json": body}
    )
    answer = client.post("/api/learn", **given)
    assert answer.status_code in (expected if isinstance(expected, tuple) else (expected,)), answer.text
    assert answer.json().keys() == {"error"}
    assert str(brain.folder) not in answer.text
    assert "Traceback" not in answer.text
    assert brain.version == 1


def test_a_bomb_of_a_picture_is_refused(service):
    client, _ = service
    large = png(np.zeros((8000, 8000), dtype=np.uint8))
    answer = client.post("/api/predict", json={"samples": {"pictures": [large]}})
    assert answer.status_code == 409
    assert "8000×8000 pixels" in answer.json()["error"]


def test_doors(brain):
    app = create_app(brain, token=TOKEN, limits=Limits(body=1000, rate=0.001, burst=12))
    with TestClient(app, base_url="http://localhost", headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        assert client.get("/healthz", headers={"Host": "evil.example"}).status_code == 421
        assert client.get("/healthz", headers={"Host": "LOCALHOST:8765"}).status_code == 200
        assert client.post("/api/sleep", headers={"Origin": "http://evil.example"}).status_code == 403
        assert client.get("/api/brain", headers={"Origin": "http://localhost"}).status_code == 200
        assert client.post("/api/predict", content=b"x" * 1001).status_code == 413

        def pieces():
            for _ in range(100):
                yield b'{"samples": "' + b"x" * 100

        answer = client.post("/api/predict", content=pieces(), headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()) == (413, {"error": "The request is too large."})
        assert answer.headers["x-content-type-options"] == "nosniff"
        statuses = [client.get("/healthz").status_code for _ in range(20)]
        assert statuses.count(429) >= 10
        assert client.get("/healthz").headers["retry-after"] == "1"


def test_changes_wait_in_a_bounded_queue(brain):
    app = create_app(brain, token=TOKEN, limits=Limits(queue=1, wait=0.2))
    held, go = threading.Event(), threading.Event()
    with TestClient(app, base_url="http://localhost", headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        keeper = app.state.keeper

        def hold(_):
            held.set()
            go.wait(900)

        first = threading.Thread(target=lambda: keeper.change(hold))
        first.start()
        held.wait(900)
        late = client.post("/api/forget", json={"label": "digit 1"})
        assert (late.status_code, late.headers["retry-after"]) == (503, "5")
        assert "Nothing was changed" in late.json()["error"]
        go.set()
        first.join()
        time.sleep(0.1)
        assert brain.version == 1  # the change that gave up never happens
        assert client.post("/api/forget", json={"label": "digit 1"}).status_code == 200


def test_an_error_of_ours_says_nothing_of_itself(service, monkeypatch):
    client, brain = service

    def fail(*given, **named):
        raise RuntimeError(f"secret at {brain.folder}")

    monkeypatch.setattr(brain, "answer", fail)
    answer = client.post("/api/predict", json={"samples": samples(0)})
    assert (answer.status_code, answer.json()) == (500, {"error": "Something went wrong here. Nothing was changed."})

    def full(*given, **named):
        raise OSError(28, "No space left on device", str(brain.folder))

    monkeypatch.setattr(brain, "learn", full)
    answer = client.post("/api/learn", json={"samples": samples(0), "labels": ["digit 0"]})
    assert answer.status_code == 507
    assert str(brain.folder) not in answer.text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"host": "0.0.0.0"}, "Give a token of your own"),
        ({"token": "short"}, "at least 16"),
        ({"port": 70000}, "port is 70000"),
    ],
)
def test_it_does_not_open_carelessly(brain, options, words):
    with pytest.raises(BadData, match=words):
        serve(brain.folder, **options)
