"""The lists of hostile files: each is refused by an error of Reverie's or answered, and none takes the process along.

They run in a process of their own, which has a limit on its memory and is ended where it hangs.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from commands import ROOT

KINDS = ("formulas", "cards", "modules", "arrays", "pictures", "tables", "memories", "models", "runs", "documents")
_MEMORY = 12 * 2**30  # bytes of addresses; torch alone reserves several thousand million


def _limited() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


@pytest.mark.parametrize("kind", [*KINDS, "biology"])
def test_every_file_is_refused_or_answered(kind: str) -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "hostile_files.py"), kind]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, check=False, timeout=900, preexec_fn=_limited
    )
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, (said[-1:], done.stderr[-2000:])
    wrong = [one for one in said if one["answer"].startswith("wrong")]
    assert not wrong, wrong[:5]
    assert sum(one["answer"] == "refused" for one in said) > 5


def test_every_list_is_tried() -> None:
    text = Path(ROOT / "benchmarks" / "hostile_files.py").read_text()
    assert all(f"def {kind}(" in text for kind in (*KINDS, "biology"))
    assert text.count(") -> Calls:") == len(KINDS) + 1
