"""The home page of a folder: what lies there is found, led to, and named where it cannot be read."""

import json

import pytest

from access import violations
from commands import here
from reverie.brain import Brain
from reverie.errors import MissingData
from reverie.language import LanguageMemory
from reverie.report import write_home, write_report


@pytest.fixture
def folder(tmp_path, put_run, put_comparison):
    with Brain.create(tmp_path / "pets" / "a & b", encoder="raw") as brain:
        brain.learn([[0.0, 1.0], [1.0, 0.0], [0.1, 0.9]], ["<cat>", "dog", "<cat>"])
    with LanguageMemory.open(tmp_path / "notes") as memory:
        memory.remember("Ana's city is Oslo.")
    (tmp_path / "pole").mkdir()
    (tmp_path / "pole" / "agent.json").write_text(json.dumps({"environment": "CartPole-v1"}))
    (tmp_path / "pole" / "life.json").write_text(
        json.dumps({"environment": "CartPole-v1", "steps": 1000, "watched": 487.0})
    )
    put_run(tmp_path / "first run")
    write_report(tmp_path / "first run")
    put_comparison(tmp_path / "compared")
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "brain.json").write_text("{")
    (tmp_path / "away").symlink_to(tmp_path / "notes")
    return tmp_path


def test_everything_is_found(folder):
    text = write_home(folder).read_text()
    for word in ("&lt;cat&gt;, dog", "a &amp; b", "notes", "CartPole-v1", "487", "95.50 %", "compared", "hash"):
        assert word in text, word
    assert 'href="first%20run/report.html"' in text
    assert "torn cannot be read" in text
    assert "away" not in text
    assert "<cat>" not in text


def test_nothing_there(tmp_path):
    with pytest.raises(MissingData, match="holds no brain"):
        write_home(tmp_path)
    with pytest.raises(MissingData, match="no folder"):
        write_home(tmp_path / "none")
    assert here("home", str(tmp_path)).returncode == 2


@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "width"), [("dark", 360), ("light", 1100)])
def test_in_a_browser(folder, browser, scheme, width):
    page, complaints = browser(width=width, height=740, scheme=scheme)
    page.goto(write_home(folder).as_uri())
    assert complaints == []
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("link", name="first run").click()
    assert page.get_by_role("heading", level=1).inner_text().startswith("exact")
