"""A wheel, installed where nothing of the project is: the commands run with the core dependencies alone."""

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL", "REVERIE"))}


def built(folder, **environment):
    """A wheel from a copy of the sources: a build writes into its tree."""
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__", "*.shared"))
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", folder, source]
    subprocess.run(command, check=True, env=CLEAN | environment)
    return next(folder.glob("*.whl"))


@pytest.mark.slow
def test_the_platform_is_told(tmp_path):
    for name, environment, tag in (
        ("pure", {"REVERIE_PURE": "1"}, "py3-none-any"),
        ("many", {"AUDITWHEEL_PLAT": "manylinux2014_x86_64"}, "py3-none-manylinux2014_x86_64"),
    ):
        (tmp_path / name).mkdir()
        wheel = built(tmp_path / name, **environment)
        assert wheel.stem.endswith(tag)
        names = zipfile.ZipFile(wheel).namelist()
        assert ("reverie/native/kernels.shared" in names) == (name == "many")
        assert "reverie/py.typed" in names
        assert not [one for one in names if one.startswith(("tests", "benchmarks", "docs"))]


@pytest.mark.slow
def test_it_runs_with_the_core_alone(tmp_path):
    wheel = built(tmp_path, REVERIE_PURE="1")
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    torch = subprocess.run([sys.executable, "-c", "import torch; print(torch.__version__.partition('+')[0])"],
                           capture_output=True, text=True, check=True).stdout.strip()  # fmt: skip
    for what in (f"torch=={torch}", str(wheel)):
        subprocess.run([python, "-m", "pip", "install", "-q", what], check=True, env=CLEAN, cwd=tmp_path)
    reverie = [tmp_path / "env" / "bin" / "reverie"]

    def run(*words):
        done = subprocess.run([*reverie, *words], cwd=tmp_path, env=CLEAN | {"OMP_NUM_THREADS": "1"},
                              capture_output=True, text=True, check=False)  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "Missing" in run("doctor") or "missing" in run("doctor")
    run("run", "--learner", "exact", "--out", "out")
    assert (tmp_path / "out" / "report.html").exists()
    (tmp_path / "rows.csv").write_text("x,y,label\n" + "".join(f"{n % 7},{n % 3},{'ab'[n % 2]}\n" for n in range(60)))
    run("brain", "create", "b")
    run("brain", "learn", "b", "rows.csv")

    run("memory", "remember", "notes", "Ana's city is Oslo.")
    assert "Oslo" in run("memory", "recall", "notes", "Where does Ana live?")
