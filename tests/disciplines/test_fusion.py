"""The stack: right weights, no harm, exact shares, honest intervals; around networks, estimators and modules alike."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import Ridge

from reverie.disciplines import FusedClassifier, FusedRegressor, Module, Theory
from reverie.disciplines.folds import fold_masks
from reverie.disciplines.networks import SideBySide
from reverie.disciplines.rivals import KINDS, Rival
from reverie.disciplines.stack import mixture_weights, simplex_weights
from reverie.errors import BadData, UnknownName

LAW = Module.of("physics.stopping_distance")
NAMES = ["speed", "age"]


def rows(n, seed=0, noise=1.0):
    source = np.random.default_rng(seed)
    x = np.stack([source.uniform(5, 80, n), source.uniform(20, 70, n)], axis=1)
    return x, LAW({"speed": x[:, 0]})["distance"] + x[:, 1] + noise * source.standard_normal(n)


class Useless:
    """A module that knows nothing: its answers are of other rows."""

    card, outputs, inputs = LAW.card, LAW.outputs, LAW.inputs

    def __call__(self, columns, constants=None):
        order = np.random.default_rng(5).permutation(len(columns["speed"]))
        return LAW({"speed": np.asarray(columns["speed"])[order]}, constants)


def test_weights_agree_with_a_search():
    source = np.random.default_rng(0)
    y = source.standard_normal(30)
    answers = np.stack([y + 0.5 * source.standard_normal(30), y + source.standard_normal(30)], axis=1)
    grid = np.linspace(0, 1, 2001)
    best = grid[np.argmin([((answers @ [w, 1 - w] - y) ** 2).sum() for w in grid])]
    assert simplex_weights(answers, y)[0] == pytest.approx(best, abs=2e-3)
    likelihoods = source.uniform(0.05, 0.95, (30, 2))
    best = grid[np.argmax([np.log(likelihoods @ [w, 1 - w]).sum() for w in grid])]
    assert mixture_weights(likelihoods)[0] == pytest.approx(best, abs=1e-2)


def test_folds_hold_groups_together_and_every_row_out_once():
    groups = np.repeat(np.arange(6), 4)
    masks = fold_masks(24, 5, groups, 0)
    assert ((~masks).sum(0) == 1).all()
    for group in range(6):
        assert all(len(set(mask[groups == group])) == 1 for mask in masks)
    with pytest.raises(BadData, match="one group"):
        fold_masks(4, 5, [1, 1, 1, 1], 0)


def test_a_network_does_not_depend_on_its_neighbours():
    x, y = rows(30)
    masks = np.ones((3, 30), dtype=bool)
    together = SideBySide(steps=20).fit(x, np.stack([y[:, None]] * 3), masks).predict(x)
    alone = SideBySide(steps=20).fit(x, y[None, :, None], masks[:1]).predict(x)
    np.testing.assert_allclose(together[0], alone[0], rtol=1e-4)
    assert not np.allclose(together[1], together[0])


@pytest.mark.parametrize(
    "base",
    [None, Ridge(), RandomForestRegressor(10), torch.nn.Linear(2, 1)],
    ids=["network", "ridge", "forest", "module"],
)
def test_theory_helps_every_base(base):
    x, y = rows(24)
    new, truth = rows(200, seed=1)
    fused = FusedRegressor(modules=[LAW], base=base, columns=NAMES, folds=3).fit(x, y)
    plain = FusedRegressor(base=base, columns=NAMES, folds=3).fit(x, y)
    assert fused.score(new, truth) > plain.score(new, truth)
    assert fused.weights_.min() >= 0
    assert fused.weights_.sum() == pytest.approx(1.0)
    shares = fused.shares(new)
    np.testing.assert_allclose(sum(shares.values()), fused.predict(new), rtol=1e-9)
    assert list(shares) == [
        "mean",
        "network",
        "theory physics.stopping_distance",
        "correction of physics.stopping_distance",
    ]
    assert fused.verdict_.words.startswith(
        "Used: physics.stopping_distance. On held-out rows the mean squared error is"
    )


def test_the_guard_drops_what_does_not_help_and_leaves_the_plain_model():
    x, y = rows(40)
    fused = FusedRegressor(modules=[Useless()], columns=NAMES, folds=4).fit(x, y)
    plain = FusedRegressor(columns=NAMES, folds=4).fit(x, y)
    assert fused.verdict_.words == "Not used: physics.stopping_distance, no gain on held-out rows."
    np.testing.assert_allclose(fused.predict(x), plain.predict(x), rtol=1e-4)
    free = FusedRegressor(modules=[Useless()], columns=NAMES, guard=False, folds=4).fit(x, y)
    assert free.verdict_.used == ("physics.stopping_distance",)


def test_few_rows_trust_confirmed_theory_only():
    preston = Module.of("sociology.preston_curve")
    income = np.geomspace(300, 50000, 12)
    fused = FusedRegressor(modules=[preston]).fit({"income": income}, preston({"income": income})["life"])
    assert "with 12 rows only confirmed theory is trusted" in fused.verdict_.words
    assert fused.module_weights_ == {"sociology.preston_curve": 0.0}


def test_several_modules_the_right_one_is_taken():
    x, y = rows(60)
    wave = Theory(Module.of("physics.thermal_expansion"), rename={"temperature": "age"})
    fused = FusedRegressor(modules=[wave, LAW], columns=NAMES).fit(x, y)
    assert fused.module_weights_["physics.stopping_distance"] > 0.9


def test_calibration_finds_the_constants_of_the_rows():
    speed = np.linspace(5, 80, 40)
    true = LAW({"speed": speed}, {"reaction": 1.2, "deceleration": 18.0})["distance"]
    found = Theory(LAW).calibrate({"speed": speed}, true)
    assert found.constants["reaction"] == pytest.approx(1.2, abs=0.1)
    assert found.constants["deceleration"] == pytest.approx(18.0, rel=0.05)
    few = Theory(LAW).calibrate({"speed": speed[:1]}, true[:1])
    assert abs(few.constants["reaction"] - 2.5) < 1.5


def test_intervals_hold_what_they_promise():
    x, y = rows(150)
    new, truth = rows(2000, seed=3)
    low, high = FusedRegressor(modules=[LAW], columns=NAMES).fit(x, y).interval(new, coverage=0.9)
    assert 0.84 < np.mean((low <= truth) & (truth <= high)) < 0.96


@pytest.mark.parametrize(
    "base", [None, RandomForestClassifier(20), torch.nn.Linear(2, 2)], ids=["network", "forest", "module"]
)
def test_classes(base):
    x, y = rows(60)
    new, truth = rows(300, seed=1)
    cut = np.median(y)
    model = FusedClassifier(modules=[LAW], base=base, columns=NAMES, folds=3).fit(x, np.where(y > cut, "far", "near"))
    assert (model.predict(new) == np.where(truth > cut, "far", "near")).mean() > 0.85
    assert list(model.classes_) == ["far", "near"]
    np.testing.assert_allclose(sum(model.shares(new).values()), model.predict_proba(new), atol=1e-9)
    np.testing.assert_allclose(model.predict_proba(new).sum(1), 1.0)


@pytest.mark.parametrize("kind", KINDS)
def test_rivals_learn(kind):
    x, y = rows(40)
    new, truth = rows(200, seed=1)
    assert Rival(modules=[LAW], kind=kind, columns=NAMES).fit(x, y).score(new, truth) > 0.9


def test_bad_input_is_refused_and_parameters_are_scikit_learns():
    x, y = rows(20)
    model = clone(FusedRegressor(modules=(LAW,), columns=NAMES, seed=3))
    assert model.seed == 3
    with pytest.raises(BadData, match="needs the column speed; given: a, b"):
        FusedRegressor(modules=[LAW], columns=["a", "b"]).fit(x, y)
    with pytest.raises(BadData, match="too few"):
        model.fit(x[:3], y[:3])
    with pytest.raises(BadData, match="words"):
        model.fit(x, ["a"] * 20)
    with pytest.raises(BadData, match="20 rows and y 19"):
        model.fit(x, y[:19])
    with pytest.raises(BadData, match="one class"):
        FusedClassifier(columns=NAMES).fit(x, ["a"] * 20)
    with pytest.raises(BadData, match="no output 'height'"):
        FusedRegressor(modules=[Theory(LAW, output="height")], columns=NAMES).fit(x, y)
    with pytest.raises(UnknownName, match="concatenation"):
        Rival(modules=[LAW], kind="glue", columns=NAMES).fit(x, y)
