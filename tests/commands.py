"""The command line for the tests: in this process, which is quick, or in one of its own, as a user starts it."""

import contextlib
import io
import os
import signal
import subprocess
import sys
import warnings
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from reverie.cli import main

ROOT = Path(__file__).resolve().parents[1]


class Done(NamedTuple):
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


def here(*words: object, **env: str) -> Done:
    """`reverie …` in this process: the same words, the same streams, the same exit code."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        patch.object(sys, "argv", ["reverie", *map(str, words)]),
        patch.dict(os.environ, env),
        warnings.catch_warnings(),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
    return Done(code if isinstance(code, int) else 1, out.getvalue(), err.getvalue())


def apart(*words: object, **env: str) -> "subprocess.CompletedProcess[str]":
    """`python -m reverie …` in a process of its own."""
    command = [sys.executable, "-m", "reverie", *map(str, words)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"} | env
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=900)


def benchmark_holds(name: str, *words: str) -> str:
    """Every claim of one of the benchmarks, run in a process of its own; what it prints."""
    command = [sys.executable, str(ROOT / "benchmarks" / f"{name}.py"), *words]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
