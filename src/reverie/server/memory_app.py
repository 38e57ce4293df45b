"""The routes of a memory's service: REST under `/api`, the Model Context Protocol at `/mcp`, a page at `/`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.responses import StreamingResponse

from reverie.errors import MissingData
from reverie.language import LanguageMemory
from reverie.language.answers import cut, fact_of, lines_of, recalled_of, short_line
from reverie.language.lines import told_lines
from reverie.language.passages import read_time
from reverie.server import memory_forms as forms
from reverie.server.frame import open_service
from reverie.server.limits import Limits
from reverie.server.memory_keeper import MemoryKeeper
from reverie.server.room import Room

__all__ = ["create_memory_app"]

_PAGE = {"/": "memory.html", "/memory.js": "memory.js", "/page.css": "page.css"}

WhoQuery = Annotated[str, Query(min_length=1, max_length=1000)]


def create_memory_app(
    memory: LanguageMemory,
    *,
    token: str,
    limits: Limits | None = None,
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1"),
    room: Room | None = None,
    source: str = "user",
    trusted: bool = True,
) -> FastAPI:
    """The service of a memory; it is closed when the service stops.

    Parameters
    ----------
    token, hosts, room
        As of `reverie.server.create_app`.
    source : str
        Under which is kept what comes without one.
    trusted : bool
        Whether that may take the place of what is known, and be slept into weights.
    """
    try:
        from reverie.language.tools import tools_of
    except ImportError:
        raise MissingData("This needs a package that is not installed. Run: pip install 'reverie[mcp]'") from None
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    limits = limits or Limits()
    keeper = MemoryKeeper(memory, limits)
    # Hosts, origins, sizes and the token are looked at by the doors and the router. No sessions: nothing to pile up.
    tools = tools_of(memory, source="assistant", trusted=trusted)
    manager = StreamableHTTPSessionManager(
        tools._lowlevel_server, json_response=True, stateless=True, max_request_body_size=limits.body
    )

    @asynccontextmanager
    async def protocol() -> AsyncIterator[None]:
        async with manager.run():
            yield

    app, closed = open_service(
        "A memory for language.",
        keeper,
        token=token,
        limits=limits,
        hosts=hosts,
        room=room or Room(limits),
        told=lambda status: None,
        folder=memory.folder or Path("."),
        name="memory",
        pages=_PAGE,
        beside=protocol,
    )

    @closed.post("/mcp", include_in_schema=False, response_model=None)
    async def mcp(request: Request) -> Response:
        return _Handed(manager)

    _routes(closed, keeper, source, trusted)
    app.include_router(closed)
    return app


class _Handed(Response):
    """An answer that another application gives to the request."""

    def __init__(self, manager: Any) -> None:
        self._manager, self.background = manager, None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._manager.handle_request(scope, receive, send)


def _routes(router: APIRouter, keeper: MemoryKeeper, source: str, trusted: bool) -> None:
    @router.get("/api/memory", response_model=forms.Memory)
    def look() -> dict[str, Any]:
        """What the memory holds."""
        texts, facts = keeper.ask(lambda memory: memory.store.held())
        encoder = keeper.memory.store.encoder
        plain = encoder if encoder in ("hash", "minilm") else "a model of the user's"
        return {"texts": texts, "facts": facts, "encoder": plain, "asleep": keeper.night["asleep"]}

    @router.post("/api/remember", response_model=forms.Remembered)
    def remember(given: forms.Remember) -> dict[str, Any]:
        """Keep what is said. When this has answered, no kill and no power cut loses it."""
        since = None if given.valid_from is None else read_time(given.valid_from, "valid_from")

        def act(memory: LanguageMemory) -> dict[str, Any]:
            ids = memory.remember(
                given.text,
                who=given.who,
                what=given.what,
                value=given.value,
                session=given.session,
                source=given.source or source,
                trusted=trusted and not given.hearsay,
                valid_from=since,
                pinned=given.pinned,
            )
            kept = lines_of(memory.store.some(ids))
            return {"ids": ids, "episodes": kept, "facts": [fact_of(one) for one in memory.facts(ids)]}

        return keeper.change(act)

    @router.post("/api/recall", response_model=forms.Found)
    def recall(asked: forms.Question) -> dict[str, Any]:
        """What is known about a question, the best first. Changes nothing."""
        wanted = asked.model_dump(exclude={"question", "k"})
        for name in ("as_of", "since", "until"):
            wanted[name] = None if wanted[name] is None else read_time(wanted[name], name)
        found = keeper.ask(lambda memory: memory.recall(asked.question, asked.k, **wanted))
        return cut("found", [recalled_of(one) for one in found])

    @router.post("/api/confirm", response_model=forms.Confirmed)
    def confirm(given: forms.Confirm) -> dict[str, Any]:
        """Say that these answered a question rightly: they stay strong, and the next night learns from it."""
        keeper.change(lambda memory: memory.confirm(given.question, given.ids))
        return {"confirmed": given.ids}

    @router.get("/api/memories", response_model=forms.Listed)
    def memories(
        limit: Annotated[int, Query(ge=1, le=1000)] = 50,
        before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    ) -> dict[str, Any]:
        """What is remembered, the newest first."""
        found, more = keeper.ask(lambda memory: memory.latest(limit, before=before))
        answer = cut("episodes", lines_of(found))
        if more or "left_out" in answer:
            answer["before"] = answer["episodes"][-1]["id"]
        return answer

    @router.get("/api/facts", response_model=forms.Lines)
    def facts(who: WhoQuery | None = None) -> dict[str, Any]:
        """The facts that hold now: of someone, or all."""
        if who is None:
            return cut("episodes", lines_of(keeper.ask(lambda memory: memory.store.facts())))
        known = keeper.ask(lambda memory: memory.history(who))
        return cut("episodes", lines_of([one for one in known if one.live and one.value is not None]))

    @router.get("/api/history", response_model=forms.Lines)
    def history(who: WhoQuery, what: WhoQuery | None = None) -> dict[str, Any]:
        """Every version of what is known of someone, the newest first."""
        return cut("episodes", lines_of(keeper.ask(lambda memory: memory.history(who, what))[::-1]))

    @router.post("/api/change", response_model=forms.Lines)
    def change(given: forms.Change) -> dict[str, Any]:
        """Mend a memory: since when it holds, whether it is pinned, how important it is."""
        since = None if given.valid_from is None else read_time(given.valid_from, "valid_from")
        done = keeper.change(
            lambda memory: memory.change(given.id, valid_from=since, pinned=given.pinned, importance=given.importance)
        )
        return {"episodes": [short_line(done)]}

    @router.post("/api/forget", response_model=forms.Forgotten)
    def forget(given: forms.Forget) -> dict[str, Any]:
        """Forget for good: ids, or someone, or one thing of them."""

        def act(memory: LanguageMemory) -> dict[str, Any]:
            gone = memory.forget(given.ids, who=given.who, what=given.what, mentions=given.mentions)
            left = memory.mentions(given.who) if given.who is not None and given.what is None else []
            return {"forgotten": gone} | (cut("still_mention", lines_of(left)) if left else {})

        return keeper.change(act)

    @router.post("/api/sleep", status_code=202, response_model=forms.Night)
    def sleep(given: forms.Sleep) -> dict[str, Any]:
        """Let the memory sleep; `GET /api/sleep` says how far it is. Meanwhile it can be told and asked."""
        keeper.sleep(drop_text=given.drop_text, limit=given.limit)
        return keeper.night

    @router.get("/api/sleep", response_model=forms.Night)
    def night() -> dict[str, Any]:
        """How far the night is, or how the last one was."""
        return keeper.night

    @router.get("/api/export", response_class=StreamingResponse)
    def export() -> StreamingResponse:
        """All that is remembered, as JSON lines."""
        lines = keeper.ask(lambda memory: told_lines(memory.store))
        return StreamingResponse(
            iter(lines),
            media_type="application/x-ndjson",
            headers={"Content-Disposition": 'attachment; filename="memory.jsonl"'},
        )
