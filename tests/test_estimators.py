"""A brain's learning where scikit-learn and River learn: pipelines, searches, frames, one sample at a time."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_wine
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from reverie.brain import Brain
from reverie.errors import BadData
from reverie.estimators import BrainClassifier, BrainRegressor, OneByOne

EXPECTED_FAILURES = {
    "check_do_not_raise_errors_in_init_or_set_params": "the test run checks the types of hyper-parameters",
    "check_regressor_data_not_an_array": "a frame is read as a table, whose columns have names, and an array is not",
}


def frame():
    """Numbers, a category, dates and a missing cell; the class follows from two of them."""
    generator = np.random.default_rng(0)
    made = pd.DataFrame(
        {
            "age": generator.normal(40, 10, 300),
            "city": generator.choice(["Rome", "Oslo", "Bern"], 300),
            "since": pd.date_range("2020-01-01", periods=300),
        }
    )
    made.loc[3, "age"] = None
    return made, np.where((made["city"] == "Oslo") | (made["age"] > 45), "yes", "no")


@pytest.mark.filterwarnings("ignore")
def test_scikit_learn_agrees_about_the_regressor():
    results = check_estimator(BrainRegressor(), expected_failed_checks=EXPECTED_FAILURES, on_fail="raise")
    assert sum(result["status"] == "passed" for result in results) >= 45


def test_in_pipelines_and_searches():
    x, y = load_wine(return_X_y=True)
    assert cross_val_score(make_pipeline(StandardScaler(), BrainClassifier()), x, y, cv=3).mean() > 0.9
    search = GridSearchCV(BrainClassifier(), {"settings": [{"width": 64}, {"width": 256}]}, cv=3).fit(x, y)
    assert search.best_score_ > 0.9
    x, y = load_diabetes(return_X_y=True)
    assert cross_val_score(BrainRegressor(), x, y, cv=3).mean() > 0.4


def test_frames_go_by_name():
    x, y = frame()
    polars = pytest.importorskip("polars")
    model = BrainClassifier().fit(x[:200], y[:200])
    assert model.score(x[200:], y[200:]) > 0.85
    assert list(model.feature_names_in_) == ["age", "city", "since", "since weekday"]
    turned = polars.from_pandas(x[200:])[["since", "city", "age"]]
    assert (model.predict(turned) == model.predict(x[200:])).all()
    assert cross_val_score(BrainClassifier(), x, y, cv=3).mean() > 0.85
    numbers = x["age"].fillna(40) * 2 + 100 * (x["city"] == "Oslo")
    model = BrainRegressor().fit(x[:200], numbers[:200])
    assert model.score(x[200:], numbers[200:]) > 0.9
    with pytest.raises(BadData, match="city"):
        model.predict(x[["age", "since"]])


def test_sentences_with_labels():
    texts = [
        "the cat purrs",
        "a dog barks",
        "cats purr softly",
        "the dogs bark",
        "my cat is purring",
        "dogs barking",
    ] * 5
    labels = ["cat", "dog"] * 15
    assert cross_val_score(BrainClassifier(sense="words"), texts, labels, cv=3).mean() > 0.9


def test_the_regressor_answers_as_a_brain_in_a_folder(tmp_path):
    x, y = load_diabetes(return_X_y=True)
    model = BrainRegressor()
    with Brain.create(tmp_path / "b", targets="numbers") as brain:
        for part in (slice(0, 150), slice(150, 300)):
            model.partial_fit(x[part], y[part])
            brain.learn(x[part], y[part])
        for mine, its in zip(model.predict_intervals(x[300:]), brain.predict_intervals(x[300:]), strict=True):
            np.testing.assert_allclose(mine, its, rtol=1e-9)
    again = pickle.loads(pickle.dumps(model))
    assert (again.predict(x[300:]) == model.predict(x[300:])).all()
    with pytest.raises(BadData, match="coverage"):
        model.predict_intervals(x, coverage=2)
    with pytest.raises(BadData, match="no number"):
        BrainRegressor().fit(x[:2], [1.0, None])
    two = BrainRegressor().fit(x[:200], np.stack([y[:200], -y[:200]], 1))
    assert two.predict(x[200:205]).shape == (5, 2)


def test_one_by_one():
    from river import metrics

    x, y = frame()
    rows = x.assign(since=x["since"].astype(str)).to_dict("records")
    model, right = OneByOne(BrainClassifier(), first=40), metrics.Accuracy()
    for row, label in zip(rows, y, strict=True):
        known = model.predict_one(row)
        if known is not None:
            right.update(str(label), known)
        model.learn_one(row, str(label))
    assert right.get() > 0.8
    assert sum(model.predict_proba_one(rows[0]).values()) == pytest.approx(1)
    with pytest.raises(BadData, match="first"):
        OneByOne(BrainClassifier(), first=0)
    assert OneByOne(BrainRegressor()).predict_one(rows[0]) is None
