"""What every request passes before anything reads it: for whom it is, from where, how much, how often, how slow.

Plain ASGI, so that bytes are counted as they come, whatever the headers say of them.
"""

import asyncio
import contextlib
import json
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from reverie.server.limits import Limits

__all__ = ["Doors"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Receive, Send], Awaitable[None]]

_CLIENTS = 10_000  # remembered at most
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"x-frame-options", b"DENY"),
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
        b"img-src 'self' data: blob:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    ),
]


class Doors:
    """ASGI middleware.

    Parameters
    ----------
    hosts : set of str
        Host names under which the service may be asked for.
    told : callable
        Is given the status of every answer.
    token : str
        Who does not show it may send no body. Routes ask for it again: what they are is not known here.
    admit : callable
        Is given the address of who has shown it; False: there are too many.
    """

    def __init__(
        self,
        app: App,
        *,
        limits: Limits,
        hosts: frozenset[str],
        told: Callable[[int], None],
        token: str,
        admit: Callable[[Any], bool],
    ) -> None:
        self.app, self.limits, self.hosts, self.told = app, limits, hosts, told
        self._token, self._admit = f"Bearer {token}".encode(), admit
        self._left: OrderedDict[tuple[str, bool], tuple[float, float]] = OrderedDict()  # client: left, at

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        wrong = self._refusal(scope)
        if wrong is not None:
            await self._answer(send, *wrong)
            return
        body = _Body(receive, self.limits)
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                if body.wrong is not None:
                    return
                started = True
                self.told(message["status"])
                message["headers"] = [*message.get("headers", []), *_HEADERS]
            elif body.wrong is not None and not started:
                return
            await send(message)

        with contextlib.suppress(_Refused):
            await self.app(scope, body.receive, watched)
        if body.wrong is not None and not started:
            await self._answer(send, *body.wrong)

    async def _answer(self, send: Send, status: int, error: str) -> None:
        self.told(status)
        body = json.dumps({"error": error}).encode()
        size = (b"content-length", str(len(body)).encode())
        more = {401: [(b"www-authenticate", b"Bearer")], 429: [(b"retry-after", b"1")], 503: [(b"retry-after", b"5")]}
        again = more.get(status, [])
        headers = [(b"content-type", b"application/json"), size, *again, *_HEADERS]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _refusal(self, scope: Any) -> tuple[int, str] | None:
        headers: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            if name in headers and name in (b"host", b"origin", b"content-length", b"authorization"):
                return 400, "A header is given twice."
            headers[name] = value
        if _host_name(headers.get(b"host", b"")) not in self.hosts:
            return 421, "This host name is not served here."
        origin = headers.get(b"origin")
        if origin is not None and scope["method"] not in ("GET", "HEAD") and origin != self._own(scope, headers):
            return 403, "Requests from other pages are refused."
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length[:20]) > self.limits.body:
            return 413, "The request is too large."
        client = scope.get("client")
        known = secrets.compare_digest(headers.get(b"authorization", b""), self._token)
        if not self._may_come((client[0] if client else "", known)):
            return 429, "Too many requests. Ask more slowly."
        if not known and (int(length[:20]) > 0 or b"transfer-encoding" in headers):
            return 401, "A token is needed: Authorization: Bearer TOKEN."
        if known and client and not self._admit(tuple(client)):
            return 503, "Too many connections. Ask again later."
        return None

    def _own(self, scope: Any, headers: dict[bytes, bytes]) -> bytes:
        return str(scope["scheme"]).encode() + b"://" + headers.get(b"host", b"")

    def _may_come(self, client: tuple[str, bool]) -> bool:
        """A bucket for each address, refilled at `rate`; those who know the token have one of their own."""
        now = time.monotonic()
        left, at = self._left.pop(client, (float(self.limits.burst), now))
        left = min(float(self.limits.burst), left + (now - at) * self.limits.rate)
        self._left[client] = (max(left - 1, 0.0), now)
        while len(self._left) > _CLIENTS:
            self._left.popitem(last=False)
        return left >= 1


class _Refused(Exception):
    """The body is not what may come."""


class _Body:
    """A request's body, counted and timed as it comes."""

    def __init__(self, receive: Receive, limits: Limits) -> None:
        self._receive, self._limits = receive, limits
        self._bytes, self._until, self._whole = 0, time.monotonic() + limits.patience, False
        self._parts = 0
        self.wrong: tuple[int, str] | None = None

    async def receive(self) -> Message:
        if self._whole:  # only a disconnect can come now
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), max(0.0, self._until - time.monotonic()))
        except TimeoutError:
            self.wrong = 408, "The request did not come in whole in time."
            raise _Refused from None
        if message["type"] == "http.request":
            part = message.get("body", b"")
            self._bytes += len(part)
            self._parts += part.count(b"[") + part.count(b"{") + part.count(b'":')
            self._whole = not message.get("more_body", False)
            if self._bytes > self._limits.body or self._parts > self._limits.parts:
                self.wrong = 413, "The request is too large."
                raise _Refused
        return message


def _host_name(host: bytes) -> str:
    try:
        return (urlsplit("//" + host.decode("ascii")).hostname or "").lower()
    except (UnicodeDecodeError, ValueError):
        return ""
