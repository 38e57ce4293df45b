"""Who touches the brain: one thread changes it, and any may ask it meanwhile.

Changes wait in a bounded queue; a change has happened, durably, when `change` returns. While the brain sleeps it can be
asked, but not changed. When nothing waits, the keeper looks what the brain still knows (on dreams).
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from dataclasses import asdict
from queue import Empty, Full, Queue
from typing import Any, NamedTuple, TypeVar

import numpy as np

from reverie.brain import NEW, Brain
from reverie.errors import BadData, MissingData
from reverie.server.frame import Busy
from reverie.server.limits import Limits

__all__ = ["Keeper"]

T = TypeVar("T")
_IDLE = 0.5  # seconds without a change after which the keeper looks at the brain
_REST = 20  # times as long as a look took, until the next one


class _Job(NamedTuple):
    action: Callable[[Brain], Any]
    future: "Future[Any]"
    night: bool


class Keeper:
    """Keeps a brain that was opened for writing; `close` it.

    Parameters
    ----------
    brain : Brain
    limits : Limits
    """

    def __init__(self, brain: Brain, limits: Limits) -> None:
        if brain.targets == "labels":
            raise BadData(
                "A brain of several labels is not served. Ask it by reverie brain predict, or predict_labels."
            )
        self._brain, self._limits = brain, limits
        self._jobs: Queue[_Job | None] = Queue(limits.queue)
        self._readers = threading.BoundedSemaphore(limits.readers)
        self._asleep = threading.Event()
        self.stopping = threading.Event()
        self.novelty: deque[dict[str, float]] = deque(maxlen=500)  # of what came in without a label
        self.retention: deque[dict[str, Any]] = deque(maxlen=500)
        self._looked_at, self._look_after = -1, 0.0
        self._seen: dict[str, Any] = {}
        self._kept: tuple[int, list[int]] = (-1, [])  # a version, and those that one could go back to then
        self._look()
        self._thread = threading.Thread(target=self._work, name="brain", daemon=True)
        self._thread.start()

    @property
    def targets(self) -> str:
        """What the brain learns: "classes" or "numbers"."""
        return self._brain.targets

    # changing

    def change(self, action: Callable[[Brain], T]) -> T:
        """Let the brain change; on return that is durable.

        Raises
        ------
        Busy
            Asleep; too many wait; or its turn did not come in time. Nothing was changed then.
        """
        if self._asleep.is_set():
            raise Busy("The brain is asleep. Ask again later; it can still be asked to predict.")
        return self._wait_for(self._put(action))

    def sleep(self) -> None:
        """Let the brain sleep; returns when it has closed its eyes."""
        if self._asleep.is_set():
            raise Busy("The brain is asleep already.")
        self._asleep.set()
        try:
            self._put(lambda brain: brain.sleep(), night=True)
        except Busy:
            self._asleep.clear()
            raise

    def _put(self, action: Callable[[Brain], T], *, night: bool = False) -> "Future[T]":
        if self.stopping.is_set():
            raise Busy("The service is stopping.")
        future: Future[T] = Future()
        try:
            self._jobs.put_nowait(_Job(action, future, night))
        except Full:
            raise Busy("Too many changes are waiting. Ask again later.") from None
        return future

    def _wait_for(self, future: "Future[T]") -> T:
        try:
            return future.result(self._limits.wait)
        except Late:
            if future.cancel():
                raise Busy("The brain is busy. Nothing was changed; ask again later.") from None
            return future.result()  # it has begun: its end is the answer

    def _work(self) -> None:
        while True:
            try:
                job = self._jobs.get(timeout=_IDLE)
            except Empty:
                self._look()
                continue
            if job is None:
                return
            if not job.future.set_running_or_notify_cancel():
                continue
            try:
                result = job.action(self._brain)
            except BaseException as error:
                job.future.set_exception(error)
            else:
                job.future.set_result(result)
            if job.night:
                self._asleep.clear()

    # asking

    def ask(self, action: Callable[[Brain], T]) -> T:
        """Ask the brain something that does not change it."""
        if not self._readers.acquire(blocking=False):
            raise Busy("Too many questions at once. Ask again later.")
        try:
            return action(self._brain)
        finally:
            self._readers.release()

    def met(self, novelty: Any) -> None:
        """Remember how new what came in was."""
        if len(novelty):
            share = float((np.asarray(novelty) >= NEW).mean())
            self.novelty.append({"time": time.time(), "mean": float(np.mean(novelty)), "new": share})

    def view(self) -> dict[str, Any]:
        """What the page shows."""
        brain = self._brain
        history, version, counts, numbers = brain.history(), brain.version, brain.counts, self.targets == "numbers"
        if version != self._kept[0]:
            self._kept = version, brain.versions()[-20:]
        return {
            **self._seen,
            "targets": brain.targets,
            "version": version,
            "classes": [] if numbers else [{"label": label, "samples": n} for label, n in sorted(counts.items())],
            "samples": sum(counts.values()),
            "asleep": self._asleep.is_set(),
            "history": history[-30:],
            "nights": [event for event in history if event["kind"] == "sleep"][-10:],
            "versions": self._kept[1],
            "novelty": list(self.novelty),
            "retention": list(self.retention),
        }

    def _look(self) -> None:
        """What takes long to see: size, drift, retention; not more often than is cheap."""
        brain = self._brain
        if brain.version == self._looked_at or time.monotonic() < self._look_after:
            return
        began = time.monotonic()
        try:
            drift: dict[str, Any] | None = asdict(brain.drift())
        except MissingData:
            drift = None
        known = brain.retention()
        if known:
            shares = list(known.values())
            point = {
                "time": time.time(),
                "version": brain.version,
                "mean": float(np.mean(shares)),
                "least": min(shares),
            }
            self.retention.append(point)
        self._seen = {
            "encoder": brain.mind.senses.encoder,
            "shape": None if brain.shape is None else list(brain.shape),
            "state_bytes": brain.state_bytes,
            "drift": drift,
            "known": {str(label): share for label, share in known.items()},
        }
        self._looked_at = brain.version
        self._look_after = time.monotonic() + _REST * (time.monotonic() - began)

    def close(self) -> None:
        """Finish what waits, and let the brain go."""
        self.stopping.set()
        self._jobs.put(None)
        self._thread.join()
        self._brain.close()
