"""Eight threads teach and ask one brain: every acknowledged sample is there, versions have no gap, answers go on."""

import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import torch

from common import Claim, finish, parser
from kills import SETTINGS, X, Y
from reverie.brain import Brain


def teach(brain: Brain, number: int, until: float, told: list[tuple[int, int]], wrong: list[str]) -> None:
    """Learn and ask until it is time; `told` is given each acknowledged (version, samples)."""
    place = number * 200
    try:
        while time.monotonic() < until:
            part = slice(place % 1700, place % 1700 + 3)
            learned = brain.learn(X[part], Y[part])
            told.append((learned.version, learned.samples))
            answers = brain.predict_proba(X[:20])
            if answers.shape[0] != 20 or not abs(answers.sum(1) - 1).max() < 1e-9:
                wrong.append(f"probabilities that are none, of shape {answers.shape}")
            place += 3
    except Exception as error:
        wrong.append(f"{type(error).__name__}: {error}")


def main() -> None:
    reading = parser("Let threads share a brain.")
    reading.add_argument("--seconds", type=float, default=60.0)
    options = reading.parse_args()
    torch.set_num_threads(1)
    seconds = 3.0 if options.quick else options.seconds
    with tempfile.TemporaryDirectory() as place:
        told: list[tuple[int, int]] = []
        wrong: list[str] = []
        with Brain.create(Path(place) / "b", **SETTINGS) as brain:
            until = time.monotonic() + seconds
            rest: tuple[Any, ...] = (until, told, wrong)
            threads = [threading.Thread(target=teach, args=(brain, number, *rest)) for number in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        versions, samples = sorted(version for version, _ in told), sum(count for _, count in told)
        gaps = sum(version != expected for expected, version in enumerate(versions, 1))
        with Brain.open(Path(place) / "b") as brain:
            missing = abs(samples - sum(brain.counts.values()))
            gaps += brain.version != len(versions)
    for line in wrong[:5]:
        print(f"  {line}")
    command = f"python benchmarks/threads.py{' --quick' if options.quick else ''}"
    said = "of eight threads that learn and ask"
    zero: tuple[float, str, list[int], float] = (0, "<=", [0], 0.0)
    beside = {"changes acknowledged": float(len(versions)), "seconds": seconds}
    finish(
        [
            Claim(f"acknowledged samples missing or too many, {said}", missing, "samples", *zero, command, beside),
            Claim(f"gaps between the versions {said}", gaps, "versions", *zero, command),
            Claim(f"errors and wrong answers {said}", len(wrong), "answers", *zero, command),
        ],
        options,
    )


if __name__ == "__main__":
    main()
