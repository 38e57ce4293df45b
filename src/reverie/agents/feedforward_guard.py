"""Whether a learned torque may be added to that of a PD controller: only while the error is below what PD alone makes.

What PD alone would err cannot be measured while another torque helps, but it can be reckoned. PD alone has to find all
the torque u that the motion takes in its own error, so its error e is, joint by joint, that of ::

    kd ė + kp e = u

u was applied and is known. The guard compares the error that is measured with this one, both faded over moments.
Sooner than an error grows, PD has to push: under PD alone all of the torque is PD's, so a PD that pushes harder than
the sum of all works against what was added. Where any of the three is larger than it would be, the gate closes at once:
the torque is that of PD alone, to the last bit, for at least a second. It opens again when the model predicts, in
hindsight, the torques that were applied. A gate that has closed again soon after stays closed twice as long, up to half
a minute.

The model's own torque counts for each joint as much as it has explained in the last moments: wholly, where what it left
of the torques is below half of their squares; not at all, where it left as much as zero would have.
"""

import numpy as np
from numpy.typing import NDArray

from reverie.agents.kept_arrays import array_of, tensors_of
from reverie.contracts import State

__all__ = ["FeedforwardGuard"]

Vector = NDArray[np.float64]

_MOMENTS = (0.4, 0.1, 0.04)  # seconds that are looked at: of the error, long and short, and of PD's push
_ALLOWED = (0.9, 1.2, 1.5)  # times that of PD alone
_HINDSIGHT = 0.3  # seconds that predictions are judged over
_HALF = 0.5  # of the squares, up to which a model counts wholly
_CLOSED = (1.0, 32.0)  # seconds that a gate stays closed, at first and at most
_TRUSTED = 10.0  # seconds after which a gate that was open has made good
_OPENING = 0.2  # seconds in which it opens
_FLOORS = (0.01, 0.01, 0.03)  # rad: errors, and a push, below this are never taken for harm


class FeedforwardGuard:
    """A gate for what is added to PD.

    Parameters
    ----------
    stiffness, damping : array, shape `[joints]`
        kp and kd.
    rate : float
        Steps in a second.

    Attributes
    ----------
    gate : float
        0: PD alone; 1: open.
    closings : int
        How often it has closed.
    """

    def __init__(self, stiffness: Vector, damping: Vector, *, rate: float) -> None:
        self.rate, self._stiffness = rate, stiffness
        self._lag = 1 - np.exp(-stiffness / damping / rate)  # of PD's error behind u / kp, in one step
        self._fading = np.exp(-1 / (rate * np.array(_MOMENTS)))[:, None]
        self._judging = float(np.exp(-1 / (rate * _HINDSIGHT)))
        self.reckoned = np.zeros(len(stiffness))
        self._errors = np.zeros((3, 2))  # measured, and reckoned for PD: both errors, and the push as an angle
        self._squares = np.zeros((2, len(stiffness)))  # of torques, and of what was not predicted of them
        self.gate, self.closings = 0.0, 0
        self._closed_for, self._open_for, self._wait = 0.0, 0.0, 0.0

    def judge(self, torque: Vector, predicted: Vector) -> None:
        """A torque was applied, and this was predicted for what it did."""
        self._squares = self._squares * self._judging + np.stack([np.square(torque), np.square(torque - predicted)])

    @property
    def trust(self) -> Vector:
        """How much the model's torque counts, 0…1, for each joint."""
        squares, left = self._squares
        share = np.divide(left, squares, out=np.ones_like(left), where=squares > 0)
        return np.clip((1 - share) / (1 - _HALF), 0, 1)

    def step(self, error: Vector, feedback: Vector, applied: Vector | None, *, ready: bool) -> float:
        """How far the gate is open now.

        Parameters
        ----------
        error, feedback, applied : array, shape `[joints]`
            The error and the torque of PD of now, and the torque since the last step; None: it is not known.
        ready : bool
            Whether there is anything to let through.
        """
        if applied is not None:
            self.reckoned = self.reckoned + self._lag * (applied / self._stiffness - self.reckoned)
            pair = [np.abs(error).mean(), np.abs(self.reckoned).mean()]
            push = [np.abs(one / self._stiffness).mean() for one in (feedback, applied)]
            self._errors = self._errors * self._fading + (1 - self._fading) * np.array([pair, pair, push])
        step = 1 / self.rate
        if not ready:
            self.gate = 0.0
        elif self.gate > 0 and self._harms():
            again = self._closed_for > 0 and self._open_for < _TRUSTED
            self._closed_for = min(2 * self._closed_for, _CLOSED[1]) if again else _CLOSED[0]
            self._wait, self._open_for, self.gate = self._closed_for, 0.0, 0.0
            self.closings += 1
        elif self._wait > 0:
            self._wait -= step
        elif self.gate > 0 or bool((self.trust > 0).any()):
            if self.gate == 0:
                self._errors[:, 0] = np.minimum(self._errors[:, 0], self._errors[:, 1])  # PD's own was as it was
            self.gate = min(1.0, self.gate + step / _OPENING)
            self._open_for += step
        return self.gate

    def _harms(self) -> bool:
        measured, reckoned = self._errors.T
        return bool((measured > np.array(_ALLOWED) * reckoned + np.array(_FLOORS)).any())

    def state_dict(self) -> State:
        """Everything it goes by."""
        numbers = np.array([self.gate, self.closings, self._closed_for, self._open_for, self._wait])
        kept = {"reckoned": self.reckoned, "errors": self._errors, "squares": self._squares, "numbers": numbers}
        return tensors_of(kept)

    def load_state_dict(self, state: State) -> None:
        """Put back what `state_dict` gave.

        Raises
        ------
        CorruptFile
            It does not fit this guard. Nothing was changed.
        """
        n = len(self.reckoned)
        reckoned, errors = array_of(state, "reckoned", n), array_of(state, "errors", 3, 2)
        squares, numbers = array_of(state, "squares", 2, n), array_of(state, "numbers", 5).tolist()
        self.reckoned, self._errors, self._squares = reckoned, errors, squares
        self.gate, closings, self._closed_for, self._open_for, self._wait = numbers
        self.closings = int(closings)
