"""Interrupt every change at every place: nothing acknowledged is lost, every folder opens, every message is true.

Each operation on a brain is run once to count its places: the calls that reach the operating system, and the lines of
the product. Then it is run again from the same start for each place and kind of fault (`fault_layer`). Afterwards the
same object is asked and learns on, the folder is opened again, and what is there is compared with twins that met no
fault.
"""

import os
import shutil
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

import reverie.brain.history as history
from common import Claim, finish, parser
from fault_layer import KINDS, LINES, Faults, Lines, line_of
from kills import SETTINGS, X, Y, fingerprint
from reverie.brain import Brain, Plan
from reverie.errors import ReverieError, Unfinished

_NIGHT = Plan(keep=0.9, hidden=(4,), steps=2, retention=0.0, tolerance=1.0)

Operation = Callable[[Brain, Path], Any]


def _learn(brain: Brain, place: Path) -> None:
    brain.learn(X[100:104], Y[100:104])


OPERATIONS: dict[str, Operation] = {
    "learn": _learn,
    "learn under a name": lambda brain, place: brain.learn(X[110:114], Y[110:114], name="eve"),
    "learn what is new": lambda brain, place: brain.learn(X[120:123], [77, 78, 77]),
    "learn sums": lambda brain, place: brain.learn_sums([_shard(brain)]),
    "correct": lambda brain, place: brain.correct(X[24:25], Y[24] + 1, was=Y[24]),
    "forget a class": lambda brain, place: brain.forget(1),
    "forget a name": lambda brain, place: brain.forget(name="ann"),
    "forget samples": lambda brain, place: brain.forget(x=X[20:24], y=Y[20:24]),
    "rename": lambda brain, place: brain.rename(2, 22),
    "merge": lambda brain, place: brain.merge(_friend(place)),
    "sleep": lambda brain, place: brain.sleep(_NIGHT),
    "rollback": lambda brain, place: brain.rollback(brain.versions()[1]),
    "snapshot": lambda brain, place: _snapshot(brain),
}
"""Each is one change of a brain that has learned."""


def _shard(brain: Brain) -> Any:
    from reverie.brain import shard_sums

    return shard_sums(brain.ready(X[130:133], Y[130:133]), X[130:133], Y[130:133])


def _friend(place: Path) -> Brain:
    return Brain.open(place.parent / "friend", writer=False)


def _snapshot(brain: Brain) -> None:
    """A change after which the log is cut."""
    usual, history._LOG = history._LOG, 2**40
    try:
        _learn(brain, Path())
    finally:
        history._LOG = usual


@dataclass
class Found:
    """What was tried, and what was wrong.

    Attributes
    ----------
    places : dict
        Operation: how many places and kinds of fault.
    lost, unreadable, untrue : list of str
        Where.
    """

    places: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    untrue: list[str] = field(default_factory=list)


class Trial:
    """One operation, from one start."""

    def __init__(self, base: Path, name: str, found: Found) -> None:
        self.base, self.name, self.found = base, name, found
        self.operation = OPERATIONS[name]
        self.expected: dict[int, str] = {}  # of version: what a twin without faults is
        self.after: dict[int, str] = {}  # of version: what it is when it has learned once more
        for changed in (False, True):
            with self.started() as (brain, place):
                if changed:
                    self.operation(brain, place)
                self.expected[brain.version] = fingerprint(brain)
                begins = brain.version
                _learn(brain, place)
                self.after[begins] = fingerprint(brain)
        self.before = min(self.expected)

    @contextmanager
    def started(self) -> Iterator[tuple[Brain, Path]]:
        place = Path(tempfile.mkdtemp(dir=self.base / "trials"))
        shutil.copytree(self.base / "start", place / "brain")
        os.symlink(self.base / "friend", place / "friend")
        try:
            with Brain.open(place / "brain") as brain:
                yield brain, place / "brain"
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def run(self, kind: str, at: int) -> int:
        """Let one fault happen; how many places there are."""
        where = f"{self.name}, {kind}, place {at}"
        if kind == "kill":
            return self._killed(at, where)
        layer = Lines(LINES[kind], at) if kind in LINES else Faults(kind, at)
        with self.started() as (brain, place):
            error: BaseException | None = None
            try:
                with layer:
                    self.operation(brain, place)
            except BaseException as raised:
                error = raised
            if isinstance(layer, Lines):
                where += f" ({layer.where})"
            if at:
                self._judge(brain, place, error, where)
        return layer.calls

    def _judge(self, brain: Brain, place: Path, error: BaseException | None, where: str) -> None:
        said = f"{type(error).__name__}: {error}" if error is not None else "no error"
        try:
            version = brain.version
        except ReverieError:
            if not (isinstance(error, Unfinished) and "not known" in str(error)):
                self.found.untrue.append(f"{where}: refuses, and said {said}")
            brain.close()
            version = self._opened(place, where, self.expected)
            if version >= 0:
                with Brain.open(place) as again:
                    _learn(again, place)
                    self._compare(again, version, where)
            return
        made = version > self.before
        if error is None and not made:
            self.found.lost.append(f"{where}: acknowledged, and not there")
        if isinstance(error, Unfinished) and made != ("was made" in str(error)):
            self.found.untrue.append(f"{where}: {said}, at version {version}")
        if isinstance(error, OSError | ReverieError) and not isinstance(error, Unfinished) and made:
            self.found.untrue.append(f"{where}: {said}, but the change was made")
        if version not in self.expected or fingerprint(brain) != self.expected[version]:
            self.found.lost.append(f"{where}: another state in memory at version {version}; {said}")
            return
        try:
            _learn(brain, place)
        except Exception as next_error:
            self.found.untrue.append(f"{where}: the next change failed with {type(next_error).__name__}: {next_error}")
            return
        brain.close()
        if self._opened(place, where, self.after, added=1) >= 0:
            with Brain.open(place) as again:
                self._compare(again, version, where)

    def _compare(self, brain: Brain, version: int, where: str) -> None:
        if fingerprint(brain) != self.after.get(version):
            self.found.lost.append(f"{where}: another state on the disk after one more change")

    def _opened(self, place: Path, where: str, expected: dict[int, str], *, added: int = 0) -> int:
        """The version on the disk, less what was added; −1 where it cannot be read or is none that may be there."""
        try:
            with Brain.open(place) as brain:
                version = brain.version - added
                if version not in expected or fingerprint(brain) != expected[version]:
                    self.found.lost.append(f"{where}: another state on the disk, version {brain.version}")
                    return -1
                return version
        except Exception as error:
            self.found.unreadable.append(f"{where}: {type(error).__name__}: {error}")
            return -1

    def _killed(self, at: int, where: str) -> int:
        with self.started() as (brain, place):
            brain.close()
            child = os.fork()
            if child == 0:
                with exiting(), Brain.open(place) as mine, Faults("kill", at):
                    self.operation(mine, place)
            os.waitpid(child, 0)
            if self._opened(place, where, self.expected) >= 0:
                with Brain.open(place) as again:
                    begins = again.version
                    _learn(again, place)
                    self._compare(again, begins, where)
        return 0


@contextmanager
def exiting() -> Iterator[None]:
    """End this process with what is done here, also where an error ends it: a fork must not go on as its parent."""
    try:
        yield
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def made(base: Path) -> None:
    """The folders from which every trial starts."""
    (base / "trials").mkdir()
    with Brain.create(base / "start", **SETTINGS) as brain:
        brain.learn(X[:20], Y[:20])
        brain.learn(X[20:30], Y[20:30])
        brain.learn(X[30:40], Y[30:40], name="ann")
        brain.forget(7)
        for start in (140, 150, 160, 170):
            brain.learn(X[start : start + 10], Y[start : start + 10])
            _snapshot(brain)
        brain.learn(X[40:50], Y[40:50])
    with Brain.create(base / "friend", **SETTINGS) as friend:
        friend.learn(X[50:60], Y[50:60])


def _brain_at(base: Path) -> Brain:
    return Brain.open(base / "start", writer=False)


CREATED: dict[str, tuple[str, Callable[[Path, Path], Any], Callable[[Path], Any]]] = {
    "create": ("new", lambda base, path: Brain.create(path, **SETTINGS).close(), lambda path: Brain.open(path).close()),
    "export to NumPy": ("model", lambda base, path: _brain_at(base).export(path), lambda path: _predicts(path)),
    "export to ONNX": ("model.onnx", lambda base, path: _brain_at(base).export(path), lambda path: _runs(path)),
}
"""What makes something new: its name, how it is made, and how it is seen to be whole."""


def created(base: Path, found: Found, step: int, name: str, kind: str) -> None:
    """It is there whole, or can be made again under the same name."""
    target, make, check = CREATED[name]
    layer: Faults | Lines = Lines(LINES[kind], 0) if kind in LINES else Faults("full disk", 0)
    with tempfile.TemporaryDirectory() as place, layer:
        make(base, Path(place) / target)
    for at in range(1, layer.calls + 1, step):
        with tempfile.TemporaryDirectory() as place:
            _once(Path(place) / target, kind, at, partial(make, base), check, found, f"{name}, {kind}, place {at}")
    found.places[name] = len(range(1, layer.calls + 1, step))


def _once(
    path: Path,
    kind: str,
    at: int,
    make: Callable[[Path], Any],
    check: Callable[[Path], Any],
    found: Found,
    where: str,
) -> None:
    acknowledged = False
    if kind == "kill":
        child = os.fork()
        if child == 0:
            with exiting(), Faults("kill", at):
                make(path)
        acknowledged = os.waitpid(child, 0)[1] == 0
    else:
        layer = Lines(LINES[kind], at) if kind in LINES else Faults(kind, at)
        with suppress(BaseException), layer:
            make(path)
            acknowledged = True
    try:
        check(path)
        return
    except Exception as error:
        if acknowledged:
            found.lost.append(f"{where}: acknowledged, and not there: {type(error).__name__}: {error}")
    try:
        make(path)
        check(path)
    except Exception as error:
        found.unreadable.append(f"{where}: neither there nor to be made again: {type(error).__name__}: {error}")


def _predicts(path: Path) -> None:
    from reverie.edge.numpy_predictor import Predictor

    Predictor(path).predict(X[:3].reshape(3, -1))


def _runs(path: Path) -> None:
    import onnxruntime

    onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])


def tried(base: Path, step: int, name: str, kind: str) -> Found:
    """One operation with one kind of fault, at every `step`-th place."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", RuntimeWarning)
    found = Found()
    if name in CREATED:
        created(base, found, step, name, kind)
        return found
    trial = Trial(base, name, found)
    places = trial.run(kind if kind in LINES else "full disk", 0)
    found.places[name] = len(range(1, places + 1, step))
    for at in range(1, places + 1, step):
        trial.run(kind, at)
    return found


def main() -> None:
    reading = parser("Interrupt every change at every place.")
    reading.add_argument("--only", help="one operation")
    reading.add_argument("--every", type=int, default=1, help="try every n-th line only")
    options = reading.parse_args()
    torch.set_num_threads(1)
    history._LEAST = 0  # the folder of a small brain is kept small, too
    lines, calls = (997, 59) if options.quick else (options.every, 1)
    names = [options.only] if options.only else [*OPERATIONS, *CREATED]
    found = Found()
    with tempfile.TemporaryDirectory() as place, ProcessPoolExecutor(options.jobs, get_context("fork")) as pool:
        base = Path(place)
        made(base)
        tasks = [(name, kind) for name in names for kind in (*KINDS, *LINES)]
        steps = [lines if kind in LINES else calls for _, kind in tasks]
        results = pool.map(partial(tried, base), steps, *zip(*tasks, strict=True))
        for (name, kind), one in zip(tasks, results, strict=True):
            count = one.places.get(name, 0)
            found.places[name] = found.places.get(name, 0) + count
            print(f"  {name}, {kind}: {count} places", flush=True)
            for wrong in ("lost", "unreadable", "untrue"):
                getattr(found, wrong).extend(getattr(one, wrong))
                for line in getattr(one, wrong)[:20]:
                    print(f"  {wrong}: {line}", flush=True)
    places = {name: float(count) for name, count in found.places.items()}
    every = "" if options.every == 1 else f" --every {options.every}"
    command = f"python benchmarks/faults.py{' --quick' if options.quick else every}"
    said = f"over interruptions of brains at every call of the system and {line_of(lines)}"
    print(f"  {int(sum(places.values()))} places and kinds of fault")
    zero: tuple[float, str, list[int], float] = (0, "<=", [0], 0.0)
    finish(
        [
            Claim(f"acknowledged changes lost or altered {said}", len(found.lost), "changes", *zero, command, places),
            Claim(f"folders that cannot be read {said}", len(found.unreadable), "folders", *zero, command),
            Claim(f"messages that are not true {said}", len(found.untrue), "messages", *zero, command),
        ],
        options,
    )


if __name__ == "__main__":
    main()
