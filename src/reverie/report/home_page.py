"""The home page of a folder: the brains, memories, agents and runs in it, and the way to the page of each.

Folders are looked into three levels deep; links are not followed. What cannot be read is named with its reason.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from reverie.brain import Brain
from reverie.errors import MissingData, ReverieError
from reverie.memory.episodic import SQLiteStore
from reverie.record import read_json
from reverie.report.sections import Fact, Page, Section
from reverie.report.summary import human_bytes, human_count
from reverie.report.tables import Cell, Table, TableRow, per_cent, whole

__all__ = ["home_page"]

_DEEPEST, _MOST = 3, 500  # levels; folders that are shown
_SHOWN = 5  # classes by name


def home_page(folder: Path) -> Page:
    """Look through a folder, and say what its home page shows."""
    if not folder.is_dir():
        raise MissingData(f"There is no folder {folder}. Give one that holds brains, memories, agents or runs.")
    found: dict[str, list[TableRow]] = {kind: [] for kind in _KINDS}
    wrong = []
    for kind, path in _things(folder):
        name = str(path.relative_to(folder)) if path != folder else path.resolve().name
        try:
            cells = _KINDS[kind][2](path)
        except (ReverieError, KeyError, TypeError, ValueError, AttributeError) as error:
            wrong.append(f"{name} cannot be read: {str(error)[:300]}")
            continue
        page = path / "report.html"
        href = quote(str(page.relative_to(folder))) if page.is_file() else ""
        found[kind].append(TableRow(name, [Cell(text) for text in cells], href=href))
    if not any(found.values()) and not wrong:
        raise MissingData(
            f"{folder} holds no brain, memory, agent or run, nor does a folder within it. Make one: "
            f"reverie brain create {folder / 'pets'}"
        )
    sections = [
        Section("table", title, table=Table(caption, ["name", *header], found[kind]))
        for kind, (title, (header, caption), _) in _KINDS.items()
        if found[kind]
    ]
    headline = [Fact(title.lower(), str(len(found[kind]))) for kind, (title, _, _) in _KINDS.items() if found[kind]]
    return Page("Home", folder.resolve().name, "What keeps learning here", [], [], wrong, headline, sections)


def _things(folder: Path) -> Iterator[tuple[str, Path]]:
    """What is ours, and of which kind; a thing is not looked into."""
    shown = 0
    for place, folders, files in os.walk(folder):
        path = Path(place)
        kind = next((kind for kind, mark in _MARKS.items() if mark in files), None)
        if kind is not None:
            yield kind, path
            shown += 1
        deep = len(path.relative_to(folder).parts)
        if kind is not None or deep >= _DEEPEST or shown >= _MOST:
            folders.clear()
        folders[:] = sorted(name for name in folders if not name.startswith(".") and not (path / name).is_symlink())


_MARKS = {"brain": "brain.json", "memory": "episodes.db", "agent": "agent.json", "comparison": "compare.json",
          "run": "config.json"}  # fmt: skip


def _brain(path: Path) -> list[str]:
    with Brain.open(path, writer=False) as brain:
        known = [str(label) for label in brain.classes]
        more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
        nights = sum(event["kind"] == "sleep" for event in brain.history())
        return [
            brain.sense or "–",
            brain.targets if brain.targets != "classes" else ", ".join(known[:_SHOWN]) + more or "nothing yet",
            whole(sum(brain.counts.values())),
            whole(nights),
            human_bytes(brain.state_bytes),
        ]


def _memory(path: Path) -> list[str]:
    store = SQLiteStore(path / "episodes.db")
    try:
        texts, facts = store.held()
        size = sum(one.stat().st_size for one in path.iterdir() if one.is_file())
        encoder = store.encoder if store.encoder in ("hash", "minilm") else "a model of the user's"
        return [whole(texts), whole(facts), encoder, human_bytes(size)]
    finally:
        store.close()


def _agent(path: Path) -> list[str]:
    settings: Any = read_json(path / "agent.json")
    life: Any = read_json(path / "life.json") if (path / "life.json").is_file() else {}
    environment = str(life.get("environment") or settings.get("environment") or "–")
    return [
        environment,
        human_count(float(life["steps"])) if life else "–",
        f"{life['watched']:g}" if life else "not watched yet",
    ]


def _run(path: Path) -> list[str]:
    config: Any = read_json(path / "config.json")
    results: Any = read_json(path / "results.json") if (path / "results.json").is_file() else {}
    accuracy = results.get("final_accuracy")
    done = "not over" if not results else "–" if accuracy is None else per_cent(float(accuracy))
    return [str(config["stream"]), str(config["learner"]), str(config.get("seed", 0)), done]


def _comparison(path: Path) -> list[str]:
    asked: Any = read_json(path / "compare.json")
    done = sum(1 for _ in (path / "runs").glob("*/*/*/results.json"))
    wanted = len(asked["streams"]) * len(asked["learners"]) * len(asked["seeds"])
    streams, learners = (", ".join(str(one) for one in asked.get(name) or ()) for name in ("streams", "learners"))
    return [streams or "–", learners or "–", f"{done} of {wanted}"]


_KINDS: dict[str, tuple[str, tuple[list[str], str], Callable[[Path], list[str]]]] = {
    "brain": (
        "Brains",
        (["sense", "knows", "samples", "nights", "state"], "reverie brain serve NAME opens a live page."),
        _brain,
    ),
    "memory": (
        "Memories",
        (["texts", "facts", "encoder", "size"], "reverie memory serve NAME --http 0 opens a page."),
        _memory,
    ),
    "agent": ("Agents", (["environment", "steps", "last return"], "reverie agent watch NAME writes a page."), _agent),
    "comparison": (
        "Comparisons",
        (["streams", "learners", "runs done"], "reverie report NAME writes a page."),
        _comparison,
    ),
    "run": ("Runs", (["stream", "learner", "seed", "accuracy"], "reverie report NAME writes a page."), _run),
}
