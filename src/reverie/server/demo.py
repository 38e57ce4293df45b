"""A show of a minute: a new brain is served, and taught over its own interface while its page is looked at.

Digits come two kinds at a time, a few pictures at once; then pictures that the brain has never seen are asked for, of
all kinds so far. In the end the brain sleeps, and forgets one kind. It lives in a folder that is deleted.
"""

import base64
import io
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image

from reverie.brain import Brain
from reverie.server.serve import serve

__all__ = ["demo"]

_AT_ONCE, _ASKED = 15, 200  # pictures


def demo(
    *,
    seconds: float = 60.0,
    host: str = "127.0.0.1",
    port: int = 0,
    token: str | None = None,
    ready: Callable[[str], None] = lambda address: None,
    told: Callable[[str], None] = lambda line: None,
) -> None:
    """Show it; returns when the service is told to stop.

    Parameters
    ----------
    seconds : float
        About how long the lessons last; 0: as fast as they are learned.
    host, port, token, ready
        As of `reverie.server.serve`.
    told : callable
        Is given each line that says what has happened.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "brain"
        Brain.create(place).close()
        stop = threading.Event()
        lessons: list[threading.Thread] = []

        def begin(address: str) -> None:
            ready(address)
            lessons.append(threading.Thread(target=_teach, args=(address, seconds, stop, told), name="lessons"))
            lessons[0].start()

        try:
            serve(place, host=host, port=port, token=token, ready=begin)
        finally:
            stop.set()
            for lesson in lessons:
                lesson.join()


def _teach(address: str, seconds: float, stop: threading.Event, told: Callable[[str], None]) -> None:
    """Teach, ask, let it sleep and forget, over HTTP."""
    from sklearn.datasets import load_digits

    base, _, token = address.partition("/#token=")
    x, y = load_digits(return_X_y=True)
    pictures = (x.reshape(-1, 8, 8) * 15.9).astype(np.uint8)
    kept = np.arange(len(y)) % 4 == 0  # never learned
    lessons = [
        (first + 2, places[at : at + _AT_ONCE])
        for first in range(0, 10, 2)
        for places in [np.flatnonzero(~kept & ((y == first) | (y == first + 1)))]
        for at in range(0, len(places), _AT_ONCE)
    ]
    try:
        with httpx.Client(
            base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=60, trust_env=False
        ) as client:

            def post(path: str, body: dict[str, Any]) -> Any:
                answer = client.post(f"/api/{path}", json=body)
                answer.raise_for_status()
                return answer.json()

            for number, (known, places) in enumerate(lessons):
                if stop.is_set():
                    return
                post("learn", {"samples": _sent(pictures[places]), "labels": [f"digit {one}" for one in y[places]]})
                if number + 1 == len(lessons) or lessons[number + 1][0] > known:
                    asked = np.flatnonzero(kept & (y < known))[:_ASKED]
                    answers = post("predict", {"samples": _sent(pictures[asked])})["labels"]
                    right = np.mean([a == f"digit {b}" for a, b in zip(answers, y[asked], strict=True)])
                    told(
                        f"{known} kinds learned. Of {len(asked)} pictures that it has never seen {right:.1%} are right."
                    )
                stop.wait(seconds / len(lessons))
            post("sleep", {})
            told("It sleeps. The page shows how far the night is.")
            while not stop.wait(0.2) and client.get("/api/brain").json()["asleep"]:
                continue
            if not stop.is_set():
                post("forget", {"label": "digit 7"})
                told("It was asked to forget the sevens: exactly, as if it had never seen one. Ctrl-C ends the show.")
    except httpx.HTTPError as error:
        if not stop.is_set():
            told(f"The lessons have ended early: {error}.")


def _sent(pictures: Any) -> dict[str, list[str]]:
    """Pictures as clients send them."""
    sent = []
    for pixels in pictures:
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG")
        sent.append(base64.b64encode(file.getvalue()).decode())
    return {"pictures": sent}
