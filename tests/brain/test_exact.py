"""After any life, a brain is the one that has only ever learned what is left: sums and answers, to the last bit."""

import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_wine

from reverie.brain import Brain, Plan
from reverie.brain.mind import Mind
from reverie.brain.shards import keys_of
from reverie.errors import BadData
from reverie.memory import AssociativeMemory
from reverie.memory.familiarity import unfamiliarity
from reverie.memory.thin import ThinGram
from reverie.senses import Senses

SOURCE = np.random.default_rng(0)
Y = [f"class {row % 4}" for row in range(40)]
VECTORS = SOURCE.normal(size=(40, 5)) + np.eye(5)[np.arange(40) % 4]
PICTURES = SOURCE.integers(0, 256, (40, 8, 8), dtype=np.uint8)


def far_from_zero(deviations: float) -> Any:
    """Vectors whose mean is so many standard deviations away, and one number is 10³⁰."""
    x = (VECTORS + deviations) * np.array([1e-3, 1.0, 7.0, 1e3, 1e-9])
    x[13, 2] = 1e30
    return x


KINDS: dict[str, tuple[Any, dict[str, Any]]] = {
    "raw": (far_from_zero(0.0), {"encoder": "raw"}),
    "raw, far": (far_from_zero(1e6), {"encoder": "raw"}),
    "raw pictures": (PICTURES[:, :3, :3], {"encoder": "raw"}),
    "raw pictures of floats": (PICTURES[:, :3, :3] / np.float32(7), {"encoder": "raw"}),
    "expansion": (far_from_zero(1e3), {"encoder": "expansion", "settings": {"width": 12}}),
    "winners": (VECTORS, {"encoder": "expansion", "settings": {"width": 12, "kind": "kwta"}}),
    "cortex": (
        PICTURES,
        {"encoder": "cortex", "settings": {"filters": 4, "patch": 4, "grid": 1, "epochs": 0, "patches": 50}},
    ),
    "sentences": (
        [f"word{row % 4} and word{row % 7}" for row in range(40)],
        {"encoder": "hash", "settings": {"width": 12}},
    ),
}
rows = st.lists(st.integers(0, 39), min_size=1, max_size=10)
STEPS = st.one_of(
    st.tuples(st.just("learn"), rows, st.booleans()),
    st.tuples(st.just("learn"), rows, st.booleans()),
    st.tuples(st.just("forget label"), st.integers(0, 9)),
    st.tuples(st.just("forget name"), st.integers(0, 9)),
    st.tuples(st.just("forget samples"), st.integers(0, 2**16)),
    st.tuples(st.just("merge"), rows, st.booleans()),
    st.tuples(st.just("sleep"), st.sampled_from([1.0, 0.7]), st.booleans()),
    st.tuples(st.just("rollback"), st.integers(0, 99)),
    st.tuples(st.just("open again")),
)


class Life:
    """A brain, and beside it a list of what it should know."""

    def __init__(self, place: Path, kind: str, forgettable: bool, ridge: float | str) -> None:
        self.x, options = KINDS[kind]
        self.place, self.names = place, 0
        with Brain.create(place / "b", **options, forgettable=forgettable, ridge=ridge) as first:
            first.learn(*self.of([*range(12)]))
        shutil.copytree(place / "b", place / "twin")
        self.brain = Brain.open(place / "b")
        self.left: list[tuple[int, str | None]] = [(row, None) for row in range(12)]  # and under which name
        self.then = {self.brain.version: self.left}

    def of(self, chosen: list[int]) -> tuple[Any, list[str]]:
        x = [self.x[row] for row in chosen] if isinstance(self.x, list) else self.x[chosen]
        return x, [Y[row] for row in chosen]

    def learn(self, chosen: list[int], named: bool) -> None:
        self.names += 1
        name = f"name {self.names}" if named else None
        self.brain.learn(*self.of(chosen), name=name)
        self.left = [*self.left, *((row, name) for row in chosen)]

    def forget_label(self, index: int) -> None:
        if self.brain.classes and self.brain.mind.memory.per_class:
            label = self.brain.classes[index % len(self.brain.classes)]
            self.brain.forget(label)
            self.left = [(row, name) for row, name in self.left if Y[row] != label]

    def forget_name(self, index: int) -> None:
        if names := sorted(self.brain.mind.ledger):
            name = names[index % len(names)]
            self.brain.forget(name=name)
            self.left = [(row, of) for row, of in self.left if of != name]

    def forget_samples(self, seed: int) -> None:
        free = [place for place, (_, name) in enumerate(self.left) if name is None]
        chance = np.random.default_rng(seed)
        if chosen := [place for place in free if chance.random() < 0.5]:
            x, y = self.of([self.left[place][0] for place in chosen])
            self.brain.forget(x=x, y=y)
            self.left = [one for place, one in enumerate(self.left) if place not in set(chosen)]

    def merge(self, chosen: list[int], named: bool) -> None:
        self.names += 1
        name = f"name {self.names}" if named else None
        shutil.copytree(self.place / "twin", self.place / f"twin {self.names}")
        with Brain.open(self.place / f"twin {self.names}") as other:
            other.learn(*self.of(chosen), name=name)
            self.brain.merge(other)
        self.left = [*self.left, *((row, None) for row in range(12)), *((row, name) for row in chosen)]

    def sleep(self, keep: float, network: bool) -> None:
        if self.brain.classes:
            hidden = (3,) if network else ()
            self.brain.sleep(Plan(keep=keep, tolerance=1, hidden=hidden, steps=2, cut=0.0, retention=0.0))

    def rollback(self, index: int) -> None:
        versions = [version for version in self.brain.versions() if version in self.then]
        if versions:
            to = versions[index % len(versions)]
            self.brain.rollback(to)
            self.left = self.then[to]

    def open_again(self) -> None:
        self.brain.close()
        self.brain = Brain.open(self.place / "b")

    def step(self, what: str, *arguments: Any) -> None:
        getattr(self, what.replace(" ", "_"))(*arguments)
        self.then[self.brain.version] = self.left

    def check(self) -> None:
        """The brain beside one of the same senses that has learned what is left, and nothing else."""
        mind = self.brain.mind
        assert self.brain.counts == Counter(Y[row] for row, _ in self.left)
        if not self.left:
            return
        senses = Senses.from_state(mind.senses.state_dict())
        other = Mind(senses, AssociativeMemory(ridge=mind.memory.ridge, per_class=mind.memory.per_class))
        other.labels = [label for label in mind.labels if mind.counts[label]]
        x, y = self.of([row for row, _ in self.left])
        other.memory.write_labels(keys_of(senses, senses.take(x)), other.columns(y))
        columns = [mind.labels.index(label) for label in other.labels]
        mine, theirs = mind.memory._need(), other.memory._need()
        assert mine.n == theirs.n
        for name in ("sum_h", "sum_y", "sum_yy", "cross"):
            values = getattr(mine, name)
            assert torch.equal(values if name == "sum_h" else values[..., columns], getattr(theirs, name)), name
        grams = [mine.gram(column) for column in columns] if mine.per_class else [mine.total()]
        others = [theirs.gram(column) for column in range(len(columns))] if theirs.per_class else [theirs.total()]
        for gram, same in zip(grams, others, strict=True):
            assert torch.equal(gram.triu(), same.triu())
        for memory in (mind.memory, other.memory):
            memory.unsettle()
        keys = senses.keys(senses.take(self.x))
        assert torch.equal(mind.memory.read(keys)[:, columns], other.memory.read(keys))
        assert torch.equal(unfamiliarity(mind.memory, keys), unfamiliarity(other.memory, keys))
        assert torch.equal(mind.memory_logits(keys), other.memory_logits(keys))


@pytest.mark.parametrize("kind", ["cortex", "expansion", "sentences"])
def test_a_life_with_thin_factors_is_exact(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reverie.memory.thin._LEAST", 2)
    life = Life(tmp_path, kind, True, "gcv")
    many, kinds = list(range(40)), set()
    for step in [
        ("learn", [1], False),
        ("learn", [2, 3, 5], True),
        ("merge", [7, 11], True),
        ("open again",),
        ("forget samples", 3),
        ("learn", many, True),  # matrices now
        ("forget name", 0),
        ("sleep", 0.7, False),
        ("learn", [4, 8], False),
        ("forget label", 1),
        ("open again",),
        ("forget samples", 5),
    ]:
        life.step(*step)
        kinds |= {type(gram) for gram in life.brain.mind.memory._need().grams}
    life.check()
    life.brain.close()
    assert kinds == {torch.Tensor, ThinGram}


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    kind=st.sampled_from(list(KINDS)),
    forgettable=st.booleans(),
    ridge=st.sampled_from(["gcv", 1.0]),
    steps=st.lists(STEPS, min_size=1, max_size=7),
)
@example("expansion", False, 1.0, [("learn", [1, 2, 3], True), ("sleep", 0.7, False), ("forget name", 0)])
@example("cortex", True, "gcv", [("learn", [1, 2, 5], True), ("sleep", 0.7, False), ("forget name", 0)])
def test_after_any_life_it_is_as_if_it_had_learned_only_what_is_left(
    kind: str, forgettable: bool, ridge: float | str, steps: list[Any]
) -> None:
    with tempfile.TemporaryDirectory() as place:
        life = Life(Path(place), kind, forgettable, ridge)
        for step in steps:
            life.step(*step)
        life.check()
        life.brain.close()


def made(place: Path, **options: Any) -> Brain:
    return Brain.create(place / "b", **{"encoder": "raw"} | options)


@pytest.mark.parametrize("forgettable", [True, False])
@pytest.mark.parametrize("encoder", ["raw", "expansion"])
def test_what_was_never_learned_is_not_forgotten(encoder: str, forgettable: bool, tmp_path: Path) -> None:
    settings = {"width": 12} if encoder == "expansion" else {}
    with made(tmp_path, encoder=encoder, settings=settings, forgettable=forgettable) as brain:
        brain.learn(VECTORS[:30], Y[:30])
        brain.learn(VECTORS[:8], Y[:8], name="twice")
        before, version = brain.predict_proba(VECTORS), brain.version
        for x, y in (
            (VECTORS[:30] + 5, Y[:30]),  # like none of them
            (VECTORS[:30], Y[1:31]),  # of other classes
            (VECTORS[:6] * 9, Y[:6]),
            (np.repeat(VECTORS[:1], 9, 0), Y[:1] * 9),  # more often than it was there
        ):
            with pytest.raises(BadData, match="that were"):
                brain.forget(x=x, y=y)
        assert brain.version == version
        assert np.array_equal(brain.predict_proba(VECTORS), before)
        brain.forget(x=VECTORS[:8], y=Y[:8])
        brain.forget(x=VECTORS[:8], y=Y[:8])  # they were there twice
        with pytest.raises(BadData, match="that were"):
            brain.forget(name="twice")


def wine() -> tuple[Any, Any]:
    x, y = load_wine(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))
    return x[order], y[order]


@pytest.mark.parametrize("encoder", ["raw", "expansion"])
def test_one_huge_number_is_cut_and_said_and_forgotten(encoder: str, tmp_path: Path) -> None:
    x, y = wine()
    bad = x[:2].copy()
    bad[0, 1], bad[1, 3] = 1e30, -1e300
    with made(tmp_path, encoder=encoder) as brain:
        assert brain.learn(x[:120], y[:120]).clipped == 0
        before = brain.predict_proba(x)
        assert brain.learn(bad, y[:2]).clipped == 2
        assert brain.history()[-1]["clipped"] == 2
        assert float((brain.predict(x[120:]) == y[120:]).mean()) > 0.9
        brain.forget(x=bad, y=y[:2])
        assert np.array_equal(brain.predict_proba(x), before)


def test_a_huge_number_in_the_first_experience_does_not_set_the_scale(tmp_path: Path) -> None:
    x, y = wine()
    x[7, 2] = 1e30
    with made(tmp_path) as brain:
        assert brain.learn(x[:120], y[:120]).clipped == 1
        assert float((brain.predict(x[120:]) == y[120:]).mean()) > 0.9


def test_masked_arrays_and_numbers_at_the_limits(tmp_path: Path) -> None:
    masked = np.ma.masked_array(VECTORS, mask=VECTORS > 2)
    with made(tmp_path) as brain:
        with pytest.raises(BadData, match=r"x\.filled"):
            brain.learn(masked, Y)
        brain.learn(np.ma.masked_array(VECTORS, mask=False), Y)  # nothing is masked
        brain.learn(VECTORS[:4].astype(np.float32) * np.float32(1e38), Y[:4])
        brain.learn(np.full((1, 5), 1.7e308), Y[:1])
        brain.learn(np.full((1, 5), 5e-324), Y[:1])
        with pytest.raises(BadData, match="infinity"):
            brain.learn(np.full((1, 5), np.inf), Y[:1])
        assert np.isfinite(brain.predict_proba(VECTORS)).all()


def test_columns_of_small_scale_are_not_drowned(tmp_path: Path) -> None:
    x, y = wine()
    for encoder in ("raw", "expansion"):
        shares = []
        for index, shown in enumerate((x, (x - x.mean(0)) / x.std(0))):
            with Brain.create(tmp_path / f"{encoder} {index}", encoder=encoder) as brain:
                brain.learn(shown[:120], y[:120])
                shares.append(float((brain.predict(shown[120:]) == y[120:]).mean()))
        assert min(shares) > 0.94


def test_classes_come_one_by_one_or_a_hundred_thousand_at_once(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    with made(tmp_path, forgettable=False) as brain:
        for label in range(300):
            brain.learn(chance.normal(size=(3, 20)), [label] * 3)
        x = chance.normal(size=(100_000, 20))
        brain.learn(x, np.arange(100_000))
        assert len(brain.classes) == 100_000
        assert np.isfinite(brain.novelty(x[:3])).all()


def test_a_brain_from_before_the_grid_answers_as_before(tmp_path: Path) -> None:
    with made(tmp_path, ridge=1.0) as brain:
        brain.learn(VECTORS[:4], Y[:4])
        mind = brain.mind
        mind.senses.sense.grid = None
        mind.memory.unit = 1.0
        mind.memory._sums = None
        mind.memory.write(torch.from_numpy(VECTORS).float(), torch.eye(4)[torch.arange(40) % 4])
        brain._durable.replace(mind)
    h, y = VECTORS.astype(np.float32).astype(np.float64), np.eye(4)[np.arange(40) % 4]
    centred, mean = h - h.mean(0), y.mean(0)
    weights = np.linalg.solve(centred.T @ centred + np.eye(5), centred.T @ (y - mean))
    with Brain.open(tmp_path / "b") as again:
        expected = np.asarray(Y[:4])[(mean + centred @ weights).argmax(1)]
        assert np.array_equal(again.predict(VECTORS), expected)
        assert again.learn(VECTORS[:3], Y[:3]).clipped == 0
