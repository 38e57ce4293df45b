"""The pages of results, and the README's table, are what the committed results say."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "benchmarks"))


def test_they_are_made_from_the_results():
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "results_pages.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_changed_number_is_noticed(monkeypatch):
    import results_pages

    true = results_pages.load

    def altered(file):
        claims = true(file)
        return [one | {"value": one["value"] + 1} for one in claims]

    before = results_pages.pages()
    monkeypatch.setattr(results_pages, "load", altered)
    after = results_pages.pages()
    changed = {path.name for path in before if before[path] != after[path]}
    assert {"README.md", "senses.md", "kills.md"} <= changed


def test_plots_are_drawn(tmp_path):
    import results_pages

    results_pages.draw(tmp_path)
    drawn = {path.stem for path in tmp_path.glob("*.svg")}
    assert {"senses", "control"} <= drawn
    for path, text in results_pages.pages().items():
        assert (f"({path.stem}.svg)" in text) == (path.stem in drawn)


def test_the_readme_is_short():
    words = (ROOT / "README.md").read_text().split()
    assert len(words) <= 1100
