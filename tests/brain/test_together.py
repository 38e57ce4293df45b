"""Threads, forked processes, closed brains and lost locks: who may change a brain, and who may not."""

import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from commands import benchmark_holds
from reverie.brain import Brain
from reverie.errors import BadData, ReverieError

X, Y = load_digits(return_X_y=True)
OPTIONS: dict[str, Any] = {"encoder": "expansion", "settings": {"width": 30}, "ridge": 1.0}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Brain.create(tmp_path / "b", **OPTIONS) as brain:
        brain.learn(X[:20], Y[:20])
    return tmp_path / "b"


def test_a_closed_brain_changes_nothing(folder: Path) -> None:
    brain = Brain.open(folder)
    brain.close()
    brain.close()
    changes = (
        lambda: brain.learn(X[:2], Y[:2]),
        lambda: brain.forget(1),
        lambda: brain.rename(1, 99),
        lambda: brain.rollback(1),
        brain.sleep,
        lambda: brain.learn_sums([]),
    )
    for change in changes:
        with pytest.raises(BadData, match="closed"):
            change()
    with Brain.open(folder) as again:
        assert again.learn(X[20:30], Y[20:30]).version == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_changes_nothing_and_does_not_let_others_write(folder: Path) -> None:
    with Brain.open(folder) as brain:
        heard, told = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                brain.learn(X[:2], Y[:2])
                os.write(told, b"learned")
            except BadData as error:
                os.write(told, str(error).encode())
            finally:
                brain.close()
                os._exit(0)
        os.close(told)
        os.waitpid(child, 0)
        assert b"opened by process" in os.read(heard, 1000)
        os.close(heard)
        with pytest.raises(BadData, match="written to by"):
            Brain.open(folder)  # the child's `close` has not given the lock away
        assert brain.learn(X[20:30], Y[20:30]).version == 2


def test_the_lock_survives_whatever_is_deleted(folder: Path) -> None:
    with Brain.open(folder) as brain:
        for file in ("holder.json", "lock"):
            (folder / file).unlink(missing_ok=True)
        with pytest.raises(BadData, match="written to by"):
            Brain.open(folder)
        brain.learn(X[20:30], Y[20:30])


def test_a_log_that_somebody_else_wrote_to_is_not_written_over(folder: Path) -> None:
    with Brain.open(folder) as brain:
        brain.learn(X[20:30], Y[20:30])
        log = next((folder / "journal").iterdir())
        before = log.read_bytes()
        log.write_bytes(before + b"x")
        with pytest.raises(BadData, match="changed by somebody else"):
            brain.learn(X[30:40], Y[30:40])
        assert log.read_bytes()[: len(before)] == before


def test_eight_threads_lose_nothing() -> None:
    benchmark_holds("threads", "--quick")


def test_questions_are_answered_while_it_learns(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import reverie.brain.lesson as module

    with Brain.open(folder) as brain:
        before, keys_are_made, answered = brain.predict_proba(X[:9]), threading.Event(), threading.Event()
        real = module.keys_of

        def slow(*given: Any) -> Any:
            keys_are_made.set()
            assert answered.wait(300)
            return real(*given)

        monkeypatch.setattr(module, "keys_of", slow)
        learning = threading.Thread(target=lambda: brain.learn(X[20:40], Y[20:40]))
        learning.start()
        assert keys_are_made.wait(300)
        np.testing.assert_array_equal(brain.predict_proba(X[:9]), before)
        answered.set()
        learning.join()
        assert brain.version == 2
        assert not np.array_equal(brain.predict_proba(X[:9]), before)


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_an_entry_that_was_half_applied_is_never_answered_from(
    error: type[BaseException], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import reverie.brain.mind as module

    with Brain.open(folder) as brain, Brain.open(folder, writer=False) as twin:
        with monkeypatch.context() as patch:
            real, tried = module.Mind._learn, []

            def broken(*given: Any) -> None:
                if not tried:
                    tried.append(1)
                    given[0].memory._sums.n += 5  # half of it
                    raise error
                real(*given)

            patch.setattr(module.Mind, "_learn", broken)
            with pytest.raises(BaseException) as raised:
                brain.learn(X[20:40], Y[20:40])
            if error is MemoryError:
                assert isinstance(raised.value, ReverieError)
        assert brain.version in (1, 2)  # asked for again, it is read from the disk
        with Brain.open(folder, writer=False) as reader:
            np.testing.assert_array_equal(brain.predict_proba(X[:9]), reader.predict_proba(X[:9]))
        assert twin.version == 1
        version = brain.version
        assert brain.learn(X[40:60], Y[40:60]).version == version + 1


def test_no_fault_at_a_sample_of_places_loses_anything() -> None:
    benchmark_holds("faults", "--quick")


@pytest.mark.parametrize("asked", ["version", "learn"])
@pytest.mark.parametrize("call", ["write", "fsync", "close"])
def test_the_handler_of_a_signal_does_not_cut_the_change_that_it_interrupts(
    asked: str, call: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Brain.open(folder) as brain:
        seen: list[Any] = []
        begun: list[bool] = []

        def handler() -> None:
            try:
                seen.append(brain.version if asked == "version" else brain.learn(X[50:55], Y[50:55]).version)
            except ReverieError as error:
                seen.append(str(error))

        def interrupted(real: Any) -> Any:
            def run(*given: Any) -> Any:
                found = real(*given)
                if brain._durable._changer is not None and not begun:
                    begun.append(True)
                    handler()
                return found

            return run

        with monkeypatch.context() as patch:
            patch.setattr(os, call, interrupted(getattr(os, call)))
            assert brain.learn(X[20:30], Y[20:30]).version == 2
        assert seen == [1] if asked == "version" else "in the midst" in seen[0]
        assert brain.learn(X[30:40], Y[30:40]).version == 3
    with Brain.open(folder) as brain:
        assert (brain.version, sum(brain.counts.values())) == (3, 40)


def test_a_closed_object_that_was_interrupted_writes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    brain = Brain.open(folder)
    with monkeypatch.context() as patch:

        def broken(*_: Any) -> None:
            raise KeyboardInterrupt

        patch.setattr(brain._store, "append", broken)
        with pytest.raises(KeyboardInterrupt):
            brain.learn(X[20:30], Y[20:30])
        patch.setattr("reverie.brain.durable.newest", broken)  # it cannot be settled when it is closed
        with pytest.raises(KeyboardInterrupt):
            brain.close()
    brain._store.close()
    with Brain.open(folder) as other:
        assert other.learn(X[20:30], Y[20:30]).version == 2
        assert brain.version == 1
        assert other.learn(X[30:40], Y[30:40]).version == 3


def test_a_folder_that_was_put_in_place_of_the_one_that_was_opened(folder: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(folder, tmp_path / "backup")
    with Brain.open(folder) as brain:
        folder.rename(tmp_path / "moved")
        (tmp_path / "backup").rename(folder)
        with pytest.raises(BadData, match="not the folder any more"):
            brain.learn(X[20:30], Y[20:30])
        with Brain.open(folder) as restored:
            assert restored.learn(X[20:30], Y[20:30]).version == 2


def test_a_brain_stays_in_its_folder_wherever_the_process_goes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    with Brain.open(folder.name) as brain:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        assert brain.learn(X[20:30], Y[20:30]).version == 2
        assert brain.rollback(1) is None
    with Brain.open(folder) as brain:
        assert brain.version == 3
