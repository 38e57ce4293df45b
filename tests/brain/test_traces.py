"""Traces: kept in bounds, forgotten with what they are of, merged, erased; and the deeper cortex of a night."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from commands import here
from reverie.brain import Brain, Plan, cost_of
from reverie.brain.traces import LEAST, Traces, bytes_of
from reverie.errors import BadData, CorruptFile
from reverie.sleep import Replay

X, Y = load_digits(return_X_y=True)
PICTURES: NDArray[np.uint8] = (X.reshape(-1, 8, 8) * 15.9).astype(np.uint8)
MADE: dict[str, Any] = {
    "encoder": "cortex",
    "settings": {"filters": 8, "patch": 3, "patches": 3000},
    "traces": "2MB",
}
PLAN = Plan(keep=1.0, hidden=(), epochs=4)


def shapes(n: int, seed: int, kinds: int = 4) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Two marks at random places of noise; what they are and how they lie to each other is the class."""
    source = np.random.default_rng(seed)
    y = source.integers(0, kinds, n)
    x = source.normal(60, 25, size=(n, 12, 12))
    for one, kind in zip(x, y, strict=True):
        row, column = source.integers(1, 4, 2)
        down = kind % 2
        one[row : row + 2, column : column + 2] += 130
        if kind < 2:
            one[row + 4 * down : row + 4 * down + 2, column + 4 * (1 - down) : column + 4 * (1 - down) + 2] -= 60
        else:
            one[row + 4 : row + 6, column + 4 * down : column + 4 * down + 2] += 130
    return x.clip(0, 255).astype(np.uint8), y


def rows(traces: Traces | None) -> list[tuple[bytes, int, str | None]]:
    assert traces is not None
    names = [traces.names[place] if place >= 0 else None for place in traces.of_name.tolist()]
    codes = [bytes(row) for row in traces.codes.numpy()]
    return sorted(zip(codes, traces.columns.tolist(), names, strict=True), key=str)


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """Nights of few steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reverie.sleep.replay._LEAST_STEPS", 150)
        patch.setattr("reverie.layers.map_network._UNITS", (32, 32, 48, 48))
        yield


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Learned in one pass, class by class."""
    folder = tmp_path_factory.mktemp("traces") / "brain"
    x, y = shapes(2400, 0)
    with Brain.create(folder, **MADE) as brain:
        order = np.argsort(y, kind="stable")
        for part in np.array_split(order, 6):
            brain.learn(x[part], y[part])
    return folder


@pytest.fixture(scope="module")
def slept(learned: Path) -> Path:
    folder = learned.parent / "slept"
    shutil.copytree(learned, folder)
    with Brain.open(folder) as brain:
        report = brain.sleep(PLAN)
    assert report["deeper"]["deepened"], report
    return folder


@pytest.fixture
def brain(learned: Path, tmp_path: Path) -> Iterator[Brain]:
    shutil.copytree(learned, tmp_path / "copy")
    with Brain.open(tmp_path / "copy") as made:
        yield made


@pytest.fixture
def deep(slept: Path, tmp_path: Path) -> Iterator[Brain]:
    shutil.copytree(slept, tmp_path / "deep")
    with Brain.open(tmp_path / "deep") as made:
        yield made


def accuracy(brain: Brain, seed: int = 9) -> float:
    x, y = shapes(1500, seed)
    return float((brain.predict(x) == y).mean())


def test_a_night_answers_better_with_them(learned: Path, slept: Path) -> None:
    with Brain.open(learned, writer=False) as awake, Brain.open(slept, writer=False) as brain:
        assert accuracy(brain) > accuracy(awake) + 0.03
        told = brain.history()[-1]["deeper"]
        assert told["deep_loss"] < told["loss"] - 2 * told["error"]
        assert told["deep_accuracy"] >= told["accuracy"] and told["traces"] == len(brain.mind.traces or ())
        x, _ = shapes(50, 3)
        assert np.allclose(brain.predict_proba(x).sum(1), 1)


def test_first_pictures_and_those_aside_leave_no_trace(brain: Brain) -> None:
    traces, aside = brain.mind.traces, brain.mind.aside
    assert traces is not None and aside is not None
    first = len(np.array_split(np.arange(2400), 6)[0]) // 2
    assert len(traces) + first + int(aside.coded.sum()) == 2400
    assert int(aside.coded.sum()) > 70 and not {*map(bytes, aside.codes[aside.coded].numpy())} & {
        one for one, _, _ in rows(traces)
    }


def test_the_store_is_bounded_and_balanced_whatever_the_order() -> None:
    codes = torch.randint(256, (4000, 196), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    of = torch.cat([torch.zeros(3000), torch.ones(800), torch.full((200,), 2.0)]).long()

    class Code:
        code_bytes, bytes = 196, 0

    found = []
    for seed in range(3):
        traces = Traces((196 + 12) * 1500)
        traces.code, traces.codes = Code(), codes[:0]  # type: ignore[assignment]
        order = torch.randperm(4000, generator=torch.Generator().manual_seed(seed)) if seed else torch.arange(4000)
        for part in order.split(300):
            traces.add({"codes": codes[part], "columns": of[part]}, None)
        assert len(traces) == 1500
        assert torch.bincount(traces.columns).tolist() == [650, 650, 200]
        found.append(rows(traces))
    assert found[0] == found[1] == found[2]


def test_they_are_forgotten_with_what_they_are_of(brain: Brain, tmp_path: Path) -> None:
    before = rows(brain.mind.traces)
    x, y = shapes(300, 1)
    brain.learn(x, y, name="late")
    with_late = rows(brain.mind.traces)
    assert {name for _, _, name in with_late} == {None, "late"} and len(with_late) > len(before) + 200
    shutil.copytree(brain.folder, tmp_path / "twin")
    brain.forget(name="late")
    assert rows(brain.mind.traces) == before
    with Brain.open(tmp_path / "twin") as twin:
        assert rows(twin.mind.traces) == with_late  # what was acknowledged is in the folder
        twin.forget(x=x, y=y)
        assert rows(twin.mind.traces) == before
        twin.forget(2)
        kept = twin.mind.traces
        assert kept is not None and sorted(kept.columns.unique().tolist()) == [0, 1, 2] and len(kept) < len(before)


def test_what_is_forgotten_drops_the_deeper_cortex(deep: Brain) -> None:
    x, y = shapes(100, 5)
    deep.learn(x, y, name="more")
    assert deep.mind.deeper is not None
    deep.forget(name="more")
    assert deep.mind.deeper is None and len(deep.mind.traces or ()) > 1000
    shutil.copytree(deep.folder, deep.folder.parent / "again")
    with Brain.open(deep.folder.parent / "again") as again:
        assert again.mind.deeper is None
        assert again.sleep(PLAN)["deeper"]["deepened"]


def test_new_classes_are_answered_by_the_memory(deep: Brain) -> None:
    assert deep.mind.deeper is not None
    x, y = shapes(400, 6)
    new = x.transpose(0, 2, 1)[:, ::-1] // 3 + 150  # bright ones
    deep.learn(new[:200], [7] * 200)
    found = deep.predict(new[200:])
    alone = deep.mind.memory_logits(deep.mind.senses.glance(deep.mind.senses.take(new[200:]))).softmax(1)
    place = deep.classes.index(7)
    assert (found == 7).mean() > 0.9
    np.testing.assert_allclose(deep.predict_proba(new[200:])[:, place], alone[:, place], rtol=1e-9)
    known = deep.predict_proba(x)
    mind = deep.mind
    memory = mind.memory_logits(mind.senses.glance(mind.senses.take(x))).softmax(1)
    np.testing.assert_allclose(known[:, place], memory[:, place], rtol=1e-9)
    assert np.abs(known - memory.numpy()).max() > 0.1
    assert (deep.predict(x) == y).mean() > 0.7


def test_merged_brains_join_their_traces(learned: Path, slept: Path, tmp_path: Path) -> None:
    for name, folder in (("one", slept), ("two", learned)):
        shutil.copytree(folder, tmp_path / name)
    x, y = shapes(600, 7)
    with Brain.open(tmp_path / "one") as one, Brain.open(tmp_path / "two") as two:
        count = len(one.mind.traces or ())
        two.rollback(1)
        there = len(two.mind.traces or ())
        two.learn(x, y + 4, name="other")
        added = len(two.mind.traces or ())
        one.merge(two)
        assert one.mind.deeper is None and len(one.mind.traces or ()) == count + added and there < added
        assert sum(name == "other" for _, _, name in rows(one.mind.traces)) == added - there
        one.forget(name="other")
        assert len(one.mind.traces or ()) == count + there
    with Brain.create(tmp_path / "new", **MADE) as new, Brain.open(tmp_path / "two", writer=False) as two:
        new.merge(two)
        assert rows(new.mind.traces) == rows(two.mind.traces)


def test_erased_they_are_nowhere(deep: Brain) -> None:
    gone = [one for one, _, _ in rows(deep.mind.traces)][:200]
    before = accuracy(deep)
    assert deep.erase_traces() > 1000
    assert len(deep.mind.traces or ()) == 0 and deep.versions() == [deep.version]
    data = b"".join(file.read_bytes() for file in deep.folder.rglob("*") if file.is_file())
    assert not any(one in data for one in gone)
    assert accuracy(deep) == before  # the deeper cortex stays
    x, y = shapes(100, 8)
    deep.learn(x, y)
    assert 50 < len(deep.mind.traces or ()) < 101
    report = deep.sleep(PLAN)["deeper"]
    assert report["deepened"] and "aside" in report["left_out"]


def test_a_killed_night_goes_on_to_the_same_morning(
    brain: Brain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(brain.folder, tmp_path / "twin")
    monkeypatch.setattr("reverie.brain.progress._SAVE_EVERY", 0.0)
    real, calls = Replay.advance, []

    def interrupted(self: Replay, steps: int) -> None:
        calls.append(self.step)
        if len(calls) == 5:
            raise KeyboardInterrupt
        real(self, steps)

    with monkeypatch.context() as patch:
        patch.setattr(Replay, "advance", interrupted)
        with pytest.raises(KeyboardInterrupt):
            brain.sleep(PLAN)
        brain.sleep(PLAN)
    assert calls[5] == calls[4] == 80  # it went on where it was
    assert not (brain.folder / "replay").exists()
    with Brain.open(tmp_path / "twin") as twin:
        twin.sleep(PLAN)
        one, two = (made.state_dict()["deeper"] for made in (brain, twin))
        assert one["numbers"] == two["numbers"]
        assert all(torch.equal(one["network"][name], two["network"][name]) for name in one["network"])


def test_progress_that_is_damaged_begins_anew(brain: Brain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reverie.brain.progress.Progress.load", lambda self: {"step": 1, "network": {}})
    assert brain.sleep(PLAN)["deeper"]["deepened"]


def test_a_night_that_does_not_help_is_left_out(brain: Brain, monkeypatch: pytest.MonkeyPatch) -> None:
    traces = brain.mind.traces
    assert traces is not None
    source = torch.Generator().manual_seed(0)
    traces.columns = traces.columns[torch.randperm(len(traces), generator=source)]  # wrong labels
    report = brain.sleep(PLAN)["deeper"]
    assert not report["deepened"] and brain.mind.deeper is None
    assert report["deep_loss"] > report["loss"] - 2 * report["error"] or report["deep_accuracy"] < report["accuracy"]
    x, _ = shapes(200, 3)
    alone = brain.mind.memory_logits(brain.mind.senses.glance(brain.mind.senses.take(x)))
    np.testing.assert_allclose(brain.predict_proba(x), alone.softmax(1), rtol=1e-9)


def test_a_code_that_sees_nothing_is_left_out(brain: Brain) -> None:
    traces = brain.mind.traces
    assert traces is not None
    traces.codes = torch.randint(256, traces.codes.shape, generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    assert not brain.sleep(PLAN)["deeper"]["deepened"]


def test_another_night_without_anything_new_trains_nothing(deep: Brain, monkeypatch: pytest.MonkeyPatch) -> None:
    before = accuracy(deep)
    monkeypatch.setattr(Replay, "advance", lambda self, steps: pytest.fail("trained"))
    assert deep.sleep(PLAN)["deeper"]["deepened"]
    assert accuracy(deep) == before


def test_a_correction_counts_with_a_deeper_cortex(deep: Brain) -> None:
    x, y = shapes(300, 11)
    wrong = np.flatnonzero(deep.predict(x) != y)[0]
    count = len(deep.mind.traces or ())
    done = deep.correct(x[wrong : wrong + 1], int(y[wrong]))
    assert done.before != y[wrong] and done.changed == (deep.predict(x[wrong : wrong + 1])[0] == y[wrong])
    assert done.changed and len(deep.mind.traces or ()) <= count + 1
    fresh = next(i for i in range(100) if len(_after(deep, x[i : i + 1], int(y[i]))) > count + 1)
    there = rows(deep.mind.traces)
    deep.correct(x[fresh : fresh + 1], int(y[fresh] + 1) % 4, was=int(y[fresh]))
    changed = set(rows(deep.mind.traces)) - set(there), set(there) - set(rows(deep.mind.traces))
    assert [one[:2] for one in changed[0]] == [(next(iter(changed[1]))[0], int(y[fresh] + 1) % 4)]


def _after(brain: Brain, x: Any, label: int) -> list[Any]:
    brain.learn(x, [label])
    return rows(brain.mind.traces)


def test_an_export_says_that_the_deeper_cortex_is_left_out(deep: Brain, learned: Path, tmp_path: Path) -> None:
    assert "deeper cortex" in deep.export(tmp_path / "model")["left_out"]
    with Brain.open(learned, writer=False) as awake:
        assert "left_out" not in awake.export(tmp_path / "other")


def test_undone_and_rolled_back(deep: Brain) -> None:
    before = rows(deep.mind.traces)
    x, y = shapes(50, 12)
    deep.learn(x, y)
    deep.undo()
    assert rows(deep.mind.traces) == before and deep.mind.deeper is not None


def test_commands(deep: Brain, tmp_path: Path) -> None:
    folder = str(deep.folder)
    deep.close()
    done = here("brain", "traces", folder)
    assert "traces of at most" in done.stdout and "each" in done.stdout, done.stderr
    cost = here("brain", "cost", folder, "--no-sleep")
    assert "Traces" in cost.stdout and "within the state" in cost.stdout, cost.stderr
    assert "Removed" in here("brain", "traces", folder, "--erase").stdout
    with Brain.open(folder, writer=False) as brain:
        assert cost_of(brain, sleep=False)["traces"]["count"] == 0
    done = here("brain", "create", tmp_path / "b", "--set", "traces=20MB", "--encoder", "cortex")
    assert done.returncode == 0, done.stderr
    with Brain.open(tmp_path / "b", writer=False) as brain:
        assert brain.mind.traces is not None and brain.mind.traces.budget == 20_000_000


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"traces": "much"}, "traces is 'much'"),
        ({"traces": LEAST - 1}, "a megabyte"),
        ({"traces": True}, "traces is True"),
        ({"encoder": "raw", "settings": {}}, "the sense is 'raw'"),
        ({"aside": False}, "aside is False"),
        ({"forgettable": False}, "forgettable is False"),
        ({"budget": 10**7}, "budget is 10000000"),
        ({"targets": "numbers"}, "targets is 'numbers'"),
    ],
)
def test_what_cannot_have_traces_is_refused(made: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(BadData, match=said):
        Brain.create(tmp_path / "brain", **(MADE | made))
    assert not (tmp_path / "brain").exists()


def test_other_samples_than_pictures_are_refused(tmp_path: Path) -> None:
    with (
        Brain.create(tmp_path / "brain", traces=LEAST) as brain,
        pytest.raises(BadData, match="Its sense is"),
    ):
        brain.learn(X[:20], Y[:20])
    assert bytes_of(0) == 0


def test_one_by_one_from_a_single_picture(tmp_path: Path) -> None:
    with Brain.create(tmp_path / "brain", **MADE) as brain:
        for i in range(5):
            brain.learn(PICTURES[i : i + 1], Y[i : i + 1])
        assert 2 <= len(brain.mind.traces or ()) <= 4
        report = brain.sleep(PLAN)
        assert not report["deeper"]["deepened"] and "expected" in report["deeper"]["left_out"]


@pytest.mark.parametrize("harm", ["columns", "codes", "names", "bits", "network"])
def test_a_strangers_state_is_refused(harm: str, deep: Brain, monkeypatch: pytest.MonkeyPatch) -> None:
    mind = deep.mind
    state = mind.state_dict()
    if harm == "columns":
        state["traces"]["columns"] = state["traces"]["columns"] + 99
    elif harm == "codes":
        state["traces"]["codes"] = state["traces"]["codes"][:, :5]
    elif harm == "names":
        state["traces"]["of_name"] = state["traces"]["of_name"] + 7
    elif harm == "bits":
        state["traces"]["code"]["bits"] = state["traces"]["code"]["bits"] + 9
    else:
        state["deeper"]["network"]["layers.0.weight"] = state["deeper"]["network"]["layers.0.weight"][:3]
    monkeypatch.setattr(type(mind), "state_dict", lambda self: state)
    state["version"] += 1
    deep._store.snapshot(mind.version + 1, state)
    deep.close()
    with pytest.raises(CorruptFile):
        Brain.open(deep.folder)
