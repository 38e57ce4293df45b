"""Connections: how long a client may take to say what it wants, and how many may wait who have not shown the token.

A connection waits in the room until a request with the token has come over it. The room is bounded: who comes when it
is full takes the place of the one that has waited longest of the address with most connections, so those without a
token never shut the others out. Headers that are not whole in time, and a body that nobody wants to read, end a
connection.
"""

import asyncio
from collections import Counter
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from reverie.server.limits import Limits

__all__ = ["Connection", "Room"]

_LINGER = 1.0  # seconds in which a client may read an answer before the rest of its body is cut off

Client = tuple[str, int]


class Room:
    """Who waits, and who has shown the token.

    Parameters
    ----------
    limits : Limits
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._waiting: dict[Client, asyncio.Transport] = {}  # the oldest first
        self._admitted: set[Client] = set()

    def enter(self, client: Client, transport: asyncio.Transport) -> None:
        """A connection has come; where there are too many, the one goes that has waited longest of its address."""
        self._waiting[client] = transport
        each = Counter(address for address, _ in self._waiting)
        if each[client[0]] > self._limits.waiting_each:
            goes = self._oldest(client[0])
        elif len(self._waiting) > self._limits.waiting:
            goes = self._oldest(max(each, key=each.__getitem__))  # of the address that has most here
        else:
            return
        self._waiting.pop(goes).abort()

    def _oldest(self, address: str) -> Client:
        return next(client for client in self._waiting if client[0] == address)

    def admit(self, client: Client) -> bool:
        """A request with the token has come; False where there are too many such connections."""
        if client not in self._admitted and len(self._admitted) >= self._limits.connections:
            return False
        if self._waiting.pop(client, None) is not None:
            self._admitted.add(client)
        return True

    def leave(self, client: Client) -> None:
        """A connection has ended."""
        self._waiting.pop(client, None)
        self._admitted.discard(client)


class Connection(H11Protocol):
    """uvicorn's connection, with a clock for its headers."""

    def __init__(self, *given: Any, room: Room, limits: Limits, **named: Any) -> None:
        super().__init__(*given, **named)
        self._room, self._limits = room, limits
        self._clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.client is not None:
            self._room.enter(self.client, transport)
        self._clock = self.loop.call_later(self._limits.headers, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clock()
        if self.client is not None:
            self._room.leave(self.client)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:  # the headers are whole
            self._stop_clock()
        elif self._clock is None:
            self._clock = self.loop.call_later(self._limits.headers, self.transport.abort)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:
            self.loop.call_later(_LINGER, self.transport.abort)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
