"""Results of many runs in one row per stream and learner, and numbers as people read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Any

__all__ = ["Row", "human_bytes", "human_count", "human_seconds", "summarise"]


@dataclass(frozen=True)
class Row:
    """One learner on one stream, over seeds.

    Attributes
    ----------
    mean, spread : float
        Final average accuracy and its standard deviation over seeds (0 for one seed), fractions.
    seconds : float
        Learning and sleeping, mean over seeds.
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
    stored_samples: int
    macs: float


def summarise(results: Sequence[dict[str, Any]]) -> list[Row]:
    """One row per stream and learner; within a stream the most accurate first.

    Examples
    --------
    >>> run = {"stream": "s", "scenario": "class", "learner": "l", "forgetting": 0.1, "state_bytes": 8, "macs": 1.0,
    ...        "stored_samples": 0, "seconds": {"learn": 1.0, "sleep": 0.5, "predict": 0.1}}
    >>> row, = summarise([run | {"final_accuracy": 0.5}, run | {"final_accuracy": 0.7}])
    >>> round(row.mean, 3), round(row.spread, 3), row.seeds
    (0.6, 0.141, 2)
    """
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for result in results:
        groups.setdefault((result["stream"], result["scenario"], result["learner"]), []).append(result)
    rows = []
    for (stream, scenario, learner), runs in groups.items():
        accuracy = [run["final_accuracy"] for run in runs]
        rows.append(
            Row(
                stream=stream,
                scenario=scenario,
                learner=learner,
                seeds=len(runs),
                mean=mean(accuracy),
                spread=stdev(accuracy) if len(accuracy) > 1 else 0.0,
                forgetting=mean(run["forgetting"] for run in runs),
                seconds=mean(run["seconds"]["learn"] + run["seconds"]["sleep"] for run in runs),
                predict_seconds=mean(run["seconds"]["predict"] for run in runs),
                state_bytes=mean(run["state_bytes"] for run in runs),
                stored_samples=max(run["stored_samples"] for run in runs),
                macs=mean(run["macs"] for run in runs),
            )
        )
    streams = list(dict.fromkeys(row.stream for row in rows))
    return sorted(rows, key=lambda row: (streams.index(row.stream), -row.mean))


def human_bytes(count: float) -> str:
    """Bytes with a decimal prefix.

    Examples
    --------
    >>> human_bytes(1234567), human_bytes(12)
    ('1.2 MB', '12 B')
    """
    return _prefixed(count, "B")


def human_count(count: float) -> str:
    """A count with a decimal prefix.

    Examples
    --------
    >>> human_count(3.4e9), human_count(0)
    ('3.4 G', '0')
    """
    return _prefixed(count, "").strip()


def human_seconds(seconds: float) -> str:
    """A duration.

    Examples
    --------
    >>> human_seconds(0.0123), human_seconds(4.56), human_seconds(125)
    ('12 ms', '4.6 s', '2 min 5 s')
    """
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def _prefixed(count: float, unit: str) -> str:
    for prefix in ("", "k", "M", "G", "T", "P"):
        if abs(count) < 1000 or prefix == "P":
            digits = f"{count:.0f}" if prefix == "" else f"{count:.1f}"
            return f"{digits} {prefix}{unit}"
        count /= 1000
    raise AssertionError
