"""Attacks on a running service: whoever has the token is answered meanwhile, and soon.

The service runs in a process of its own. Each attack goes on while a client with the token asks again and again; how
many of its questions failed and how long the slowest took is written down. `hostile.py` tries these with its own lists.
"""

import base64
import io
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image

from reverie.brain import Brain
from soak import HEADERS, TOKEN, Service, X, Y

__all__ = ["ATTACKS", "attacked"]

_WITH = f"Authorization: Bearer {TOKEN}\r\n".encode()


def _connect(service: Service, source: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(service.port)), timeout=30, source_address=(source, 0))


def _half(service: Service, head: bytes, count: int, *, spread: bool = False) -> Iterator[socket.socket]:
    for number in range(count):
        one = _connect(service, f"127.0.0.{2 + number % 200}" if spread else "127.0.0.1")
        one.sendall(head)
        yield one


def _held(head: bytes, count: int, *, spread: bool = False) -> Callable[[Service, ExitStack], None]:
    """Connections that send this and then nothing."""

    def attack(service: Service, until: ExitStack) -> None:
        for one in _half(service, head, count, spread=spread):
            until.callback(one.close)

    return attack


def _flood(service: Service, until: ExitStack) -> None:
    """Requests without the token, as fast as they go."""
    stop = threading.Event()

    def run() -> None:
        with httpx.Client(base_url=service.address, timeout=30) as client:
            while not stop.is_set():
                client.post("/api/predict", content=b"{}")

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        until.callback(thread.join)
    until.callback(stop.set)


def _pictures(side: int, count: int) -> Callable[[Service, ExitStack], None]:
    """Large pictures, sent by somebody who has the token."""
    file = io.BytesIO()
    Image.fromarray(np.zeros((side, side), np.uint8)).save(file, "PNG")
    body = {"samples": {"pictures": [base64.b64encode(file.getvalue()).decode()] * count}}

    def attack(service: Service, until: ExitStack) -> None:
        def run() -> None:
            httpx.post(f"{service.address}/api/predict", json=body, headers=HEADERS, timeout=120)

        thread = threading.Thread(target=run)
        thread.start()
        until.callback(thread.join)

    return attack


ATTACKS: dict[str, Callable[[Service, ExitStack], None]] = {
    "210 half-sent requests": _held(b"POST /api/predict HTTP/1.1\r\nHost: localhost\r\nX-", 210),
    "400 half-sent requests from many addresses": _held(b"GET / HTTP/1.1\r\nHost: loc", 400, spread=True),
    "300 connections that say nothing": _held(b"", 300),
    "100 bodies without the token that never come": _held(
        b"POST /api/learn HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n\r\n{", 100
    ),
    "100 pages that are never read": _held(b"GET /uPlot.js HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20, 100),
    "12 bodies with the token that never come": _held(
        b"POST /api/learn HTTP/1.1\r\nHost: localhost\r\n" + _WITH + b"Content-Length: 100\r\n\r\n{", 12
    ),
    "garbage": _held(b"\x00\xff\x16\x03" * 500, 50),
    "a flood without the token": _flood,
    "150 pictures of 7000 x 7000": _pictures(7000, 150),
    "one picture of 7000 x 7000": _pictures(7000, 1),
}


@contextmanager
def _serving() -> Iterator[Service]:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "b"
        with Brain.create(folder, encoder="raw") as brain:
            brain.learn(X.reshape(-1, 8, 8)[:200], Y[:200])
        service = Service(folder)
        try:
            yield service
        finally:
            service.process.kill()
            service.end(9)


def attacked(asked: int) -> tuple[list[str], float]:
    """Questions with the token that were not answered, of `asked` in each attack, and the seconds of the slowest."""
    wrong: list[str] = []
    slowest = ("nothing", 0.0)
    with ExitStack() as served:
        service = served.enter_context(_serving())
        to: dict[str, Any] = {"base_url": service.address, "headers": HEADERS, "timeout": 60}
        known = served.enter_context(httpx.Client(**to))
        for name, attack in ATTACKS.items():
            with ExitStack() as until:
                attack(service, until)
                for number in range(asked):
                    began = time.perf_counter()
                    # Every other question comes over a connection of its own.
                    client = known if number % 2 else httpx.Client(**to)
                    try:
                        status = client.get("/api/brain").status_code
                        if status != 200:
                            wrong.append(f"service under attack: {name}: {status}")
                    except httpx.HTTPError as error:
                        wrong.append(f"service under attack: {name}: {type(error).__name__}")
                    if client is not known:
                        client.close()
                    slowest = max(slowest, (name, time.perf_counter() - began), key=lambda one: one[1])
                    time.sleep(0.02)
    print(f"The slowest of {asked * len(ATTACKS)} questions under attack: {slowest[0]}, {slowest[1]:.2f} s")
    return wrong, slowest[1]
