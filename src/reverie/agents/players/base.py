"""What every learner that acts can do: live in an environment, and act at its best when it is asked.

A player is asked at intervals for its habit, what it does at its best, which is then evaluated on fresh seeds. That
changes nothing in it. Players that take one step at a time share a loop (`StepPlayer`); others bring their own.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from reverie.agents.life import Policy, begun, longest, stepped
from reverie.contracts import State

__all__ = ["Life", "Place", "Player", "Spent", "StepPlayer", "Told", "episode_seed"]


@dataclass
class Spent:
    """Time that was spent on something.

    Attributes
    ----------
    wall, cpu : float
        Seconds by the clock, and those of this process.
    """

    wall: float = 0.0
    cpu: float = 0.0

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Add what passes inside."""
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.wall += time.perf_counter() - wall
            self.cpu += time.process_time() - cpu


@dataclass
class Life:
    """How far a life has come.

    Attributes
    ----------
    until : int
        Steps after which it is over.
    seed : int
        Of its episodes; see `episode_seed`.
    steps, episodes : int
        That were lived; an episode counts when it is over.
    asleep : Spent
        The part of it that was sleep.
    """

    until: int
    seed: int = 0
    steps: int = 0
    episodes: int = 0
    asleep: Spent = field(default_factory=Spent)


Place = Callable[[], Any]
"""Makes the environment; each call another one like it."""

Told = Callable[[list[float]], None]
"""Called after each step, with the returns of the episodes that it has ended."""


def episode_seed(seed: int, index: int) -> int:
    """The seed of an episode of a life: below 2³¹, so that other seeds are free to evaluate on.

    Examples
    --------
    >>> episode_seed(0, 1) != episode_seed(1, 0), episode_seed(7, 3) == episode_seed(7, 3)
    (True, True)
    """
    return int(np.random.SeedSequence([seed, index]).generate_state(1)[0]) >> 1


class Player(ABC):
    """Learns to act in an environment.

    Attributes
    ----------
    resumes : bool
        Whether it can be saved between two episodes, and go on to the same numbers. One that cannot begins anew.
    notes : tuple of str
        What a reader of its numbers must know.
    """

    resumes: ClassVar[bool] = True
    notes: tuple[str, ...] = ()

    @classmethod
    @abstractmethod
    def make(cls, place: Place, *, seed: int, settings: dict[str, Any], steps: int) -> "Player":
        """A player for an environment.

        Parameters
        ----------
        place : callable
            Makes the environment: its spaces, and its name where settings depend on it.
        steps : int
            How many it will live: rates that fade need to know.

        Raises
        ------
        BadData, UnknownName
            Spaces that it does not take; a setting that it does not have, or not with this value.
        MissingData
            What it needs is not installed.
        """

    @classmethod
    @abstractmethod
    def known_settings(cls) -> dict[str, Any]:
        """Its settings, and their defaults."""

    @abstractmethod
    def live(self, place: Place, life: Life, told: Told) -> None:
        """Live on, until `life.until`; count steps and episodes in `life`, and call `told` after each step.

        Raises
        ------
        BadData
            The environment failed, or gave what is no observation.
        """

    @abstractmethod
    def habit(self) -> Policy:
        """What it does at its best, as it is now. Ask for it anew when the player has lived on."""

    @abstractmethod
    def state_dict(self) -> State:
        """Everything needed to go on from the beginning of an episode."""

    @abstractmethod
    def load_state_dict(self, state: State) -> None:
        """Put back what `state_dict` gave."""

    @property
    @abstractmethod
    def state_bytes(self) -> int:
        """What it keeps."""

    @property
    @abstractmethod
    def stored_samples(self) -> int:
        """How many steps are kept as they came."""

    @property
    def dreamt(self) -> int:
        """Steps that were dreamt."""
        return 0


class StepPlayer(Player):
    """A player that takes one step at a time, and learns from it before the next."""

    def live(self, place: Place, life: Life, told: Told) -> None:
        environment = place()
        try:
            while life.steps < life.until:
                self._episode(environment, life, told)
        finally:
            environment.close()

    def _episode(self, environment: Any, life: Life, told: Told) -> None:
        observation = begun(environment, episode_seed(life.seed, life.episodes))
        self.begin(observation)
        total, lived, over, most = 0.0, 0, False, longest(environment)
        while not over and life.steps < life.until:
            action = self.act(observation)
            following, reward, ended, broken_off = stepped(environment, action)
            life.steps, lived, total = life.steps + 1, lived + 1, total + reward
            broken_off = not ended and (broken_off or lived >= most)
            self.observe(observation, action, reward, following, ended=ended, truncated=broken_off)
            observation, over = following, ended or broken_off
            life.episodes += int(over)
            if self.tired:
                with life.asleep.counted():
                    self.sleep()
            told([total] if over else [])

    def begin(self, observation: Any) -> None:
        """An episode begins with this observation."""
        return None

    @abstractmethod
    def act(self, observation: Any) -> Any:
        """What to do now, with trying out."""

    @abstractmethod
    def observe(
        self, observation: Any, action: Any, reward: float, following: Any, *, ended: bool, truncated: bool
    ) -> None:
        """Learn what came of an action; `truncated`: the life was broken off, and has not ended."""

    @property
    def tired(self) -> bool:
        """Whether it is time to sleep."""
        return False

    def sleep(self) -> None:
        """Consolidate."""
        return None
