"""Versions, dates, tests that a new card must pass, and the way back."""

from datetime import date

import pytest

from commands import benchmark_holds
from disciplines.example import CARD
from reverie.disciplines import Registry, parse_card
from reverie.disciplines.card import CardError
from reverie.disciplines.registry import difference
from reverie.errors import CorruptFile, UnknownName

FALL = parse_card(CARD)
MOON = CARD.replace("9.81", "1.62").replace("19.62", "3.24").replace("1638-01-01", "1969-07-20")


def test_a_new_card_passes_the_old_tests_or_says_what_it_overrides(tmp_path):
    registry = Registry(tmp_path)
    registry.add(FALL)
    finer = parse_card(CARD.replace("9.81,", "9.80665,").replace("1.0.0", "1.1.0"))
    registry.add(finer)
    assert registry.get("physics.fall").version == "1.1.0"
    moon = parse_card(MOON.replace("1.0.0", "2.0.0"))
    with pytest.raises(CardError, match=r"fails what held in physics.fall@1.1.0: example 0\. .*\[example 0\]"):
        registry.add(moon)
    assert registry.get("physics.fall") == finer
    registry.add(parse_card(MOON.replace("1.0.0", "2.0.0") + "overrides: [example 0]\n"))
    assert [one["what"] for one in registry.history()] == ["added"] * 3


def test_by_day_by_version_and_back_without_touching_others(tmp_path):
    registry = Registry(tmp_path)
    registry.add(FALL)
    registry.add(parse_card(CARD.replace("physics.fall", "physics.other")))
    registry.add(parse_card(MOON.replace("1.0.0", "2.0.0") + "overrides: [example 0]\n"))
    assert registry.names() == ["physics.fall", "physics.other"]
    assert registry.get("physics.fall", as_of=date(1900, 1, 1)).version == "1.0.0"
    assert registry.get("physics.fall", as_of=date(2000, 1, 1)).version == "2.0.0"
    assert registry.get("physics.fall", version="1.0.0") == FALL
    before = registry.digests()
    registry.rollback("physics.fall", version="1.0.0")
    after = registry.digests()
    assert after["physics.fall"] == FALL.digest != before["physics.fall"]
    assert after["physics.other"] == before["physics.other"]
    assert registry.history()[-1]["what"] == "rolled back"


def test_what_is_refused(tmp_path):
    registry = Registry(tmp_path)
    registry.add(FALL)
    with pytest.raises(CardError, match="is not newer"):
        registry.add(FALL)
    with pytest.raises(CardError, match="A person confirms it first"):
        registry.add(FALL.model_copy(update={"status": "proposed", "version": "1.2.0"}))
    with pytest.raises(CardError, match=r"computes 39\.24"):
        registry.add(parse_card(CARD.replace("1.0.0", "1.2.0").replace("^2 / 2", "^2")))
    with pytest.raises(CardError, match="nothing was in force"):
        registry.get("physics.fall", as_of=date(1500, 1, 1))
    with pytest.raises(UnknownName, match=r"Known: 1\.0\.0"):
        registry.get("physics.fall", version="3.0.0")
    path = tmp_path / "cards" / "physics.fall" / "1.0.0.yaml"
    path.write_text(path.read_text().replace("9.81", "9.18"))
    with pytest.raises(CardError, match="altered"):
        registry.get("physics.fall")
    (tmp_path / "index.yaml").write_text("selected: [")
    with pytest.raises(CorruptFile, match="is no index"):
        registry.digests()


def test_the_difference_names_places():
    lines = difference(FALL, parse_card(CARD.replace("9.81,", "9.8,")))
    assert lines == ["constants.g.value: 9.81 → 9.8"]


def test_a_save_that_is_interrupted_leaves_the_old_or_the_new():
    """At a sample of places; `benchmarks/module_faults.py` tries them all."""
    benchmark_holds("module_faults", "--quick")
