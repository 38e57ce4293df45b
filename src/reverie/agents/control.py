"""A controller that learns the body while it moves it: an inverse model beside PD, and a guard over it.

    u = kp (q* − q) + kd (q̇* − q̇)  +  gate · ( trust · model(q, q̇, q̈*)  +  Dᵀ h )

The model is an exact memory with decay (`inverse_model`): a second after the body has changed, it tells of the new one.
For the first moments there is a delta rule on the same features h: what PD still has to do, s, teaches it at each step,
as in a cerebellum, and it leaks away as the model takes over::

    D ← (1 − ε) D + η h sᵀ / |h|²

The gate is that of `feedforward_guard`. What is promised, and what is not:

- The torque is within its limits, always; of what is added to PD, as well.
- While the gate is closed the torque is that of PD alone, to the last bit. It closes in the step in which the error,
  faded over the last moments, passes the one reckoned for PD alone, and stays closed for a second at least.
- That no second is worse than under PD alone is tested on simulated bodies, not proven. What PD alone would err is
  reckoned from the torque that was applied; a joint that runs into its stop, or hits something, is not in that sum.

References: Kawato, Furukawa, Suzuki, 1987, Biol. Cybern. 57 (feedback error teaches an inverse model); Nguyen-Tuong &
Peters, 2011, Cognitive Processing 12 (models for control); DeWolf et al., 2016, Proc. R. Soc. B 283 (the delta rule of
an adaptive arm).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reverie.agents.feedforward_guard import FeedforwardGuard
from reverie.agents.inverse_model import InverseModel
from reverie.agents.kept_arrays import array_of, tensors_of
from reverie.contracts import State
from reverie.errors import BadData, CorruptFile

__all__ = ["AdaptiveController"]

Vector = NDArray[np.float64]

_MOST_JOINTS = 100
_FURTHEST = 1e6  # rad, rad/s, rad/s²: no joint is there


class AdaptiveController:
    """PD, and what it has learned of the body beside it.

    Parameters
    ----------
    joints : int
    stiffness, damping : float, or one for each joint
        kp, Nm/rad, and kd, Nm·s/rad.
    limit : float, or one for each joint
        Nm that a motor gives at most.
    rate : float
        Steps in a second.
    features : int
        Random features of a key.
    decay : float
        What the sums of the model are multiplied by at each step; None: they fade over a second.
    ridge : float
        λ of the model's memory.
    delta, leak : float
        η and ε of the delta rule; 0: none.
    seed : int
        Of the features.

    Attributes
    ----------
    stored_samples : int
        0: nothing is kept but sums, and the last moments of filters.

    Examples
    --------
    >>> controller = AdaptiveController(1, stiffness=10, damping=2)
    >>> controller.torque([0.0], [0.0], ([0.5], [0.0], [0.0])).tolist()  # nothing is known: PD
    [5.0]
    """

    stored_samples = 0

    def __init__(
        self,
        joints: int,
        *,
        stiffness: float | Sequence[float] = 120.0,
        damping: float | Sequence[float] = 20.0,
        limit: float | Sequence[float] = 60.0,
        rate: float = 100.0,
        features: int = 100,
        decay: float | None = None,
        ridge: float = 0.01,
        delta: float = 0.4,
        leak: float = 0.1,
        seed: int = 0,
    ) -> None:
        if not isinstance(joints, int) or not 1 <= joints <= _MOST_JOINTS:
            raise BadData(f"joints is {joints!r}, expected a whole number, 1…{_MOST_JOINTS}.")
        if not 1 <= rate < float("inf"):
            raise BadData(f"rate is {rate}, expected 1 or more steps in a second.")
        if not 0 <= delta < 1 or not 0 <= leak <= 1:
            raise BadData(f"delta is {delta} and leak {leak}, expected 0…1, and delta below 1.")
        if not 1 <= features <= 2000:
            raise BadData(f"features is {features}, expected 1…2000.")
        self.joints, self.rate, self.delta, self.leak = joints, float(rate), delta, leak
        self.stiffness = self._each("stiffness", stiffness)
        self.damping = self._each("damping", damping)
        self.limit = self._each("limit", limit)
        decay = 1 - 1 / self.rate if decay is None else decay
        if not 0 < decay < 1:
            raise BadData(f"decay is {decay}, expected a number between 0 and 1: the body may change.")
        self.model = InverseModel(joints, rate=self.rate, features=features, decay=decay, ridge=ridge, seed=seed)
        self.guard = FeedforwardGuard(self.stiffness, self.damping, rate=self.rate)
        self._corrections = np.zeros((self.model.width + 1, joints))  # D
        self._last: tuple[Vector, Vector, Vector] | None = None  # q, v, and the torque since then

    def torque(self, q: Any, v: Any, wanted: Any, *, applied: Any = None) -> Vector:
        """The torque for the next step, shape `[joints]`, in Nm; the last step is learned.

        Parameters
        ----------
        q, v : array, shape `[joints]`
            Positions in rad and velocities in rad/s, measured now.
        wanted : Wanted, or three arrays
            Position, velocity and acceleration (rad/s²) that are wanted now.
        applied : array, shape `[joints]`, optional
            The torque that was applied since the last call, where it was not the one that was asked.

        Raises
        ------
        BadData
            A number is missing or not finite. Nothing was changed: the call can be made again.
        """
        now_q, now_v = self._joint("q", q), self._joint("v", v)
        goal_q, goal_v, goal_a = self._wanted(wanted)
        given = None if applied is None else self._joint("applied", applied)
        done = None
        if self._last is not None:
            before_q, before_v, done = self._last
            done = done if given is None else given
            if (seen := self.model.learn(before_q, before_v, now_v, done)) is not None:
                self.guard.judge(*seen)
        error = goal_q - now_q
        feedback = self.stiffness * error + self.damping * (goal_v - now_v)
        gate = self.guard.step(error, feedback, done, ready=self.model.ready)
        torque = feedback
        if gate > 0:
            torque = feedback + gate * self._learned(np.concatenate([now_q, now_v, goal_a]), feedback)
        elif self._corrections.any():
            self._corrections = np.zeros_like(self._corrections)
        torque = np.clip(torque, -self.limit, self.limit)
        self._last = now_q, now_v, torque
        return torque.copy()

    def feedback(self, q: Any, v: Any, wanted: Any) -> Vector:
        """The torque of PD alone; nothing is learned."""
        goal_q, goal_v, _ = self._wanted(wanted)
        torque = self.stiffness * (goal_q - self._joint("q", q)) + self.damping * (goal_v - self._joint("v", v))
        return np.clip(torque, -self.limit, self.limit)

    def pause(self) -> None:
        """The next call does not come one step after the last one: nothing is learned from what lies between."""
        self._last = None
        self.model.pause()

    @property
    def state_bytes(self) -> int:
        """Of the sums and the synapses."""
        width = self.model.width
        return 8 * (width * (width + 1) // 2 + 2 * width * self.joints + self._corrections.size)

    def _learned(self, senses: Vector, feedback: Vector) -> Vector:
        """What is added to PD; the delta rule learns what PD has to do."""
        added = self.guard.trust * self.model.read(senses)
        key = self.model.scaled_key(senses)
        if self.delta > 0 and key is not None:
            h = np.append(key, 1.0)
            added = added + h @ self._corrections
            free = np.abs(feedback + added) < self.limit  # a motor at its limit teaches nothing
            self._corrections *= 1 - self.leak
            self._corrections += self.delta / float(h @ h) * np.outer(h, np.where(free, feedback, 0.0))
        return np.clip(added, -self.limit, self.limit)

    def _each(self, name: str, value: float | Sequence[float]) -> Vector:
        try:
            found = np.array(np.broadcast_to(np.asarray(value, dtype=np.float64), (self.joints,)))
        except (TypeError, ValueError):
            raise BadData(f"{name} is {value!r}, expected a number, or one for each of {self.joints} joints.") from None
        if not bool((np.isfinite(found) & (found > 0)).all()):
            raise BadData(f"{name} is {value!r}, expected numbers above 0.")
        return found

    def _wanted(self, wanted: Any) -> tuple[Vector, Vector, Vector]:
        try:
            q, v, a = wanted
        except (TypeError, ValueError):
            raise BadData(
                "wanted is not (q, v, a), expected the position, the velocity and the acceleration that are wanted now."
            ) from None
        return self._joint("wanted q", q), self._joint("wanted v", v), self._joint("wanted a", a)

    def _joint(self, name: str, value: Any) -> Vector:
        try:
            found = np.array(value, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise BadData(f"{name} is not an array of numbers ({error}).") from None
        if found.shape != (self.joints,):
            raise BadData(
                f"{name} has the shape {list(found.shape)}, expected [{self.joints}], a number for each joint."
            )
        if not bool((np.abs(found) < _FURTHEST).all()):
            raise BadData(
                f"{name} is {found.tolist()}, expected finite numbers. Look at the sensor, or skip this step."
            )
        return found

    def state_dict(self) -> State:
        """The sums, the scales, the synapses of the delta rule, and the guard."""
        state: State = {
            "joints": self.joints,
            "model": self.model.state_dict(),
            "guard": self.guard.state_dict(),
        } | tensors_of({"corrections": self._corrections})
        return state if self._last is None else state | tensors_of({"last": np.stack(self._last)})

    def load_state_dict(self, state: State) -> None:
        """Put back what `state_dict` gave; the controller must be made with the same options.

        Raises
        ------
        CorruptFile
            It is not the state of such a controller. Nothing was changed.
        """
        before = self.model.state_dict()
        try:
            if state["joints"] != self.joints:
                raise CorruptFile(f"This state is of {state['joints']} joints, and the controller of {self.joints}.")
            corrections = array_of(state, "corrections", *self._corrections.shape)
            last = array_of(state, "last", 3, self.joints) if "last" in state else None
            self.model.load_state_dict(state["model"])
            self.guard.load_state_dict(state["guard"])
        except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            self.model.load_state_dict(before)
            if isinstance(error, CorruptFile):
                raise
            raise CorruptFile(f"This is not the state of a controller ({error!r}). Restore a copy.") from None
        self._corrections = corrections
        self._last = None if last is None else (last[0], last[1], last[2])
