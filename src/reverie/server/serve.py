"""Run the service until it is told to stop."""

import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import uvicorn
from fastapi import FastAPI

from reverie.brain import Brain
from reverie.errors import BadData
from reverie.language import LanguageMemory
from reverie.server.app import create_app
from reverie.server.limits import Limits
from reverie.server.memory_app import create_memory_app
from reverie.server.proxy_app import create_proxy_app
from reverie.server.room import Connection, Room

__all__ = ["serve", "serve_memory", "serve_proxy"]

T = TypeVar("T", Brain, LanguageMemory)

_LOCAL = ("127.0.0.1", "localhost", "::1")
_GRACE = 10  # seconds for open requests when the service is told to stop


def serve(
    folder: str | Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8765,
    token: str | None = None,
    hosts: tuple[str, ...] = (),
    limits: Limits | None = None,
    ready: Callable[[str], None] = lambda address: None,
    encoder: Any = None,
) -> None:
    """Serve a brain.

    Parameters
    ----------
    host : str
        Address to listen on; others than this machine's own need a `token`.
    port : int
        0: any that is free.
    token : str, optional
        What clients must know, at least 16 characters; None: a new one is made.
    hosts : tuple of str
        Further names under which the service is reached.
    ready : callable
        Is given the page's address, token included, when the service listens.
    encoder : Module or callable, optional
        The user's own encoder, where the brain has one.
    """
    run(
        lambda: Brain.open(Path(folder).absolute(), encoder=encoder),
        create_app,
        host=host,
        port=port,
        token=token,
        hosts=hosts,
        limits=limits,
        ready=ready,
    )


def serve_memory(
    opened: Callable[[], LanguageMemory],
    *,
    source: str = "user",
    trusted: bool = True,
    **options: Any,
) -> None:
    """Serve a memory: a page, REST, and the Model Context Protocol.

    Parameters
    ----------
    opened : callable
        Opens the memory; it is closed when the service stops.
    source, trusted
        Of what is remembered over the service.
    options
        `host`, `port`, `token`, `hosts`, `limits`, `ready`, as of `serve`.
    """
    run(opened, partial(create_memory_app, source=source, trusted=trusted), **options)


def serve_proxy(
    opened: Callable[[], LanguageMemory], *, upstream: str, key: str | None = None, tokens: int = 800, **options: Any
) -> None:
    """Serve a memory between chat programs and a language model (`reverie.server.proxy_app`).

    Parameters
    ----------
    opened : callable
        Opens the memory; it is closed when the service stops.
    upstream, key, tokens
        As of `create_proxy_app`.
    options
        `host`, `port`, `token`, `hosts`, `limits`, `ready`, as of `serve`.
    """
    run(opened, partial(create_proxy_app, upstream=upstream, key=key, tokens=tokens), **options)


def run(
    opened: Callable[[], T],
    app_of: Callable[..., FastAPI],
    *,
    host: str = "127.0.0.1",
    port: int = 8765,
    token: str | None = None,
    hosts: tuple[str, ...] = (),
    limits: Limits | None = None,
    ready: Callable[[str], None] = lambda address: None,
) -> None:
    """Open what is to be served, and serve it until told to stop; it is closed then. See `serve`."""
    if host not in _LOCAL and token is None:
        raise BadData(f"The address is {host}, which others can reach. Give a token of your own: --token.")
    if token is not None and (len(token) < 16 or not token.isascii() or not token.isprintable() or " " in token):
        raise BadData("The token is too short or has odd characters. Expected at least 16 of ASCII, without spaces.")
    if not 0 <= port <= 65535:
        raise BadData(f"port is {port}. Expected 0…65535.")
    token = token or secrets.token_urlsafe(24)
    listener = _listen(host, port)
    try:
        kept = opened()
    except BaseException:
        listener.close()
        raise
    limits = limits or Limits()
    room = Room(limits)
    try:
        app = app_of(kept, token=token, limits=limits, hosts=(*_LOCAL, host, *hosts), room=room)
    except BaseException:
        kept.close()
        listener.close()
        raise
    config = uvicorn.Config(
        app,
        http=partial(Connection, room=room, limits=limits),  # type: ignore[arg-type]
        log_level="error",  # what strangers send wrongly would fill the log
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        ws="none",
        timeout_keep_alive=10,
        timeout_graceful_shutdown=_GRACE,
    )
    address = f"http://{_shown(host)}:{listener.getsockname()[1]}/#token={token}"
    try:
        _Server(config, app.state.keeper, lambda: ready(address)).run(sockets=[listener])
    finally:
        kept.close()
        listener.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=128
        )
    except OSError as error:
        raise BadData(
            f"Port {port} of {host} cannot be listened on ({error.strerror}). Give another: --port."
        ) from None


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


class _Server(uvicorn.Server):
    """Says when it listens; ends the live pages when it is told to stop, since those would never end."""

    def __init__(self, config: uvicorn.Config, keeper: Any, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._keeper, self._ready = keeper, ready

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop gently at SIGINT and SIGTERM; who called `serve` is not interrupted once more afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._keeper.stopping.set()
        super().handle_exit(sig, frame)
