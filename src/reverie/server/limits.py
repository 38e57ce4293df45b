"""How much a client may ask for."""

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True)
class Limits:
    """Limits of the service.

    Parameters
    ----------
    body : int
        Bytes of a request.
    parts : int
        Lists, objects and keys in a request, by their marks: masses of them take long to read.
    rate : float
        Requests per second and client, on average.
    burst : int
        Requests at once, before `rate` counts.
    patience : float
        Seconds in which a request must have come in whole.
    wait : float
        Seconds that a change may wait for its turn.
    queue : int
        Changes that may wait.
    readers : int
        Questions answered at the same time; further ones are turned away.
    streams : int
        Live pages open at the same time.
    pixels : int
        Pixels of all pictures of a request, as they are sent.
    headers : float
        Seconds in which the headers of a request must have come.
    waiting, waiting_each : int
        Connections that have not shown the token: in all, and from one address. More end the oldest of them.
    connections : int
        Connections that have shown the token.
    """

    body: int = 16_000_000
    parts: int = 200_000
    rate: float = 100.0
    burst: int = 200
    patience: float = 20.0
    wait: float = 30.0
    queue: int = 64
    readers: int = 16
    streams: int = 16
    pixels: int = 64_000_000
    headers: float = 5.0
    waiting: int = 128
    waiting_each: int = 64
    connections: int = 256
