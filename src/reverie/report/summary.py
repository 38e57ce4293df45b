"""Results of many runs in one row per stream, scenario and learner, and numbers as people read them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from statistics import mean, stdev
from typing import Any

__all__ = ["Row", "human_bytes", "human_count", "human_seconds", "summarise"]

_NONE = "–"


@dataclass(frozen=True)
class Row:
    """One learner on one stream, over seeds. A number that no run has is not-a-number.

    Attributes
    ----------
    seeds : int
        How many runs this row sums up.
    mean, spread : float
        Final average accuracy and its sample standard deviation over seeds (0 for one seed), fractions.
    forgetting : float
        Mean over seeds, a difference of fractions.
    seconds : float
        Learning and sleeping, mean over seeds.
    predict_seconds, state_bytes, macs : float
        Means over seeds.
    stored_samples : int or float
        Raw samples kept: the most that any seed kept.
    """

    stream: str
    scenario: str
    learner: str
    seeds: int
    mean: float
    spread: float
    forgetting: float
    seconds: float
    predict_seconds: float
    state_bytes: float
    stored_samples: int | float
    macs: float


def summarise(results: Sequence[Mapping[str, Any]]) -> list[Row]:
    """One row per stream, scenario and learner; within a stream and scenario the most accurate first.

    Parameters
    ----------
    results : sequence of mapping
        Contents of `results.json` files. Keys that are missing or null are left out of the means.

    Examples
    --------
    >>> run = {"stream": "s", "scenario": "class", "learner": "l", "seconds": {"learn": 1.0, "sleep": 0.5}}
    >>> row, = summarise([run | {"final_accuracy": 0.5}, run | {"final_accuracy": 0.7}])
    >>> round(row.mean, 3), round(row.spread, 3), row.seeds, row.seconds, row.macs
    (0.6, 0.141, 2, 1.5, nan)
    """
    groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for result in results:
        groups.setdefault((result["stream"], result["scenario"], result["learner"]), []).append(result)
    rows = [_row(*key, runs) for key, runs in groups.items()]
    places = list(dict.fromkeys((row.stream, row.scenario) for row in rows))
    return sorted(rows, key=lambda row: (places.index((row.stream, row.scenario)), -_or(row.mean, -1.0), row.learner))


def _row(stream: str, scenario: str, learner: str, runs: Sequence[Mapping[str, Any]]) -> Row:
    accuracy = _known(run.get("final_accuracy") for run in runs)
    seconds = [run.get("seconds") or {} for run in runs]
    stored = _known(run.get("stored_samples") for run in runs)
    return Row(
        stream=stream,
        scenario=scenario,
        learner=learner,
        seeds=len(runs),
        mean=_mean(accuracy),
        spread=stdev(accuracy) if len(accuracy) > 1 else 0.0,
        forgetting=_mean(run.get("forgetting") for run in runs),
        seconds=_mean(_awake_and_asleep(parts) for parts in seconds),
        predict_seconds=_mean(parts.get("predict") for parts in seconds),
        state_bytes=_mean(run.get("state_bytes") for run in runs),
        stored_samples=int(max(stored)) if stored else nan,
        macs=_mean(run.get("macs") for run in runs),
    )


def _awake_and_asleep(parts: Mapping[str, Any]) -> float | None:
    known = _known(parts.get(part) for part in ("learn", "sleep"))
    return sum(known) if known else None


def _known(values: Iterable[float | None]) -> list[float]:
    return [float(value) for value in values if value is not None and isfinite(value)]


def _mean(values: Iterable[float | None]) -> float:
    known = _known(values)
    return mean(known) if known else nan


def _or(value: float, default: float) -> float:
    return value if isfinite(value) else default


def human_bytes(count: float | None) -> str:
    """Bytes with a decimal prefix.

    Examples
    --------
    >>> human_bytes(1234567), human_bytes(12), human_bytes(None)
    ('1.2 MB', '12 B', '–')
    """
    return _prefixed(count, "B")


def human_count(count: float | None) -> str:
    """A count with a decimal prefix.

    Examples
    --------
    >>> human_count(3.4e9), human_count(0)
    ('3.4 G', '0')
    """
    return _prefixed(count, "").strip()


def human_seconds(seconds: float | None) -> str:
    """A duration.

    Examples
    --------
    >>> human_seconds(0.00004), human_seconds(0.0123), human_seconds(4.56), human_seconds(125), human_seconds(7300)
    ('0.04 ms', '12 ms', '4.6 s', '2 min 5 s', '2 h 2 min')
    """
    if seconds is None or not isfinite(seconds):
        return _NONE
    if seconds < 0.9995:
        milliseconds = 1000 * seconds
        return f"{milliseconds:.0f} ms" if milliseconds >= 1 or milliseconds == 0 else f"{milliseconds:.1g} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min"


def _prefixed(count: float | None, unit: str) -> str:
    if count is None or not isfinite(count):
        return _NONE
    if abs(count) < 999.5:
        return f"{count:.0f} {unit}"
    power = next((power for power in range(1, 5) if abs(count) / 1000**power < 999.95), 5)
    return f"{count / 1000**power:.1f} {' kMGTP'[power]}{unit}"
