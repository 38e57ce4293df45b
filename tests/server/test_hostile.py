"""A small share of the hostile inputs; `benchmarks/hostile.py` tries them all."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_hostile_inputs_are_refused_and_change_nothing():
    command = [sys.executable, str(ROOT / "benchmarks" / "hostile.py"), "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(": refused") == 4
