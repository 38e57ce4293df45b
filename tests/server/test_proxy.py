"""The memory between a chat program and a language model: real servers, one in a process of its own."""

import json
import threading

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

from reverie.errors import BadData
from reverie.language import LanguageMemory
from reverie.server import create_proxy_app
from serving import TOKEN

HEADERS = {"Authorization": f"Bearer {TOKEN}"}


class Model:
    """A server with the interface of a language model; it keeps what it was asked."""

    def __init__(self):
        self.asked, self.keys = [], []
        app = FastAPI()

        @app.get("/v1/models")
        def models():
            return {"data": [{"id": "little"}]}

        @app.post("/v1/chat/completions")
        async def chat(request: Request):
            body = await request.json()
            self.asked.append(body)
            self.keys.append(request.headers.get("authorization"))
            if body.get("stream"):
                words = (f"data: {json.dumps({'word': word})}\n\n" for word in ("a", "b"))
                return StreamingResponse(words, media_type="text/event-stream")
            return {"choices": [{"message": {"role": "assistant", "content": "Yes."}}]}

        self.server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", ws="none"))
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()
        while not self.server.started:
            self.thread.join(0.01)
        self.address = f"http://127.0.0.1:{self.server.servers[0].sockets[0].getsockname()[1]}/v1"

    def end(self):
        self.server.should_exit = True
        self.thread.join()


@pytest.fixture
def model():
    made = Model()
    yield made
    made.end()


def said(*texts, **more):
    roles = ("user", "assistant")
    return {
        "model": "little",
        "messages": [{"role": roles[at % 2], "content": one} for at, one in enumerate(texts)],
    } | more


def test_what_was_told_comes_back_in_another_conversation(processes, model, tmp_path):
    folder = tmp_path / "m"
    proxy = processes(folder, "--upstream", model.address, "--key", "k", what="memory", verb="proxy").page
    with httpx.Client(base_url=proxy, headers=HEADERS, timeout=60) as client:
        assert client.get("/models").json()["data"][0]["id"] == "little"
        first = said("I moved to Oslo.")
        assert client.post("/chat/completions", json=first).json()["choices"][0]["message"]["content"] == "Yes."
        client.post("/chat/completions", json=first)  # again, as after a failure
        assert model.asked[0] == first
        rules = {"role": "system", "content": "Be short."}
        asked = said("Where do I live?", temperature=0.5)
        asked["messages"].insert(0, rules)
        client.post("/chat/completions", json=asked)
        got = model.asked[-1]
        assert got["messages"][0] == rules
        assert "Oslo" in got["messages"][1]["content"]
        assert (got["messages"][1]["role"], got["messages"][2:], got["temperature"]) == (
            "system",
            asked["messages"][1:],
            0.5,
        )
        with client.stream("POST", "/chat/completions", json=said("Hello there.", stream=True)) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert [line for line in answer.iter_lines() if line] == ['data: {"word": "a"}', 'data: {"word": "b"}']
        parts = said(
            [{"type": "text", "text": "My dog is called Rex."}, {"type": "image_url", "image_url": {"url": "x"}}]
        )
        client.post("/chat/completions", json=parts)
        assert set(model.keys) == {"Bearer k"}
        assert (
            client.post("/chat/completions", json=said("x"), headers={"Authorization": "Bearer no"}).status_code == 401
        )
        assert client.post("/chat/completions", content=b"{").status_code == 400
        assert client.post("/chat/completions", json={"messages": "x"}).status_code == 422
        assert client.post("/embeddings", json={}).status_code == 404
    with LanguageMemory.open(folder) as memory:
        texts = [one.text for one in memory.store.live() if one.text is not None]
        assert texts.count("I moved to Oslo.") == 1
        assert "My dog is called Rex." in texts
        assert "Yes." not in texts


def test_a_model_that_is_not_there_and_bad_settings(tmp_path):
    from fastapi.testclient import TestClient

    memory = LanguageMemory.open(tmp_path / "m")
    with pytest.raises(BadData, match="upstream"):
        create_proxy_app(memory, token=TOKEN, upstream="file:///etc/passwd")
    with pytest.raises(BadData, match="tokens"):
        create_proxy_app(memory, token=TOKEN, upstream="http://127.0.0.1:9/v1", tokens=0)
    app = create_proxy_app(memory, token=TOKEN, upstream="http://127.0.0.1:9/v1")
    with TestClient(app, base_url="http://localhost", headers=HEADERS) as client:
        answer = client.post("/v1/chat/completions", json=said("I moved to Oslo."))
        assert answer.status_code == 502
        assert "cannot be reached" in answer.json()["error"]
