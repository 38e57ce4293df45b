"""The simulated arm: its equations, its limits, and whether what is asked of it can be done."""

import numpy as np
import pytest

from reverie.agents import Arm, Body, Wave
from reverie.agents.arm import CHANGES
from reverie.errors import BadData


@pytest.mark.parametrize("joints", [3, 7])
@pytest.mark.parametrize("change", CHANGES)
def test_every_task_stays_possible(joints: int, change: str) -> None:
    arm = Arm(joints)
    arm.become(CHANGES[change][1])
    for seed in range(10):
        wave = Wave(joints, seed=seed)
        most = max(float(np.abs(arm.asked(wave.at(time))).max()) for time in np.arange(0, 20, 0.05))
        assert most < 0.9 * arm.limit


def test_a_task_that_is_not_possible_is_seen() -> None:
    arm, wave = Arm(3), Wave(3, seed=1)
    arm.become(Body(load=4.0, motors=(1.0, 0.4)))
    assert max(float(np.abs(arm.asked(wave.at(time))).max()) for time in np.arange(0, 20, 0.05)) > arm.limit


def test_one_link_falls_by_its_equation() -> None:
    arm = Arm(1)
    arm.place(np.array([0.3]), np.array([0.0]))
    wanted = type(Wave(1, seed=0).at(0.0))(np.array([0.3]), np.array([0.0]), np.array([0.0]))
    # Turning about y lowers the hand: 4.5 kg at half a metre and 0.2 kg at one, held against gravity.
    expected = -9.81 * (4.5 * 0.5 + 0.2 * 1.0) * np.cos(0.3)
    assert float(arm.inverse(wanted)[0]) == pytest.approx(expected, abs=0.21)  # dry friction takes part
    assert np.allclose(arm.shape()[-1], [np.cos(0.3), 0, -np.sin(0.3)])


def test_motors_give_no_more_than_their_limit_and_their_share() -> None:
    ends = []
    for asked, body in ((60.0, Body()), (1000.0, Body()), (30.0, Body(motors=(1.0, 2.0)))):
        arm = Arm(2)
        arm.become(body)
        arm.place(np.zeros(2), np.zeros(2))
        arm.push(np.array([0.0, asked]))
        ends.append(arm.q)
    assert np.array_equal(ends[0], ends[1]) and np.allclose(ends[0], ends[2])


def test_a_wave_is_its_own_derivative() -> None:
    wave, step = Wave(3, seed=0), 1e-6
    now, then = wave.at(1.0), wave.at(1.0 + step)
    np.testing.assert_allclose((then.q - now.q) / step, now.v, atol=1e-4)
    np.testing.assert_allclose((then.v - now.v) / step, now.a, atol=1e-4)


def test_refuses_bodies_that_cannot_be() -> None:
    for arguments in ({"joints": 0}, {"joints": 50}, {"axes": "w"}, {"axes": ""}):
        with pytest.raises(BadData):
            Arm(**arguments)
    for body in (Body(load=0.0), Body(friction=-1.0), Body(motors=(1.0, 1.0, 1.0))):
        with pytest.raises(BadData, match="is no body of 2 joints"):
            Arm(2).become(body)
