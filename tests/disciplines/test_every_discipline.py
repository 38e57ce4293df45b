"""Every card of the library, and chains, satisfy every check; and each check has been seen to fail."""

import numpy as np
import pytest

from reverie import checks
from reverie.checks import CheckFailed
from reverie.contracts import Discipline
from reverie.disciplines import Chain, Module
from reverie.disciplines.frozen import sample_inputs
from reverie.disciplines.library import names
from reverie.errors import BadData

TELLING = {  # where rows drawn within the ranges all have one answer, or none
    "biology.lotka_volterra": {"time": [1.0, 2.0, 3.0], "prey0": [30.0, 20.0, 40.0], "hunters0": [4.0, 10.0, 8.0]},
    "law.us_diversity_jurisdiction": {
        "amount": [80_000.0, 70_000.0, 90_000.0],
        "shared_states": [0.0, 0.0, 1.0],
        "federal_question": [0.0, 0.0, 0.0],
    },
}


def rows(module):
    """Rows of a card."""
    if module.card.card in TELLING:
        return {name: np.array(values) for name, values in TELLING[module.card.card].items()}
    return dict(zip(module.inputs, sample_inputs(module.card, 40, 0).numpy().T, strict=True))


@pytest.mark.parametrize("name", names())
def test_cards_of_the_library(name):
    checks.check_discipline(lambda: Module.of(name), rows(Module.of(name)))


def test_a_chain():
    def chain():
        return Chain([Module.of("biology.allometric_clearance"), Module.of("medicine.half_life")])

    checks.check_discipline(chain, {"weight": np.array([10.0, 50.0, 70.0, 110.0])})


class Doubles(Discipline):
    """Twice what it is given."""

    @property
    def inputs(self):
        return ["x"]

    @property
    def outputs(self):
        return ["y"]

    def __call__(self, columns, constants=None):
        if "x" not in columns:
            raise BadData("It needs x.")
        return {"y": 2.0 * np.asarray(columns["x"])}


class Silent(Doubles):
    def __call__(self, columns, constants=None):
        return {"z": super().__call__(columns)["y"]}


class Single(Doubles):
    def __call__(self, columns, constants=None):
        return {"y": super().__call__(columns)["y"].astype(np.float32)}


class KnowsNothing(Doubles):
    def __call__(self, columns, constants=None):
        return {"y": super().__call__(columns)["y"] * np.nan}


class InPlace(Doubles):
    def __call__(self, columns, constants=None):
        found = super().__call__(columns)
        columns["x"][0] = 7.0
        return found


class HandsOut(Doubles):
    def __call__(self, columns, constants=None):
        super().__call__(columns)
        return {"y": np.asarray(columns["x"])}


class Wavers(Doubles):
    def __call__(self, columns, constants=None):
        self.asked = getattr(self, "asked", 0) + 1
        return {"y": super().__call__(columns)["y"] + self.asked}


class Shuffled(Doubles):
    """A module about other rows than those asked: which, depends on how many are asked at once."""

    def __call__(self, columns, constants=None):
        found = super().__call__(columns)["y"]
        return {"y": found[np.random.default_rng(7).permutation(len(found))]}


class Centres(Doubles):
    def __call__(self, columns, constants=None):
        found = super().__call__(columns)["y"]
        return {"y": found - found.mean()}


class Peeks(Doubles):
    def __call__(self, columns, constants=None):
        return {"y": super().__call__(columns)["y"] + len(columns)}


class Constant(Doubles):
    def __call__(self, columns, constants=None):
        return {"y": 0.0 * super().__call__(columns)["y"]}


class Assumes(Doubles):
    def __call__(self, columns, constants=None):
        return super().__call__({"x": np.zeros(1)} | columns)


PLANTED = {
    checks.answers_fit_the_rows: [Silent, Single, KnowsNothing],
    checks.asking_changes_nothing: [InPlace, HandsOut, Wavers],
    checks.rows_are_answered_alone: [Shuffled, Centres],
    checks.inputs_decide: [Peeks, Constant, Assumes],
}


def test_a_fault_is_planted_for_every_check():
    assert set(PLANTED) == set(checks.DISCIPLINE_CHECKS)
    checks.check_discipline(Doubles, {"x": np.arange(5.0)})


@pytest.mark.parametrize(("check", "fault"), [(check, fault) for check in PLANTED for fault in PLANTED[check]])
def test_checks_find_the_fault(check, fault):
    with pytest.raises(CheckFailed):
        check(fault, {"x": np.arange(5.0)})
