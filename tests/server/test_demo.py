"""The show: a real service in a process of its own, taught over its interface to the end."""

import json
import os
import signal
import subprocess
import sys

import httpx


def test_it_learns_sleeps_forgets_and_leaves_nothing(tmp_path):
    command = [sys.executable, "-m", "reverie", "demo", "--seconds", "0", "--no-open", "--json"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as show:
        base, _, token = json.loads(show.stdout.readline())["address"].partition("/#token=")
        said = [json.loads(show.stdout.readline())["told"] for _ in range(7)]
        headers = {"Authorization": f"Bearer {token}"}
        brain = httpx.get(f"{base}/api/brain", headers=headers, timeout=60).json()
        show.send_signal(signal.SIGINT)
        assert show.wait(60) == 0, show.stderr.read()
    assert [line.split()[0] for line in said[:5]] == ["2", "4", "6", "8", "10"]
    assert float(said[4].split()[-3].rstrip("%")) > 90
    assert "forget the sevens" in said[6]
    assert "digit 7" not in [one["label"] for one in brain["classes"]]
    assert len(brain["classes"]) == 9
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith("tmp")] == []
