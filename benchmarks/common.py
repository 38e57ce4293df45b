"""What every benchmark shares: where runs are kept, how a claim is written down, how a table is printed."""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import torch

from reverie import __version__
from reverie.evaluation import machine
from reverie.record import RunFolder
from reverie.runs import Grid

ROOT = Path(__file__).resolve().parent
WORK = ROOT / ".work"
"""Runs are kept here and gone on with; nothing here is committed."""
ALLOCATOR = "MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=100000000000"
"""Set in the environment, these keep freed memory in the process: page faults are dear on virtual machines."""


@dataclass(frozen=True)
class Claim:
    """One measured number and what is said of it.

    Attributes
    ----------
    direction : str
        ">=": the value must reach the bound; "<=": it must not exceed it; "=": it is reported, nothing is claimed.
    baselines : dict
        What stands beside it, in the same unit.
    each : dict
        The value of every seed, where there are several: with `--finished` those of other machines are kept, and
        value and spread are those of all.
    """

    claim: str
    value: float
    unit: str
    bound: float | None
    direction: str
    seeds: list[int]
    spread: float
    command: str
    baselines: dict[str, float] = field(default_factory=dict)
    each: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        claim: str,
        each: Mapping[int, float],
        unit: str,
        bound: float | None,
        direction: str,
        command: str,
        beside: dict[str, float] | None = None,
    ) -> "Claim":
        """The mean and the spread of one value for each seed."""
        values = list(each.values())
        spread = stdev(values) if len(values) > 1 else 0.0
        by_seed = {str(seed): value for seed, value in each.items()}
        return cls(claim, mean(values), unit, bound, direction, list(each), spread, command, beside or {}, by_seed)

    def joined(self, earlier: dict[str, Any]) -> "Claim":
        """This claim, with the seeds of an earlier measurement that are not in it."""
        each = earlier.get("each", {}) | self.each
        if not self.each or len(each) == len(self.each):
            return self
        each = {seed: each[seed] for seed in sorted(each, key=int)}
        values = list(each.values())
        seeds = [int(seed) for seed in each]
        return replace(self, value=mean(values), spread=stdev(values), seeds=seeds, each=each)

    @property
    def holds(self) -> bool:
        if self.bound is None or self.direction == "=":
            return True
        return self.value >= self.bound if self.direction == ">=" else self.value <= self.bound


def arguments(description: str) -> argparse.Namespace:
    """The options that every benchmark has."""
    return parser(description).parse_args()


def parser(description: str) -> argparse.ArgumentParser:
    """Their parser, for a benchmark that has more."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="a small version in under a minute")
    parser.add_argument("--finished", action="store_true", help="report on the runs that are there, run nothing")
    parser.add_argument("--json", type=Path, help="write the claims to this file")
    parser.add_argument("--jobs", type=int, default=2, help="processes at once")
    return parser


def kept(place: Path, options: argparse.Namespace, measure: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
    """What was measured, once, and is kept at a place; None where it was not and shall not be."""
    if not place.exists():
        if options.finished:
            return None
        found = measure()
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(found))
        print(f"  {place.stem}: {found}", flush=True)
    loaded: dict[str, Any] = json.loads(place.read_text())
    return loaded


def kill_once(
    live: Callable[[int], None], chance: random.Random, *, longest: float, dies_at: int | None, before: int, what: str
) -> int:
    """One child, one death (or a natural end); the last number it has acknowledged, `before` if none.

    Parameters
    ----------
    live : callable
        The child's life; it is given the file to which it writes each acknowledged number, as four bytes.
    longest : float
        Seconds after which the child is dead at the latest; where `dies_at` is given it kills itself.
    what : str
        What it works on, for the message.
    """
    heard, told = os.pipe()
    delay = chance.uniform(0.0, longest)
    child = os.fork()
    if child == 0:
        try:
            os.close(heard)
            live(told)
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            os._exit(1)
        os._exit(0)
    os.close(told)
    if dies_at is None:
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
    acknowledged = before
    while data := os.read(heard, 4):
        acknowledged = int.from_bytes(data, "little")
    os.close(heard)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
        raise SystemExit(f"A {what} that was killed could not be opened and gone on with: see above.")
    return acknowledged


def finished(folder: Path, grid: Grid) -> list[dict[str, Any]]:
    """The results of those runs of a grid that are there."""
    found = [RunFolder(folder / place).results() for place, _ in grid.runs()]
    return [results for results in found if results is not None]


def finish(claims: list[Claim], options: argparse.Namespace) -> None:
    """Print the claims, write them down, and fail where one does not hold."""
    known: list[dict[str, Any]] = []
    if options.json and (options.finished or getattr(options, "only", None)) and options.json.exists():
        known = json.loads(options.json.read_text())
        before = {row["claim"]: row for row in known}
        if options.finished:
            claims = [claim.joined(before.get(claim.claim, {})) for claim in claims]
    rows = []
    for claim in claims:
        row: dict[str, Any] = asdict(claim)
        row["holds"] = claim.holds
        rows.append(row)
        sign = "ok  " if claim.holds else "FAIL"
        bound = "" if claim.bound is None else f"  ({claim.direction} {claim.bound:g})"
        print(f"{sign} {claim.claim}: {claim.value:.4g} {claim.unit} ± {claim.spread:.2g}{bound}")
        for name, value in claim.baselines.items():
            print(f"         {name}: {value:.4g}")
    if options.json:
        head = {
            "version": __version__,
            "commit": _commit(),
            "machine": machine(),
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
        }
        written = [row | {"made": head} for row in rows]
        measured = {row["claim"] for row in rows}  # what was measured elsewhere stays; each row says where it was made
        written += [row for row in known if row["claim"] not in measured]
        options.json.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    if not all(claim.holds for claim in claims):
        sys.exit(1)


def _commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"


def one_thread() -> None:
    """Time on one core: contestants are compared, not their use of threads."""
    torch.set_num_threads(1)
