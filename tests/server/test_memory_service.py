"""The service of a memory: REST through its own client, and the Model Context Protocol by its own client."""

import asyncio
import json
import threading
import time

import httpx
import pytest
from fastapi.testclient import TestClient

from reverie.language import LanguageMemory
from reverie.server import Limits, create_memory_app
from serving import TOKEN

pytest.importorskip("mcp", reason="the package mcp is not installed: pip install 'reverie[mcp]'")
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def memory(tmp_path):
    with LanguageMemory.open(tmp_path / "m") as made:
        yield made


@pytest.fixture
def client(memory):
    app = create_memory_app(memory, token=TOKEN)
    with TestClient(app, base_url="http://localhost", headers=HEADERS, raise_server_exceptions=False) as client:
        yield client


def test_told_asked_mended_and_forgotten(client, tmp_path):
    told = client.post("/api/remember", json={"text": "Ana's city is Rome."}).json()
    assert (told["ids"], told["facts"][0]["value"]) == ([1], "Rome")
    client.post("/api/remember", json={"text": "She moved.", "who": "Ana", "what": "city", "value": "Oslo"})
    client.post("/api/remember", json={"text": "Ben met Ana.", "hearsay": True, "pinned": True, "source": "mail"})
    found = client.post("/api/recall", json={"question": "Has she moved?", "k": 1}).json()["found"]
    assert [(one["id"], one["text"], one["comes_from"]) for one in found] == [(2, "She moved.", "store")]
    few = client.post("/api/recall", json={"question": "Who met Ana?", "source": "mail", "since": "2020-01-01"}).json()
    assert [one["id"] for one in few["found"]] == [3]
    none = {"question": "What does a lighthouse keeper eat?", "threshold": 0.9}
    assert client.post("/api/recall", json=none).json()["found"] == []
    assert client.post("/api/confirm", json={"question": "Ana's city?", "ids": [2]}).json() == {"confirmed": [2]}
    page = client.get("/api/memories", params={"limit": 2}).json()
    assert ([one["id"] for one in page["episodes"]], page["before"]) == ([3, 2], 2)
    rest = client.get("/api/memories", params={"limit": 2, "before": page["before"]}).json()
    assert ([one["id"] for one in rest["episodes"]], "before" in rest) == ([1], False)
    assert [page["episodes"][0][name] for name in ("trusted", "pinned", "source")] == [False, True, "mail"]
    assert [one["value"] for one in client.get("/api/facts", params={"who": "Ana"}).json()["episodes"]] == ["Oslo"]
    assert [one["value"] for one in client.get("/api/facts").json()["episodes"]] == ["Oslo"]
    done = client.post("/api/change", json={"id": 2, "valid_from": "2030-05-01", "pinned": True}).json()["episodes"][0]
    assert (done["valid_from"], done["pinned"]) == ("2030-05-01T00:00:00+00:00", True)
    versions = client.get("/api/history", params={"who": "Ana", "what": "city"}).json()["episodes"]
    assert [(one["value"], one.get("valid_to")) for one in versions] == [
        ("Oslo", None),
        ("Rome", "2030-05-01T00:00:00+00:00"),
    ]
    assert client.post("/api/change", json={"id": 2, "importance": 0.25}).json()["episodes"][0]["importance"] == 0.25
    lines = [json.loads(line) for line in client.get("/api/export").text.splitlines()]
    assert [line.get("text") for line in lines] == ["Ana's city is Rome.", "She moved.", "Ben met Ana.", None]
    gone = client.post("/api/forget", json={"who": "Ana"}).json()
    assert (gone["forgotten"], [one["id"] for one in gone["still_mention"]]) == ([1, 2], [3])
    assert client.get("/api/memory").json() == {"texts": 1, "facts": 0, "encoder": "hash", "asleep": False}
    assert all(b"Oslo" not in file.read_bytes() for file in (tmp_path / "m").iterdir())


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("remember", {"text": ""}, 422),
        ("remember", {"text": "x" * 100_001}, 422),
        ("remember", {"text": "x", "user": "ben"}, 422),
        ("remember", {"text": "x", "trusted": True}, 422),
        ("remember", {"text": "x", "who": "Ana"}, 409),
        ("remember", {"text": "x", "valid_from": "lately"}, 409),
        ("recall", {"question": "x", "k": 0}, 422),
        ("recall", {"question": "x", "as_of": "lately"}, 409),
        ("recall", {"question": "x", "since": "lately"}, 409),
        ("recall", {"question": "x", "kind": "odd"}, 409),
        ("recall", {"question": "x", "threshold": 2}, 422),
        ("confirm", {"question": "x", "ids": [99]}, 409),
        ("change", {"id": 1}, 409),
        ("change", {"id": 99, "pinned": True}, 409),
        ("change", {"id": 1, "importance": 1}, 422),
        ("change", {"id": 1, "pinned": True, "importance": 0.5}, 409),
        ("change", {"id": 1, "valid_from": "0001-01-01"}, 409),
        ("forget", {}, 409),
        ("forget", {"ids": []}, 422),
        ("forget", {"ids": [1], "who": "Ana"}, 409),
        ("sleep", {"model": "/etc"}, 422),
    ],
)
def test_what_is_wrong_is_refused_and_changes_nothing(client, memory, path, body, status):
    memory.remember("Ana's city is Rome.")
    before = memory.store.clock
    answer = client.post(f"/api/{path}", json=body)
    assert (answer.status_code, "error" in answer.json()) == (status, True), answer.text
    assert str(memory.folder) not in answer.text
    assert memory.store.clock == before


PATHS = [("GET", path) for path in ("memory", "memories", "facts", "history?who=x", "sleep", "export", "openapi.json")]
PATHS += [("POST", path) for path in ("remember", "recall", "confirm", "change", "forget", "sleep")]


@pytest.mark.parametrize(("method", "path"), [(how, f"/api/{path}") for how, path in PATHS] + [("POST", "/mcp")])
def test_every_route_is_closed_to_who_has_no_token_or_comes_from_elsewhere(client, memory, method, path):
    for headers, status in [
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Host": "evil.example"}, 421),
        ({"Host": "localhost.evil.example:80"}, 421),
        *([({"Origin": "http://evil.example"}, 403)] if method == "POST" else []),
    ]:
        for body in ({}, None):
            assert client.request(method, path, json=body, headers=headers).status_code == status
    assert memory.store.clock == 0


def test_the_list_of_closed_routes_is_whole(client):
    known = client.get("/api/openapi.json").json()["paths"]
    found = {(how.upper(), path.removeprefix("/api/")) for path, one in known.items() for how in one}
    assert found == {(how, path.partition("?")[0]) for how, path in PATHS} - {("GET", "openapi.json")}
    assert client.get("/mcp").status_code == 405
    assert client.get("/healthz", headers={"Authorization": ""}).json() == {"status": "ok"}


def test_a_request_may_be_as_large_as_the_limits_say(memory):
    app = create_memory_app(memory, token=TOKEN, limits=Limits(body=1000))
    with TestClient(app, base_url="http://localhost", headers=HEADERS) as client:
        for path in ("/api/remember", "/mcp"):
            assert client.post(path, json={"text": "x" * 2000}).status_code == 413
            parts = iter([b"x" * 600, b"x" * 600])
            assert client.post(path, content=parts).status_code == 413


def test_a_night_in_the_background_says_how_far_it_is(client, memory, monkeypatch):
    woken, real = threading.Event(), memory.sleep

    def long_night(*, told, **options):
        told("retriever")
        assert woken.wait(900)
        return real(told=told, **options)

    monkeypatch.setattr(memory, "sleep", long_night)
    assert client.get("/api/sleep").json() == {"asleep": False}
    assert client.post("/api/sleep", json={}).status_code == 202
    while (night := client.get("/api/sleep").json()).get("stage") != "retriever":
        time.sleep(0.02)
    assert night["asleep"]
    assert client.post("/api/sleep", json={}).status_code == 503
    assert client.post("/api/remember", json={"text": "Ana's city is Rome."}).json()["ids"] == [1]
    assert client.post("/api/recall", json={"question": "Ana's city?"}).json()["found"][0]["id"] == 1
    woken.set()
    while (night := client.get("/api/sleep").json())["asleep"]:
        time.sleep(0.02)
    assert night["report"]["retriever"]["verdict"] == "nothing to learn"


def test_the_protocols_own_client_over_http_in_a_process(tmp_path, processes):
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    service = processes(tmp_path / "m", what="memory")

    async def talk():
        async with (
            httpx.AsyncClient(headers=HEADERS, timeout=900) as http,
            Client(streamable_http_client(f"{service.address}/mcp", http_client=http)) as client,
        ):
            tools = (await client.list_tools()).tools
            told = await client.call_tool("remember", {"text": "Ana's city is Rome."})
            found = await client.call_tool("recall", {"question": "Which city is Ana's?"})
            wrong = await client.call_tool("recall", {"question": "x", "user": "ben"})
        return tools, told, found, wrong

    tools, told, found, wrong = asyncio.run(talk())
    assert len(tools) >= 9
    assert told.structured_content["ids"] == [1]
    assert found.structured_content["found"][0]["value"] == "Rome"
    assert wrong.is_error
    with httpx.Client(base_url=service.address, headers=HEADERS, timeout=900) as rest:  # one memory, two doors
        assert rest.post("/api/recall", json={"question": "Ana's city?"}).json()["found"][0]["source"] == "assistant"
        rest.post("/api/remember", json={"text": "Ben plays chess."})
    service.process.terminate()
    assert service.process.wait(900) == 0
    assert service.end() == ""
    with LanguageMemory.open(tmp_path / "m", create=False) as memory:
        assert len(memory.history()) == 2
