"""Modules are trained alone: one is independent of the other, so each has a process, or a Ray task, of its own.

Training a module means fitting the constants that its card lets be fitted, with their priors, to a user's rows; the
result is a new version of the card. A simulator has none, and is distilled. The same job gives the same digest in one
process, in many, and on Ray.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import numpy as np

from reverie.disciplines.card import Card, Constant, Source
from reverie.disciplines.distil import distil
from reverie.disciplines.frozen import Frozen
from reverie.disciplines.module import Module
from reverie.disciplines.theory import Theory
from reverie.disciplines.threads import one_thread
from reverie.errors import BadData

__all__ = ["Job", "train_all", "train_card"]


@dataclass(frozen=True)
class Job:
    """One module to make.

    Parameters
    ----------
    card : Card
    rows : mapping of columns, optional
        Measured rows, with the output under its name in the card.
    simulators : mapping, optional
        What a simulator card names; functions that a process can import.
    """

    card: Card
    rows: Mapping[str, Any] | None = None
    simulators: Mapping[str, Callable[..., Any]] | None = None
    seed: int = 0
    settings: Mapping[str, Any] | None = None


def train_card(card: Card, rows: Mapping[str, Any], *, output: str | None = None) -> Card:
    """The card with its free constants fitted to rows, as the next minor version.

    Examples stay what they were only where they still hold; those that the new constants contradict are replaced by
    what is computed now, and named in `overrides`.
    """
    module = Module(card)
    output = output or next(iter(card.outputs))
    if output not in rows:
        raise BadData(f"{card.card} is trained on {output}, which is not among {', '.join(rows)}. Add that column.")
    if not card.calibrate:
        raise BadData(f"{card.card} has no constants to fit (calibrate is empty). Freeze it as it is.")
    fitted = Theory(module, output=output).calibrate(rows, np.asarray(rows[output], dtype=float))
    constants = dict(card.constants)
    for name, value in fitted.constants.items():
        old = constants[name]
        constants[name] = Constant(
            value=float(f"{value:.6g}"), unit=old.unit, sd=old.sd, meaning=old.meaning, source="fitted to rows"
        )
    major, minor, _ = map(int, card.version.split("."))
    source = Source(title=card.source.title, reference=card.source.reference, found="constants fitted to rows")
    draft = card.model_copy(update={"constants": constants, "version": f"{major}.{minor + 1}.0", "source": source})
    examples, replaced = [], []
    for place, example in enumerate(card.examples):
        try:
            Module(draft.model_copy(update={"examples": (example,)})).check()
            examples.append(example)
        except BadData:
            now = Module(draft)({name: [value] for name, value in example.given.items()})
            expect = {name: float(f"{now[name][0]:.6g}") for name in example.expect}
            examples.append(example.model_copy(update={"expect": expect, "source": "computed after the fit"}))
            replaced.append(f"example {place}")
    return draft.model_copy(update={"examples": tuple(examples), "overrides": tuple(replaced)})


@one_thread()
def make(job: Job) -> Frozen:
    """Train where there is something to train, distil, freeze."""
    card, rows = job.card, job.rows
    if card.calibrate and rows is not None:
        card = train_card(card, rows)
    module = Module(card, simulators=job.simulators or {})
    module.check()
    return distil(module, rows, seed=job.seed, **(job.settings or {})).frozen


def train_all(jobs: Sequence[Job], *, processes: int = 1, ray: Any = None) -> list[Frozen]:
    """Make modules, independently.

    Parameters
    ----------
    processes : int
        How many at once; 1 stays in this process.
    ray : module, optional
        A connected `ray` (see `reverie.runs.cluster`); every job is a task there.
    """
    if ray is not None:
        remote = ray.remote(num_cpus=1, max_retries=3)(make)
        found: list[Frozen] = ray.get([remote.remote(job) for job in jobs])
        return found
    if processes <= 1 or len(jobs) < 2:
        return [make(job) for job in jobs]
    with ProcessPoolExecutor(min(processes, len(jobs)), mp_context=get_context("spawn")) as pool:
        return list(pool.map(make, jobs))
