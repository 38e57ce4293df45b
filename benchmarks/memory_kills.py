"""Kill a memory for language at a thousand random instants: nothing acknowledged is lost, and no half night is found.

A child process remembers, confirms, rehearses, sleeps and forgets, and says after each change that it is done. It is
killed with SIGKILL: half of the times after a random delay, half of the times in the midst of a transaction, before a
random statement of SQL. Then the file is opened, and must hold what a twin that was never killed held after the last
change that was acknowledged, or after the next one: that may have been finished, unheard.
"""

import argparse
import hashlib
import os
import random
import signal
import sqlite3
import tempfile
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from common import Claim, finish, kill_once, parser
from reverie.memory.episodic import SQLiteStore
from reverie.sleep.retriever import RetrieverNight, sleep_on

CHANGES = 40
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
NIGHT = RetrieverNight(steps=3, batch=4, others=4, near=1, fewest=3, prune_below=0.3)
TABLES = ("episodes", "recalls", "(SELECT 1000 * recall + episode FROM answers)", "named", "clock")


def encode(texts: list[str]) -> NDArray[np.float32]:
    """Vectors of eight numbers."""
    rows = [np.frombuffer(hashlib.sha256(text.encode()).digest(), dtype="<u4") for text in texts]
    return (np.array(rows, dtype=np.float64) / 2**32).astype(np.float32)


def change(store: SQLiteStore, index: int) -> None:
    """The change number `index`; the same whenever it is asked for."""
    at = BEGAN + timedelta(days=30 * index)
    kind = index % 8
    if kind == 7:
        sleep_on(store, encode, NIGHT, now=at)
    elif kind == 6:
        store.forget([one.id for one in store.live()][index % 3 :: 5], at)
    elif kind in (3, 5):
        store.confirm(f"question {index}?", [one.id for one in store.live()][:: 2 + index % 2], at)
    elif kind == 4:
        with store.transaction():  # a talk comes as a whole
            for turn in range(5):
                text = f"Ana: turn {turn} of talk {index}"
                store.add(text, encode([text])[0], session=str(index), heard=at, importance=0.1 * turn)
    else:
        text = f"Ana's place is {index}."
        with store.transaction():
            store.add(text, encode([text])[0], who="Ana", what="place", value=str(index), heard=at)
            store.add("the same!" if index % 2 else "The same", encode(["same"])[0], heard=at)


def fingerprint(store: SQLiteStore) -> str:
    """Digest of every row."""
    rows = [store._ask(f"SELECT * FROM {table} ORDER BY 1") for table in TABLES]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def live(path: Path, done: int, told: int, dies_at: int | None) -> None:
    """The child: go on after the changes that are done; say each one."""
    with SQLiteStore(path) as store:
        if dies_at is not None:
            _die_at_statement(store._database, dies_at)
        for index in range(done, CHANGES):
            change(store, index)
            os.write(told, (index + 1).to_bytes(4, "little"))


def _die_at_statement(database: sqlite3.Connection, number: int) -> None:
    """Kill this process before its `number`-th statement."""
    count = 0

    def trace(statement: str) -> None:
        nonlocal count
        count += 1
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)

    database.set_trace_callback(trace)


def main() -> None:
    options = arguments()
    torch.set_num_threads(1)
    kills = options.kills or (40 if options.quick else 1000)
    chance = random.Random(0)
    lost = differing = deaths = 0
    with tempfile.TemporaryDirectory() as place:
        base = Path(place)

        def new(name: str) -> Path:
            SQLiteStore(base / name, encoder="none", dimension=8).close()
            return base / name

        with SQLiteStore(new("twin.db")) as twin:
            expected = [fingerprint(twin)]
            for index in range(CHANGES):
                change(twin, index)
                expected.append(fingerprint(twin))
        path, done, rounds = new("0.db"), 0, 0
        for _ in range(kills):
            dies_at = chance.randrange(1, 250) if chance.random() < 0.5 else None
            acknowledged = kill_once(
                partial(live, path, done, dies_at=dies_at),
                chance, longest=0.12, dies_at=dies_at, before=done, what="memory",
            )  # fmt: skip
            with SQLiteStore(path) as store:
                found = fingerprint(store)
            deaths += acknowledged < CHANGES
            may_be = range(acknowledged, min(acknowledged + 1, CHANGES) + 1)
            at = next((one for one in may_be if expected[one] == found), None)
            lost += at is None and found in expected[:acknowledged]
            differing += at is None
            if at is None or at == CHANGES:
                rounds += 1
                path, at = new(f"{rounds}.db"), 0
            done = at
    command = f"python benchmarks/memory_kills.py{' --quick' if options.quick else ''}"
    said = f"after {kills} kills while remembering, confirming, sleeping and forgetting"
    finish(
        [
            Claim(f"acknowledged changes of a memory lost {said}", lost, "changes", 0, "<=", [0], 0.0, command),
            Claim(
                f"memories that are not as an unkilled twin was before or after the change {said}",
                *(differing, "memories", 0, "<=", [0], 0.0, command),
                {"died in the midst of a life": deaths},
            ),
        ],
        options,
    )


def arguments() -> argparse.Namespace:
    options = parser("Kill a memory for language at random instants.")
    options.add_argument("--kills", type=int, help="how often")
    return options.parse_args()


if __name__ == "__main__":
    main()
