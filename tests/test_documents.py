"""Examples in README and CONTRIBUTING run; examples in docstrings run; every name in `__all__` exists."""

import doctest
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
from mktestdocs import check_md_file

import reverie

ROOT = Path(__file__).resolve().parents[1]
PAGES = (
    "agents",
    "brain",
    "disciplines",
    "language",
    "nmda",
    "plasticity",
    "security",
    "senses",
    "sparsity",
    "spiking",
    "video",
)  # with examples
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(reverie.__path__, "reverie.")
    if not module.name.endswith("__main__")
)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", *(f"docs/{page}.md" for page in PAGES)])
def test_documents(name):
    check_md_file(ROOT / name, memory=True)


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name):
    module = importlib.import_module(name)
    assert module.__doc__, f"{name} does not say what it is"
    assert doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE).failed == 0
    for public in getattr(module, "__all__", ()):
        part = getattr(module, public)
        if callable(part) and getattr(part, "__module__", "").startswith("reverie"):
            assert part.__doc__, f"{name}.{public} does not say what it is"


def test_the_two_commands_are_in_the_readme_and_ci_runs_the_second():
    text = (ROOT / "README.md").read_text()
    assert "make run" in text
    assert "make test" in text
    assert "exec make test" in (ROOT / ".ci" / "run").read_text()


def test_the_documentation_builds_and_has_a_section_for_every_part(tmp_path):
    from reverie import learners, streams

    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "html", str(ROOT / "docs"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "learners.html").read_text() + (tmp_path / "streams.html").read_text()
    for name in (*learners.__all__, *streams.FACTORIES):
        assert name in page
