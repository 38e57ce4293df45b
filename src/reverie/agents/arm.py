"""A simulated arm in MuJoCo, for controllers: its load, motors, friction and gravity change while it moves.

The arm is a metre long and moves in the open. Its links grow shorter and lighter outwards; its joints have friction,
dry and viscous, and the inertia of a geared motor. A motor holds its torque for one step of a hundredth of a second,
in which the simulator takes five. The description of the body is made here; no file is read.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reverie.errors import BadData, MissingData

__all__ = ["CHANGES", "RATE", "Arm", "Body", "Wanted", "Wave"]

RATE = 100
"""Steps in a second."""

_MOST_JOINTS = 20
_SUBSTEPS = 5
_LINKS = 4.5  # kg, of all links
_DAMPING, _DRY, _GEAR = 0.3, 0.2, 0.25  # Nm·s/rad, Nm, kg·m²
_GRAVITY = 9.81
_RADIUS = 0.04  # metre, of the load

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Body:
    """What can change about a body.

    Attributes
    ----------
    load : float
        kg at the end of the arm.
    motors : tuple of float
        The share that each motor gives of what it is asked; motors that are not named give all of it.
    friction, gravity : float
        In times of the usual.
    """

    load: float = 0.2
    motors: tuple[float, ...] = ()
    friction: float = 1.0
    gravity: float = 1.0


_USUAL = Body()
CHANGES: dict[str, tuple[float, Body]] = {
    "load": (20.0, replace(_USUAL, load=1.5)),
    "motor": (40.0, replace(_USUAL, motors=(1.0, 0.4))),
    "friction": (60.0, replace(_USUAL, friction=10.0)),
    "gravity": (80.0, replace(_USUAL, gravity=1.6)),
}
"""When, in seconds, the usual body becomes which; each takes the change before back."""


class Wanted(NamedTuple):
    """Position, velocity and acceleration of each joint: rad, rad/s, rad/s²."""

    q: Vector
    v: Vector
    a: Vector


class Wave:
    """A motion that is wanted: a sinusoid of its own for each joint.

    Parameters
    ----------
    joints : int
    seed : int
        Of amplitudes (0.4…0.7 rad; less where there are more than three joints), frequencies (0.25…0.5 Hz), phases and
        centres.

    Examples
    --------
    >>> Wave(3, seed=0).at(0.0).q.shape
    (3,)
    """

    def __init__(self, joints: int, *, seed: int) -> None:
        source = np.random.default_rng(seed)
        self._size = source.uniform(0.4, 0.7, joints) / max(1.0, joints / 3)
        self._turns = 2 * np.pi * source.uniform(0.25, 0.5, joints)
        self._phase = source.uniform(0, 2 * np.pi, joints)
        self._centre = source.uniform(-0.3, 0.3, joints)

    def at(self, time: float) -> Wanted:
        """What is wanted at a time, in seconds."""
        angle = self._turns * time + self._phase
        q = self._centre + self._size * np.sin(angle)
        return Wanted(q, self._size * self._turns * np.cos(angle), -self._size * self._turns**2 * np.sin(angle))


class Arm:
    """A chain of joints that hangs from a wall.

    Parameters
    ----------
    joints : int
    axes : str
        About which axis each joint turns, again and again: "y" is a plane arm, "yz" turns up and sideways by turns.
    limit : float
        Nm that a motor gives at most.

    Raises
    ------
    MissingData
        MuJoCo is not installed.
    """

    def __init__(self, joints: int = 3, *, axes: str = "y", limit: float = 60.0) -> None:
        if not 1 <= joints <= _MOST_JOINTS:
            raise BadData(f"joints is {joints}, expected 1…{_MOST_JOINTS}.")
        if not axes or set(axes) - set("xyz"):
            raise BadData(f"axes is {axes!r}, expected letters of x, y and z.")
        try:
            import mujoco
        except ImportError:
            raise MissingData("The arm needs MuJoCo. Install it: pip install 'reverie[agents]'.") from None
        self._mujoco = mujoco
        self.joints, self.limit = joints, limit
        self._model = mujoco.MjModel.from_xml_string(_described(joints, axes, limit))
        self._data, self._aside = mujoco.MjData(self._model), mujoco.MjData(self._model)
        self._load = mujoco.mj_name2id(self._model, mujoco.mjtObj.mjOBJ_BODY, "load")
        self.body = _USUAL

    def become(self, body: Body) -> None:
        """Change the body, while it moves."""
        if len(body.motors) > self.joints or not min(body.load, body.friction) > 0:
            raise BadData(f"{body} is no body of {self.joints} joints: load and friction are above 0.")
        model, mass = self._model, body.load
        model.body_mass[self._load] = mass
        model.body_inertia[self._load] = 0.4 * mass * _RADIUS**2
        model.actuator_gainprm[:, 0] = [*body.motors, *[1.0] * (self.joints - len(body.motors))]
        model.dof_damping[:], model.dof_frictionloss[:] = _DAMPING * body.friction, _DRY * body.friction
        model.opt.gravity[2] = -_GRAVITY * body.gravity
        self.body = body

    def place(self, q: Vector, v: Vector) -> None:
        """Put the joints there, with these velocities."""
        self._data.qpos[:], self._data.qvel[:] = q, v
        self._mujoco.mj_forward(self._model, self._data)

    @property
    def q(self) -> Vector:
        """Positions, in rad."""
        return np.array(self._data.qpos, dtype=np.float64)

    @property
    def v(self) -> Vector:
        """Velocities, in rad/s."""
        return np.array(self._data.qvel, dtype=np.float64)

    def push(self, torque: Vector) -> None:
        """One step with this torque, as far as the motors can."""
        self._data.ctrl[:] = torque
        for _ in range(_SUBSTEPS):
            self._mujoco.mj_step(self._model, self._data)

    def inverse(self, wanted: Wanted) -> Vector:
        """The torque that this motion takes of the body as it is, by its equations; not of its motors."""
        data = self._aside
        data.qpos[:], data.qvel[:], data.qacc[:] = wanted
        self._mujoco.mj_inverse(self._model, data)
        return np.array(data.qfrc_inverse, dtype=np.float64)

    def asked(self, wanted: Wanted) -> Vector:
        """What the motors have to be asked for that torque. Above `limit` the motion cannot be made."""
        gains = np.array(self._model.actuator_gainprm[:, 0], dtype=np.float64)
        return self.inverse(wanted) / gains

    def shape(self, q: Vector | None = None) -> NDArray[np.float64]:
        """Where the joints and the hand are, shape `[joints + 1, 3]`, in metres; at other positions, where given."""
        data = self._aside
        data.qpos[:] = self.q if q is None else q
        self._mujoco.mj_kinematics(self._model, data)
        return np.array(data.xpos[1:], dtype=np.float64)


def _described(joints: int, axes: str, limit: float) -> str:
    """The body in MuJoCo's language."""
    lengths, weights = np.linspace(1.2, 0.8, joints), np.linspace(1.5, 0.5, joints)
    lengths, weights = lengths / lengths.sum(), weights / weights.sum() * _LINKS
    aside = 'contype="0" conaffinity="0"'
    links, place = "", 0.0
    for j, (length, mass) in enumerate(zip(lengths, weights, strict=True)):
        axis = " ".join("1" if axes[j % len(axes)] == name else "0" for name in "xyz")
        links += (
            f'<body pos="{place:.6f} 0 0"><joint name="joint{j}" type="hinge" axis="{axis}" damping="{_DAMPING}" '
            f'frictionloss="{_DRY}" armature="{_GEAR}"/>'
            f'<geom type="capsule" fromto="0 0 0 {length:.6f} 0 0" size="0.03" mass="{mass:.6f}" {aside}/>'
        )
        place = length
    links += (
        f'<body name="load" pos="{place:.6f} 0 0"><geom type="sphere" size="{_RADIUS}" mass="{_USUAL.load}" {aside}/>'
    )
    motors = "".join(
        f'<motor joint="joint{j}" ctrllimited="true" ctrlrange="-{limit} {limit}"/>' for j in range(joints)
    )
    step = 1 / (RATE * _SUBSTEPS)
    return (
        f'<mujoco><option timestep="{step}" integrator="implicitfast" gravity="0 0 -{_GRAVITY}"/>'
        f"<worldbody>{links}{'</body>' * (joints + 1)}</worldbody><actuator>{motors}</actuator></mujoco>"
    )
