"""A symbolic link in a folder of ours leads nowhere: nothing behind it is read, written or deleted."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from reverie.brain import Brain
from reverie.disciplines import Registry, freeze, load_frozen, open_card, read_card, save_frozen
from reverie.disciplines.library import find
from reverie.edge import Parts, export
from reverie.errors import ReverieError
from reverie.language.memory import LanguageMemory
from reverie.language.users import open_memory
from reverie.record import RunFolder
from reverie.runs import RunConfig, execute

CARD = "physics.stopping_distance"


def everything(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder of somebody's, which must stay as it is."""
    folder = tmp_path / "outside"
    folder.mkdir()
    for name in ("1.0.0.yaml", "state.json", "tensors-1.safetensors", ".x.tmp", "index.yaml", "episodes.db"):
        (folder / name).write_text("kept")
    return folder


def moved(file: Path, to: Path) -> None:
    """Put a link in a file's or a folder's place."""
    if file.is_dir():
        shutil.rmtree(file)
    else:
        file.unlink(missing_ok=True)
    file.symlink_to(to)


def refused(action: Callable[[], object], outside: Path) -> None:
    before = everything(outside)
    with pytest.raises(ReverieError, match="symbolic link"):
        action()
    assert everything(outside) == before


@pytest.mark.parametrize("name", ["config.json", "events.jsonl", "results.json", "checkpoint", "controls"])
def test_a_run_folder(name: str, tmp_path: Path, outside: Path) -> None:
    config, folder = RunConfig(learner="ncm"), RunFolder(tmp_path / "run")
    execute(config, folder)
    folder.results_path.unlink()
    moved(folder.path / name, outside if name in ("checkpoint", "controls") else outside / "state.json")
    refused(lambda: execute(config, folder, resume=True), outside)


@pytest.mark.parametrize("name", ["index.yaml", "cards", f"cards/{CARD}", f"cards/{CARD}/1.0.0.yaml"])
def test_a_registry(name: str, tmp_path: Path, outside: Path) -> None:
    registry = Registry(tmp_path / "registry")
    registry.add(read_card(find(CARD)))
    moved(
        tmp_path / "registry" / name,
        outside if name.startswith("cards") and name[-1] != "l" else outside / "1.0.0.yaml",
    )
    newer = read_card(find(CARD)).model_copy(update={"version": "1.1.0"})
    before = everything(outside)
    for action in (lambda: registry.get(CARD), lambda: registry.add(newer)):
        with pytest.raises(ReverieError):
            action()
    assert everything(outside) == before


@pytest.mark.parametrize("name", ["module.yaml", "card.yaml"])
def test_a_frozen_module(name: str, tmp_path: Path, outside: Path) -> None:
    folder, frozen = tmp_path / "frozen", freeze(open_card(find(CARD)))
    save_frozen(frozen, folder)
    moved(folder / name, outside / "1.0.0.yaml")
    refused(lambda: load_frozen(folder), outside)
    refused(lambda: save_frozen(frozen, folder), outside)


@pytest.mark.parametrize("name", ["episodes.db", "episodes.db-wal", "episodes.db-journal", "episodes.db-shm"])
def test_a_memory(name: str, tmp_path: Path, outside: Path) -> None:
    with LanguageMemory.open(tmp_path / "memory") as memory:
        memory.remember("Ana's city is Rome.")
    moved(tmp_path / "memory" / name, outside / "episodes.db")
    refused(lambda: LanguageMemory.open(tmp_path / "memory"), outside)


def test_the_lock_of_a_night(tmp_path: Path, outside: Path) -> None:
    with LanguageMemory.open(tmp_path / "memory") as memory:
        memory.remember("Ana's city is Rome.")
        moved(tmp_path / "memory" / "sleep.lock", outside / "state.json")

        def night() -> None:
            with memory.store.alone():
                pass

        refused(night, outside)


def test_a_user(tmp_path: Path, outside: Path) -> None:
    (tmp_path / "users").mkdir()
    (tmp_path / "users" / "ana").symlink_to(outside)
    refused(lambda: open_memory(str(tmp_path / "users"), user="ana"), outside)


@pytest.mark.parametrize("name", ["night", "replay"])
def test_an_unfinished_night(name: str, tmp_path: Path, outside: Path) -> None:
    x = np.random.default_rng(0).random((20, 4))
    with Brain.create(tmp_path / "brain", encoder="raw") as brain:
        brain.learn(x, [0, 1] * 10)
        (tmp_path / "brain" / name).symlink_to(outside)
        refused(brain.sleep, outside)


def test_an_export(tmp_path: Path, outside: Path) -> None:
    (tmp_path / "new.onnx").symlink_to(tmp_path / "outside" / "new")
    with pytest.raises(ReverieError, match="is there already"):
        export(Parts({}, {}), tmp_path / "new.onnx")
    assert not (outside / "new").exists()
