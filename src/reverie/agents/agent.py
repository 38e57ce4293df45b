"""An agent: it acts, observes what comes of it, and sleeps.

Its first steps are random; from what they show, its senses form. From then on every step goes into the sums of its
world (`world`), and teaches the actor once (`actor`); asleep it dreams in that world (`dreams`). Steps are not kept.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from reverie.agents.actions import Actions
from reverie.agents.actor import Actor, Traces
from reverie.agents.cells import StateCells
from reverie.agents.dreams import Dreaming, Night, dream
from reverie.agents.world import World
from reverie.checkpoint import load_state, save_state, state_bytes
from reverie.contracts import State
from reverie.errors import BadData, CorruptFile

__all__ = ["Agent", "Settings"]

_KIND = "agent"
_BOUNDLESS = 1e6  # a bound that is further out is none


@dataclass(frozen=True)
class Settings:
    """Of an agent.

    Parameters
    ----------
    first : int
        Random steps from which the senses form.
    rest : int
        Steps from one night to the next, at least.
    expansion, octaves : int, float
        Cells of the world's keys, and how far apart their scales are; see `StateCells`.
    levels : int
        Deeds for each direction of a space of numbers; see `Actions`.
    places, winners : int
        Place cells of the actor, and how many fire.
    critic_rate, actor_rate, discount, trace : float
        See `Actor`.
    lives, steps, passes, anywhere, longest
        See `Dreaming`.
    """

    first: int = 50
    rest: int = 100
    expansion: int = 60
    octaves: float = 2.0
    levels: int = 5
    places: int = 1000
    winners: int = 20
    critic_rate: float = 0.8
    actor_rate: float = 0.3
    discount: float = 0.99
    trace: float = 0.9
    lives: int = 32
    steps: int = 300
    passes: int = 3
    anywhere: float = 0.3
    longest: int = 500

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Settings":
        """Settings by name; a whole number will do where a number is expected.

        Raises
        ------
        BadData
            A name is not known, or a value is out of range.
        """
        known = {field.name: field.type for field in fields(cls)}
        kept: dict[str, Any] = {}
        for name, value in given.items():
            if name not in known:
                raise BadData(f"Unknown setting {name!r} of an agent. Known: {', '.join(known)}.")
            whole = known[name] in (int, "int")
            fits = isinstance(value, int) or (not whole and isinstance(value, float))
            largest = 1 if name in ("discount", "anywhere", "trace") else 1_000_000
            if isinstance(value, bool) or not fits or not 0 <= value <= largest or (whole and value < 1):
                kind = "a whole number of 1 or more" if whole else f"a number in 0…{largest}"
                raise BadData(f"{name} is {value!r}. Expected {kind}, at most {largest}.")
            kept[name] = value if whole else float(value)
        made = cls(**kept)
        if made.first < 2 or made.levels < 2 or made.winners > made.places or made.discount >= 1:
            raise BadData(
                f"These settings do not fit: first is {made.first} and levels {made.levels} (2 or more), winners "
                f"{made.winners} of {made.places} places, discount {made.discount} (below 1)."
            )
        return made


class Agent:
    """Learns to act from few steps.

    Parameters
    ----------
    senses : gymnasium.spaces.Box of one dimension
        Of observations.
    actions : gymnasium.spaces.Discrete, or a bounded Box of one dimension
        Of deeds.
    seed : int
        Of everything random.
    settings : mapping, optional
        See `Settings`.

    Examples
    --------
    >>> from gymnasium import spaces
    >>> agent = Agent(spaces.Box(-1, 1, (2,)), spaces.Discrete(3))
    >>> action = agent.act([0.0, 0.5])
    >>> agent.observe([0.0, 0.5], action, 1.0, [0.1, 0.5], ended=False, truncated=False)
    >>> agent.steps, agent.stored_samples  # a few first steps are held until the senses have formed
    (1, 1)
    """

    def __init__(self, senses: Any, actions: Any, *, seed: int = 0, settings: Mapping[str, Any] | None = None) -> None:
        from gymnasium import spaces

        if not isinstance(senses, spaces.Box) or len(senses.shape) != 1:
            raise BadData(f"The senses are {senses}. Expected a Box of one dimension: flatten the observations first.")
        self.settings = Settings.of(settings or {})
        self.actions = Actions(actions, levels=self.settings.levels)
        self.seed, self._d = seed, int(senses.shape[0])
        self._furthest = torch.from_numpy(np.maximum(np.abs(senses.low), np.abs(senses.high)).astype(np.float32))
        self._furthest[self._furthest > _BOUNDLESS] = torch.inf
        self.steps = self.episodes = self.dreamt = 0
        self.nights: list[dict[str, Any]] = []
        self.world: World | None = None
        self.actor: Actor | None = None
        self._generator = torch.Generator().manual_seed(seed)
        self._first: list[tuple[Tensor, int, float, Tensor, bool]] = []
        self._starts: list[Tensor] = []  # of lives, before the senses have formed
        self._fresh = True  # the next observation begins a life
        self._since = 0  # steps since the last night
        self._traces: Traces | None = None

    # awake

    def act(self, observation: Any, *, best: bool = False) -> Any:
        """What to do now; `best`: what is best by habit, and not tried out."""
        state = self._state(observation)[None]
        if self.actor is None:
            deed = int(torch.randint(len(self.actions), (1,), generator=self._generator))
        elif best:
            deed = int(self.actor.habits(state)[0])
        else:
            odds = self.actor.odds(self.actor.firing(state))
            deed = int(torch.multinomial(odds, 1, generator=self._generator)[0, 0])
        return self.actions.act(deed)

    def act_each(self, observations: Float[NDArray[Any], "n d"]) -> list[Any]:
        """The best deed of each of many observations, by habit."""
        states = torch.stack([self._state(row) for row in observations])
        if self.actor is None:
            deeds = torch.randint(len(self.actions), (len(states),), generator=self._generator)
        else:
            deeds = self.actor.habits(states)
        return [self.actions.act(int(deed)) for deed in deeds]

    def observe(
        self, observation: Any, action: Any, reward: float, following: Any, *, ended: bool, truncated: bool
    ) -> None:
        """Learn what came of an action.

        Parameters
        ----------
        following : array, shape [d]
            The next observation.
        ended : bool
            The life is over: nothing comes after.
        truncated : bool
            It was broken off, and would have gone on.

        Raises
        ------
        BadData
            Anything is not a number, of another shape, or outside of the actions; nothing was learned.
        """
        state, then, deed = self._state(observation), self._state(following), self.actions.deed(action)
        reward = float(reward)
        if not np.isfinite(reward):
            raise BadData(f"The reward is {reward}. Expected a finite number.")
        step = (state, deed, reward, then, bool(ended))
        if self.world is None:
            if self._fresh:
                self._starts.append(state)
            self._first.append(step)
            if len(self._first) >= self.settings.first:
                self._form()
        else:
            if self._fresh:
                self.world.begin(state[None])
            self._learn(self.world, step)
        self.steps, self._since = self.steps + 1, self._since + 1
        self._fresh = bool(ended or truncated)
        self.episodes += int(self._fresh)
        if self._fresh:
            self._traces = None

    # asleep

    @property
    def tired(self) -> bool:
        """Whether it is time to sleep."""
        return self.world is not None and self._since >= self.settings.rest

    def sleep(self) -> Night:
        """Dream, and learn from it.

        Raises
        ------
        BadData
            The senses have not formed yet: there is nothing to dream of.
        """
        if self.world is None or self.actor is None:
            raise BadData(f"There is nothing to dream of before {self.settings.first} steps; {self.steps} were lived.")
        s = self.settings
        how = Dreaming(s.lives, s.steps, s.passes, s.anywhere, s.longest)
        self.actor, night = dream(self.world, self.actor, how, self._generator)
        self._since, self._traces = 0, None
        self.dreamt += night.steps
        self.nights.append({"step": self.steps, "episodes": self.episodes, **asdict(night)})
        return night

    @property
    def stored_samples(self) -> int:
        """Steps that are held as they came: the first few, until the senses have formed; 0 from then on."""
        return len(self._first)

    # keeping

    @property
    def bytes(self) -> int:
        """What its state takes."""
        return state_bytes(self.state_dict())

    def state_dict(self) -> State:
        """Everything needed to go on as if nothing had happened, from a beginning of a life."""
        life = {
            name: getattr(self, name) for name in ("seed", "steps", "episodes", "dreamt", "nights", "_since", "_fresh")
        }
        state: State = {"life": life, "random": self._generator.get_state(), "settings": asdict(self.settings)}
        if self.world is None or self.actor is None:
            first = [[x.tolist(), deed, reward, y.tolist(), ended] for x, deed, reward, y, ended in self._first]
            return state | {"first": first, "starts": [x.tolist() for x in self._starts]}
        return state | {
            "cells": self.world.cells.state_dict(),
            "world": self.world.state_dict(),
            "actor": self.actor.state_dict(),
        }

    def load_state_dict(self, state: State) -> None:
        """Put back what `state_dict` gave; the settings must be the same.

        Raises
        ------
        CorruptFile
            It is not the state of such an agent.
        """
        try:
            if state["settings"] != asdict(self.settings):
                raise CorruptFile("This state is of an agent with other settings. Create the agent with those.")
            life = dict(state["life"])
            numbers = [int(life[name]) for name in ("seed", "steps", "episodes", "dreamt", "_since")]
            nights, fresh, random = list(life["nights"]), bool(life["_fresh"]), state["random"]
            world = actor = None
            first = [
                (torch.tensor(x), int(deed), float(reward), torch.tensor(y), bool(ended))
                for x, deed, reward, y, ended in state.get("first", [])
            ]
            starts = [torch.tensor(x) for x in state.get("starts", [])]
            if "world" in state:
                world = self._new_world(StateCells.from_state(state["cells"]))
                world.load_state_dict(state["world"])
                actor = self._new_actor(state["actor"]["low"], state["actor"]["high"], torch.Generator())
                actor.load_state_dict(state["actor"])
            self._generator.set_state(random)
        except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
            if isinstance(error, CorruptFile):
                raise
            raise CorruptFile(f"This is not the state of an agent ({error!r}). Restore a copy.") from None
        self.seed, self.steps, self.episodes, self.dreamt, self._since = numbers
        self.nights, self._fresh, self._first, self._starts = nights, fresh, first, starts
        self.world, self.actor, self._traces = world, actor, None

    def save(self, folder: Path, about: dict[str, Any] | None = None) -> None:
        """Write it to a folder, as a whole or not at all."""
        save_state(folder, self.state_dict(), kind=_KIND, about=about)

    def load(self, folder: Path) -> None:
        """Read what `save` wrote."""
        self.load_state_dict(load_state(folder, kind=_KIND))

    # within

    def _state(self, observation: Any) -> Float[Tensor, " d"]:
        try:
            state = torch.as_tensor(np.asarray(observation, dtype=np.float32))
        except (TypeError, ValueError) as error:
            raise BadData(f"The observation is not an array of numbers ({error}).") from None
        if state.shape != (self._d,):
            raise BadData(f"The observation has the shape {list(state.shape)}, expected [{self._d}].")
        if not bool(state.isfinite().all()):
            raise BadData(f"The observation {state.tolist()} is not finite. Look at the sensor, or skip this step.")
        return state

    def _form(self) -> None:
        """Let the senses form, and learn the first steps, which are then let go."""
        states = torch.stack([step[0] for step in self._first] + [self._first[-1][3]])
        shown = states
        furthest = self._furthest
        if self.actions.vectors is not None:
            vectors = self.actions.vectors
            beside = vectors[torch.arange(len(states)) % len(vectors)]
            shown = torch.cat([states, beside], 1)
            furthest = torch.cat([furthest, vectors.abs().amax(0)])
        s = self.settings
        cells = StateCells.formed(
            shown, width=s.expansion, octaves=s.octaves, furthest=furthest, generator=self._generator
        )
        self.world = self._new_world(cells)
        self.world.begin(torch.stack(self._starts))
        for step in self._first:
            _write(self.world, step)
        self.actor = self._new_actor(self.world.low, self.world.high, self._generator)
        self._first, self._starts = [], []

    def _new_world(self, cells: StateCells) -> World:
        return World(cells, len(self.actions), self.actions.vectors)

    def _new_actor(self, low: Tensor, high: Tensor, generator: torch.Generator) -> Actor:
        s = self.settings
        return Actor(
            low,
            high,
            len(self.actions),
            cells=s.places,
            winners=s.winners,
            critic_rate=s.critic_rate,
            actor_rate=s.actor_rate,
            discount=s.discount,
            trace=s.trace,
            generator=generator,
        )

    def _learn(self, world: World, step: tuple[Tensor, int, float, Tensor, bool]) -> None:
        """One step into the sums, and once through the actor's rule."""
        _write(world, step)
        assert self.actor is not None
        state, deed, reward, then, ended = step
        actor = self.actor
        if self._traces is None:
            self._traces = actor.rested(1)
        firing = actor.firing(state[None])
        worth = torch.zeros(1) if ended else actor.value(actor.firing(then[None]))
        actor.learn(self._traces, firing, actor.odds(firing), torch.tensor([deed]), torch.tensor([reward]), worth)


def _write(world: World, step: tuple[Tensor, int, float, Tensor, bool]) -> None:
    state, deed, reward, then, ended = step
    world.observe(state[None], torch.tensor([deed]), torch.tensor([reward]), then[None], torch.tensor([ended]))
