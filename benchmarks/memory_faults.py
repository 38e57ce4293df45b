"""Interrupt every change of a memory for language at every place: it is whole or not made, and recall is as the disk.

Each operation is run once to count its places: statements of SQL, and lines of the product. Then it is run again from
the same start for each place: Ctrl-C or no memory at a line; a full or a broken disk at a statement. Afterwards the
same object must hold what the file holds, recall as a memory that is opened anew, and remember on; and the file must
hold what it held before, or what a twin holds that met no fault.
"""

import hashlib
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from common import Claim, finish, parser
from fault_layer import LINES, Lines, line_of, sweep
from reverie.errors import ReverieError
from reverie.language import LanguageMemory

_AT = datetime(2026, 1, 1, tzinfo=UTC)
_LONG = " ".join(f"Sentence {number} says that the river is {number} metres deep." for number in range(40))
_STATEMENTS = {"full disk": "SQLITE_FULL", "broken disk": "SQLITE_IOERR"}
_QUESTIONS = ("Where does Ana live?", "How deep is the river?", "What is Bo's city?")

OPERATIONS: dict[str, Callable[[LanguageMemory, Path], Any]] = {
    "remember a fact": lambda memory, place: memory.remember("Ana's city is Oslo.", heard=_AT),
    "remember again": lambda memory, place: memory.remember("The river is deep.", heard=_AT),
    "remember a long text": lambda memory, place: memory.remember(_LONG, heard=_AT),
    "confirm": lambda memory, place: memory.confirm("Where is Ana?", [1]),
    "forget": lambda memory, place: memory.forget(who="Bo"),
    "import": lambda memory, place: memory.import_lines(place.parent / "lines.jsonl"),
    "sleep": lambda memory, place: memory.sleep(),
}


def content(memory: LanguageMemory) -> str:
    """Digest of what the store holds, but for when things happened."""
    rows = [
        (one.id, one.text, one.who, one.what, one.value, one.valid_to is None, one.forgotten is None, one.merged)
        for one in memory.store.all()
    ]
    confirmed = [(recall.question, recall.ids) for recall in memory.store.confirmed()]
    return hashlib.sha256(repr((rows, confirmed)).encode()).hexdigest()


def recalled(memory: LanguageMemory) -> list[list[str]]:
    return [[one.text for one in memory.recall(question, 5)] for question in _QUESTIONS]


class _Statements:
    """A connection whose `at`-th statement fails."""

    def __init__(self, real: sqlite3.Connection, name: str, at: int) -> None:
        self.real, self.name, self.at, self.calls = real, name, at, 0

    def execute(self, *given: Any) -> Any:
        self.calls += 1
        if self.calls == self.at:
            error = sqlite3.OperationalError("a fault")
            error.sqlite_errorname = self.name
            raise error
        return self.real.execute(*given)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


def run(base: Path, name: str, kind: str, at: int) -> tuple[int, list[str]]:
    """One fault; how many places there are, and what was wrong."""
    place = Path(tempfile.mkdtemp(dir=base)) / "memory"
    shutil.copytree(base / "start", place)
    shutil.copy(base / "lines.jsonl", place.parent)
    where, wrong = f"{name}, {kind}, place {at}", []
    error: BaseException | None = None
    try:
        with LanguageMemory.open(place) as memory:
            before = content(memory)
            if kind in LINES:
                layer = Lines(LINES[kind], at)
                try:
                    with layer:
                        OPERATIONS[name](memory, place)
                except BaseException as raised:
                    error = raised
                where, calls = f"{where} ({layer.where})", layer.calls
            else:
                store: Any = memory.store
                proxy = _Statements(store._database, _STATEMENTS[kind], at)
                store._database = proxy
                try:
                    OPERATIONS[name](memory, place)
                except BaseException as raised:
                    error = raised
                store._database, calls = proxy.real, proxy.calls
            if at:
                after = content(memory)
                said = isinstance(error, ReverieError) and "nothing was changed" in str(error)
                if said and after != before and name != "sleep":  # a night is several changes
                    wrong.append(f"untrue: {where}: {error}")
                if after not in (before, twin(base, name)) and name != "sleep":
                    wrong.append(f"lost: {where}: half a change")
                with LanguageMemory.open(place) as other:
                    if content(other) != after or recalled(other) != recalled(memory):
                        wrong.append(f"lost: {where}: recalls something else than what is on the disk")
                told = memory.remember("Cleo's city is Bergen.", heard=_AT)
                if memory.recall("In which city is Cleo?")[0].text != "Cleo's city is Bergen." or len(told) != 1:
                    wrong.append(f"lost: {where}: what is told afterwards is not recalled")
    except Exception as unread:
        wrong.append(f"unreadable: {where}: {type(unread).__name__}: {unread}")
        calls = 0
    finally:
        shutil.rmtree(place.parent, ignore_errors=True)
    return calls, wrong


_twins: dict[str, str] = {}


def twin(base: Path, name: str) -> str:
    """What a memory holds after an operation without faults."""
    if name not in _twins:
        place = Path(tempfile.mkdtemp(dir=base)) / "memory"
        shutil.copytree(base / "start", place)
        shutil.copy(base / "lines.jsonl", place.parent)
        with LanguageMemory.open(place) as memory:
            OPERATIONS[name](memory, place)
            _twins[name] = content(memory)
    return _twins[name]


def main() -> None:
    reading = parser("Interrupt a memory for language at every place.")
    reading.add_argument("--every", type=int, default=1, help="try every n-th line only")
    options = reading.parse_args()
    lines, statements = (211, 7) if options.quick else (options.every, 1)
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(options.jobs, get_context("fork")) as pool:
        base = Path(folder)
        with LanguageMemory.open(base / "start") as memory:
            for text in ("Ana's city is Rome.", "The river is deep.", "Bo's city is Paris.", "Bo's city is Lyon."):
                memory.remember(text, heard=_AT)
            memory.remember("Ana: I like the river.", session="a", heard=_AT)
            for question in ("Where is Ana?", "Is the river deep?"):
                memory.confirm(question, [1, 2])
            memory.export_lines(base / "lines.jsonl")
        text = (base / "lines.jsonl").read_text()
        (base / "lines.jsonl").write_text(text.replace("Ana", "Dora").replace("river", "lake"))
        places, wrong = sweep(pool, run, base, OPERATIONS, (*LINES, *_STATEMENTS), lines=lines, calls=statements)
    every = "" if options.every == 1 else f" --every {options.every}"
    command = f"python benchmarks/memory_faults.py{' --quick' if options.quick else every}"
    said = f"over interruptions of a memory for language at every statement and {line_of(lines)}"
    zero: tuple[float, str, list[int], float] = (0, "<=", [0], 0.0)

    def count_of(kind: str) -> int:
        return sum(line.startswith(kind) for line in wrong)

    finish(
        [
            Claim(f"changes lost or made by half {said}", count_of("lost"), "changes", *zero, command, places),
            Claim(f"memories that cannot be read {said}", count_of("unreadable"), "memories", *zero, command),
            Claim(f"messages that are not true {said}", count_of("untrue"), "messages", *zero, command),
        ],
        options,
    )


if __name__ == "__main__":
    main()
