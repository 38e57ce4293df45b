"""Kill a brain a thousand times in the midst of its work: nothing acknowledged is lost; it equals its unkilled twin.

A child process lets a brain learn, forget, merge, sleep, go back, export and be created. Through a pipe it says "now"
when an operation begins, and "done" when it is acknowledged. It is killed with SIGKILL in between: half of the times
after a random part of the time that the operation usually takes, half of the times at a random system call of it that
touches the disk. Then the folder is opened, and its state compared, bit for bit, with that of a twin that was never
killed.
"""

import hashlib
import os
import random
import shutil
import signal
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.datasets import load_digits

from common import Claim, arguments, finish
from reverie.brain import Brain, Plan
from reverie.checkpoint import pack_state

CHANGES = 60
OPERATIONS = ("learn", "forget", "merge", "sleep", "rollback", "export", "create")
_MESSAGE = struct.Struct("<cBI")
real_write = os.write
X, Y = load_digits(return_X_y=True)
X = X.astype(np.float32)
SETTINGS: dict[str, Any] = {"encoder": "expansion", "settings": {"width": 40}, "ridge": 1.0}


def kind_of(index: int) -> str:
    """What leads from version `index` to the next."""
    if index % 20 == 15:
        return "merge"
    if index % 20 == 19:
        return "sleep"
    if index % 20 == 12:
        return "rollback"
    return "forget" if index % 10 in (6, 8) else "learn"


def change(brain: Brain, index: int, friend: Brain) -> None:
    """The change that leads to version `index` + 1; the same whenever it is asked for."""
    part = slice(index * 20, index * 20 + 20)
    name = f"visitor {index // 10}"
    kind = kind_of(index)
    if kind == "merge":
        brain.merge(friend)
    elif kind == "sleep":
        brain.sleep(Plan(keep=0.95, hidden=(10,), steps=40, retention=0.0, tolerance=1.0))
    elif kind == "rollback":
        versions = brain.versions()
        brain.rollback(versions[len(versions) // 2])
    elif index % 10 == 6:
        brain.forget(int(Y[index * 20]) if int(Y[index * 20]) in brain.classes else brain.classes[0])
    elif index % 10 == 8:
        brain.forget(name=name)
    else:
        brain.learn(X[part], Y[part], name=name if index % 10 == 4 else None)


def fingerprint(brain: Brain) -> str:
    """Digest of the whole state, but for when things happened and how long they took."""
    state = brain.state_dict()
    state["history"] = [
        {key: value for key, value in event.items() if key not in ("time", "seconds")} for event in state["history"]
    ]
    return hashlib.sha256(pack_state(state)).hexdigest()


def live(folder: Path, friend: Path, told: int, dies: tuple[int, int] | None) -> None:
    """The child: go on from wherever the brain is; say what begins, and what is acknowledged.

    Parameters
    ----------
    dies : (int, int), optional
        The operation and the system call in it at which the process kills itself.
    """
    with Brain.open(friend, writer=False) as other, Brain.open(folder) as brain:
        operation = 0
        while brain.version < CHANGES:
            for kind in ["export", kind_of(brain.version)] if brain.version % 6 == 5 else [kind_of(brain.version)]:
                operation += 1
                if dies is not None and operation == dies[0]:
                    _die_at_call(dies[1])
                _say(told, b"N", kind, brain.version)
                if kind == "export":
                    brain.export(_model(folder, brain.version))
                else:
                    change(brain, brain.version, other)
                _say(told, b"D", kind, brain.version)


def born(folder: Path, told: int, dies: tuple[int, int] | None) -> None:
    """The child that creates a brain."""
    if dies is not None:
        _die_at_call(dies[1])
    _say(told, b"N", "create", 0)
    Brain.create(folder, **SETTINGS).close()
    _say(told, b"D", "create", 0)


def _model(folder: Path, version: int) -> Path:
    return folder.with_name(f"{folder.name}-model-{version}-{os.getpid()}")


def _say(told: int, what: bytes, kind: str, version: int) -> None:
    real_write(told, _MESSAGE.pack(what, OPERATIONS.index(kind), version))


def _die_at_call(number: int) -> None:
    """Kill this process at its `number`-th call that touches the disk: before it, or half-way through a write."""
    calls = 0

    def lethal(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*given: Any, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == number:
                if function is real_write and len(given[1]) > 1:
                    real_write(given[0], bytes(given[1])[: len(given[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*given, **named)

        return wrapped

    for name in (
        "write",
        "fsync",
        "replace",
        "rename",
        "unlink",
        "ftruncate",
        "lseek",
        "open",
        "close",
        "mkdir",
        "rmdir",
    ):
        setattr(os, name, lethal(getattr(os, name)))


class Killer:
    """Starts children, and kills each in the midst of an operation.

    Attributes
    ----------
    inside : dict
        Operation: how many kills came between "now" and "done".
    """

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.usual = dict.fromkeys(OPERATIONS, 0.01)  # seconds that an operation takes
        self.inside = dict.fromkeys(OPERATIONS, 0)

    def kill(self, live: Callable[[int, tuple[int, int] | None], None]) -> int:
        """One child, one death (or a natural end); the last version that it acknowledged.

        Parameters
        ----------
        live : callable
            The child's life; it is given where it shall speak, and where it kills itself, if it does.
        """
        victim = self.chance.randrange(1, 5)  # which of its operations is killed
        dies = (victim, self.chance.randrange(1, 70)) if self.chance.random() < 0.5 else None
        heard, told = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.close(heard)
                live(told, dies)
            except BaseException as error:
                print(f"{type(error).__name__}: {error}", file=sys.stderr)
                os._exit(1)
            os._exit(0)
        os.close(told)
        acknowledged, operation, began = 0, 0, 0.0
        doing: str | None = None
        while message := os.read(heard, _MESSAGE.size):
            what, index, version = _MESSAGE.unpack(message)
            if what == b"N":
                doing, began, operation = OPERATIONS[index], time.monotonic(), operation + 1
                if dies is None and operation == victim:
                    time.sleep(self.chance.uniform(0.0, 1.1) * self.usual[doing])
                    os.kill(child, signal.SIGKILL)
            else:
                self.usual[OPERATIONS[index]] = 0.8 * self.usual[OPERATIONS[index]] + 0.2 * (time.monotonic() - began)
                doing, acknowledged = None, version
        os.close(heard)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
            raise SystemExit("A brain that was killed could not be opened and gone on with: see above.")
        if doing is not None:
            self.inside[doing] += 1
        return acknowledged


def broken_models(base: Path) -> int:
    """Exports that are there and not whole; all are removed."""
    from reverie.edge.numpy_predictor import Predictor

    broken = 0
    for model in base.glob("*-model-*"):
        if not model.name.startswith("."):
            try:
                Predictor(model).predict(X[:2])
            except Exception:
                broken += 1
        shutil.rmtree(model)
    return broken


def main() -> None:
    options = arguments("Kill a brain in the midst of its work.")
    torch.set_num_threads(1)
    kills = 40 if options.quick else 1000
    killer = Killer(random.Random(0))
    lost = differing = broken = 0
    with tempfile.TemporaryDirectory() as place:
        base = Path(place)
        with Brain.create(base / "friend", **SETTINGS) as friend:
            friend.learn(X[-40:], Y[-40:])
        expected = [""]
        with Brain.open(base / "friend", writer=False) as friend, Brain.create(base / "twin", **SETTINGS) as twin:
            for index in range(CHANGES):
                change(twin, index, friend)
                expected.append(fingerprint(twin))
        rounds = 0
        folder = base / "0"
        while sum(killer.inside.values()) < kills:
            if not (folder / "brain.json").exists() or killer.inside["create"] < kills // 10:
                newborn = folder if not (folder / "brain.json").exists() else base / "newborn"
                killer.kill(partial(born, newborn))
                if (newborn / "brain.json").exists():
                    Brain.open(newborn).close()
                else:
                    Brain.create(newborn, **SETTINGS).close()
                shutil.rmtree(base / "newborn", ignore_errors=True)
            acknowledged = killer.kill(partial(live, folder, base / "friend"))
            with Brain.open(folder) as brain:
                lost += brain.version < acknowledged
                differing += brain.version > 0 and fingerprint(brain) != expected[brain.version]
                done = brain.version >= CHANGES
            broken += broken_models(base)
            if done:
                rounds += 1
                folder = base / str(rounds)
    command = f"python benchmarks/kills.py{' --quick' if options.quick else ''}"
    said = "after kills inside learn, forget, merge, sleep, rollback, export and create"
    zero: tuple[float, str, list[int], float] = (0, "<=", [0], 0.0)
    inside = {f"kills inside {kind}": float(count) for kind, count in killer.inside.items()}
    print(f"  {sum(killer.inside.values())} kills inside operations")
    finish(
        [
            Claim(f"acknowledged changes lost {said}", lost, "changes", *zero, command, inside),
            Claim(f"states that differ from an unkilled twin's {said}", differing, "states", *zero, command),
            Claim(f"exports that are there and not whole {said}", broken, "exports", *zero, command),
        ],
        options,
    )


if __name__ == "__main__":
    main()
