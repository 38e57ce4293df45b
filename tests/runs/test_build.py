"""From names to objects."""

import pytest

from reverie.contracts import Learner
from reverie.errors import BadData, UnknownName
from reverie.learners import BIR, EWC, NCM, Exact
from reverie.runs import RunConfig, build_learner, build_stream
from reverie.runs.protocol import VARIANTS, literature


def built(**values) -> Learner:
    config = RunConfig.make(values)
    return build_learner(config, build_stream(config))


def test_the_streams_protocol_reaches_the_learner():
    learner = built(learner="bir")
    assert isinstance(learner, BIR)
    assert (learner.hidden, learner.iterations, learner.latent) == ((100, 100), 500, 20)


def test_what_the_user_sets_wins():
    learner = built(learner="bir", settings={"hidden": [30], "latent": 3, "gating": 0}, seed=7)
    assert (learner.hidden, learner.latent, learner.gating, learner.seed) == ((30,), 3, 0.0, 7)


@pytest.mark.parametrize("variant", VARIANTS)
def test_variants(variant):
    learner = built(learner=variant)
    for key, value in VARIANTS[variant][1].items():
        assert getattr(learner, key) == value


def test_the_literature_is_followed():
    assert literature("split-mnist", "class", "ewc") == {"strength": 1e9}
    assert literature("split-mnist", "task", "bir") == {"gating": 0.0}
    assert literature("permuted-mnist", "domain", "bir") == {"gate_by": "experience"}
    assert literature("digits", "class", "ewc-online") == {"online": True}


def test_a_learner_and_a_stream_of_ones_own():
    assert isinstance(built(learner="reverie.learners.ncm:NCM"), NCM)
    stream = build_stream(RunConfig.make({"stream": "reverie.streams:digits", "classes_per_experience": 5}))
    assert len(list(stream)) == 2
    with pytest.raises(BadData, match="not a reverie"):
        build_stream(RunConfig.make({"stream": "builtins:dict"}))


def test_options_of_the_stream():
    with pytest.raises(BadData, match="does not take this option"):
        build_stream(RunConfig.make({"settings": {"stream.size": 3}}))


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("naive", {"iterations": "many"}),
        ("naive", {"iterations": 0}),
        ("naive", {"iterations": 1.5}),
        ("naive", {"learning_rate": "fast"}),
        ("bir", {"feedback": 1}),
        ("naive", {"hidden": "wide"}),
    ],
)
def test_values_of_another_type_are_refused(name, settings):
    with pytest.raises(BadData, match="Expected something like its default"):
        built(learner=name, settings=settings)


def test_unknown_parameters_list_the_known():
    with pytest.raises(UnknownName, match="Did you mean 'ridge'"):
        built(learner="exact", settings={"rigde": 1})


def test_unsuited_learners_are_marked():
    assert "class" in EWC.unsuited_to
    assert not hasattr(Exact, "unsuited_to")
