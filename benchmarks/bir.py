"""Which part of brain-inspired replay does what: each added to deep generative replay, each removed from the whole.

On Split MNIST (class-incremental, bfloat16 products) and on the simulated memristor. And BIR in float32 beside
bfloat16.
"""

from argparse import Namespace
from statistics import mean, stdev
from typing import Any

from common import WORK, Claim, arguments, finish, finished
from reverie.runs import Grid, compare

BARE: dict[str, Any] = {"feedback": False, "conditional": False, "gating": 0.0, "internal": False, "distil": False}
WHOLE: dict[str, Any] = {"feedback": True, "conditional": True, "gating": 0.1, "internal": False, "distil": True}
PARTS: dict[str, tuple[Any, Any]] = {
    "feedback": (False, True),
    "conditional": (False, True),
    "gating": (0.0, 0.1),
    "internal": (False, True),
    "distil": (False, True),
}


def variants() -> dict[str, dict[str, Any]]:
    """Name of a variant, and its switches. Internal replay is not part of the whole here: there are no convolutions."""
    found = {"none (DGR)": BARE, "whole (BIR)": WHOLE}
    for part, (off, on) in PARTS.items():
        found[f"DGR + {part}"] = BARE | {part: on}
        if part == "internal":
            found["BIR + internal"] = WHOLE | {part: on}
        else:
            found[f"BIR - {part}"] = WHOLE | {part: off}
    return found


def measure(stream: str, name: str, seeds: list[int], settings: dict[str, Any], options: Namespace) -> dict[str, float]:
    """Final accuracy of one variant for each seed."""
    grid = Grid(streams=[stream], learners=["bir"], seeds=seeds, settings=settings)
    place = "".join(letter if letter.isalnum() else "-" for letter in name)
    folder = WORK / "bir" / stream / place
    results = finished(folder, grid) if options.finished else compare(grid, folder, jobs=options.jobs, resume=True)
    return {str(result["seed"]): result["final_accuracy"] for result in results}


def main() -> None:
    options = arguments("Ablation of brain-inspired replay.")
    command = f"python benchmarks/bir.py{' --quick' if options.quick else ''}"
    claims = []
    plan: list[tuple[str, list[int], dict[str, Any]]] = [
        ("split-mnist", [0, 1, 2], {"precision": "bfloat16"}),
        ("memristor", [0, 1, 2, 3, 4], {}),
    ]
    if options.quick:
        plan = [("digits", [0], {"iterations": 100})]
    for stream, seeds, common in plan:
        measured = {name: measure(stream, name, seeds, common | own, options) for name, own in variants().items()}
        if stream == "split-mnist":
            measured["whole (BIR), float32"] = measure(stream, "float32", seeds[:2], WHOLE, options)
        measured = {name: each for name, each in measured.items() if each}
        beside: dict[str, float] = {
            name: mean(each.values()) for name, each in measured.items() if name in ("none (DGR)", "whole (BIR)")
        }
        for name, each in measured.items():
            values = list(each.values())
            simulated = " (simulated)" if stream == "memristor" else ""
            claims.append(
                Claim(
                    claim=f"{stream}{simulated}, class-incremental, {name}: final average accuracy",
                    value=mean(values),
                    unit="fraction",
                    bound=0.93 if stream == "split-mnist" and name == "whole (BIR)" else None,
                    direction=">=" if stream == "split-mnist" and name == "whole (BIR)" else "=",
                    seeds=[int(seed) for seed in each],
                    spread=stdev(values) if len(values) > 1 else 0.0,
                    command=command,
                    baselines=beside,
                    each=each,
                )
            )
    finish(claims, options)


if __name__ == "__main__":
    main()
