"""An hour of learning and asking over HTTP, with kills and restarts: nothing told is lost, memory does not grow.

Three clients ask, one teaches; now and then a night is slept. Every minute the service is killed with SIGKILL, or every
other time told to stop in the midst of a long lesson, and started again. What a client was told is learned must be
there after each start, and a lesson that has begun before a gentle stop is finished.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from sklearn.datasets import load_digits

from common import Claim, finish, parser
from reverie.brain import Brain

X, Y = load_digits(return_X_y=True)
TOKEN = "a-token-for-the-benchmark"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
PAUSE = 0.05  # seconds between two requests of a client


class Service:
    """The service, in a process of its own; it dies and is started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, "0"
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "reverie", "brain", "serve", str(self.folder), "--port", self.port, "--json"]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "REVERIE_TOKEN": TOKEN}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("The service did not start; see above.")
        self.address = json.loads(line)["address"].partition("/#")[0]
        self.port = self.address.rpartition(":")[2]

    def end(self, number: int) -> None:
        self.process.send_signal(number)
        self.process.wait(60)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def resident(self) -> int:
        """Bytes of memory that are in use."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        return 0


class Clients:
    """Ask and teach until told to stop; failures while the service is down are expected, and nothing is sent again."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.stop, self.up = threading.Event(), threading.Event()
        self.up.set()
        self.times: dict[str, list[float]] = {"learn": [], "predict": []}
        self.acknowledged = self.maybe = 0  # samples; those whose answer never came
        self.odd: list[str] = []
        self.cut = 0  # long lessons that a gentle stop has cut off

    def long_lesson(self, began: threading.Event) -> None:
        """A thousand samples; `began` is set when they are on their way."""
        part = np.arange(1000) % len(X)
        body = {"samples": {"vectors": X[part].tolist()}, "labels": Y[part].tolist()}
        sent = json.dumps(body).encode()

        def pieces() -> Iterator[bytes]:
            yield sent
            began.set()

        headers = HEADERS | {"Content-Type": "application/json"}
        try:
            answer = httpx.post(f"{self.service.address}/api/learn", content=pieces(), headers=headers, timeout=60)
        except httpx.HTTPError:
            self.maybe += 1000
            self.cut += 1
            return
        if answer.status_code == 200:
            self.acknowledged += 1000
        elif answer.status_code != 503:  # asleep
            self.odd.append(f"long lesson: {answer.status_code} {answer.text[:200]}")

    def run(self, what: str, seed: int) -> None:
        chance = random.Random(seed)
        while not self.stop.is_set():
            self.up.wait()
            part = [chance.randrange(len(X)) for _ in range(10)]
            body: dict[str, Any] = {"samples": {"vectors": X[part].tolist()}}
            if what == "learn":
                body["labels"] = Y[part].tolist()
            began = time.perf_counter()
            try:
                answer = httpx.post(f"{self.service.address}/api/{what}", json=body, headers=HEADERS, timeout=60)
            except httpx.HTTPError:
                self.maybe += 10 if what == "learn" else 0
                time.sleep(0.2)
                continue
            if answer.status_code == 200:
                self.times[what].append(time.perf_counter() - began)
                self.acknowledged += 10 if what == "learn" else 0
            elif answer.status_code != 503 or "Traceback" in answer.text:
                self.odd.append(f"{what}: {answer.status_code} {answer.text[:200]}")
            time.sleep(PAUSE)


def main() -> None:
    reading = parser("A service that is killed every minute, for an hour.")
    reading.add_argument("--minutes", type=float, default=60.0)
    options = reading.parse_args()
    length, life = (40.0, 10.0) if options.quick else (60.0 * options.minutes, 60.0)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "b"
        with Brain.create(folder, encoder="expansion", settings={"width": 300}) as brain:
            brain.learn(X[:200], Y[:200])
        service = Service(folder)
        clients = Clients(service)
        jobs = [("learn", 0), ("predict", 1), ("predict", 2), ("predict", 3)]
        threads = [threading.Thread(target=clients.run, args=job) for job in jobs]
        for thread in threads:
            thread.start()
        lost = lives = 0
        chance = random.Random(0)
        early, late = [], []
        ends = time.monotonic() + length
        while time.monotonic() < ends:
            time.sleep(life * 0.4)
            early.append(service.resident())
            if lives % 5 == 2:
                httpx.post(f"{service.address}/api/sleep", headers=HEADERS, timeout=60)
            time.sleep(life * 0.6)
            late.append(service.resident())
            clients.up.clear()
            if lives % 2 == 0:
                known = clients.acknowledged  # before the blow
                service.end(signal.SIGKILL)
            else:
                began = threading.Event()
                lesson = threading.Thread(target=clients.long_lesson, args=(began,))
                lesson.start()
                began.wait(60)
                time.sleep(chance.uniform(0.0, 1.0))
                service.end(signal.SIGTERM)
                lesson.join()
                known = clients.acknowledged
            lives += 1
            service.start()
            view = httpx.get(f"{service.address}/api/brain", headers=HEADERS, timeout=60).json()
            there = sum(one["samples"] for one in view["classes"]) - 200
            lost += max(0, known - there)
            clients.up.set()
        clients.stop.set()
        for thread in threads:
            thread.join()
        service.end(signal.SIGTERM)
        with Brain.open(folder) as brain:
            there = sum(brain.counts.values()) - 200
            right = float((brain.predict(X) == Y).mean())
        lost += max(0, clients.acknowledged - there)
        invented = max(0, there - clients.acknowledged - clients.maybe)
    for line in sorted(set(clients.odd))[:10]:
        print(line)
    said = f"{length / 60:.1f} minutes over HTTP, {lives} kills and stops"
    length_asked = "" if options.minutes == 60 else f" --minutes {options.minutes:g}"
    command = f"python benchmarks/soak.py{' --quick' if options.quick else length_asked}"
    beside = {"samples learned": float(there), "accuracy on what was learned": right}
    mega = 2**20
    growth = (float(np.mean(late[-5:])) - float(np.mean(early[:5]))) / mega
    memory = {"at first, MiB": float(np.mean(early[:5])) / mega, "at last, MiB": float(np.mean(late[-5:])) / mega}
    claims = [
        Claim(f"{said}: acknowledged samples lost", lost, "samples", 0, "<=", [0], 0.0, command, beside),
        Claim(f"{said}: samples that nobody taught", invented, "samples", 0, "<=", [0], 0.0, command),
        Claim(f"{said}: answers that are not documented", len(clients.odd), "answers", 0, "<=", [0], 0.0, command),
        Claim(f"{said}: lessons that a gentle stop cut off", clients.cut, "lessons", 0, "<=", [0], 0.0, command),
        Claim(f"{said}: growth of the service's memory", growth, "MiB", 30.0, "<=", [0], 0.0, command, memory),
    ]
    for what, times in clients.times.items():
        spread = {"median, ms": 1000 * float(np.median(times)), "requests": float(len(times))}
        p99 = 1000 * float(np.quantile(times, 0.99))
        claims.append(Claim(f"{said}: p99 of {what}, ten samples", p99, "ms", None, "=", [0], 0.0, command, spread))
    finish(claims, options)


if __name__ == "__main__":
    main()
