"""A memory between a chat program and a language model: the OpenAI interface, `/v1/chat/completions`.

What the memory knows of the last thing that the user said is put before the conversation, and what the user said is
remembered. All else goes to the model and comes back as it is, streams too. What the model says is not remembered.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from anyio.to_thread import run_sync
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException

from reverie.errors import BadData
from reverie.language import LanguageMemory
from reverie.server.frame import open_service
from reverie.server.limits import Limits
from reverie.server.memory_keeper import MemoryKeeper
from reverie.server.room import Room
from reverie.untrusted import parse_json

__all__ = ["create_proxy_app"]

_TOLD = "What you remember of this user, from earlier conversations. Use it where it helps; do not recite it.\n\n"
_ASKED = 10_000  # characters of what was said last, by which the memory is asked
_RECENT = 100  # of the newest memories, among which a message that is sent again is looked for
_TIMES = httpx.Timeout(10.0, read=600.0)  # seconds to reach the model, and for its next word


def create_proxy_app(
    memory: LanguageMemory,
    *,
    token: str,
    upstream: str,
    key: str | None = None,
    tokens: int = 800,
    limits: Limits | None = None,
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1"),
    room: Room | None = None,
) -> FastAPI:
    """The proxy; the memory is closed when it stops.

    Parameters
    ----------
    token : str
        What chat programs give as their key.
    upstream : str
        Address of the model's interface, such as "http://127.0.0.1:11434/v1". No other address is ever asked.
    key : str, optional
        The key that it wants.
    tokens : int
        The most that the model is told of the memory.
    limits, hosts, room
        As of `reverie.server.create_app`.
    """
    address = urlsplit(upstream)
    if address.scheme not in ("http", "https") or not address.hostname or address.query or address.fragment:
        raise BadData(f"upstream is {upstream!r}. Expected an address such as http://127.0.0.1:11434/v1.")
    if tokens < 1:
        raise BadData(f"tokens is {tokens}. Expected at least 1.")
    limits = limits or Limits()
    keeper = MemoryKeeper(memory, limits)
    model = httpx.AsyncClient(
        base_url=upstream.rstrip("/") + "/",
        headers={} if key is None else {"Authorization": f"Bearer {key}"},
        timeout=_TIMES,
        trust_env=False,
    )

    @asynccontextmanager
    async def asking() -> AsyncIterator[None]:
        async with model:
            yield

    app, closed = open_service(
        "A memory between a chat program and a language model.",
        keeper,
        token=token,
        limits=limits,
        hosts=hosts,
        room=room or Room(limits),
        told=lambda status: None,
        folder=memory.folder or Path("."),
        name="memory",
        pages={},
        beside=asking,
    )

    @closed.get("/v1/models", response_model=None)
    async def models() -> Response:
        """The models that there are."""
        return await _passed(model, "GET", "models", None)

    @closed.post("/v1/chat/completions", response_model=None)
    async def chat(request: Request) -> Response:
        """Answer a conversation."""
        try:
            given = parse_json(await request.body())
        except ValueError:
            raise HTTPException(400) from None
        if not isinstance(given, dict) or not isinstance(given.get("messages"), list):
            raise HTTPException(422)
        messages = given["messages"]
        said = _last_said(messages)
        if said is not None:
            session = f"chat {sha256(_first_said(messages).encode()).hexdigest()[:12]}"
            known = await run_sync(keeper.ask, lambda held: held.context(said[-_ASKED:], tokens).text)
            await run_sync(keeper.change, lambda held: _remember(held, said, session))
            given = given | {"messages": _told(messages, known)}
        return await _passed(model, "POST", "chat/completions", given)

    app.include_router(closed)
    return app


async def _passed(model: httpx.AsyncClient, method: str, path: str, body: Mapping[str, Any] | None) -> Response:
    """What the model answers, as it comes."""
    try:
        answer = await model.send(model.build_request(method, path, json=body), stream=True)
    except httpx.HTTPError as error:
        return JSONResponse(
            {"error": f"The language model cannot be reached ({type(error).__name__}). Is it running?"}, 502
        )
    return StreamingResponse(
        answer.aiter_bytes(),
        answer.status_code,
        media_type=answer.headers.get("content-type", "application/json"),
        background=BackgroundTask(answer.aclose),
    )


def _text(message: Any) -> str:
    """The text of a message, of one in parts too."""
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        content = "\n".join(part for part in parts if isinstance(part, str))
    return content.strip() if isinstance(content, str) else ""


def _last_said(messages: list[Any]) -> str | None:
    """What the user said last, where it is the user's turn."""
    last = messages[-1] if messages else None
    return _text(last) or None if isinstance(last, dict) and last.get("role") == "user" else None


def _first_said(messages: list[Any]) -> str:
    """By which a conversation is known: it is sent again with each turn."""
    return next((_text(one) for one in messages if isinstance(one, dict) and one.get("role") == "user"), "")


def _told(messages: list[Any], known: str) -> list[Any]:
    """The conversation, after what is known and the program's own instructions."""
    if not known:
        return messages
    place = next((at for at, one in enumerate(messages) if not _is_system(one)), len(messages))
    return [*messages[:place], {"role": "system", "content": _TOLD + known}, *messages[place:]]


def _is_system(message: Any) -> bool:
    return isinstance(message, dict) and message.get("role") in ("system", "developer")


def _remember(memory: LanguageMemory, said: str, session: str) -> None:
    """Remember what the user said, once: a program sends it again when an answer failed."""
    newest, _ = memory.latest(_RECENT)
    if not any(one.text == said and one.session == session for one in newest):
        memory.remember(said, session=session)
