"""Arms that are moved in tests: by PD alone, by PID, and by an adaptive controller."""

import numpy as np
from numpy.typing import NDArray

from reverie.agents import AdaptiveController, Arm, ArmTrial, Wanted, try_arm

Vector = NDArray[np.float64]


def by_pd(trial: ArmTrial, joints: int, axes: str = "y") -> Vector:
    """Errors of PD alone, with the gains of a controller made without options."""
    pd = AdaptiveController(joints)
    return try_arm(Arm(joints, axes=axes), pd.feedback, trial).errors


def by_pid(trial: ArmTrial, joints: int, axes: str = "y", rate: float = 4.0) -> Vector:
    pd, whole = AdaptiveController(joints), np.zeros(joints)

    def control(q: Vector, v: Vector, wanted: Wanted) -> Vector:
        nonlocal whole
        whole = np.clip(whole + rate / 100 * pd.stiffness * (wanted.q - q), -60, 60)
        return np.clip(pd.stiffness * (wanted.q - q) + pd.damping * (wanted.v - v) + whole, -60, 60)

    return try_arm(Arm(joints, axes=axes), control, trial).errors


def adaptively(trial: ArmTrial, controller: AdaptiveController, axes: str = "y") -> Vector:
    return try_arm(Arm(controller.joints, axes=axes), controller.torque, trial).errors


def seconds(errors: Vector) -> Vector:
    """The mean over every second."""
    summed = np.concatenate([[0.0], np.cumsum(errors)])
    return (summed[100:] - summed[:-100]) / 100


def recovered(errors: Vector) -> float:
    """Seconds until the error stays below half a degree for a second."""
    below = errors < 0.5
    return next((i / 100 for i in range(len(below) - 100) if below[i : i + 100].all()), np.inf)
