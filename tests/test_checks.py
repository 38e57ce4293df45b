"""Every check has been seen to fail: a fault is planted, and the check that should find it does."""

import numpy as np
import pytest
import torch

from reverie import checks
from reverie.checks import CheckFailed
from reverie.contracts import Experience, Stream
from reverie.learners import NCM
from reverie.memory import AssociativeMemory


class ChangesInputs(NCM):
    def _learn(self, x, y, candidates):
        super()._learn(x, y, candidates)
        x += 1


class HoldsOn(NCM):
    def _learn(self, x, y, candidates):
        if not hasattr(self, "held_"):
            self.held_ = x
        super()._learn(x, y, candidates)
        self.sum_ += self.held_.sum()

    def _scores(self, x):
        return super()._scores(x) + self.held_.sum() * torch.arange(len(self.label_book_))


class Global(NCM):
    def _learn(self, x, y, candidates):
        super()._learn(x + 0.01 * torch.randn(x.shape), y, candidates)


class LearnsWhenAsked(NCM):
    def _scores(self, x):
        self.sum_ *= 1.1
        return super()._scores(x)


class NotNormal(NCM):
    def predict_proba(self, X, *, candidates=None):
        return super().predict_proba(X, candidates=candidates) * 2


class IgnoresCandidates(NCM):
    def predict(self, X, *, candidates=None):
        return super().predict(X)


class ForgetsToSave(NCM):
    def _state(self):
        return super()._state() | {"squares": torch.tensor(1.0)}


class Shares(NCM):
    def state_dict(self):
        return super().state_dict() | {"own": self._state()}

    def load_state_dict(self, state):
        super().load_state_dict(state)
        self._restore(state["own"])


class ClosedList(NCM):
    def partial_fit(self, X, y, classes=None, *, candidates=None):
        first = getattr(self, "classes_", None)
        super().partial_fit(X, y, classes, candidates=candidates)
        self.classes_ = self.classes_ if first is None else first
        return self


class NumbersOnly(NCM):
    def predict(self, X, *, candidates=None):
        return np.arange(len(X))


class Credulous(NCM):
    def _check_samples(self, X, *, first):
        return torch.nan_to_num(X)


class Hoards(NCM):
    def _learn(self, x, y, candidates):
        self.hoard_ = x.clone()
        super()._learn(x, y, candidates)

    def _state(self):
        return super()._state() | {"hoard": self.hoard_}


PLANTED = {
    checks.inputs_are_unchanged: ChangesInputs,
    checks.nothing_is_aliased: HoldsOn,
    checks.same_seed_same_result: Global,
    checks.predicting_changes_nothing: LearnsWhenAsked,
    checks.probabilities_are_probabilities: NotNormal,
    checks.candidates_are_kept: IgnoresCandidates,
    checks.resumes_exactly: ForgetsToSave,
    checks.state_is_a_copy: Shares,
    checks.new_classes_may_come: ClosedList,
    checks.labels_may_be_text: NumbersOnly,
    checks.bad_input_is_refused: Credulous,
    checks.stored_samples_are_told: Hoards,
}


def test_a_fault_is_planted_for_every_check():
    assert set(PLANTED) == set(checks.LEARNER_CHECKS)
    assert set(FAULTY_STREAMS) == set(checks.STREAM_CHECKS)
    assert set(FAULTY_MEMORIES) == set(checks.MEMORY_CHECKS)


@pytest.mark.parametrize("check", PLANTED, ids=lambda check: check.__name__)
def test_learner_checks_find_the_fault(check):
    with pytest.raises(CheckFailed):
        check(PLANTED[check])


class Toy(Stream):
    """Two experiences of two classes."""

    name, scenario = "toy", "class"
    shift, kind, candidates = 0.0, torch.float32, None

    def __iter__(self):
        for first in (0, 2):
            y = torch.arange(4) % 2 + first
            x = torch.arange(8.0).reshape(4, 2).to(self.kind) + self.shift
            yield Experience(x, y, x, y, self.candidates)


class Restless(Toy):
    def __iter__(self):
        self.shift += 1
        return super().__iter__()


class Doubles(Toy):
    kind = torch.float64


class NamesCandidates(Toy):
    candidates = (0, 1, 2, 3)


FAULTY_STREAMS = {
    checks.same_life_twice: Restless,
    checks.experiences_are_whole: Doubles,
    checks.scenario_is_kept: NamesCandidates,
}


@pytest.mark.parametrize("check", FAULTY_STREAMS, ids=lambda check: check.__name__)
def test_stream_checks_find_the_fault(check):
    checks.check_stream(Toy)
    with pytest.raises(CheckFailed):
        check(FAULTY_STREAMS[check])


class Recent(AssociativeMemory):
    def write(self, keys, values):
        self._sums = None
        super().write(keys, values)


class Wears(AssociativeMemory):
    def read(self, keys):
        self._sums.cross.mul_(0.9)
        self.refresh()
        return super().read(keys)


class Aliased(AssociativeMemory):
    def state_dict(self):
        return {"sums": self._sums}

    def load_state_dict(self, state):
        self._sums = state["sums"]


FAULTY_MEMORIES = {
    checks.order_does_not_matter: Recent,
    checks.reading_changes_nothing: Wears,
    checks.memory_resumes_exactly: Aliased,
}


@pytest.mark.parametrize("check", FAULTY_MEMORIES, ids=lambda check: check.__name__)
def test_memory_checks_find_the_fault(check):
    checks.check_memory(AssociativeMemory)
    with pytest.raises(CheckFailed):
        check(FAULTY_MEMORIES[check])
