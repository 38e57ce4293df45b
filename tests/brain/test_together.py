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
    import reverie.brain.brain as module

    with Brain.open(folder) as brain:
        before, keys_are_made, answered = brain.predict_proba(X[:9]), threading.Event(), threading.Event()
        real = module.keys_of

        def slow(*given: Any) -> Any:
            keys_are_made.set()
            assert answered.wait(900)
            return real(*given)

        monkeypatch.setattr(module, "keys_of", slow)
        learning = threading.Thread(target=lambda: brain.learn(X[20:40], Y[20:40]))
        learning.start()
        assert keys_are_made.wait(900)
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
