"""What each learner promises beyond the common checks."""

import numpy as np
import pytest
import torch

from little import small
from reverie import learners
from reverie.checks import toy_experiences
from reverie.errors import BadData
from reverie.learners.gradient import batches
from reverie.streams import make


def lived(learner, stream):
    for experience in stream:
        learner.partial_fit(experience.train_x, experience.train_y, candidates=experience.candidates).sleep()
    return learner


def test_batches_go_through_every_sample_once_an_epoch():
    stream = batches(10, 4, torch.Generator().manual_seed(0))
    epoch = torch.cat([next(stream), next(stream)])
    assert len(epoch) == 8 == len(set(epoch.tolist()))
    assert len(next(batches(3, 4, torch.Generator()))) == 3


def test_bare_brain_inspired_replay_is_deep_generative_replay():
    """All five parts off, BIR and DGR learn the same thing from the same data, within what other weights explain."""
    common = {"hidden": (100, 100), "iterations": 300, "latent": 20, "batch_size": 64}
    off = {"feedback": False, "conditional": False, "gating": 0.0, "distil": False}
    scores = {"bir": [], "dgr": []}
    for seed in (0, 1):
        for name, learner in {
            "bir": learners.BIR(**common, **off, seed=seed),
            "dgr": learners.DGR(**common, seed=seed),
        }.items():
            lived(learner, make("digits", classes_per_experience=5))
            test = list(make("digits", classes_per_experience=5))
            hits = [np.mean(learner.predict(one.test_x) == one.test_y.numpy()) for one in test]
            scores[name].append(np.mean(hits))
    assert np.mean(scores["bir"]) == pytest.approx(np.mean(scores["dgr"]), abs=0.08)


def test_replay_keeps_what_naive_learning_forgets():
    first = next(iter(make("digits")))
    common = {"hidden": (100, 100), "iterations": 300, "batch_size": 64}
    kept = {}
    for name, learner in {
        "naive": learners.Naive(**common),
        "bir": learners.BIR(**common, latent=20),
        "er": learners.ER(**common),
    }.items():
        lived(learner, make("digits"))
        kept[name] = np.mean(learner.predict(first.test_x) == first.test_y.numpy())
    assert kept["naive"] < 0.1
    assert kept["bir"] > 0.8
    assert kept["er"] > 0.8


@pytest.mark.parametrize("name", ["EWC", "SI", "LwF"])
def test_regularisation_keeps_tasks_that_naive_learning_forgets(name):
    """Task-incremental digits with one shared hidden layer of few units."""
    options = {
        "EWC": {"strength": 1e4},
        "SI": {"strength": 10.0},
        "LwF": {},
    }[name]
    common = {"hidden": (20,), "iterations": 300, "batch_size": 64, "learning_rate": 3e-3}
    stream = make("digits", scenario="task")
    kept = []
    for learner in (learners.Naive(**common), getattr(learners, name)(**common, **options)):
        lived(learner, stream)
        early = list(stream)[:3]
        kept.append(
            np.mean(
                [np.mean(learner.predict(one.test_x, candidates=one.candidates) == one.test_y.numpy()) for one in early]
            )
        )
    assert kept[1] > kept[0]


def test_er_stores_what_it_says():
    learner = lived(small("ER", per_class=7), make("digits"))
    assert learner.stored_samples == 70
    assert len(learner.state_dict()["own"]["kept_x"]) == 70


def test_joint_stores_everything():
    learner = lived(small("Joint"), make("digits"))
    assert learner.stored_samples == 1438


@pytest.mark.parametrize("classes_per_experience", [2, 5])
def test_exact_answers_the_same_whatever_the_order_of_classes(classes_per_experience):
    """Bit for bit: spike counts make its sums whole numbers, which do not care in which order they are added."""
    test = torch.cat([one.test_x for one in make("digits")])
    answers = [
        lived(learners.Exact(width=300), make("digits", order=order, classes_per_experience=classes_per_experience))
        for order in (0, 1, 2)
    ]
    probabilities = [learner.predict_proba(test) for learner in answers]
    np.testing.assert_allclose(probabilities[1], probabilities[0], atol=1e-9)
    np.testing.assert_allclose(probabilities[2], probabilities[0], atol=1e-9)


def test_exact_is_the_same_for_any_order_and_any_batches():
    stream = list(make("digits"))
    x, y = (torch.cat([getattr(one, name) for one in stream]) for name in ("train_x", "train_y"))
    test = torch.cat([one.test_x for one in stream])
    answers = []
    for seed, size in ((0, 1438), (1, 100), (2, 7)):
        order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
        learner = learners.Exact(width=300)
        for part in order.split(size):
            learner.partial_fit(x[part], y[part])
        answers.append(learner.sleep().predict_proba(test))
    np.testing.assert_allclose(answers[1], answers[0], atol=1e-9)
    np.testing.assert_allclose(answers[2], answers[0], atol=1e-9)


@pytest.mark.parametrize("encoder", ["relu", "kwta", "raw"])
def test_exact_halves_merge_to_the_whole(encoder):
    stream = list(make("digits"))
    options = {"encoder": encoder, "width": 300}
    whole = lived(learners.Exact(**options), stream)
    left = lived(learners.Exact(**options), stream[:2])
    right = lived(learners.Exact(**options), stream[:1:-1])
    left.merge(right)
    test = torch.cat([one.test_x for one in stream])
    np.testing.assert_allclose(left.predict_proba(test), whole.predict_proba(test), atol=1e-8)
    assert np.array_equal(left.predict(test), whole.predict(test))


def test_exact_refuses_to_merge_another_encoder():
    x, y = toy_experiences()[0]
    one, two = (learners.Exact(width=32, seed=seed).fit(x, y) for seed in (0, 1))
    before = one.predict_proba(x)
    with pytest.raises(BadData, match="encoder differs"):
        one.merge(two)
    assert np.array_equal(before, one.predict_proba(x))


@pytest.mark.parametrize("encoder", ["relu", "raw"])
def test_exact_forgets_a_class_as_if_it_had_never_seen_it(encoder):
    stream = list(make("digits", classes_per_experience=1))
    options = {"encoder": encoder, "width": 200, "per_class": True, "ridge": 10.0}
    without = lived(learners.Exact(**options), stream[:4] + stream[5:])
    forgot = lived(learners.Exact(**options), stream).forget_class(4)
    test = torch.cat([one.test_x for one in stream])
    assert list(forgot.classes_) == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    np.testing.assert_allclose(forgot.predict_proba(test), without.predict_proba(test), atol=1e-8)


def test_exact_forgets_samples_as_if_it_had_never_seen_them():
    stream = list(make("digits"))
    first, rest = stream[0], stream[1:]
    keep, drop = slice(0, 100), slice(100, None)
    without = learners.Exact(width=200).partial_fit(first.train_x[keep], first.train_y[keep]).sleep()
    lived(without, rest)
    forgot = lived(learners.Exact(width=200), stream).forget_samples(first.train_x[drop], first.train_y[drop])
    test = torch.cat([one.test_x for one in stream])
    np.testing.assert_allclose(forgot.predict_proba(test), without.predict_proba(test), atol=1e-8)
    with pytest.raises(BadData, match="More samples"):
        forgot.forget_samples(first.train_x, first.train_y)


def test_exact_on_a_frozen_module_and_novelty():
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 80), torch.nn.Tanh()).requires_grad_(False)
    stream = list(make("digits"))
    learner = lived(learners.Exact(encoder=module), stream[:3])
    assert np.mean(learner.predict(stream[0].test_x) == stream[0].test_y.numpy()) > 0.9
    known, unknown = learner.novelty(stream[0].test_x), learner.novelty(torch.rand(50, 8, 8))
    assert np.median(unknown) > 2 * np.median(known)


def test_exact_probabilities_are_calibrated():
    """Expected calibration error on digits below 0.05, where the scores themselves have 0.2."""
    stream = list(make("digits"))
    learner = lived(learners.Exact(width=400), stream)
    x, y = (torch.cat([getattr(one, name) for one in stream]) for name in ("test_x", "test_y"))
    probabilities = learner.predict_proba(x)
    sure, right = probabilities.max(1), probabilities.argmax(1) == y.numpy()
    bins = np.minimum((sure * 10).astype(int), 9)
    error = sum(abs(right[bins == b].mean() - sure[bins == b].mean()) * (bins == b).mean() for b in set(bins))
    assert error < 0.05


def test_bfloat16_learns_as_well():
    stream = make("digits", classes_per_experience=10)
    for precision in ("float32", "bfloat16"):
        learner = lived(learners.Naive(hidden=(50,), iterations=300, learning_rate=3e-3, precision=precision), stream)
        one = next(iter(stream))
        assert np.mean(learner.predict(one.test_x) == one.test_y.numpy()) > 0.93
    with pytest.raises(BadData, match="precision is"):
        learners.Naive(precision="float8").fit(*toy_experiences()[0])


def test_operations_are_counted_for_every_step():
    x, y = toy_experiences()[0]
    costs = []
    for iterations in (10, 30):
        learner = small("Naive", iterations=iterations).fit(x, y)
        costs.append(learner.cost_.macs)
    assert costs[1] == 3 * costs[0] > 0
