"""What every service of ours is made of: doors, the token, the page, `/healthz`, and errors that name no path.

Routes are put on a router that asks for the token; so a new one is closed until it says otherwise.
"""

import asyncio
import re
import secrets
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Any, Protocol, runtime_checkable

from anyio.to_thread import current_default_thread_limiter
from fastapi import APIRouter, Depends, FastAPI, Request, Security
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from reverie import __version__
from reverie.errors import ReverieError, Unfinished
from reverie.server import forms
from reverie.server.doors import Doors
from reverie.server.limits import Limits
from reverie.server.room import Room

__all__ = ["Busy", "Kept", "open_service"]

_STATIC = Path(__file__).parent / "static"
_SPARE = 16  # threads beyond those that limits speak of
_WORDS = {
    400: "The request cannot be read.",
    401: "A token is needed: Authorization: Bearer TOKEN.",
    404: "There is nothing here.",
    405: "This method is not served here.",
    409: "This does not fit the {name}.",
    422: "The request is not of the form that is documented.",
    500: "Something went wrong here. Nothing was changed.",
    503: "Not now. Ask again later.",
    507: "The disk is full or cannot be written to. Nothing was changed.",
}
_DOOR = (403, 408, 413, 421, 429)


class Busy(Exception):
    """Not now; the reason is the text."""


@runtime_checkable
class Kept(Protocol):
    """Who keeps what is served.

    Attributes
    ----------
    stopping : threading.Event
        Set when the service is told to stop.
    """

    stopping: threading.Event

    def close(self) -> None:
        """Finish what waits, and let go."""


def open_service(
    description: str,
    keeper: Kept,
    *,
    token: str,
    limits: Limits,
    hosts: tuple[str, ...],
    room: Room,
    told: Callable[[int], None],
    folder: Path | None,
    name: str,
    pages: Mapping[str, str],
    beside: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
) -> tuple[FastAPI, APIRouter]:
    """A service without its routes: the application, and the router that they go on, to be included at last.

    Parameters
    ----------
    told : callable
        Is given the status of every answer.
    folder : Path, optional
        No error names it: it is "the `name`'s folder" there.
    pages : mapping
        The files of the page by their paths; open to all.
    beside : callable
        What runs as long as the service does.
    """
    wanted: dict[str, Any] = {
        "limits": limits,
        "hosts": frozenset(host.lower() for host in hosts),
        "told": told,
        "token": token,
        "admit": room.admit,
    }
    words = {status: text.format(name=name) for status, text in _WORDS.items()}

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        # Changes that wait for their turn hold a thread each; questions must find one all the same.
        current_default_thread_limiter().total_tokens = limits.queue + limits.readers + limits.streams + _SPARE
        async with beside():
            yield
        await asyncio.to_thread(keeper.close)

    app = FastAPI(
        title="Reverie",
        version=__version__,
        description=description,
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        middleware=[Middleware(Doors, **wanted)],
    )
    app.state.keeper = keeper
    _errors(app, folder, name, words)

    def authorised(
        given: Annotated[HTTPAuthorizationCredentials | None, Security(HTTPBearer(auto_error=False))],
    ) -> None:
        if given is None or not secrets.compare_digest(given.credentials.encode(), token.encode()):
            raise HTTPException(401)

    problems: dict[int | str, dict[str, Any]] = {
        **{status: {"model": forms.Problem, "description": text} for status, text in words.items()},
        **{status: {"model": forms.Problem, "description": "Refused at the door."} for status in _DOOR},
    }
    closed = APIRouter(dependencies=[Depends(authorised)], responses=problems)

    @closed.get("/api/openapi.json", include_in_schema=False)
    def openapi() -> dict[str, Any]:
        return app.openapi()

    @app.get("/healthz", include_in_schema=False)
    def health() -> dict[str, str]:
        return {"status": "stopping" if keeper.stopping.is_set() else "ok"}

    for path, file in pages.items():
        app.get(path, include_in_schema=False)(_file(file))
    return app, closed


def _errors(app: FastAPI, folder: Path | None, name: str, words: Mapping[int, str]) -> None:
    """Every error is a fixed text, or what is said of what was given; never a path."""

    ways = set() if folder is None else {str(folder.absolute()), str(folder.resolve()), str(folder)} - {"."}
    parts = [rf"(?<![\w/.]){re.escape(way)}(?![\w.])" for way in sorted(ways, key=len)[::-1]]
    paths = re.compile("|".join(parts) or r"(?!)")

    def shown(error: ReverieError) -> str:
        return paths.sub(f"the {name}'s folder", str(error))[:500]

    def problem(status: int, text: str | None = None, headers: Mapping[str, str] | None = None) -> JSONResponse:
        headers = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "5"}}.get(status, headers)
        return JSONResponse({"error": text or words.get(status, words[500])}, status, headers=headers)

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0] if error.errors() else {"loc": (), "type": ""}
        where = ".".join(str(part) for part in first["loc"] if str(part).isidentifier() or isinstance(part, int))[:100]
        return problem(422, f"{words[422]} Look at {where or 'the body'}.")

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
