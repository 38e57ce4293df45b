"""Lives in environments: what their run folders say, checked, and one row for each learner over its seeds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

from pydantic import BaseModel, ConfigDict

from reverie.record import RunFolder, read_json
from reverie.report.reading import checked

__all__ = ["Life", "LifeResults", "LifeRow", "Look", "human_return", "is_life", "read_life", "summarise_lives"]


class Look(BaseModel):
    """A look's line in `events.jsonl`, or its part in `results.json`."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    step: int
    mean: float | None
    returns: list[float | None] = []
    lived: list[tuple[float, float | None]] = []
    time: str | None = None


class LifeResults(BaseModel):
    """`results.json` of a life in an environment. What is missing stays null."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    stream: str
    learner: str
    seed: int
    looks: list[Look]
    final_return: float | None
    best_return: float | None = None
    goal: float | None = None
    reached_at: int | None = None
    kept: float | None = None
    steps: int | None = None
    episodes: int | None = None
    dreamt: int | None = None
    seconds: dict[str, float | None] = {}
    cpu_seconds: dict[str, float | None] = {}
    state_bytes: float | None = None
    stored_samples: int | None = None
    peak_memory_bytes: float | None = None
    config: dict[str, Any] = {}
    notes: list[str] = []
    version: str | None = None
    machine: dict[str, Any] = {}


class _Asked(BaseModel):
    model_config = ConfigDict(extra="allow")

    stream: str
    learner: str
    seed: int


@dataclass(frozen=True)
class Life:
    """One run folder of a life.

    Attributes
    ----------
    looks : list of Look
        From the log, with what was lived between them.
    results : LifeResults or None
        None while the life is not over.
    """

    path: Path
    config: dict[str, Any]
    looks: list[Look]
    results: LifeResults | None
    warnings: list[str]

    @property
    def learner(self) -> str:
        return str(self.config["learner"])


def is_life(config: Any) -> bool:
    """Whether a `config.json` or `results.json` is that of a life in an environment."""
    return isinstance(config, Mapping) and config.get("scenario") == "acting"


def read_life(folder: RunFolder) -> Life:
    """Read the run folder of a life, over or not.

    Raises
    ------
    CorruptFile
        Where a file holds something else than a life's numbers; the message says which file and which key.
    """
    config = read_json(folder.config_path)
    checked(_Asked, config, folder.config_path, "life")
    raw = read_json(folder.results_path) if folder.results_path.exists() else None
    events = [event for event in folder.events() if isinstance(event, dict)]
    looks = [checked(Look, event, folder.events_path, "life") for event in events if event.get("event") == "look"]
    warnings = [str(event.get("text")) for event in events if event.get("event") == "warning"]
    results = None if raw is None else checked(LifeResults, raw, folder.results_path, "life")
    if results is not None and not looks:
        looks = results.looks
    return Life(folder.path, config, looks, results, list(dict.fromkeys(warnings)))


@dataclass(frozen=True)
class LifeRow:
    """One learner in one environment, over seeds. A number that no run has is not-a-number.

    Attributes
    ----------
    seeds : int
        How many runs this row sums up.
    mean, spread : float
        Return at the last look, and its sample standard deviation over seeds (0 for one seed).
    best : float
        Mean over seeds of the best look.
    reached : int
        Seeds that reached the goal.
    reached_at : float
        Median over those of the steps it took.
    kept : float
        Share of their looks from then on that were at the goal or above, mean.
    steps, dreamt, cpu_seconds, state_bytes : float
        Means over seeds; seconds of the processor, awake and asleep.
    stored_samples : float
        Steps kept as they came: the most that any seed kept.
    """

    stream: str
    learner: str
    seeds: int
    mean: float
    spread: float
    best: float
    goal: float
    reached: int
    reached_at: float
    kept: float
    steps: float
    dreamt: float
    cpu_seconds: float
    state_bytes: float
    stored_samples: float


def summarise_lives(results: Sequence[Mapping[str, Any]]) -> list[LifeRow]:
    """One row for each environment and learner; within an environment the best return at the end first.

    Examples
    --------
    >>> run = {"stream": "gym:A", "learner": "agent", "goal": 475.0, "cpu_seconds": {"learn": 2.0, "sleep": 1.0}}
    >>> row, = summarise_lives([run | {"final_return": 500.0, "reached_at": 200}, run | {"final_return": 400.0}])
    >>> row.mean, row.seeds, row.reached, row.reached_at, row.cpu_seconds
    (450.0, 2, 1, 200.0, 3.0)
    """
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for result in results:
        groups.setdefault((result["stream"], result["learner"]), []).append(result)
    rows = [_row(*key, runs) for key, runs in groups.items()]
    streams = list(dict.fromkeys(row.stream for row in rows))
    return sorted(
        rows, key=lambda row: (streams.index(row.stream), -row.mean if isfinite(row.mean) else 1e300, row.learner)
    )


def human_return(value: float | None, spread: float | None = None) -> str:
    """A return as people read it, with its spread where there is one.

    Examples
    --------
    >>> human_return(-15185.69), human_return(487.25, 22.04), human_return(None)
    ('−15186', '487.2 ± 22', '–')
    """
    if value is None or not isfinite(value):
        return "–"
    text = f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    if spread is not None:
        text += f" ± {spread:.0f}" if spread >= 100 else f" ± {spread:.2g}"
    return text.replace("-", "−")


def _row(stream: str, learner: str, runs: Sequence[Mapping[str, Any]]) -> LifeRow:
    final, reached = _known(runs, "final_return"), _known(runs, "reached_at")
    spent = [run.get("cpu_seconds") or {} for run in runs]
    seconds = [float(one.get("learn") or 0.0) + float(one.get("sleep") or 0.0) for one in spent if one]
    return LifeRow(
        stream=stream,
        learner=learner,
        seeds=len(runs),
        mean=_mean(final),
        spread=stdev(final) if len(final) > 1 else 0.0,
        best=_mean(_known(runs, "best_return")),
        goal=_mean(_known(runs, "goal")),
        reached=len(reached),
        reached_at=median(reached) if reached else nan,
        kept=_mean(_known(runs, "kept")),
        steps=_mean(_known(runs, "steps")),
        dreamt=_mean(_known(runs, "dreamt")),
        cpu_seconds=_mean(seconds),
        state_bytes=_mean(_known(runs, "state_bytes")),
        stored_samples=max(_known(runs, "stored_samples"), default=nan),
    )


def _known(runs: Iterable[Mapping[str, Any]], key: str) -> list[float]:
    values = [run.get(key) for run in runs]
    return [float(value) for value in values if value is not None and isfinite(value)]


def _mean(values: Sequence[float]) -> float:
    return mean(values) if values else nan
