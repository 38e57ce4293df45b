"""Every learner on every stream, beside its controls, joint training and the published number.

Split MNIST in three scenarios, the simulated memristor, Split CIFAR-10 (one-pass learners) and CLINC150. Networks
learn in bfloat16 products (`precision=bfloat16`) for speed; `bir.py` sets float32 beside it. Five seeds; nothing is
chosen on test data.
"""

from common import WORK, Claim, arguments, finish, finished
from reverie.report import Row, summarise
from reverie.report.published import published
from reverie.runs import Grid, compare

NETWORKS = ["naive", "joint", "ewc", "ewc-online", "si", "lwf", "er", "dgr", "bir"]
ONE_PASS = ["ncm", "slda", "exact-raw", "exact-kwta", "exact"]
BOUNDS: dict[tuple[str, str, str], tuple[str, float]] = {
    ("split-mnist", "class", "bir"): (">=", 0.930),
    ("split-mnist", "class", "joint"): (">=", 0.980),
    ("split-mnist", "class", "exact"): (">=", 0.965),
    ("split-mnist", "class", "naive"): ("<=", 0.215),
    ("split-mnist", "class", "ewc"): ("<=", 0.235),
    ("split-mnist", "class", "si"): ("<=", 0.235),
    ("split-mnist", "class", "dgr"): (">=", 0.884),
    ("split-mnist", "domain", "bir"): (">=", 0.958),
    ("split-mnist", "task", "bir"): (">=", 0.981),
    ("memristor", "class", "bir"): (">=", 0.89),
    ("memristor", "class", "exact"): (">=", 0.97),
    ("clinc150", "class", "exact-raw"): (">=", 0.85),
}


def grids(quick: bool) -> list[tuple[str, Grid]]:
    """Name of the folder, and what is compared in it."""
    seeds = [0] if quick else [0, 1, 2, 3, 4]
    if quick:
        return [("digits-class", Grid(streams=["digits"], learners=[*ONE_PASS, "naive", "joint"], seeds=seeds))]
    bfloat16 = {"precision": "bfloat16"}
    everyone = [*NETWORKS, "generative", *ONE_PASS]
    parts: list[tuple[str, Grid]] = [
        ("split-mnist-class", Grid(streams=["split-mnist"], learners=everyone, seeds=seeds, settings=bfloat16)),
        (
            "split-mnist-domain",
            Grid(streams=["split-mnist"], learners=everyone, seeds=seeds, scenario="domain", settings=bfloat16),
        ),
        (
            "split-mnist-task",
            Grid(streams=["split-mnist"], learners=everyone, seeds=seeds, scenario="task", settings=bfloat16),
        ),
        ("memristor-class", Grid(streams=["memristor"], learners=[*everyone, "bir-si"], seeds=seeds)),
        ("clinc150-class", Grid(streams=["clinc150"], learners=[*ONE_PASS, "naive", "joint", "er"], seeds=seeds[:3])),
        ("split-cifar10-class", Grid(streams=["split-cifar10"], learners=ONE_PASS, seeds=seeds[:3])),
    ]
    return parts


def claim(row: Row, rows: list[Row], each: dict[str, float], command: str) -> Claim:
    """One learner's accuracy, its bound if it has one, and what stands beside it."""
    direction, bound = BOUNDS.get((row.stream, row.scenario, row.learner), ("=", None))
    beside = {f"{other.learner}": other.mean for other in rows if other.learner in ("naive", "joint", "exact-raw")}
    known = published(row.stream, row.scenario, row.learner)
    if known is not None:
        beside["published"] = known
    simulated = " (simulated)" if row.stream == "memristor" else ""
    return Claim(
        claim=f"{row.stream}{simulated}, {row.scenario}-incremental, {row.learner}: final average accuracy",
        value=row.mean,
        unit="fraction",
        bound=bound,
        direction=direction,
        seeds=[int(seed) for seed in each],
        spread=row.spread,
        command=command,
        baselines=beside,
        each=each,
    )


def main() -> None:
    options = arguments("Every learner on every stream.")
    claims = []
    for name, grid in grids(options.quick):
        folder = WORK / "streams" / name
        results = finished(folder, grid) if options.finished else compare(grid, folder, jobs=options.jobs, resume=True)
        rows = summarise(results)
        command = f"python benchmarks/streams.py{' --quick' if options.quick else ''}"
        for row in rows:
            each = {str(one["seed"]): one["final_accuracy"] for one in results if one["learner"] == row.learner}
            claims.append(claim(row, rows, each, command))
    finish(claims, options)


if __name__ == "__main__":
    main()
