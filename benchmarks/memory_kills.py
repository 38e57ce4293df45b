"""Kill a memory for language at a thousand random instants: nothing acknowledged is lost, and no half night is found.

A child process lives with a memory, and says after each change that it is done: two times in three it remembers,
confirms, rehearses, sleeps and forgets; once in three a language model sleeps with the memory, and forgets
(`memory_nights.py`). It is killed with SIGKILL: half of the times after a random delay, half of the times before a
random statement of SQL. Then the file is opened, and must hold what a twin that was never killed held after the last
change that was acknowledged, or after the next one: that may have been finished, unheard. The sleep of a language
model is two changes of the store, the night and what its audit says in the morning; so the first alone may be there.
"""

import argparse
import hashlib
import os
import random
import shutil
import signal
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

import memory_nights
from common import Claim, finish, kill_once, parser
from reverie.memory.episodic import SQLiteStore
from reverie.sleep.retriever import RetrieverNight, sleep_on

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
NIGHT = RetrieverNight(steps=3, batch=4, others=4, near=1, fewest=3, prune_below=0.3)
TABLES = ("episodes", "recalls", "(SELECT 1000 * recall + episode FROM answers)", "named", "clock")


@dataclass(frozen=True)
class Life:
    """What a child does.

    Attributes
    ----------
    said : str
        What it does, in a claim.
    changes : int
        How many; the change of a number is the same whenever it is asked for.
    change : callable
        Make the change of a number in a store.
    state : callable
        Digest of what a store holds.
    faults : callable
        What in a store does not agree with the rest of it.
    longest : float
        Seconds after which it is killed at the latest.
    between : bool
        Whether a change has several transactions, each of which may be the last that was finished.
    asleep : callable
        Whether the change of a number is a night, or what a night forgets.
    """

    said: str
    changes: int
    change: Callable[[SQLiteStore, int], None]
    state: Callable[[SQLiteStore], str]
    faults: Callable[[SQLiteStore], list[str]]
    longest: float
    between: bool
    asleep: Callable[[int], bool]


# the life of a memory by itself


def encode(texts: list[str]) -> NDArray[np.float32]:
    """Vectors of eight numbers."""
    rows = [np.frombuffer(hashlib.sha256(text.encode()).digest(), dtype="<u4") for text in texts]
    return (np.array(rows, dtype=np.float64) / 2**32).astype(np.float32)


def change(store: SQLiteStore, index: int) -> None:
    """The change number `index`."""
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


DAYS = Life(
    "remembering, confirming, sleeping and forgetting",
    changes=40,
    change=change,
    state=fingerprint,
    faults=lambda _: [],
    longest=0.12,
    between=False,
    asleep=lambda index: index % 8 == 7,
)
NIGHTS = Life(
    "a language model sleeps with the memory, and forgets",
    changes=memory_nights.CHANGES,
    change=memory_nights.change,
    state=memory_nights.state,
    faults=memory_nights.faults,
    longest=0.6,
    between=True,
    asleep=memory_nights.asleep,
)


# killing


def live(life: Life, path: Path, done: int, told: int, dies_at: int | None) -> None:
    """The child: go on after the changes that are done; say each one."""
    with SQLiteStore(path) as store:
        if dies_at is not None:
            _die_at_statement(store._database, dies_at)
        for index in range(done, life.changes):
            life.change(store, index)
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


def twin_of(life: Life, folder: Path) -> tuple[list[str], list[set[str]]]:
    """A life that is not killed: what it holds before each change and at the end, and what in between.

    A copy of it as it was then lies in the folder under the number of each.
    """
    path, states, between = folder / "twin.db", [], []
    SQLiteStore(path, encoder="none", dimension=8).close()
    for index in range(life.changes + 1):
        with SQLiteStore(path) as store:
            states.append(life.state(store))
        shutil.copy(path, folder / f"{index}.db")  # closed, it is one file
        if index < life.changes:
            with SQLiteStore(path) as store, _committed(store, life) as found:
                life.change(store, index)
            between.append(found if life.between else set())
    return states, between


@contextmanager
def _committed(store: SQLiteStore, life: Life) -> Iterator[set[str]]:
    """What the store holds after each of its transactions."""
    found: set[str] = set()
    whole = store.transaction

    @contextmanager
    def transaction() -> Iterator[None]:
        with whole():
            yield
        if store._depth == 0:
            found.add(life.state(store))

    store.transaction = transaction  # type: ignore[method-assign]
    yield found


def killed(life: Life, kills: int, command: str) -> list[Claim]:
    """Kill children that live so, each going on where the one before it died; after the end, anywhere in a life."""
    chance = random.Random(0)
    lost = differing = deaths = nights = amid = faults = 0
    with tempfile.TemporaryDirectory() as place:
        states, between = twin_of(life, Path(place))
        path, done = Path(place) / "child.db", 0
        for _ in range(kills):
            if not path.exists():
                shutil.copy(Path(place) / f"{done}.db", path)
            dies_at = chance.randrange(1, 250) if chance.random() < 0.5 else None
            acknowledged = kill_once(
                partial(live, life, path, done, dies_at=dies_at),
                chance, longest=life.longest, dies_at=dies_at, before=done, what="memory",
            )  # fmt: skip
            with SQLiteStore(path) as store:
                found, wrong = life.state(store), life.faults(store)
            deaths += acknowledged < life.changes
            nights += acknowledged < life.changes and life.asleep(acknowledged)
            faults += bool(wrong)
            for fault in wrong:
                print(f"  after change {acknowledged}: {fault}", flush=True)
            may_be = range(acknowledged, min(acknowledged + 1, life.changes) + 1)
            at = next((one for one in may_be if states[one] == found), None)
            within = at is None and acknowledged < life.changes and found in between[acknowledged]
            if within:
                at, amid = acknowledged + 1, amid + 1
            lost += at is None and found in states[:acknowledged]
            differing += at is None
            done = chance.randrange(life.changes) if at in (None, life.changes) else at
            if within or done != at:  # what comes after that, the twin does not know
                for file in Path(place).glob("child.db*"):
                    file.unlink()
    said = f"after {kills} kills while {life.said}"
    beside: dict[str, float] = {"died in the midst of a life": deaths, "in a night": nights}
    beside |= {"between two transactions": amid} if life.between else {}
    claims = [
        Claim(f"acknowledged changes of a memory lost {said}", lost, "changes", 0, "<=", [0], 0.0, command),
        Claim(
            f"memories that are not as an unkilled twin was before or after the change {said}",
            *(differing, "memories", 0, "<=", [0], 0.0, command),
            beside,
        ),
    ]
    if life.between:
        what = f"memories whose nights, adapters and episodes do not agree {said}"
        claims.append(Claim(what, faults, "memories", 0, "<=", [0], 0.0, command))
    return claims


def main() -> None:
    options = arguments()
    torch.set_num_threads(1)
    kills = options.kills or (40 if options.quick else 1000)
    command = f"python benchmarks/memory_kills.py{' --quick' if options.quick else ''}"
    nights = {"days": 0, "nights": kills}.get(options.only, kills // 3)
    claims = []
    for life, count in ((DAYS, kills - nights), (NIGHTS, nights)):
        claims += killed(life, count, command) if count else []
    finish(claims, options)


def arguments() -> argparse.Namespace:
    options = parser("Kill a memory for language at random instants.")
    options.add_argument("--kills", type=int, help="how often")
    options.add_argument("--only", choices=("days", "nights"), help="without, or with a language model")
    return options.parse_args()


if __name__ == "__main__":
    main()
