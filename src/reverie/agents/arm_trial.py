"""A trial of a controller on the simulated arm: a motion is wanted, and the body changes unannounced."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reverie.agents.arm import RATE, Arm, Body, Wanted, Wave

__all__ = ["ArmTrack", "ArmTrial", "try_arm"]

Vector = NDArray[np.float64]
Controlling = Callable[[Vector, Vector, Wanted], Vector]
"""From positions and velocities measured now, and what is wanted now, to torques."""


class ArmTrial(NamedTuple):
    """What is to be done.

    Attributes
    ----------
    wave : Wave
        The motion that is wanted.
    seconds : float
        How long.
    changes : tuple of (float, Body)
        When, in seconds, the body becomes which.
    noise : tuple of two floats
        Standard deviations of measured positions (rad) and velocities (rad/s).
    seed : int
        Of the noise.
    """

    wave: Wave
    seconds: float
    changes: tuple[tuple[float, Body], ...] = ()
    noise: tuple[float, float] = (0.0, 0.0)
    seed: int = 0


class ArmTrack(NamedTuple):
    """What came of it.

    Attributes
    ----------
    errors : array, shape `[steps]`
        Mean over the joints of the distance to the position wanted, in degrees; of true positions.
    torques, positions : array, shape `[steps, joints]`
        Torques asked, and positions, in rad.
    """

    errors: Vector
    torques: Vector
    positions: Vector


def try_arm(arm: Arm, control: Controlling, trial: ArmTrial) -> ArmTrack:
    """Let a controller move an arm; the arm begins as it is, in the place wanted."""
    source = np.random.default_rng(trial.seed)
    steps = round(trial.seconds * RATE)
    errors, torques, positions = np.zeros(steps), np.zeros((steps, arm.joints)), np.zeros((steps, arm.joints))
    begin = trial.wave.at(0.0)
    arm.place(begin.q, begin.v)
    changes: Iterable[tuple[float, Body]] = sorted(trial.changes, key=lambda change: change[0])
    coming = list(changes)
    for step in range(steps):
        time = step / RATE
        while coming and coming[0][0] <= time:
            arm.become(coming.pop(0)[1])
        wanted, q, v = trial.wave.at(time), arm.q, arm.v
        errors[step], positions[step] = np.degrees(np.abs(wanted.q - q)).mean(), q
        noise = source.standard_normal((2, arm.joints)) * np.array(trial.noise)[:, None]
        torques[step] = control(q + noise[0], v + noise[1], wanted)
        arm.push(torques[step])
    return ArmTrack(errors, torques, positions)
