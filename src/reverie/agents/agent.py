"""An agent: it acts, observes what comes of it, and sleeps.

Its first steps are random; from what they show, its senses form. From then on every step goes into the sums of its
world (`world`), and teaches the actor once (`actor`); asleep it dreams in that world (`dreams`). Steps are not kept.

Where there may be several worlds (`regions`), each has a region of its own, a world and an actor. Which one is active
follows from how well each would have expected what came (`evidence`); nobody names a world. The last steps wait until
it is clear to which world they belong.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from reverie.agents.actions import Actions
from reverie.agents.actor import Actor
from reverie.agents.cells import StateCells
from reverie.agents.dreams import Dreaming, Night, dream
from reverie.agents.evidence import Expectation, Ignorance, misfit
from reverie.agents.observations import Observations
from reverie.agents.region import Moment, Region
from reverie.agents.settings import Settings
from reverie.agents.world import WorldModel
from reverie.checkpoint import load_state, save_state, state_bytes
from reverie.contracts import State
from reverie.errors import BadData, CorruptFile
from reverie.regions import Router

__all__ = ["KIND", "Agent"]

KIND = "agent"
"""Of its checkpoint."""
_BOUNDLESS = 1e6  # a bound that is further out is none
_SHARED = 2.5  # times `expansion`, of a memory that all deeds share
_WAITING = 32  # steps wait for a region, where there may be several
_RENEWED = 20  # steps from one look at what a region expects to the next
_ALIKE = 0.01  # share of variance that two worlds may leave open of each other and be one
_KNOWN = 200  # steps that each of them must have
_LIFE = ("seed", "steps", "episodes", "dreamt", "nights", "switches")  # what a state tells of the life


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
        self._senses = Observations(senses)
        self.settings = Settings.of(settings or {})
        self.actions = Actions(actions, levels=self.settings.levels)
        self.seed = seed
        self._bounds = self._senses.low, self._senses.high
        self.steps = self.episodes = self.dreamt = 0
        self.nights: list[dict[str, Any]] = []
        self.regions: list[Region] = []
        self.switches: list[dict[str, int]] = []
        self._router = Router()
        self._generator = torch.Generator().manual_seed(seed)
        self._held: list[Moment] = []  # that have not come into any sums yet
        self._expected: list[Expectation] | None = None
        self._fresh = True  # the next observation begins a life

    @property
    def region(self) -> Region | None:
        """The one that is active; None: the senses have not formed."""
        return self.regions[self._router.active] if self.regions else None

    @property
    def world(self) -> WorldModel | None:
        """Of the active region."""
        return None if self.region is None else self.region.world

    @property
    def actor(self) -> Actor | None:
        """Of the active region."""
        return None if self.region is None else self.region.actor

    # awake

    def act(self, observation: Any, *, best: bool = False) -> Any:
        """What to do now; `best`: what is best by habit, and not tried out."""
        state = self._senses.state(observation)[None]
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
        states = torch.stack([self._senses.state(row) for row in observations])
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
        state, then, deed = self._senses.state(observation), self._senses.state(following), self.actions.deed(action)
        reward = float(reward)
        if not np.isfinite(reward):
            raise BadData(f"The reward is {reward}. Expected a finite number.")
        moment = Moment(state, deed, reward, then, bool(ended), self._fresh)
        self._held.append(moment)
        if not self.regions:
            if len(self._held) >= self.settings.first:
                self._form()
        else:
            self._learn(moment)
        self.steps += 1
        self._fresh = bool(ended or truncated)
        self.episodes += int(self._fresh)
        if self._fresh:
            self._expected = None
            for region in self.regions:
                region.traces = None

    # asleep

    @property
    def tired(self) -> bool:
        """Whether it is time to sleep."""
        region = self.region
        return region is not None and region.since >= (self.settings.rest if region.nights else self.settings.first)

    def sleep(self) -> Night:
        """Dream in the active region, and learn from it.

        Raises
        ------
        BadData
            The senses have not formed yet: there is nothing to dream of.
        """
        s = self.settings
        self._join_alike()
        region = self.region
        if region is None:
            raise BadData(f"There is nothing to dream of before {s.first} steps; {self.steps} were lived.")
        how = Dreaming(s.lives, s.steps, s.passes, s.anywhere, s.longest)
        region.actor, night = dream(region.world, region.actor, how, self._generator)
        region.since, region.traces = 0, None
        region.nights += 1
        self.dreamt += night.steps
        about = {"step": self.steps, "episodes": self.episodes, "region": self._router.active}
        self.nights.append(about | asdict(night))
        return night

    @property
    def stored_samples(self) -> int:
        """Steps that are held as they came.

        The first few, until the senses have formed; with several regions, the last few. Else 0.
        """
        return len(self._held)

    # keeping

    @property
    def bytes(self) -> int:
        """What its state takes."""
        return state_bytes(self.state_dict())

    def state_dict(self) -> State:
        """Everything needed to go on as if nothing had happened, from a beginning of a life."""
        life = {name: getattr(self, name) for name in _LIFE}
        state: State = {
            "life": life | {"fresh": self._fresh},
            "random": self._generator.get_state(),
            "settings": asdict(self.settings),
            "held": [[x.tolist(), deed, reward, y.tolist(), *more] for x, deed, reward, y, *more in self._held],
        }
        if not self.regions:
            return state
        return state | {
            "cells": self.regions[0].world.cells.state_dict(),
            "router": self._router.state_dict(),
            "regions": [region.state_dict() for region in self.regions],
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
            numbers = {name: type(getattr(self, name))(life[name]) for name in _LIFE}
            if not all({"step", "before", "after", "curious"} <= night.keys() for night in numbers["nights"]):
                raise CorruptFile("The nights of this agent are not what was saved. Restore a copy.")
            fresh, random, router = bool(life["fresh"]), state["random"], Router()
            held = [
                Moment(
                    torch.tensor(x),
                    int(deed),
                    float(reward),
                    torch.tensor(y),
                    bool(ended),
                    bool(begins),
                    tuple(map(float, surprise)),
                )
                for x, deed, reward, y, ended, begins, surprise in state["held"]
            ]
            regions = []
            if "regions" in state:
                cells = StateCells.from_state(state["cells"])
                regions = [self._region_of(cells, one) for one in state["regions"]]
                router.load_state_dict(state["router"])
                if not 0 <= router.active < len(regions):
                    raise CorruptFile(f"Region {router.active} of {len(regions)} is active. Restore a copy.")
            self._generator.set_state(random)
        except (KeyError, IndexError, TypeError, ValueError, RuntimeError, AttributeError) as error:
            if isinstance(error, CorruptFile):
                raise
            raise CorruptFile(f"This is not the state of an agent ({error!r}). Restore a copy.") from None
        for name, value in numbers.items():
            setattr(self, name, value)
        self._fresh, self._held, self.regions, self._router, self._expected = fresh, held, regions, router, None

    def _region_of(self, cells: StateCells, state: State) -> Region:
        """A region with these cells, as its state tells."""
        actor = self._new_actor(state["actor"]["low"], state["actor"]["high"], torch.Generator())
        region = Region(self._new_world(cells), actor)
        region.load_state_dict(state)
        return region

    def save(self, folder: Path, about: dict[str, Any] | None = None) -> None:
        """Write it to a folder, as a whole or not at all."""
        save_state(folder, self.state_dict(), kind=KIND, about=about)

    def load(self, folder: Path) -> None:
        """Read what `save` wrote."""
        self.load_state_dict(load_state(folder, kind=KIND))

    # within

    def _form(self) -> None:
        """Let the senses form, and learn the first steps, which are then let go."""
        states = torch.stack([moment.state for moment in self._held] + [self._held[-1].following])
        met = torch.cat([states, torch.stack([moment.following for moment in self._held])])
        furthest = torch.maximum(*(bound.abs() for bound in self._bounds))
        furthest = torch.where(furthest > _BOUNDLESS, torch.inf, furthest)
        s, vectors = self.settings, self.actions.vectors
        width = s.expansion
        if vectors is not None:
            states = torch.cat([states, vectors[torch.arange(len(states)) % len(vectors)]], 1)
            furthest = torch.cat([furthest, vectors.abs().amax(0)])
            width = round(_SHARED * width)
        cells = StateCells.formed(states, width=width, octaves=s.octaves, furthest=furthest, generator=self._generator)
        region = Region(self._new_world(cells), self._new_actor(met.amin(0), met.amax(0), self._generator))
        for moment in self._held:
            region.write(moment)
        self.regions, self._held = [region], []

    def _new_world(self, cells: StateCells) -> WorldModel:
        return WorldModel(cells, len(self.actions), self.actions.vectors, self._bounds)

    def _new_actor(self, low: Tensor, high: Tensor, generator: torch.Generator) -> Actor:
        return self.settings.actor(low, high, len(self.actions), generator)

    def _learn(self, moment: Moment) -> None:
        """One step into the sums, or among those that wait; and once through the actor's rule."""
        if self.settings.regions > 1:
            self._route(moment)
        region = self.regions[self._router.active]
        region.practise(moment)
        waiting = _WAITING if self.settings.regions > 1 else 0
        while len(self._held) > waiting:
            region.write(self._held.pop(0))

    def _route(self, moment: Moment) -> None:
        """Let the evidence of a moment decide which region is active; open one where none explains what comes."""
        active = self.regions[self._router.active]
        if self._expected is None or active.world.samples >= self._expected[self._router.active].samples + _RENEWED:
            self._ignorance = Ignorance([region.world for region in self.regions])
            self._expected = [Expectation(region.world, self._ignorance) for region in self.regions]
        parts = moment.state[None], torch.tensor([moment.reward]), moment.following[None]
        values = active.world.values(*parts)[0]
        found = [
            expected.look(moment.state, moment.deed, values, region.doubt)
            for expected, region in zip(self._expected, self.regions, strict=True)
        ]
        surprise = found[self._router.active].surprise
        self._held[-1] = moment._replace(surprise=tuple(surprise.tolist()))
        switch = self._router.look([look.evidence for look in found], [look.unknown for look in found])
        if switch is None:
            return
        before = self.regions.index(active)
        if switch.region == len(self.regions):
            if len(self.regions) >= self.settings.regions:
                self._router.active = before  # there is no room for another world
                return
            world = active.world.another()
            self.regions.append(Region(world, self._new_actor(active.actor.low, active.actor.high, self._generator)))
        if not active.nights and active.world.samples < self.settings.first:  # it was opened too soon
            del self.regions[before]
            self._router.drop(before)
        else:
            while len(self._held) > switch.since:  # what came before belongs to the region that was active
                active.write(self._held.pop(0))
        self._held = [held._replace(surprise=()) for held in self._held]  # it was that of another region
        active.traces, self._expected = None, None
        self.switches.append({"step": self.steps, "region": self._router.active, "since": switch.since})

    def _join_alike(self) -> None:
        """Merge two regions that predict each other; exactly, for their sums add."""
        if len(self.regions) < 2:
            return
        ignorance = Ignorance([region.world for region in self.regions])
        for i, one in enumerate(self.regions):
            for j in range(len(self.regions) - 1, i, -1):
                other = self.regions[j]
                if min(one.world.samples, other.world.samples) < _KNOWN:
                    continue
                if max(misfit(one.world, other.world, ignorance), misfit(other.world, one.world, ignorance)) > _ALIKE:
                    continue
                one.world.merge(other.world)
                one.since += other.since
                if self._router.active == j:
                    self._router.active = i
                self._router.drop(j)
                del self.regions[j]
                self._expected = None
                self.switches.append({"step": self.steps, "region": i, "merged": j})
