"""The inverse model of a body as an exact memory whose sums fade: which torque gives which acceleration, now.

A key is a random expansion of what the joints do, a value the torque that made them do it::

    u  ≈  Wᵀ h(x) + b,        x = (q, q̇, q̈) in scales of its own,        h(x) = [max(0, P x + p), x]

The sums are multiplied by `decay` at each step, so that they tell of the last second, and of the body as it is now.
Nothing else is kept of what was lived through.

Scales are learned: the mean and the spread of each sense, over some seconds. A sense that outgrows its scale twofold
gives all of them new scales. The sums begin anew then; the old read-out answers until they hold enough.

Noise of the sensors is measured, too: what is left of a velocity in its third difference. Acceleration is a difference
of velocities, and most of it may be noise. Position, velocity, acceleration and torque then pass the same low-pass
filter, so that what is true of them at each moment stays true of them (nearly: exactly where the body is linear).
"""

import numpy as np
import torch
from numpy.typing import NDArray

from reverie.agents.kept_arrays import array_of, tensors_of
from reverie.contracts import State
from reverie.errors import CorruptFile
from reverie.memory import AssociativeMemory

__all__ = ["InverseModel"]

Vector = NDArray[np.float64]

_EVERY = 5  # steps from one solution to the next
_FORMING = 0.3  # seconds that the first scales are learned from
_READY = 0.15  # seconds in new sums before they answer
_LONG = 5.0  # seconds that scales are learned over
_OUTGROWN = 2.0  # scales: root mean square of a sense that is given new ones
_WIDE = 1.2  # spreads in one scale
_FURTHEST = 6.0  # scales: a sense beyond is read as this, so that a glitch of a sensor stays small
_LEAST = 0.02  # of the largest spread among positions (velocities, accelerations): that of a joint that rests
_TINY = 1e-6
_NOISE = 0.06  # of an acceleration's spread: noise that may be left
_SLOWEST = 0.15  # share of the newest sample in the filter, at least
_DIFFERENCE = 20.0  # variance of a third difference of white noise of variance one


class InverseModel:
    """Torque from position, velocity and acceleration.

    Parameters
    ----------
    joints : int
    rate : float
        Steps in a second.
    features : int
        How many random features a key has, beside the senses themselves.
    decay : float
        What the sums are multiplied by at each step.
    ridge : float
        λ of the memory.
    seed : int
        Of the features.
    """

    def __init__(self, joints: int, *, rate: float, features: int, decay: float, ridge: float, seed: int) -> None:
        self.joints, self.rate = joints, rate
        self.memory = AssociativeMemory(ridge=ridge, decay=decay)
        senses = 3 * joints
        source = np.random.default_rng(seed)
        self._directions = source.standard_normal((senses, features)) / np.sqrt(senses)
        self._bias = source.uniform(-1, 1, features)
        self._keep = 1 - 1 / (_LONG * rate)
        self._moments = np.zeros((3, senses))  # n, Σ x, Σ x², fading
        self._noise = np.zeros(2)  # n, Σ of squared third differences of velocities, fading
        self._velocities = np.zeros((0, joints))  # the last three, for that difference
        self._filtered: Vector | None = None
        self._scales: tuple[Vector, Vector] | None = None  # centre and scale that keys are made with
        self._reading: tuple[Vector, Vector, Vector, Vector] | None = None  # those of the read-out; W and b
        self._steps = 0

    @property
    def width(self) -> int:
        """How many numbers a key has."""
        return len(self._bias) + 3 * self.joints

    @property
    def ready(self) -> bool:
        """Whether there is something to answer by."""
        return self._reading is not None

    def scaled_key(self, senses: Vector) -> Vector | None:
        """The key of what the joints do, in the scales of now; None: none have formed."""
        return None if self._scales is None else self._expanded(senses, *self._scales)

    def read(self, senses: Vector) -> Vector:
        """The torque for (q, q̇, q̈); zero as long as nothing is known."""
        if self._reading is None:
            return np.zeros(self.joints)
        centre, scale, weights, intercept = self._reading
        return self._expanded(senses, centre, scale) @ weights + intercept

    def learn(self, q: Vector, v: Vector, after: Vector, torque: Vector) -> tuple[Vector, Vector] | None:
        """A torque was applied at (q, v), and made the velocity `after` one step later.

        Returns
        -------
        tuple or None
            The torque, and what was predicted for it before it was learned, both filtered.
        """
        now = np.concatenate([self._within(np.concatenate([q, v, (after - v) * self.rate])), torque])
        share = self._share(v)
        self._filtered = now if self._filtered is None else self._filtered + share * (now - self._filtered)
        senses, value = self._filtered[: -self.joints], self._filtered[-self.joints :]
        predicted = self.read(senses) if self.ready else None
        self._measure(senses)
        self._steps += 1
        if self._scales is not None:
            key = torch.from_numpy(self._expanded(senses, *self._scales))[None]
            self.memory.write(key, torch.from_numpy(value.copy())[None])
        if self._steps % _EVERY == 0:
            self._settle()
        return None if predicted is None else (value, predicted)

    def pause(self) -> None:
        """What comes next does not follow what was last learned."""
        self._filtered, self._velocities = None, np.zeros((0, self.joints))

    def _within(self, senses: Vector) -> Vector:
        """Senses, no further than a sense can be: a glitch of a sensor does not set the scales."""
        if self._scales is None:
            return senses
        centre, scale = self._scales
        return np.clip(senses, centre - _FURTHEST * scale, centre + _FURTHEST * scale)

    def _expanded(self, senses: Vector, centre: Vector, scale: Vector) -> Vector:
        x = np.clip((senses - centre) / scale, -_FURTHEST, _FURTHEST)
        return np.concatenate([np.maximum(x @ self._directions + self._bias, 0), x])

    def _share(self, v: Vector) -> float:
        """Of the newest sample in the filter: as much as the noise allows."""
        if len(self._velocities) == 3:
            third = v - 3 * self._velocities[2] + 3 * self._velocities[1] - self._velocities[0]
            # A difference that is far beyond the usual is a jolt of the body, not noise.
            square = float(np.minimum(np.square(third), 9 * _DIFFERENCE * max(self._variance, _TINY**2)).mean())
            self._noise = self._noise * self._keep + np.array([1.0, square])
        self._velocities = np.concatenate([self._velocities, v[None]])[-3:]
        n, _, squares = self._moments
        if self._noise[0] == 0 or n[0] < 1:
            return 1.0
        spread = float(np.sqrt(squares / n)[2 * self.joints :].mean())
        left = np.sqrt(self._variance) * self.rate
        return float(np.clip(_NOISE * spread / left, _SLOWEST, 1.0)) if left > 0 else 1.0

    @property
    def _variance(self) -> float:
        """Of the noise of a velocity."""
        return float(self._noise[1] / self._noise[0]) / _DIFFERENCE if self._noise[0] else 1.0

    def _measure(self, senses: Vector) -> None:
        self._moments = self._moments * self._keep + np.stack([np.ones_like(senses), senses, np.square(senses)])

    def _settle(self) -> None:
        """Solve, and give senses new scales where they need them."""
        n, first, second = self._moments
        if self._scales is None:
            if self._steps >= _FORMING * self.rate:
                self._scales = self._new_scales()
            return
        if self.memory.samples >= min(_READY * self.rate, 0.5 / (1 - self.memory.decay)):
            weights, intercept = self.memory.mapping()
            self._reading = (*self._scales, weights.numpy(), intercept.numpy())
        centre, scale = self._scales
        about = np.sqrt(np.maximum(second / n - 2 * centre * first / n + np.square(centre), 0))
        if bool((about > _OUTGROWN * scale).any()):
            self._scales = self._new_scales(scale)
            self.memory = self.memory.another()

    def _new_scales(self, before: Vector | None = None) -> tuple[Vector, Vector]:
        n, first, second = self._moments
        centre = first / n
        spread = np.sqrt(np.maximum(second / n - np.square(centre), 0)).reshape(3, self.joints)
        spread = np.maximum(spread, np.maximum(_LEAST * spread.max(1, keepdims=True), _TINY)).ravel()
        scale = _WIDE * spread
        return centre, scale if before is None else np.maximum(scale, before)

    def state_dict(self) -> State:
        """Sums, scales, the read-out, and the last moments of the filters."""
        kept = {"moments": self._moments, "noise": self._noise, "velocities": self._velocities}
        if self._filtered is not None:
            kept["filtered"] = self._filtered
        if self._scales is not None:
            kept["scales"] = np.stack(self._scales)
        if self._reading is not None:
            centre, scale, weights, intercept = self._reading
            kept |= {"read_scales": np.stack([centre, scale]), "weights": weights, "intercept": intercept}
        return {"memory": self.memory.state_dict(), "steps": self._steps} | tensors_of(kept)

    def load_state_dict(self, state: State) -> None:
        """Put back what `state_dict` gave.

        Raises
        ------
        CorruptFile
            It does not fit this model. Nothing was changed.
        """
        n, senses = self.joints, 3 * self.joints
        moments, noise = array_of(state, "moments", 3, senses), array_of(state, "noise", 2)
        velocities = array_of(state, "velocities", min(3, len(state["velocities"])), n)
        filtered = array_of(state, "filtered", senses + n) if "filtered" in state else None
        scales = array_of(state, "scales", 2, senses) if "scales" in state else None
        reading = None
        if "weights" in state:
            centre, scale = array_of(state, "read_scales", 2, senses)
            reading = centre, scale, array_of(state, "weights", self.width, n), array_of(state, "intercept", n)
        memory, steps = self.memory.another(), int(state["steps"])
        memory.load_state_dict(state["memory"])
        if memory.samples and memory.width != self.width:
            raise CorruptFile(f"The memory has keys of {memory.width} numbers, expected {self.width}. Restore a copy.")
        self.memory, self._steps, self._moments, self._noise = memory, steps, moments, noise
        self._velocities, self._filtered, self._reading = velocities, filtered, reading
        self._scales = None if scales is None else (scales[0], scales[1])
