"""What a brain costs: bytes, operations and time, to learn, to answer and to sleep; and whether a budget is met."""

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from reverie.brain.brain import Brain
from reverie.checkpoint import state_bytes
from reverie.contracts import Cost
from reverie.errors import BadData
from reverie.evaluation import count_operations

__all__ = ["cost_of"]

_BATCH = 100
_ROUNDS = 5


def cost_of(
    brain: Brain, *, budget_bytes: int | None = None, budget_ms: float | None = None, sleep: bool = True
) -> dict[str, Any]:
    """Measure on a copy of the brain, on made-up samples of the form that it takes.

    Parameters
    ----------
    budget_bytes : int, optional
        What its state may have.
    budget_ms : float, optional
        What learning one sample (of a hundred at a time) may take, and answering one (alone), in milliseconds.
    sleep : bool
        Let the copy sleep, too; that takes the longest. Brains of numbers or labels do not sleep.

    Returns
    -------
    dict
        `state_bytes`; `disk_bytes`, with the log and earlier versions; `disk_room`, how many it may be, and `history`,
        how many of the newest snapshots are kept, see `reverie.brain.history`;
        `learn` and `predict` with `us` (microseconds) and `macs` (multiply-accumulates of dense products) per sample,
        `predict` with `us_alone` for a single one;
        `traces`, where such are kept, with `count`, `room` (how many there may be), `bytes`, and `each`: those of one;
        `numbers`, of each number that is learned, with `name`, `logarithm` (whether it is learned as that) and
        `explained` (the share of its variance that is expected to be explained in new samples; of logarithms where
        these are learned);
        `sketch`, with `directions`, `third` (along how many of them there are third moments) and `bytes`, or None, see
        `reverie.memory.sketch`; `aside_bytes`, of the keys by which nights are judged;
        `sleep` with `seconds`, `macs`, `state_bytes` after it; `met`: whether the budget is; None where there is none.
        `learn` and `predict` are None where the brain's own encoder was not handed in.
    """
    if not brain.counts:
        raise BadData("This brain has learned nothing yet. Let it learn samples with labels first.")
    numbers, sleep = brain.mind.numbers, sleep and brain.targets == "classes"
    senses = brain.mind.senses
    own = None if senses.own is None else senses.own.given
    sensing = own is not None or not senses.is_own
    if budget_ms is not None and not sensing:
        raise BadData("Times need the brain's own encoder. Hand it in, or give no budget of milliseconds.")
    x: Any = senses.made_up(_BATCH, torch.Generator().manual_seed(0)) if sensing else None
    y: Any = numbers.back(np.zeros((_BATCH, len(numbers.step)))) if numbers else None
    if numbers is None:
        classes = brain.classes
        y = [classes[i % len(classes)] for i in range(_BATCH)]
        if brain.targets == "labels":
            y = [[one] for one in y]
    with tempfile.TemporaryDirectory(prefix="reverie-cost-", dir=brain.folder.resolve().parent) as place:
        twin = Path(place) / "twin"
        shutil.copytree(brain.folder, twin, ignore=shutil.ignore_patterns("lock", "holder.json", "night", "replay"))
        with Brain.open(twin, encoder=own) as copy:
            found: dict[str, Any] = {
                "state_bytes": brain.state_bytes,
                "disk_bytes": sum(file.stat().st_size for file in brain.folder.rglob("*") if file.is_file()),
                "disk_room": brain.room,
                "history": brain.rule.last,
                "predict": None,
                "learn": None,
                "sleep": None,
                "numbers": [] if numbers is None else _numbers(brain),
                "sketch": _sketch(brain),
                "aside_bytes": 0 if brain.mind.aside is None else state_bytes(brain.mind.aside.state_dict()),
                "traces": None if brain.mind.traces is None else brain.mind.traces.about(),
            }
            if x is not None:
                copy.predict(x[:1])  # solves the read-out, which is asked for once after learning
                found["predict"] = _measured(lambda: copy.predict(x))
                found["predict"]["us_alone"] = _measured(lambda: copy.predict(x[:1]), samples=1)["us"]
                found["learn"] = _measured(lambda: copy.learn(x, y))
        if sleep:
            shutil.rmtree(twin)
            shutil.copytree(brain.folder, twin, ignore=shutil.ignore_patterns("lock", "holder.json", "night", "replay"))
            with Brain.open(twin, encoder=own) as copy:
                spent = Cost()
                with count_operations(spent):
                    report = copy.sleep()
                found["sleep"] = {
                    "seconds": report["seconds"],
                    "macs": spent.macs,
                    "state_bytes": copy.state_bytes,
                    "verdict": report["verdict"],
                }
    met = [budget_bytes is None or found["state_bytes"] <= budget_bytes]
    if budget_ms is not None:
        met.append(max(found["learn"]["us"], found["predict"]["us_alone"]) <= 1000 * budget_ms)
    found["met"] = all(met) if budget_bytes is not None or budget_ms is not None else None
    return found


def _numbers(brain: Brain) -> list[dict[str, Any]]:
    numbers, explained = brain.mind.numbers, brain.mind.regression().explained()
    assert numbers is not None
    return [
        {"name": name, "logarithm": c > 0, "explained": share}
        for name, c, share in zip(numbers.names, numbers.small, explained, strict=True)
    ]


def _sketch(brain: Brain) -> dict[str, int] | None:
    sketch = brain.mind.memory.sketch
    if sketch is None:
        return None
    return {"directions": sketch.width, "third": sketch.t, "bytes": state_bytes(sketch.state())}


def _measured(action: Callable[[], Any], *, samples: int = _BATCH) -> dict[str, float]:
    spent, times = Cost(), []
    with count_operations(spent):
        action()
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        action()
        times.append(time.perf_counter() - began)
    return {"us": 1e6 * median(times) / samples, "macs": spent.macs / samples}
