"""The Brain, its senses and the peers learn one's own data as they were read."""

import builtins

import numpy as np
import pytest
import torch

from owndata import KINDS, made
from reverie.brain import Brain
from reverie.checkpoint import load_state, save_state, state_bytes
from reverie.errors import BadData, MissingData, UnknownName
from reverie.learners import KNN, NCM, BrainClassifier, RiverForest, SklearnLogistic
from reverie.loop import live
from reverie.streams import Pictures, Table, make

NEW = {
    "brain": BrainClassifier,
    "knn": KNN,
    "sklearn-logistic": SklearnLogistic,
    "river-arf": lambda: RiverForest(trees=3),
}
CASES = [(name, kind) for name in NEW for kind in KINDS if (name, kind) != ("river-arf", "sentences")]
SENSES = {"pictures": "cortex", "table": "table", "sentences": "words"}


def learned(learner, path, **options):
    return learner, list(live(learner, make(path, **options)))


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_it_learns_ones_own_data(name, kind, tmp_path):
    learner, lives = learned(NEW[name](), made(kind, tmp_path))
    chance = 1 / 4
    assert np.mean(lives[-1].accuracy) > 2 * chance
    assert learner.classes_.tolist() == [0, 1, 2, 3]
    assert learner.stored_samples == (0 if name == "brain" else sum(one.samples for one in lives))


@pytest.mark.parametrize("kind", KINDS)
def test_a_brain_of_a_named_sense_is_as_the_one_that_auto_chooses(kind, tmp_path):
    path = made(kind, tmp_path)
    named, lives = learned(BrainClassifier(sense=SENSES[kind]), path)
    assert named.senses_.sense.name == SENSES[kind]
    assert np.mean(lives[-1].accuracy) > 0.5
    if kind != "sentences":  # auto takes MiniLM for these, where it is installed
        auto, again = learned(BrainClassifier(), path)
        assert auto.senses_.sense.name == SENSES[kind]
        assert [one.accuracy for one in again] == [one.accuracy for one in lives]


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_it_goes_on_where_it_was_saved(name, kind, tmp_path):
    """And the same seed gives the same result: the two lives are of two learners."""
    path = made(kind, tmp_path)
    whole, lives = learned(NEW[name](), path)
    first = NEW[name]()
    next(live(first, make(path)))
    save_state(tmp_path / "kept", first.state_dict(), kind=name)
    second = NEW[name]()
    second.load_state_dict(load_state(tmp_path / "kept", kind=name))
    rest = list(live(second, make(path), done=1))
    assert [one.accuracy for one in rest] == [one.accuracy for one in lives[1:]]
    asked = next(iter(make(path))).test_samples
    assert np.array_equal(whole.predict_proba(asked), second.predict_proba(asked))


def test_samples_reach_it_as_they_were_read(tmp_path):
    path = made("pictures", tmp_path)
    for experience in make(path):
        assert isinstance(experience.train_samples, Pictures)
        assert len(experience.train_samples) == len(experience.train_y) == len(experience.train_x)
        sizes = {experience.train_samples[place].size for place in range(len(experience.train_y))}
        assert len(sizes) == 3  # each picture has its own size yet
    table = next(iter(make(made("table", tmp_path)))).train_samples
    assert isinstance(table, Table)
    assert table.columns["town"].dtype == object
    assert np.isnan(table.columns["size"]).any()
    assert isinstance(next(iter(make(made("sentences", tmp_path)))).test_samples[0], str)


def test_a_learner_of_arrays_is_given_arrays(tmp_path):
    learner, lives = learned(NCM(), made("pictures", tmp_path))
    assert learner.shape_ == next(iter(make(str(tmp_path / "pictures")))).train_x.shape[1:]
    assert lives[-1].index == 1


def test_samples_and_arrays_are_of_the_same_places(tmp_path):
    """The order of a class is the same, so that labels belong to both."""
    for experience in make(made("table", tmp_path), order=3, classes_per_experience=1):
        sizes = experience.train_samples.columns["size"]
        there = ~np.isnan(sizes)
        arrays = experience.train_x.numpy()
        assert any(np.allclose(arrays[there, column], sizes[there]) for column in range(arrays.shape[1]))


@pytest.mark.parametrize("name", NEW)
@pytest.mark.parametrize("asked", ["array", "other"])
def test_another_form_than_the_first_is_refused(name, asked, tmp_path):
    learner, _ = learned(NEW[name](), made("table", tmp_path))
    before = learner.state_dict()
    x = np.zeros((2, 3)) if asked == "array" else Pictures([np.zeros((9, 9), np.uint8)] * 2)
    with pytest.raises(BadData):
        learner.partial_fit(x, [0, 1])
    assert learner.classes_.tolist() == [0, 1, 2, 3]
    assert state_bytes(learner.state_dict()) == state_bytes(before)


def test_a_column_that_is_missing_is_refused(tmp_path):
    learner, _ = learned(KNN(), made("table", tmp_path))
    with pytest.raises(BadData, match="'town'"):
        learner.predict(Table.of({"size": [1.0], "noise": [0.0]}))


def test_the_forest_refuses_sentences(tmp_path):
    with pytest.raises(BadData, match="river-arf takes numbers"):
        learned(RiverForest(), made("sentences", tmp_path))


def test_the_forest_says_what_is_not_installed(monkeypatch):
    real = builtins.__import__

    def without(name, *more):
        if name.startswith("river"):
            raise ImportError(name)
        return real(name, *more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingData, match=r"pip install 'reverie\[drift\]'"):
        RiverForest().partial_fit(torch.rand(4, 2), [0, 1, 0, 1])


def test_an_unknown_sense_is_refused():
    with pytest.raises(UnknownName, match="Unknown sense 'smell'"):
        BrainClassifier(sense="smell").partial_fit(torch.rand(4, 2), [0, 1, 0, 1])


def test_the_brains_state_stops_growing():
    """A class of few samples is kept as a thin factor; one of half as many as keys have inputs, as a matrix."""
    generator = torch.Generator().manual_seed(0)
    sizes = []
    for n in (200, 400):
        x = torch.rand(n, 6, generator=generator)
        learner = BrainClassifier(settings={"width": 64}).fit(x, (torch.arange(n) % 2).numpy())
        sizes.append(state_bytes(learner.state_dict()))
    assert abs(sizes[1] - sizes[0]) <= 64


@pytest.mark.parametrize("kind", ["pictures", "table"])
def test_it_answers_as_a_brain_that_has_learned_the_same(kind, tmp_path):
    path = made(kind, tmp_path)
    learner, _ = learned(BrainClassifier(), path)
    brain = Brain.create(tmp_path / "brain")
    for experience in make(path):
        brain.learn(experience.train_samples, experience.train_y.tolist())
    for experience in make(path):
        one, two = learner.predict_proba(experience.test_samples), brain.predict_proba(experience.test_samples)
        assert np.allclose(one, two, atol=1e-9)
