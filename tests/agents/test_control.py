"""An adaptive controller, on arms whose body changes unannounced; beside PD and PID in the same world."""

import numpy as np
import pytest
import torch
from moved import adaptively, by_pd, by_pid, recovered, seconds

from reverie.agents import AdaptiveController, Arm, ArmTrial, Body, Wave, try_arm
from reverie.agents.feedforward_guard import FeedforwardGuard
from reverie.checkpoint import state_bytes
from reverie.errors import BadData, CorruptFile

CHANGES = (
    (4.0, Body(load=1.5)),
    (8.0, Body(motors=(1.0, 0.4))),
    (12.0, Body(friction=10.0)),
    (16.0, Body(gravity=1.6)),
)
NOISE = (0.001, 0.01)


@pytest.mark.parametrize(("joints", "axes"), [(3, "y"), (7, "yz")])
def test_recovers_in_a_second_from_every_change_and_follows_far_closer_than_pid(joints: int, axes: str) -> None:
    trial = ArmTrial(Wave(joints, seed=3), 20.0, CHANGES)
    mine, pid = adaptively(trial, AdaptiveController(joints), axes), by_pid(trial, joints, axes)
    for start in (400, 800, 1200, 1600):
        assert recovered(mine[start : start + 400]) < 1
        after = slice(start + 200, start + 400)
        assert mine[after].mean() < (0.1 if joints == 3 else 0.25) * pid[after].mean()


def test_follows_twice_as_close_as_pid_with_noisy_sensors() -> None:
    trial = ArmTrial(Wave(3, seed=4), 20.0, CHANGES, NOISE, seed=1)
    mine, pid = adaptively(trial, AdaptiveController(3)), by_pid(trial, 3)
    for start in (400, 800, 1200, 1600):
        assert recovered(mine[start : start + 400]) < 1
        assert mine[start + 200 : start + 400].mean() < 0.5 * pid[start + 200 : start + 400].mean()


SCENES = {
    "calm": (),
    "load comes and goes": tuple((0.5 * i, Body(load=1.5 if i % 2 else 0.2)) for i in range(4, 24)),
    "load flickers": tuple((0.2 * i, Body(load=1.5 if i % 2 else 0.2)) for i in range(10, 60)),
    "upside down by turns": tuple((1.0 * i, Body(gravity=-1.0 if i % 2 else 1.0)) for i in range(3, 12)),
    "friction comes and goes": tuple((0.5 * i, Body(friction=30.0 if i % 2 else 1.0)) for i in range(4, 24)),
}


@pytest.mark.parametrize("noise", [(0.0, 0.0), (0.01, 0.1)], ids=["exact", "noisy"])
@pytest.mark.parametrize("scene", SCENES)
def test_no_second_is_worse_than_under_pd_alone(scene: str, noise: tuple[float, float]) -> None:
    trial = ArmTrial(Wave(3, seed=5), 12.0, SCENES[scene], noise, seed=2)
    assert (seconds(adaptively(trial, AdaptiveController(3))) <= seconds(by_pd(trial, 3)) + 0.1).all()


class _Trusting(FeedforwardGuard):
    """A guard whose judgement of the model is broken."""

    @property
    def trust(self) -> np.ndarray:
        return np.ones(len(self.reckoned))


@pytest.mark.parametrize("wrong", ["turned", "tripled", "pushed", "wild"])
def test_a_model_that_is_wrong_hardly_harms_even_where_it_is_trusted(wrong: str) -> None:
    source = np.random.default_rng(0)
    trial = ArmTrial(Wave(3, seed=5), 12.0)
    controller = AdaptiveController(3, delta=0.0)
    controller.guard = _Trusting(controller.stiffness, controller.damping, rate=100)
    read = controller.model.read

    def broken(senses: np.ndarray) -> np.ndarray:
        torque = read(senses)
        if controller.model._steps < 600:
            return torque
        if wrong == "wild":
            return source.uniform(-60, 60, 3)
        return {"turned": -torque, "tripled": 3 * torque, "pushed": torque + 40}[wrong]

    controller.model.read = broken  # type: ignore[method-assign]
    mine, pd = seconds(adaptively(trial, controller)), seconds(by_pd(trial, 3))
    assert controller.guard.closings > 0
    assert (mine <= 1.1 * pd + 1.0).all()
    assert (mine[900:] <= 1.1 * pd[900:] + 0.3).all()


def test_behind_a_closed_gate_the_torque_is_that_of_pd_to_the_bit() -> None:
    controller, wave = AdaptiveController(3), Wave(3, seed=0)
    try_arm(Arm(3), controller.torque, ArmTrial(wave, 3.0))
    assert controller.guard.gate == 1
    controller.guard.gate, controller.guard._wait = 0.0, 0.5
    wanted = wave.at(3.0)
    q, v = wanted.q + 0.1, wanted.v
    assert np.array_equal(controller.torque(q, v, wanted), controller.feedback(q, v, wanted))


def test_torques_stay_in_their_limits_and_what_is_learned_is_what_was_applied() -> None:
    controller = AdaptiveController(2, limit=[5.0, 8.0])
    learned = []
    learn = controller.model.learn
    controller.model.learn = lambda q, v, after, torque: (learned.append(torque), learn(q, v, after, torque))[1]  # type: ignore[method-assign]
    track = try_arm(Arm(2), controller.torque, ArmTrial(Wave(2, seed=0), 2.0, ((1.0, Body(load=5.0)),)))
    assert (np.abs(track.torques) <= [5.0, 8.0]).all() and (np.abs(track.torques) == [5.0, 8.0]).any()
    assert np.array_equal(np.array(learned), track.torques[:-1])
    controller.torque([0, 0], [0, 0], ([0, 0], [0, 0], [0, 0]), applied=[1.5, -2.5])
    assert learned[-1].tolist() == [1.5, -2.5]


def test_a_motion_that_grows_tenfold_gets_new_scales_and_is_followed_again() -> None:
    controller, arm = AdaptiveController(3), Arm(3)
    small, large = Wave(3, seed=1), Wave(3, seed=1)
    small._size = small._size / 10
    try_arm(arm, controller.torque, ArmTrial(small, 5.0))
    scales = controller.model._scales
    controller.pause()
    errors = try_arm(arm, controller.torque, ArmTrial(large, 6.0)).errors
    assert scales is not None and controller.model._scales is not None
    assert (controller.model._scales[1] > 3 * scales[1]).any()
    assert errors[400:].mean() < 0.1


def test_a_glitch_of_a_sensor_is_over_in_a_moment() -> None:
    controller, steps = AdaptiveController(3), iter(range(10**6))

    def control(q: np.ndarray, v: np.ndarray, wanted: tuple[np.ndarray, ...]) -> np.ndarray:
        return controller.torque(q, v + (1e4 if next(steps) == 500 else 0.0), wanted)

    errors = try_arm(Arm(3), control, ArmTrial(Wave(3, seed=1), 9.0)).errors
    assert errors[800:].mean() < 0.5


def test_goes_on_from_its_state_to_the_same_numbers() -> None:
    wave, arm = Wave(3, seed=2), Arm(3)
    first = AdaptiveController(3)
    try_arm(arm, first.torque, ArmTrial(wave, 2.5, ((1.5, Body(load=1.5)),), NOISE))
    state = first.state_dict()
    second = AdaptiveController(3)
    second.load_state_dict(state)
    source = np.random.default_rng(0)
    for step in range(150):
        wanted = wave.at(2.5 + step / 100)
        q, v = wanted.q + 0.01 * source.standard_normal(3), wanted.v + 0.1 * source.standard_normal(3)
        assert np.array_equal(first.torque(q, v, wanted), second.torque(q, v, wanted))


def test_keeps_sums_and_no_more_with_time() -> None:
    controller, arm = AdaptiveController(2, features=20), Arm(2)
    try_arm(arm, controller.torque, ArmTrial(Wave(2, seed=0), 3.0))
    before = state_bytes(controller.state_dict())
    try_arm(arm, controller.torque, ArmTrial(Wave(2, seed=0), 3.0))
    assert abs(state_bytes(controller.state_dict()) - before) < 10  # digits of a number of steps
    assert controller.stored_samples == 0


@pytest.mark.parametrize(
    ("q", "v", "wanted", "message"),
    [
        ([0.0, float("nan")], [0, 0], ([0, 0], [0, 0], [0, 0]), "q is .*finite"),
        ([0.0, 0.0], [0, 1e300], ([0, 0], [0, 0], [0, 0]), "v is .*finite"),
        ([0.0], [0, 0], ([0, 0], [0, 0], [0, 0]), r"q has the shape \[1\], expected \[2\]"),
        ([0.0, 0.0], [0, 0], ([0, 0], [0, 0], [[0, 0]]), r"wanted a has the shape \[1, 2\]"),
        ([0.0, 0.0], [0, 0], ([0, 0], [0, 0]), "position, the velocity and the acceleration"),
        (["a", "b"], [0, 0], ([0, 0], [0, 0], [0, 0]), "not an array of numbers"),
        ([0.0, 0.0], None, ([0, 0], [0, 0], [0, 0]), "v has the shape"),
    ],
)
def test_refuses_what_is_no_measurement_and_stays_as_it_was(q, v, wanted, message) -> None:
    controller, twin = AdaptiveController(2, features=10), AdaptiveController(2, features=10)
    for one in (controller, twin):
        try_arm(Arm(2), one.torque, ArmTrial(Wave(2, seed=0), 1.0))
    with pytest.raises(BadData, match=message):
        controller.torque(q, v, wanted)
    after = Wave(2, seed=0).at(1.0)
    assert np.array_equal(controller.torque(after.q, after.v, after), twin.torque(after.q, after.v, after))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"joints": 0}, "joints is 0"),
        ({"stiffness": [1.0, 2.0, 3.0]}, "stiffness is .* one for each of 2 joints"),
        ({"damping": -1.0}, "damping is -1.0"),
        ({"limit": float("nan")}, "limit is nan"),
        ({"decay": 1.0}, "the body may change"),
        ({"ridge": 0.0}, "ridge"),
        ({"delta": 2.0}, "delta is 2"),
        ({"rate": 0.0}, "rate is 0"),
        ({"features": 0}, "features is 0"),
    ],
)
def test_refuses_options_that_cannot_be(options: dict, message: str) -> None:
    with pytest.raises(BadData, match=message):
        AdaptiveController(**({"joints": 2} | options))


def test_refuses_a_state_of_another_controller_and_stays_as_it_was() -> None:
    controller = AdaptiveController(2, features=10)
    try_arm(Arm(2), controller.torque, ArmTrial(Wave(2, seed=0), 1.0))
    good = controller.state_dict()
    broken = good | {"model": {**good["model"], "scales": torch.zeros(2, 5)}}
    for state in (AdaptiveController(3, features=10).state_dict(), {}, {"joints": 2}, good | {"guard": {}}, broken):
        with pytest.raises(CorruptFile):
            controller.load_state_dict(state)
        kept = controller.state_dict()
        assert torch.equal(kept["model"]["weights"], good["model"]["weights"])
        assert torch.equal(kept["guard"]["errors"], good["guard"]["errors"])
