"""Pages of lives, from folders as runs write them."""

import json
from pathlib import Path
from typing import Any

import pytest

from reverie.errors import CorruptFile
from reverie.report import summarise_lives

RESULTS: dict[str, Any] = {
    "stream": "gym:CartPole-v1",
    "scenario": "acting",
    "learner": "agent",
    "seed": 4,
    "config": {"stream": "gym:CartPole-v1", "params": {"places": 4321}},
    "looks": [
        {"step": 100, "mean": 212.5, "returns": [200, 225]},
        {"step": 200, "mean": 487.25, "returns": [475, 499.5]},
    ],
    "final_return": 487.25,
    "best_return": 487.25,
    "goal": 475.0,
    "reached_at": 200,
    "kept": 1.0,
    "steps": 200,
    "episodes": 7,
    "dreamt": 57600,
    "seconds": {"learn": 1.0, "sleep": 4.0, "predict": 2.0},
    "cpu_seconds": {"learn": 1.5, "sleep": 4.5, "predict": 2.0},
    "state_bytes": 76527,
    "stored_samples": 0,
    "peak_memory_bytes": 4e8,
    "notes": ["One environment."],
    "version": "0.9.8",
    "machine": {"cpu": "Test Processor"},
}


def put_life(path: Path, *, finished: bool = True, **changed: Any) -> Path:
    results = RESULTS | changed
    path.mkdir(parents=True)
    config = {key: results[key] for key in ("stream", "scenario", "learner", "seed")} | {"settings": {}}
    (path / "config.json").write_text(json.dumps(config))
    lived = [[[40, 40.0], [95, 55.0]], [[150, 55.0]]]
    events = [{"event": "look", **look, "lived": one} for look, one in zip(results["looks"], lived, strict=False)]
    (path / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    if finished:
        (path / "results.json").write_text(json.dumps(results))
    return path


def test_the_page_of_a_life_and_its_control(tmp_path: Path, read: Any) -> None:
    folder = put_life(tmp_path / "a")
    other = {"learner": "stream-ac", "reached_at": None, "kept": None, "dreamt": 0}
    put_life(folder / "controls" / "stream-ac", final_return=-21.0, notes=[], **other)
    page = read(folder)
    assert "agent in CartPole-v1" in page.text
    assert page.row("agent")[1:6] == ["487.2", "487.2", "200", "100 %", "200"]
    assert page.row("stream-ac")[1:5] == ["−21", "487.2", "never", "–"]
    for told in (
        "57.6 k",
        "76.5 kB",
        "6.0 s",
        "in 7 episodes",
        "goal 475",
        "One environment.",
        "4321",
        "Test Processor",
    ):
        assert told in page.text
    assert len(page.all("svg")) == 2  # returns at looks, and of the episodes that were lived
    assert not page.all("script")


def test_a_life_that_is_not_over(tmp_path: Path, read: Any) -> None:
    page = read(put_life(tmp_path / "a", finished=False))
    assert "This life is not over: 2 looks so far" in page.text
    assert "487.2" in page.text


def test_a_life_without_a_look(tmp_path: Path, read: Any) -> None:
    page = read(put_life(tmp_path / "a", finished=False, looks=[]))
    assert "0 looks so far" in page.text


def test_the_page_of_a_comparison(tmp_path: Path, read: Any) -> None:
    asked = {"streams": ["gym:CartPole-v1"], "learners": ["agent", "sb3-ppo"], "seeds": [0, 1], "scenario": "acting"}
    folder = tmp_path / "c"
    folder.mkdir()
    (folder / "compare.json").write_text(json.dumps(asked))
    runs = folder / "runs" / "gym-CartPole-v1"
    put_life(runs / "agent" / "seed-0", seed=0)
    put_life(runs / "agent" / "seed-1", seed=1, final_return=467.25, reached_at=100)
    put_life(runs / "sb3-ppo" / "seed-0", learner="sb3-ppo", seed=0, final_return=20.0, reached_at=None, dreamt=0)
    page = read(folder)
    assert page.row("agent")[1:5] == ["477.2 ± 14", "2", "487.2", "150 (2 of 2)"]
    assert page.row("sb3-ppo")[4] == "never"
    assert "1 of 4 runs are not finished" in page.text
    assert "agent: One environment." in page.text


def test_numbers_that_are_missing_stay_away(tmp_path: Path, read: Any) -> None:
    few = dict.fromkeys(("goal", "reached_at", "kept", "dreamt", "state_bytes", "final_return", "best_return"))
    page = read(put_life(tmp_path / "a", **few))
    row = page.row("agent")
    assert row[1:4] == ["–", "–", "–"]
    assert not any("nan" in cell for cell in row)


@pytest.mark.parametrize(
    "changed", [{"looks": "many"}, {"looks": [{"step": "x", "mean": 1.0}]}, {"goal": [1]}, {"seed": "x"}]
)
def test_what_is_no_life_is_told(tmp_path: Path, read: Any, changed: dict[str, Any]) -> None:
    folder = put_life(tmp_path / "a")
    (folder / "results.json").write_text(json.dumps(RESULTS | changed))
    with pytest.raises(CorruptFile, match="is not what a life writes"):
        read(folder)


def test_rows_are_ordered_within_an_environment() -> None:
    runs = [RESULTS | {"learner": name, "final_return": value} for name, value in (("a", 1.0), ("b", 3.0), ("c", None))]
    assert [row.learner for row in summarise_lives(runs)] == ["b", "a", "c"]
