"""Interrupt what is saved of disciplines at every place: a registry's cards, and frozen modules.

As `faults.py` does for brains: each operation is run for each call of the operating system and each line of the
product, with each kind of fault. Afterwards the folder must read, and hold what it held before or what was asked for;
what was
acknowledged is there; and the same operation, tried again, succeeds.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path

from common import Claim, finish, parser
from fault_layer import KINDS, LINES, Faults, Lines, line_of, sweep
from reverie.disciplines.card import read_card
from reverie.disciplines.frozen import freeze, load_frozen, save_frozen
from reverie.disciplines.library import find
from reverie.disciplines.module import open_card
from reverie.disciplines.registry import Registry

CARD = read_card(find("physics.stopping_distance"))
NEXT = CARD.model_copy(update={"version": "1.1.0"})
FROZEN, FROZEN_NEXT = (freeze(open_card(card)) for card in (CARD, NEXT))


def _in_force(folder: Path) -> str:
    registry = Registry(folder)
    found = registry.get(CARD.card).digest
    assert found in registry.digests().values()
    assert registry.get(CARD.card, as_of=NEXT.valid_from).digest == found
    return found


def _frozen(folder: Path) -> str:
    found = load_frozen(folder)
    assert found.card is not None
    return found.card.digest


OPERATIONS: dict[str, tuple[Callable[[Path], object], Callable[[Path], object], Callable[[Path], str]]] = {
    "registry, a new version": (
        lambda folder: Registry(folder).add(CARD),
        lambda folder: Registry(folder).add(NEXT),
        _in_force,
    ),
    "frozen module, saved again": (
        lambda folder: save_frozen(FROZEN, folder),
        lambda folder: save_frozen(FROZEN_NEXT, folder),
        _frozen,
    ),
}
"""What there is before, what is interrupted, and how what is there is read."""


def run(base: Path, name: str, kind: str, at: int) -> tuple[int, list[str]]:
    """One fault; how many places there are, and what was wrong."""
    _, operation, read = OPERATIONS[name]
    folder = Path(tempfile.mkdtemp(dir=base)) / "folder"
    shutil.copytree(base / name, folder)
    where, wrong, acknowledged = f"{name}, {kind}, place {at}", [], False
    layer = Lines(LINES[kind], at) if kind in LINES else Faults(kind, at)
    if kind == "kill" and at:
        child = os.fork()
        if child == 0:
            with layer:
                operation(folder)
            os._exit(0)
        acknowledged = os.waitpid(child, 0)[1] == 0
    else:
        with suppress(BaseException), layer:
            operation(folder)
            acknowledged = True
    try:
        there = read(folder)
        if acknowledged and there != NEXT.digest:
            wrong.append(f"lost: {where}: acknowledged, and not there")
        if there not in (CARD.digest, NEXT.digest):
            wrong.append(f"lost: {where}: neither the old one nor the new one")
        if there == CARD.digest:
            operation(folder)
            if read(folder) != NEXT.digest:
                wrong.append(f"lost: {where}: tried again, and not there")
    except Exception as error:
        wrong.append(f"unreadable: {where}: {type(error).__name__}: {error}")
    shutil.rmtree(folder.parent, ignore_errors=True)
    return layer.calls, wrong


def main() -> None:
    reading = parser("Interrupt registries and frozen modules at every place.")
    reading.add_argument("--every", type=int, default=1, help="try every n-th line only")
    options = reading.parse_args()
    lines, calls = (997, 11) if options.quick else (options.every, 1)
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(options.jobs, get_context("fork")) as pool:
        base = Path(folder)
        for name, (begin, _, _) in OPERATIONS.items():
            begin(base / name)
        places, wrong = sweep(pool, run, base, OPERATIONS, (*KINDS, *LINES), lines=lines, calls=calls)
    every = "" if options.every == 1 else f" --every {options.every}"
    command = f"python benchmarks/module_faults.py{' --quick' if options.quick else every}"
    said = f"over interruptions of registries and frozen modules at every call of the system and {line_of(lines)}"
    zero: tuple[float, str, list[int], float] = (0, "<=", [0], 0.0)
    lost = sum(line.startswith("lost") for line in wrong)
    finish(
        [
            Claim(f"changes lost or made by half {said}", lost, "changes", *zero, command, places),
            Claim(f"folders that cannot be read {said}", len(wrong) - lost, "folders", *zero, command),
        ],
        options,
    )


if __name__ == "__main__":
    main()
