"""Modules are trained alone: on Ray, as many as there are cores, in about the time of the slowest.

    python benchmarks/module_training.py --json benchmarks/results/module_training.json

Two cards of two disciplines are distilled into networks; each alone in one Ray task, then both at once, in turns. The
digests of one process and of Ray are compared first.
"""

import os
from statistics import median
from time import perf_counter

from common import Claim, arguments, finish
from reverie.disciplines import Job, Module, train_all
from reverie.runs.cluster import cluster

CARDS = ("biology.lotka_volterra", "sociology.school_epidemic")
ROUNDS = 3


def main() -> None:
    options = arguments(__doc__.split("\n")[0])
    steps, rounds = (300, 1) if options.quick else (3000, ROUNDS)
    jobs = [Job(Module.of(name).card, settings={"steps": steps}) for name in CARDS]
    here = [frozen.digest for frozen in train_all(jobs)]
    ratios = []
    with cluster("local") as ray:
        train_all(jobs, ray=ray)  # the workers are there
        for _ in range(rounds):
            alone = []
            for job in jobs:
                begun = perf_counter()
                train_all([job], ray=ray)
                alone.append(perf_counter() - begun)
            begun = perf_counter()
            there = [frozen.digest for frozen in train_all(jobs, ray=ray)]
            ratios.append((perf_counter() - begun) / max(alone))
    command = f"python benchmarks/module_training.py{' --quick' if options.quick else ''}"
    cores = len(os.sched_getaffinity(0))
    finish(
        [
            Claim("modules trained on Ray have the digests of one process", float(there == here), "share", 1.0, ">=",
                  [0], 0.0, command),
            Claim(f"two modules at once on Ray, {cores} cores: wall time over that of the slower alone",
                  median(ratios), "times", None if options.quick else 1.3, "<=", [0], max(ratios) - min(ratios),
                  command, {"one after the other": 2.0}),
        ],
        options,
    )  # fmt: skip


if __name__ == "__main__":
    main()
