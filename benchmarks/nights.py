"""What a night does for answers: class by class, one pass, awake and after one night; with the defaults of a brain.

Each row tells accuracy on the official test part (or a quarter of the samples), awake and after the night; what the
night itself expected on the keys that it keeps aside; the state before and after; and the time of the night and of an
answer, over those of learning and of an answer awake, in CPU time of this process. Seeds are orders of the classes.

    python benchmarks/nights.py [--only cifar10|pooled|small|mnist|mnist-pooled|unequal|clothes|intents|traces]
        [--samples 20000] [--json FILE] [--quick]

`traces`: a brain that keeps traces sleeps twice, first with the sums alone, then it replays the traces too.
"""

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common import Claim, finish, one_thread, parser
from reverie.brain import Brain, Plan
from reverie.streams import Pictures, read_samples

COMMAND = "python benchmarks/nights.py"
DATA = Path(os.environ.get("REVERIE_DATA", "../shared/data"))
_BATCH = 1000

Data = tuple[Any, NDArray[Any], Any, NDArray[Any]]


def _some(x: Any, places: NDArray[np.int64]) -> Any:
    if isinstance(x, list):
        return [x[place] for place in places.tolist()]
    return x[places.tolist()] if isinstance(x, Pictures) else x[places]


def _taught(brain: Brain, x: Any, y: NDArray[Any], seed: int) -> float:
    """Teach it class by class, in an order of the seed; the processor's seconds that it took."""
    source, began = np.random.default_rng(seed), time.process_time()
    for label in source.permutation(np.unique(y)):
        rows = source.permutation(np.flatnonzero(y == label))
        for start in range(0, len(rows), _BATCH):
            some = rows[start : start + _BATCH]
            brain.learn(_some(x, some), y[some].tolist())
    return time.process_time() - began


def _answered(brain: Brain, asked: Any) -> tuple[NDArray[Any], float]:
    """Its answers, and the processor's seconds that they took, without the time in which the read-out is solved."""
    brain.predict(_some(asked, np.arange(10)))
    began = time.process_time()
    found = brain.predict(asked)
    return found, time.process_time() - began


def nights(
    name: str,
    data: Callable[[int], Data],
    seeds: list[int],
    bound: float | None,
    *,
    plan: Plan | None = None,
    **made: Any,
) -> Iterator[Claim]:
    """Awake and after a night."""
    awake: dict[int, float] = {}
    slept: dict[int, float] = {}
    state: dict[int, float] = {}
    long: dict[int, float] = {}
    answers: dict[int, float] = {}
    worst: dict[int, float] = {}
    expected: list[dict[str, float]] = []
    for seed in seeds:
        x, y, asked, right = data(seed)
        with tempfile.TemporaryDirectory() as place, Brain.create(Path(place) / "brain", **made) as brain:
            learning = _taught(brain, x, y, seed)
            before, found, spent = brain.state_bytes, [], []
            for night in (False, True):
                if night:
                    began = time.process_time()
                    report = brain.sleep(plan)
                    long[seed] = (time.process_time() - began) / learning
                answers_now, seconds = _answered(brain, asked)
                found.append(answers_now == right)
                spent.append(seconds)
            awake[seed], slept[seed] = (float(one.mean()) for one in found)
            classes = [float(found[1][right == one].mean() - found[0][right == one].mean()) for one in np.unique(right)]
            worst[seed] = min(classes)
            state[seed], answers[seed] = brain.state_bytes / before, spent[1] / spent[0]
            expected.append(report["sharpened"])
            told = f"{report['verdict']}, {before} → {brain.state_bytes} bytes; {json.dumps(expected[-1])}"
            print(f"  {name}, {seed}: {awake[seed]:.4f} → {slept[seed]:.4f}; {told}; {report['reason']}", flush=True)
    beside = {
        "awake": float(np.mean(list(awake.values()))),
        "nights that sharpened": float(np.mean([one["sharpened"] for one in expected])),
    }
    yield Claim.of(f"{name}: accuracy after a night", slept, "", bound, ">=", COMMAND, beside)
    gains = {seed: slept[seed] - awake[seed] for seed in slept}
    yield Claim.of(f"{name}: gained in the night", gains, "", 0.0, ">=", COMMAND)
    yield Claim.of(f"{name}: gained by the class that gains least", worst, "", -0.02, ">=", COMMAND)
    yield Claim.of(f"{name}: state after the night, of before", state, "", 0.7, "<=", COMMAND)
    yield Claim.of(f"{name}: an answer after the night, in answers awake", answers, "", 1.5, "<=", COMMAND)
    yield Claim.of(f"{name}: time of the night, in times of learning", long, "", 10, "<=", COMMAND)


def traced(
    name: str, data: Callable[[int], Data], seeds: list[int], bound: float | None, *, traces: str
) -> Iterator[Claim]:
    """Awake, after a night with the sums alone, and after one that replays traces."""
    nights_of: dict[str, dict[int, float]] = {"awake": {}, "sums": {}, "traces": {}}
    long: dict[int, float] = {}
    answers: dict[int, float] = {}
    kept: dict[int, float] = {}
    coding: dict[int, float] = {}
    for seed in seeds:
        x, y, asked, right = data(seed)
        with tempfile.TemporaryDirectory() as place, Brain.create(Path(place) / "brain", traces=traces) as brain:
            learning = _taught(brain, x, y, seed)
            spent = {}
            for night in nights_of:
                if night != "awake":
                    began = time.process_time()
                    report = brain.sleep(Plan(epochs=0) if night == "sums" else Plan(keep=1.0, hidden=()))
                    long[seed] = (time.process_time() - began) / learning
                answers_now, spent[night] = _answered(brain, asked)
                nights_of[night][seed] = float((answers_now == right).mean())
                print(f"  {name}, {seed}, {night}: {nights_of[night][seed]:.4f}", flush=True)
            answers[seed] = spent["traces"] / spent["awake"]
            mind = brain.mind
            assert mind.traces is not None
            kept[seed] = mind.traces.bytes / 1e6
            began = time.process_time()
            mind.traces.see(mind.senses, mind.senses.take(_some(x, np.arange(500))))
            coding[seed] = (time.process_time() - began) * len(y) / 500 / learning
            print(f"  {json.dumps(report['deeper'])}", flush=True)
    beside = {night: float(np.mean(list(found.values()))) for night, found in nights_of.items()}
    beside |= {"MB of traces": float(np.mean(list(kept.values())))}
    yield Claim.of(f"{name}: accuracy after a night with traces", nights_of["traces"], "", bound, ">=", COMMAND, beside)
    yield Claim.of(f"{name}: time of that night, in times of learning", long, "", 10, "<=", COMMAND)
    yield Claim.of(f"{name}: an answer after it, in answers awake", answers, "", 3, "<=", COMMAND)
    yield Claim.of(f"{name}: coding, of the time of learning", coding, "", None, "<=", COMMAND)


def _pictures(name: str, n: int | None, seed: int) -> Data:
    stored = np.load(DATA / name / f"{name}.npz")
    x, y, asked, right = (stored[part] for part in ("train_x", "train_y", "test_x", "test_y"))
    chosen = np.random.default_rng(100 + seed).permutation(len(y))[:n]
    return x[chosen], y[chosen], asked, right


def _unequal(seed: int) -> Data:
    """From 2000 to 200 of a class, evenly fewer."""
    x, y, asked, right = _pictures("cifar10", None, seed)
    source = np.random.default_rng(seed)
    sizes = np.linspace(2000, 200, 10).round().astype(int)
    classes = source.permutation(10)
    rows = np.concatenate(
        [np.flatnonzero(y == one)[:size] for one, size in zip(classes.tolist(), sizes.tolist(), strict=True)]
    )
    return x[rows], y[rows], asked, right


def _clothes(seed: int) -> Data:
    parts = [read_samples(DATA / "photos" / "clothes", part=part) for part in ("train", "test")]
    return parts[0].x, np.array(parts[0].y), parts[1].x, np.array(parts[1].y)


def _intents(seed: int) -> Data:
    stored = json.loads((DATA / "clinc150" / "data_full.json").read_text())
    learned, asked = stored["train"] + stored["val"], stored["test"]
    return (
        [one[0] for one in learned],
        np.array([one[1] for one in learned]),
        [one[0] for one in asked],
        np.array([one[1] for one in asked]),
    )


def _of_pictures(data: str, said: str, bound: float, **made: Any) -> "Section":
    """Pictures of official parts; all of them, or some, of which no bound is claimed."""

    def section(seeds: list[int], samples: int | None) -> Iterator[Claim]:
        name = said if samples is None else f"{said}, {samples} samples"
        yield from nights(
            name, lambda seed: _pictures(data, samples, seed), seeds, bound if samples is None else None, **made
        )

    return section


Section = Callable[[list[int], int | None], Iterator[Claim]]
SECTIONS: dict[str, Section] = {
    "cifar10": _of_pictures("cifar10", "CIFAR-10", 0.775),
    "pooled": _of_pictures("cifar10", "CIFAR-10, one sum for all classes", 0.775, forgettable=False),
    "small": _of_pictures("cifar10", "CIFAR-10, 2 MB", 0.72, budget=2_000_000),
    "mnist": _of_pictures("mnist", "MNIST", 0.9925),
    "mnist-pooled": _of_pictures("mnist", "MNIST, one sum for all classes", 0.9925, forgettable=False),
    "unequal": lambda seeds, _: nights("CIFAR-10, 2000 … 200 a class", _unequal, seeds, 0.69, balanced=True),
    "clothes": lambda seeds, _: nights("clothes", _clothes, seeds, None),
    "intents": lambda seeds, _: nights("150 intents", _intents, seeds, None),
    "traces": lambda seeds, samples: traced(
        "CIFAR-10, traces",
        lambda seed: _pictures("cifar10", samples, seed),
        seeds,
        0.85 if samples is None else None,
        traces="20MB",
    ),
}


def main() -> None:
    reading = parser(__doc__ or "")
    reading.add_argument("--only", choices=tuple(SECTIONS), help="one of them")
    reading.add_argument("--samples", type=int, help="of the official training part of pictures; all")
    reading.add_argument("--seeds", type=int, default=3, help="how many orders")
    options = reading.parse_args()
    one_thread()
    chosen = ["mnist"] if options.quick else [options.only] if options.only else list(SECTIONS)
    samples = 2000 if options.quick else options.samples
    seeds = list(range(1 if options.quick else options.seeds))
    finish([claim for name in chosen for claim in SECTIONS[name](seeds, samples)], options)


if __name__ == "__main__":
    main()
