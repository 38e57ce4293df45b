"""The guard over what is added to PD: what it reckons PD would err, and when it closes and opens."""

import numpy as np
import pytest
from moved import by_pd

from reverie.agents import AdaptiveController, Arm, ArmTrial, Wave, try_arm
from reverie.agents.feedforward_guard import FeedforwardGuard

KP, KD = np.array([100.0, 100.0]), np.array([20.0, 20.0])


def _open() -> FeedforwardGuard:
    guard = FeedforwardGuard(KP, KD, rate=100.0)
    for _ in range(200):
        guard.judge(np.array([10.0, 5.0]), np.array([10.0, 5.0]))
        guard.step(np.zeros(2), np.zeros(2), np.array([10.0, 5.0]), ready=True)
    assert guard.gate == 1
    return guard


def test_reckons_what_pd_alone_would_err_from_torques_of_another_controller() -> None:
    trial, controller = ArmTrial(Wave(3, seed=0), 8.0), AdaptiveController(3)
    reckoned = []

    def control(q: np.ndarray, v: np.ndarray, wanted: tuple[np.ndarray, ...]) -> np.ndarray:
        torque = controller.torque(q, v, wanted)
        reckoned.append(np.degrees(np.abs(controller.guard.reckoned).mean()))
        return torque

    errors = try_arm(Arm(3), control, trial).errors
    pd = by_pd(trial, 3)
    assert errors[400:].mean() < 0.1
    assert np.mean(reckoned[400:]) == pytest.approx(pd[400:].mean(), rel=0.15)


def test_closes_on_an_error_beyond_that_of_pd_and_waits_twice_as_long_when_it_closes_again() -> None:
    guard = _open()
    waits = []
    for _ in range(3):
        while guard.gate > 0:
            guard.step(np.full(2, 0.5), np.full(2, 50.0), np.array([10.0, 5.0]), ready=True)
        steps = 0
        while guard.gate == 0:
            guard.judge(np.array([10.0, 5.0]), np.array([10.0, 5.0]))
            guard.step(np.zeros(2), np.zeros(2), np.array([10.0, 5.0]), ready=True)
            steps += 1
        waits.append(steps)
    assert guard.closings == 3
    assert waits == pytest.approx([100, 200, 400], abs=3)


def test_closes_within_a_tenth_of_a_second_when_pd_pushes_against_it() -> None:
    guard = _open()
    for _ in range(10):  # the error is small yet
        guard.step(np.full(2, 0.01), np.array([-40.0, 40.0]), np.array([10.0, 5.0]), ready=True)
    assert guard.closings == 1


def test_trusts_a_model_as_far_as_it_has_explained() -> None:
    guard = FeedforwardGuard(KP, KD, rate=100.0)
    assert guard.trust.tolist() == [0.0, 0.0]
    for _ in range(300):
        guard.judge(np.array([10.0, 10.0]), np.array([9.0, -1.0]))
    assert guard.trust.tolist() == [1.0, 0.0]
    for _ in range(300):
        guard.judge(np.array([10.0, 10.0]), np.array([10 - 75**0.5, 0.0]))
    assert guard.trust == pytest.approx([0.5, 0.0], abs=0.01)


def test_stays_closed_where_nothing_was_learned() -> None:
    guard = FeedforwardGuard(KP, KD, rate=100.0)
    for _ in range(300):
        assert guard.step(np.zeros(2), np.zeros(2), np.zeros(2), ready=False) == 0
