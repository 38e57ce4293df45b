"""The service stays available to those who have the token, whatever those who have not do."""

import asyncio
import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest

from reverie.brain import Brain
from reverie.server.limits import Limits
from reverie.server.room import Room
from serving import PICTURES, TOKEN, Y, png

HEADERS = {"Authorization": f"Bearer {TOKEN}"}


def connect(address: str) -> socket.socket:
    place = urlsplit(address)
    return socket.create_connection((place.hostname, place.port), timeout=900)


def ended(one: socket.socket) -> bool:
    """Whether the other side has ended it; waits for that."""
    try:
        return one.recv(1) == b""
    except ConnectionError:
        return True


@pytest.fixture
def served(tmp_path: Path, processes) -> str:
    with Brain.create(tmp_path / "b", encoder="raw") as brain:
        brain.learn(PICTURES[:100], Y[:100])
    return processes(tmp_path / "b").address


def test_half_sent_requests_shut_nobody_out(served: str) -> None:
    half = []
    for number in range(300):
        one = connect(served)
        one.sendall(b"POST /api/predict HTTP/1.1\r\nHost: localhost\r\nX-Half: " + b"a" * (number % 3))
        half.append(one)
        if number % 50 == 0:
            assert httpx.get(f"{served}/api/brain", headers=HEADERS, timeout=900).status_code == 200
    with httpx.Client(base_url=served, headers=HEADERS, timeout=900) as client:
        for _ in range(20):
            assert client.get("/api/brain").status_code == 200
    assert all(ended(one) for one in half)  # the oldest at once, the others when their time is over
    for one in half:
        one.close()


def test_half_a_request_on_a_connection_that_was_used_before_is_ended(served: str) -> None:
    one = connect(served)
    one.sendall(f"GET /api/brain HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode())
    assert one.recv(15) == b"HTTP/1.1 200 OK"
    while one.recv(10_000)[-1:] not in (b"}", b""):
        pass
    one.sendall(b"GET /api/brain HTTP/1.1\r\nHost: local")
    assert ended(one)
    one.close()


def test_a_body_without_the_token_is_not_waited_for(served: str) -> None:
    for framing in (b"Content-Length: 9000000", b"Transfer-Encoding: chunked"):
        one = connect(served)
        one.sendall(b"POST /api/learn HTTP/1.1\r\nHost: localhost\r\n" + framing + b"\r\n\r\n")
        assert one.recv(12) == b"HTTP/1.1 401"
        while one.recv(10_000):
            pass  # the rest of the answer; then the connection ends, though the body has never come
        one.close()


def test_who_floods_without_the_token_spends_nothing_of_those_who_have_it(served: str) -> None:
    with httpx.Client(base_url=served, timeout=900) as client:
        answers = {client.get("/api/brain").status_code for _ in range(400)}
        assert answers <= {401, 429}
        assert client.get("/api/brain", headers=HEADERS).status_code == 200


class _Transport(asyncio.Transport):
    aborted = False

    def abort(self) -> None:
        self.aborted = True


def test_the_room_is_bounded_in_all_and_for_each_address() -> None:
    room = Room(Limits(waiting=5, waiting_each=3, connections=2))

    def come(addresses: list[int]) -> dict[tuple[str, int], _Transport]:
        there = {}
        for number, address in enumerate(addresses):
            client = (f"10.0.0.{address}", 1000 * len(addresses) + number)
            there[client] = _Transport()
            room.enter(client, there[client])
        return there

    flood = come([9] * 8)
    assert [transport.aborted for transport in flood.values()] == [True] * 5 + [False] * 3
    known = come([1, 2])
    more = come([9, 9, 9, 3, 4])  # whoever comes: of the address that has most, the one that came first goes
    assert not any(transport.aborted for transport in known.values())
    assert sum(not transport.aborted for transport in more.values()) == 3
    first, second = known
    assert room.admit(first) and room.admit(second)
    late = come(list(range(20, 32)))
    assert sum(not transport.aborted for transport in late.values()) == 5
    assert not any(transport.aborted for transport in known.values())
    last = list(late)[-1]
    assert not room.admit(last)
    room.leave(first)
    assert room.admit(last)


def test_pictures_of_many_pixels_are_refused_before_they_are_decoded(service) -> None:
    client, _ = service
    large = png(np.zeros((7000, 7000), np.uint8))
    answer = client.post("/api/predict", json={"samples": {"pictures": [large] * 150}})
    assert answer.status_code == 409
    assert "pixels together" in answer.json()["error"]


def test_base64_as_clients_write_it(service) -> None:
    client, _ = service
    plain = png(PICTURES[3])
    lines = "\n".join(plain[place : place + 20] for place in range(0, len(plain), 20))
    letters = plain.translate(str.maketrans("+/", "-_"))
    ways = [plain, lines, f"data:image/png;base64,{plain}", letters, letters.rstrip("=")]
    labels = client.post("/api/predict", json={"samples": {"pictures": ways}}).json()["labels"]
    assert labels == [labels[0]] * 5
    refused = client.post("/api/predict", json={"samples": {"pictures": ["data:,%%%"]}})
    assert "base64" in refused.json()["error"]


def test_a_brain_served_from_the_folder_one_is_in_says_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fastapi.testclient import TestClient

    from reverie.server import create_app

    with Brain.create(tmp_path / "b", encoder="raw") as made:
        made.learn(PICTURES[:20], Y[:20])
    monkeypatch.chdir(tmp_path / "b")
    app = create_app(Brain.open("."), token=TOKEN)
    with TestClient(app, base_url="http://localhost", headers=HEADERS) as client:
        answer = client.post("/api/forget", json={"label": 77})
        assert (answer.status_code, "Unknown label 77. Known" in answer.json()["error"]) == (409, True)
        next((tmp_path / "b" / "journal").iterdir()).write_bytes(b"somebody else")
        answer = client.post("/api/learn", json={"samples": {"pictures": [png(PICTURES[0])]}, "labels": [1]})
        assert (answer.status_code, "changed by somebody else" in answer.json()["error"]) == (500, True)
        assert str(tmp_path) not in answer.text


@pytest.mark.parametrize(
    "body",
    [
        b'{"samples": {"vectors": [' + b"[1]," * 1_000_000 + b"[1]]}}",
        b"{" + b",".join(b'"k%d": 1' % number for number in range(100_000)) + b"}",
        b'{"samples": {"texts": [' + b'"a",' * 1_000_000 + b'"a"]}}',
    ],
    ids=["lists", "keys", "texts"],
)
def test_masses_of_parts_are_refused_with_one_error(body: bytes, service) -> None:
    client, _ = service
    answer = client.post("/api/predict", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (413, 422)
    assert len(answer.text) < 300
