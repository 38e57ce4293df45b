"""An estimate covers every run, scales with what is to be done, and refuses what a learner cannot learn."""

import numpy as np
import pytest

from owndata import made
from reverie.errors import BadData
from reverie.runs import Grid, compare, estimate
from reverie.runs.estimate import _mixed, _seconds, _shortened, _work

CLOCK = "reverie.runs.estimate.time.perf_counter"


def configs(**changed):
    grid = {"streams": ["digits"], "learners": ["ncm"], "seeds": [0]} | changed
    return [config for _, config in Grid(**grid).runs()]


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on by a second at each look: every measurement is a second."""
    ticks = iter(range(10**6))
    monkeypatch.setattr(CLOCK, lambda: float(next(ticks)))


@pytest.mark.usefixtures("clock")
def test_every_learner_has_its_seconds_over_all_seeds():
    one = estimate.estimate(configs(learners=["ncm", "slda"]))
    assert list(one) == ["ncm", "slda"]
    assert one["ncm"] == one["slda"]
    three = estimate.estimate(configs(learners=["ncm"], seeds=[0, 1, 2]))
    assert three["ncm"] == pytest.approx(3 * one["ncm"])


@pytest.mark.usefixtures("clock")
def test_experiences_that_take_a_second_each_take_as_many_seconds_as_they_are():
    """Digits have five experiences; 50 questions a second; reading took a second."""
    (config,) = configs()
    life = estimate._read(config)
    questions = np.cumsum([len(experience.test_y) for experience in life.experiences]).sum()
    assert life.seconds == 1
    assert _seconds(config, life) == pytest.approx(5 + questions / 50)


@pytest.mark.usefixtures("clock")
def test_iterations_are_counted_up():
    (short,) = configs(learners=["naive"], settings={"iterations": 40})
    (long,) = configs(learners=["naive"])
    life = estimate._read(short)
    questions = np.cumsum([len(experience.test_y) for experience in life.experiences]).sum() / 50
    assert _seconds(short, life) == pytest.approx(20 * 5 + questions)
    learner, times = _shortened(estimate.build_learner(long, life.stream))
    assert times == pytest.approx(20, rel=0.2)
    assert learner.iterations * times == estimate.build_learner(long, life.stream).iterations


def test_who_trains_anew_learns_all_so_far_in_each_experience():
    life = estimate._read(configs()[0])
    works = {
        name: _work(estimate.build_learner(config, life.stream), [3, 4, 5])
        for name in ("brain", "sklearn-logistic", "river-arf")
        for config in configs(learners=[name])
    }
    assert works == {"brain": [3, 4, 5], "sklearn-logistic": [3, 7, 12], "river-arf": [3, 4, 5]}


def test_samples_of_every_class_are_taken_in_turn():
    assert _mixed(np.array([0, 0, 0, 1, 1, 2]), 4) == [0, 3, 5, 1]


def test_what_a_learner_cannot_learn_is_refused_before_anything_is_written(tmp_path):
    grid = Grid(streams=[made("sentences", tmp_path)], learners=["ncm", "brain-cortex"], seeds=[0])
    with pytest.raises(BadData, match="sense cortex takes numbers"):
        compare(grid, tmp_path / "out", announce=lambda seconds: None)
    assert not (tmp_path / "out").exists()


def test_what_has_run_already_is_not_announced(tmp_path):
    grid = Grid(streams=["digits"], learners=["ncm"], seeds=[0])
    told = []
    compare(grid, tmp_path / "out", announce=told.append)
    compare(grid.model_copy(update={"learners": ["ncm", "slda"]}), tmp_path / "out", resume=True, announce=told.append)
    compare(grid, tmp_path / "out", resume=True, announce=told.append)
    assert [list(seconds) for seconds in told] == [["ncm"], ["slda"]]
