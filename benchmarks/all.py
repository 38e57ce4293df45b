"""Run every benchmark, write its results, and fail where a claim no longer holds."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
NAMES = (
    "streams",
    "bir",
    "brain",
    "senses",
    "nights",
    "control",
    "video",
    "speed",
    "spiking",
    "plasticity",
    "krotov",
    "spiking_digits",
    "cortex",
    "ridge",
    "sparsity",
    "nmda",
    "sleep_replay",
    "disciplines",
    "module_training",
    "energy",
    "faults",
    "memory_faults",
    "module_faults",
    "threads",
    "kills",
    "memory_kills",
    "locomo",
    "talk",
    "forgetting_curve",
    "consolidation",
    "selection",
    "hostile",
    "hostile_talk",
    "soak",
)


def main() -> None:
    quick = ["--quick"] if "--quick" in sys.argv else []
    failed = []
    for name in NAMES:
        target = [] if quick else ["--json", str(ROOT / "results" / f"{name}.json")]
        done = subprocess.run([sys.executable, str(ROOT / f"{name}.py"), *quick, *target], check=False)
        if done.returncode:
            failed.append(name)
    if failed:
        sys.exit(f"Claims no longer hold in: {', '.join(failed)}")


if __name__ == "__main__":
    main()
