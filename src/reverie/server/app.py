"""The routes. All but the page and `/healthz` need the token, because the router they are on does."""

import asyncio
import json
import re
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from anyio.to_thread import current_default_thread_limiter
from fastapi import APIRouter, Depends, FastAPI, Request, Response, Security
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from reverie import __version__
from reverie.brain import NEW, Brain
from reverie.errors import BadData, ReverieError, Unfinished
from reverie.server import forms
from reverie.server.doors import Doors
from reverie.server.keeper import Busy, Keeper
from reverie.server.limits import Limits
from reverie.server.measures import Measures
from reverie.server.room import Room

__all__ = ["create_app"]

_STATIC = Path(__file__).parent / "static"
_PAGE = {"/": "index.html", **{f"/{name}": name for name in ("page.js", "page.css", "uPlot.js", "uPlot.css")}}
_SPARE = 16  # threads beyond those that limits speak of
_BEAT = 0.5  # seconds between two looks for something new to show
_WORDS = {
    400: "The request cannot be read.",
    401: "A token is needed: Authorization: Bearer TOKEN.",
    404: "There is nothing here.",
    405: "This method is not served here.",
    409: "This does not fit the brain.",
    422: "The request is not of the form that is documented.",
    500: "Something went wrong here. Nothing was changed.",
    503: "Not now. Ask again later.",
    507: "The disk is full or cannot be written to. Nothing was changed.",
}
_DOOR = (403, 408, 413, 421, 429)
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    **{status: {"model": forms.Problem, "description": text} for status, text in _WORDS.items()},
    **{status: {"model": forms.Problem, "description": "Refused at the door."} for status in _DOOR},
}


def create_app(
    brain: Brain,
    *,
    token: str,
    limits: Limits | None = None,
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1"),
    room: Room | None = None,
) -> FastAPI:
    """The service of a brain that was opened for writing; it is closed when the service stops.

    Parameters
    ----------
    token : str
        What a client must know.
    hosts : tuple of str
        Names under which the service is reached.
    room : Room, optional
        Where connections wait until they have shown the token.
    """
    limits = limits or Limits()
    room = room or Room(limits)
    keeper, measures = Keeper(brain, limits), Measures()
    wanted: dict[str, Any] = {
        "limits": limits,
        "hosts": frozenset(name.lower() for name in hosts),
        "told": measures.answered,
        "token": token,
        "admit": room.admit,
    }

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        # Changes that wait for their turn hold a thread each; questions must find one all the same.
        current_default_thread_limiter().total_tokens = limits.queue + limits.readers + limits.streams + _SPARE
        yield
        await asyncio.to_thread(keeper.close)

    app = FastAPI(
        title="Reverie",
        version=__version__,
        description="A brain that keeps learning.",
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        middleware=[Middleware(Doors, **wanted)],
    )
    app.state.keeper = keeper
    _errors(app, brain.folder)

    def authorised(
        given: Annotated[HTTPAuthorizationCredentials | None, Security(HTTPBearer(auto_error=False))],
    ) -> None:
        if given is None or not secrets.compare_digest(given.credentials.encode(), token.encode()):
            raise HTTPException(401)

    closed = APIRouter(dependencies=[Depends(authorised)], responses=_PROBLEMS)
    _routes(closed, keeper, measures, limits)

    @closed.get("/api/openapi.json", include_in_schema=False)
    def openapi() -> dict[str, Any]:
        return app.openapi()

    app.include_router(closed)

    @app.get("/healthz", include_in_schema=False)
    def health() -> dict[str, str]:
        return {"status": "stopping" if keeper.stopping.is_set() else "ok"}

    for path, name in _PAGE.items():
        app.get(path, include_in_schema=False)(_file(name))
    return app


def _routes(router: APIRouter, keeper: Keeper, measures: Measures, limits: Limits) -> None:
    pages = asyncio.Semaphore(limits.streams)

    @router.get("/api/brain", response_model=forms.Brain)
    def look() -> dict[str, Any]:
        """What the brain knows and has been through."""
        return keeper.view()

    @router.post("/api/predict", response_model=forms.Predicted | forms.Numbers, response_model_exclude_unset=True)
    def predict(question: forms.Question) -> dict[str, Any]:
        """Recognise samples; a brain of numbers answers with numbers and limits."""

        def estimate(brain: Brain) -> dict[str, Any]:
            samples = forms.samples_of(question.samples, limits.pixels)
            found = brain.predict_intervals(samples, coverage=question.coverage or 0.9)
            numbers = brain.mind.numbers
            return {"targets": numbers.names if numbers else [], **found.told()}

        if keeper.targets == "numbers":
            with measures.seconds.labels("predict").time():
                answers = keeper.ask(estimate)
            measures.samples.labels("predicted").inc(len(answers["values"]))
            return answers

        def act(brain: Brain) -> Any:
            samples = forms.samples_of(question.samples, limits.pixels)
            told = {} if question.coverage is None else {"coverage": question.coverage}
            if told and question.by != "memory":
                raise BadData("Sets are the memory's. Ask it, or leave the coverage out.")
            sets = {"sets": brain.predict_sets(samples, **told)} if told else {}
            return *brain.answer(samples, by=question.by), sets | told

        with measures.seconds.labels("predict").time():
            labels, confidence, novelty, sets = keeper.ask(act)
        keeper.met(novelty)
        _count(measures, "predicted", novelty)
        return {
            "labels": labels.tolist(),
            "confidence": confidence.tolist(),
            "novelty": novelty.tolist(),
            "new": [value >= NEW for value in novelty.tolist()],
            **sets,
        }

    @router.post("/api/learn", response_model=forms.Learned)
    def learn(given: forms.Labelled) -> dict[str, Any]:
        """Learn samples. When this has answered, no kill and no power cut loses them."""
        with measures.seconds.labels("learn").time():
            samples = forms.samples_of(given.samples, limits.pixels)
            if given.numbers is not None and (given.labels is not None or keeper.targets != "numbers"):
                raise BadData("Given numbers. Expected labels alone for classes, or numbers alone for numbers.")
            y: Any = given.labels if given.numbers is None else given.numbers
            learned = keeper.change(lambda brain: brain.learn(samples, y, name=given.name))
        keeper.met(learned.novelty)
        _count(measures, "learned", learned.novelty, learned.samples)
        return {
            "samples": learned.samples,
            "new": learned.new,
            "novelty": learned.novelty.tolist(),
            "version": learned.version,
        }

    @router.post("/api/correct", response_model=forms.Corrected)
    def correct(given: forms.Correct) -> dict[str, Any]:
        """Correct the answer for one sample, durably. To take that back, roll back to the version before."""
        with measures.seconds.labels("correct").time():
            samples = forms.samples_of(given.samples, limits.pixels)
            done = keeper.change(lambda brain: brain.correct(samples, given.to, was=given.was))
        return {
            "before": done.before,
            "after": done.after,
            "changed": done.changed,
            "weight": done.weight,
            "others": [{"label": label, "share": share} for label, share in done.others.items()],
            "new": done.new,
            "version": done.version,
        }

    @router.post("/api/forget", response_model=forms.Version)
    def forget(what: forms.Forget) -> dict[str, int]:
        """Forget a class or a name, as if it had never been learned."""

        def act(brain: Brain) -> int:
            brain.forget(what.label, name=what.name)
            return brain.version

        return {"version": keeper.change(act)}

    @router.post("/api/rename", response_model=forms.Version)
    def rename(names: forms.Rename) -> dict[str, int]:
        """Give a class another name."""

        def act(brain: Brain) -> int:
            brain.rename(names.label, names.to)
            return brain.version

        return {"version": keeper.change(act)}

    @router.post("/api/rollback", response_model=forms.Version)
    def rollback(where: forms.Rollback) -> dict[str, int]:
        """Be again as at an earlier version."""

        def act(brain: Brain) -> int:
            brain.rollback(where.to)
            return brain.version

        return {"version": keeper.change(act)}

    @router.post("/api/sleep", status_code=202, response_model=forms.Version)
    def sleep() -> dict[str, int]:
        """Let the brain sleep. Its history tells how the night was; meanwhile it can be asked."""
        version = keeper.ask(lambda brain: brain.version if brain.classes else None)  # numbers have none, and no nights
        if version is None:
            raise HTTPException(409)
        keeper.sleep()
        return {"version": version}

    @router.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        view = keeper.view()
        measures.version.set(view["version"])
        measures.classes.set(len(view["classes"]))
        measures.state.set(view["state_bytes"])
        measures.asleep.set(view["asleep"])
        return Response(measures.text(), media_type=measures.content_type)

    @router.get("/api/events", include_in_schema=False)
    async def events(request: Request) -> StreamingResponse:
        """Server-sent events: the brain as `/api/brain` tells it, whenever that changes."""
        if pages.locked():
            raise Busy("Too many pages are open.")
        return StreamingResponse(_told(request, keeper, pages), media_type="text/event-stream")


async def _told(request: Request, keeper: Keeper, pages: asyncio.Semaphore) -> AsyncIterator[str]:
    async with pages:
        last, beats = "", 0
        while not keeper.stopping.is_set() and not await request.is_disconnected():
            now = json.dumps(await asyncio.to_thread(keeper.view))
            if now != last:
                yield f"data: {now}\n\n"
                last = now
            elif beats % 20 == 0:
                yield ": still here\n\n"
            beats += 1
            await asyncio.sleep(_BEAT)


def _count(measures: Measures, what: str, novelty: Any, samples: int | None = None) -> None:
    measures.samples.labels(what).inc(len(novelty) if samples is None else samples)
    for value in np.asarray(novelty).tolist():
        measures.novelty.observe(value)


def _errors(app: FastAPI, place: Path) -> None:
    """Every error is a fixed text, or what the brain says of the samples it was given; never a path."""

    ways = {str(place.absolute()), str(place.resolve()), str(place)} - {"."}  # "." is in every sentence
    paths = re.compile("|".join(rf"(?<![\w/.]){re.escape(way)}(?![\w.])" for way in sorted(ways, key=len)[::-1]))

    def shown(error: ReverieError) -> str:
        return paths.sub("the brain's folder", str(error))[:500]

    def problem(status: int, text: str | None = None, headers: Mapping[str, str] | None = None) -> JSONResponse:
        headers = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "5"}}.get(status, headers)
        return JSONResponse({"error": text or _WORDS.get(status, _WORDS[500])}, status, headers=headers)

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0] if error.errors() else {"loc": (), "type": ""}
        where = ".".join(str(part) for part in first["loc"] if str(part).isidentifier() or isinstance(part, int))[:100]
        return problem(422, f"{_WORDS[422]} Look at {where or 'the body'}.")

    @app.exception_handler(ReverieError)
    async def unfit(request: Request, error: ReverieError) -> JSONResponse:
        return problem(500 if isinstance(error, Unfinished) else 409, shown(error))

    @app.exception_handler(Busy)
    async def busy(request: Request, error: Busy) -> JSONResponse:
        return problem(503, str(error))

    @app.exception_handler(OSError)
    async def disk(request: Request, error: OSError) -> JSONResponse:
        return problem(507)

    @app.exception_handler(Exception)
    async def wrong(request: Request, error: Exception) -> JSONResponse:
        return problem(500)


def _file(name: str) -> Callable[[], FileResponse]:
    kinds = {"html": "text/html", "js": "text/javascript", "css": "text/css"}

    def page() -> FileResponse:
        return FileResponse(_STATIC / name, media_type=kinds[name.rpartition(".")[2]])

    return page
