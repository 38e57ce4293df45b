"""The service as a process: killed, stopped, talked to slowly."""

import select
import signal
import socket
from pathlib import Path

import httpx
import pytest
from sklearn.datasets import load_digits

from reverie.brain import Brain
from serving import TOKEN

X, Y = load_digits(return_X_y=True)
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Brain.create(tmp_path / "b", encoder="raw").close()
    return tmp_path / "b"


def lesson(number: int) -> dict:
    part = slice(10 * number, 10 * number + 10)
    return {"samples": {"vectors": X[part].tolist()}, "labels": Y[part].tolist()}


def test_what_was_answered_survives_kill_9(folder, processes):
    acknowledged = 0
    for round_ in range(3):
        service = processes(folder)
        with httpx.Client(base_url=service.address, headers=HEADERS, timeout=900) as client:
            assert client.get("/api/brain").json()["version"] >= acknowledged
            for number in range(5 * round_, 5 * round_ + 5):
                acknowledged = client.post("/api/learn", json=lesson(number)).json()["version"]
        assert service.end() == ""
    with Brain.open(folder) as brain, Brain.create(folder.parent / "twin", encoder="raw") as twin:
        for number in range(15):
            twin.learn(X[10 * number : 10 * number + 10], Y[10 * number : 10 * number + 10])
        assert brain.version == acknowledged == 15
        assert (brain.predict_proba(X) == twin.predict_proba(X)).all()


@pytest.mark.parametrize("blow", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_gently_with_a_live_page_open(folder, processes, blow):
    service = processes(folder)
    with (
        httpx.Client(base_url=service.address, headers=HEADERS, timeout=900) as client,
        client.stream("GET", "/api/events") as events,
    ):
        lines = events.iter_lines()
        assert next(lines).startswith("data: {")
        service.process.send_signal(blow)
        for _ in lines:  # to its end: a stream that had to be cut off would be an error here
            pass
    assert service.process.wait(900) == 0
    assert service.end() == ""
    Brain.open(folder).close()  # the lock is free


def test_a_second_writer_and_a_taken_port_are_told(folder, processes):
    service = processes(folder)
    port = service.address.rpartition(":")[2]
    with pytest.raises(AssertionError, match="is being written to by process"):
        processes(folder)
    Brain.create(folder.parent / "other", encoder="raw").close()
    with pytest.raises(AssertionError, match="cannot be listened on"):
        processes(folder.parent / "other", "--port", port)


def test_who_sends_slowly_or_nothing_does_not_hold_it_up(folder, processes):
    service = processes(folder)
    host, port = "127.0.0.1", int(service.address.rpartition(":")[2])
    slow = [socket.create_connection((host, port)) for _ in range(20)]
    head = f"POST /api/learn HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 100\r\n\r\n{{"
    for one in slow:
        one.sendall(head.encode())
    assert httpx.post(f"{service.address}/api/learn", json=lesson(0), headers=HEADERS, timeout=900).status_code == 200
    assert not select.select(slow, [], [], 0)[0]  # none of them was answered or ended: it did not wait for them
    for one in slow:
        one.close()
    garbage = socket.create_connection((host, port))
    garbage.sendall(b"\x00\xff" * 1000)
    assert b"Traceback" not in garbage.recv(10_000)
    garbage.close()
    assert httpx.get(f"{service.address}/healthz", timeout=900).json() == {"status": "ok"}
