"""Kill a brain at a thousand random instants: nothing acknowledged is lost; it equals its unkilled twin bit for bit.

A child process lets a brain learn, forget, merge and sleep, and says after each change what is acknowledged. It is
killed with SIGKILL: half of the times after a random delay, half of the times in the midst of a random system call that
touches the disk. Then the folder is opened, and its state compared with that of a twin that was never killed.
"""

import hashlib
import os
import random
import signal
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.datasets import load_digits

from common import Claim, arguments, finish, kill_once
from reverie.brain import Brain, Plan
from reverie.checkpoint import pack_state

CHANGES = 60
X, Y = load_digits(return_X_y=True)
X = X.astype(np.float32)
SETTINGS: dict[str, Any] = {"encoder": "expansion", "settings": {"width": 40}, "ridge": 1.0}


def change(brain: Brain, index: int, friend: Brain) -> None:
    """The change that leads to version `index` + 1; the same whenever it is asked for."""
    part = slice(index * 20, index * 20 + 20)
    name = f"visitor {index // 10}"
    if index % 10 == 4:
        brain.learn(X[part], Y[part], name=name)
    elif index % 10 == 6:
        brain.forget(int(Y[index * 20]) if int(Y[index * 20]) in brain.classes else brain.classes[0])
    elif index % 10 == 8:
        brain.forget(name=name)
    elif index % 20 == 15:
        brain.merge(friend)
    elif index % 20 == 19:
        brain.sleep(Plan(keep=0.95, hidden=(10,), steps=40, retention=0.0, tolerance=1.0))
    else:
        brain.learn(X[part], Y[part])


def fingerprint(brain: Brain) -> str:
    """Digest of the whole state, but for when things happened and how long they took."""
    state = brain.state_dict()
    state["history"] = [
        {key: value for key, value in event.items() if key not in ("time", "seconds")} for event in state["history"]
    ]
    return hashlib.sha256(pack_state(state)).hexdigest()


def live(folder: Path, friend: Path, told: int, dies_at: int | None) -> None:
    """The child: go on from wherever the brain is; say each acknowledged version."""
    if dies_at is not None:
        _die_at_call(dies_at)
    with Brain.open(friend, writer=False) as other, Brain.open(folder) as brain:
        while brain.version < CHANGES:
            change(brain, brain.version, other)
            os.write(told, brain.version.to_bytes(4, "little"))


def _die_at_call(number: int) -> None:
    """Kill this process at its `number`-th call that touches the disk: before it, or half-way through a write."""
    calls = 0

    def lethal(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*given: Any, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == number:
                if function is real_write:
                    real_write(given[0], bytes(given[1])[: len(given[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*given, **named)

        return wrapped

    real_write = os.write
    for name in ("write", "fsync", "replace", "unlink", "truncate", "open", "mkdir", "rmdir"):
        setattr(os, name, lethal(getattr(os, name)))


def main() -> None:
    options = arguments("Kill a brain at random instants.")
    torch.set_num_threads(1)
    kills = 40 if options.quick else 1000
    chance = random.Random(0)
    lost = differing = 0
    with tempfile.TemporaryDirectory() as place:
        base = Path(place)
        with Brain.create(base / "friend", **SETTINGS) as friend:
            friend.learn(X[:20], Y[:20])  # the same first experience forms the same senses
            friend.learn(X[-40:], Y[-40:])
        expected = [""]
        with Brain.open(base / "friend", writer=False) as friend, Brain.create(base / "twin", **SETTINGS) as twin:
            for index in range(CHANGES):
                change(twin, index, friend)
                expected.append(fingerprint(twin))
        rounds = 0
        folder = base / "0"
        Brain.create(folder, **SETTINGS).close()
        for _ in range(kills):
            dies_at = chance.randrange(1, 60) if chance.random() < 0.5 else None
            acknowledged = kill_once(
                partial(live, folder, base / "friend", dies_at=dies_at),
                chance, longest=0.15, dies_at=dies_at, before=0, what="brain",
            )  # fmt: skip
            with Brain.open(folder) as brain:
                lost += brain.version < acknowledged
                differing += brain.version > 0 and fingerprint(brain) != expected[brain.version]
                done = brain.version >= CHANGES
            if done:
                rounds += 1
                folder = base / str(rounds)
                Brain.create(folder, **SETTINGS).close()
    command = f"python benchmarks/kills.py{' --quick' if options.quick else ''}"
    said = f"after {kills} kills during learn, forget, merge and sleep"
    finish(
        [
            Claim(f"acknowledged changes lost {said}", lost, "changes", 0, "<=", [0], 0.0, command),
            Claim(
                f"states that differ from an unkilled twin's {said}", differing, "states", 0, "<=", [0], 0.0, command
            ),
        ],
        options,
    )


if __name__ == "__main__":
    main()
