"""Every check of a rule has been seen to fail: a fault is planted, and the check that should find it does."""

from dataclasses import dataclass

import pytest
import torch

from reverie import checks
from reverie.checks import CheckFailed
from reverie.plasticity import BCM, STDP, Hebb


class ChangesInputs(Hebb):
    def __call__(self, view, state, modulator=1.0):
        view.weight.mul_(0.9)
        return super().__call__(view, state, modulator)


class ChangesState(BCM):
    def __call__(self, view, state, modulator=1.0):
        change, left = super().__call__(view, state, modulator)
        state.theta.copy_(left.theta)
        return change, left


class DoesNothing(Hebb):
    def __call__(self, view, state, modulator=1.0):
        return torch.zeros_like(view.weight), state


class Transposed(Hebb):
    def __call__(self, view, state, modulator=1.0):
        return super().__call__(view, state, modulator)[0].T.contiguous(), state


class AlwaysSingle(Hebb):
    def __call__(self, view, state, modulator=1.0):
        return super().__call__(view, state, modulator)[0].float(), state


class Ungated(Hebb):
    def __call__(self, view, state, modulator=1.0):
        return super().__call__(view, state)


class Decays(Hebb):
    """It forgets, whatever the modulator."""

    def __call__(self, view, state, modulator=1.0):
        return super().__call__(view, state, modulator)[0] - 0.01 * view.weight, state


class GatesInputs(Hebb):
    def __call__(self, view, state, modulator=1.0):
        modulator = torch.as_tensor(modulator).sum()
        return super().__call__(view, state, modulator)[0], state


class AddsTwice(Hebb):
    """What it adds in place is not the change that it names."""

    def products(self, view, state):
        (one,), left = super().products(view, state)
        return (one if torch.is_grad_enabled() else one._replace(post=2 * one.post),), left


class ForgetsInPlace(STDP):
    def products(self, view, state):
        products, left = super().products(view, state)
        return products, self.begin(view) if not torch.is_grad_enabled() else left


class Noisy(Hebb):
    def __call__(self, view, state, modulator=1.0):
        return super().__call__(view, state, modulator)[0] + 0.1 * modulator * torch.randn(view.weight.shape), state


class Sums(Hebb):
    def __call__(self, view, state, modulator=1.0):
        return len(view.pre) * super().__call__(view, state, modulator)[0], state


class FirstRowOnly(Hebb):
    def __call__(self, view, state, modulator=1.0):
        one = type(view)(view.pre[:1], view.post[:1], view.weight)
        return super().__call__(one, state, modulator)


class Surprised(STDP):
    """Another batch is an error of torch, not of ours."""

    def __call__(self, view, state, modulator=1.0):
        return self.depression * (state.post + view.post).T @ view.pre, state


class Stiff(Hebb):
    """Its coefficient leaves the graph."""

    def __call__(self, view, state, modulator=1.0):
        rate = self.rate.detach() if isinstance(self.rate, torch.Tensor) else self.rate
        return modulator * rate * view.post.T @ view.pre, state


@dataclass(frozen=True)
class Idle(Hebb):
    """A coefficient that does nothing."""

    other: float = 1.0


class Looks(Hebb):
    """What it does depends on a number inside a tensor."""

    def __call__(self, view, state, modulator=1.0):
        if float(view.post.sum()) > 1e9:
            return torch.zeros_like(view.weight), state
        return super().__call__(view, state, modulator)


PLANTED = {
    checks.rule_leaves_its_inputs: [ChangesInputs, ChangesState],
    checks.changes_fit_the_weights: [DoesNothing, Transposed, AlwaysSingle],
    checks.modulator_gates: [Ungated, Decays, GatesInputs],
    checks.learning_in_place_is_adding: [AddsTwice, ForgetsInPlace],
    checks.rule_has_no_chance: [Noisy],
    checks.rows_are_averaged: [Sums, FirstRowOnly],
    checks.another_batch_is_refused: [Surprised],
    checks.coefficients_can_be_learned: [Stiff, Idle],
    checks.lives_run_side_by_side: [Looks],
}


def test_a_fault_is_planted_for_every_check():
    assert set(PLANTED) == set(checks.RULE_CHECKS)


@pytest.mark.parametrize(("check", "fault"), [(check, fault) for check in PLANTED for fault in PLANTED[check]])
def test_rule_checks_find_the_fault(check, fault):
    for kind in checks.LAYER_KINDS:
        with pytest.raises(CheckFailed):
            check(fault, kind)


def test_rules_without_the_fault_pass():
    for rule in (Hebb, BCM, STDP):
        checks.check_rule(rule)
