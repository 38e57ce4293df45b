"""A night of an agent: many dreams side by side in its world, and the same rule as awake.

Dreams begin where lives begin, and some anywhere. They run until they end, or leave the box of states that were met.
What lies outside is unknown. As long as nothing has shown that deeds matter (no life has ended, all rewards were
alike), the unknown is expected to be as good as anything can be, and the agent dreams of going there; afterwards it is
expected to be no better than where it was left (the optimism of R-max: Brafman & Tennenholtz, 2002, J. Machine Learning
Research 3).

The habit, what the agent does when it does its best, is the mean of the choices over the second half of a pass. It
does not change if dreams by the new habit bring surely less (by two standard errors) than dreams by the old one, from
the same beginnings.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.agents.actor import Actor
from reverie.agents.world import Dreamland, WorldModel

__all__ = ["Dreaming", "Night", "dream", "dreamt_return"]

_MARGIN = 1.15  # of the box: what is further out is unknown
_OUTLIERS = 0.005  # of dreamt states on either side do not make the box larger
_RECRUITED = 0.1  # of all place cells, where as many never fired, move to where dreams went
_LOOK = 5  # steps from one look at where dreams are to the next


@dataclass(frozen=True)
class Dreaming:
    """How an agent dreams.

    Parameters
    ----------
    lives : int
        Dreams side by side.
    steps : int
        Of a pass.
    passes : int
        Of a night.
    anywhere : float
        Share of dreams that begin anywhere in the box.
    longest : int
        Steps after which a dream begins anew.
    """

    lives: int = 32
    steps: int = 300
    passes: int = 3
    anywhere: float = 0.3
    longest: int = 500


@dataclass(frozen=True)
class Night:
    """What a night came to.

    Attributes
    ----------
    steps : int
        That were dreamt.
    before, after : float
        Mean return of dreams by the habit.
    curious : bool
        Whether the unknown was sought.
    """

    steps: int
    before: float
    after: float
    curious: bool


def dream(world: WorldModel, actor: Actor, how: Dreaming, generator: torch.Generator) -> tuple[Actor, Night]:
    """One night; the actor in the morning, whose place cells may lie elsewhere."""
    land, curious = world.settled(), not world.varied
    low, high = world.low, world.high
    starts = land.begin(how.lives, generator)
    before = best = None
    for _ in range(how.passes):
        if actor.outgrown(low, high):
            actor, best = actor.moved(low, high, generator), None
        if best is None:
            best = dreamt_return(land, actor, actor.habit, starts, how.longest)
            before = best if before is None else before
        habit, dreamt, idle = _pass(land, actor, how, generator, curious, _best(world, actor.discount))
        came = dreamt_return(land, actor, habit, starts, how.longest)
        if curious or not _surely_less(came, best):
            actor.habit, best = habit, came
        if len(dreamt):
            low, high = torch.quantile(dreamt, torch.tensor([_OUTLIERS, 1 - _OUTLIERS]), dim=0)
            actor.recruit(idle, dreamt[: round(_RECRUITED * len(idle))])
    assert before is not None and best is not None
    steps = how.lives * how.steps * how.passes
    return actor, Night(steps, float(before.mean()), float(best.mean()), curious)


def dreamt_return(
    land: Dreamland, actor: Actor, habit: Float[Tensor, "c a"], starts: Float[Tensor, "n d"], steps: int
) -> Float[Tensor, " n"]:
    """The returns of dreams that follow a habit.

    A dream that leaves the box of what is known brings the least reward from then on, and no reward where all are more.
    """
    states, total = starts, torch.zeros(len(starts))
    going = torch.ones(len(starts), dtype=torch.bool)
    for step in range(steps):
        firing = actor.firing(states)
        came = land.step(states, habit[firing].sum(1).argmax(1))
        out = _outside(actor, came.states)
        total += torch.where(going, came.rewards, 0.0)
        total += torch.where(going & out, (steps - 1 - step) * min(land.least, 0.0), 0.0)
        going = going & ~came.ended & ~out
        if not bool(going.any()):
            break
        states = torch.where(out[:, None], states, came.states)
    return total


def _surely_less(came: Float[Tensor, " n"], best: Float[Tensor, " n"]) -> bool:
    """Whether returns from the same beginnings are less by two standard errors of the difference."""
    less = best - came
    error = float(less.std(correction=0)) / math.sqrt(len(less))
    return float(less.mean()) > 2 * error


def _pass(
    land: Dreamland, actor: Actor, how: Dreaming, generator: torch.Generator, curious: bool, best: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Dream on; the mean of choices, states that were dreamt of, and which cells never fired."""

    def begin(n: int) -> Tensor:
        states = land.begin(n, generator)
        stray = torch.rand(n, generator=generator) < how.anywhere
        where = torch.randint(len(actor.places), (n,), generator=generator)
        return torch.where(stray[:, None], actor.out_of_box(actor.places[where]), states)

    states, traces = begin(how.lives), actor.rested(how.lives)
    firing, age = actor.firing(states), torch.zeros(how.lives)
    habit, seen = torch.zeros_like(actor.choices), []
    idle = torch.ones(len(actor.places), dtype=torch.bool)
    for step in range(how.steps):
        odds = actor.odds(firing)
        deeds = torch.multinomial(odds, 1, generator=generator)[:, 0]
        came = land.step(states, deeds)
        out = _outside(actor, came.states)
        ended = came.ended & ~out
        then = actor.firing(came.states)
        idle[then] = False
        worth = torch.where(ended, 0.0, actor.value(then))
        if curious:
            worth = torch.where(out, best, worth)
        actor.learn(traces, firing, odds, deeds, came.rewards, worth)
        age += 1
        over = ended | out | (age >= how.longest)
        states, firing = came.states, then
        if step % _LOOK == 0:
            seen.append(states[~ended & ~out])
        if bool(over.any()):
            fresh = begin(int(over.sum()))
            states, firing = states.clone(), firing.clone()
            states[over], firing[over], age[over] = fresh, actor.firing(fresh), 0
            actor.forget_past(traces, over)
        if 2 * step >= how.steps:
            habit += actor.choices
    habit, dreamt = habit / (how.steps - how.steps // 2), torch.cat(seen)
    if not len(dreamt):
        return habit, dreamt, idle
    return habit, dreamt[torch.randperm(len(dreamt), generator=generator)], idle


def _outside(actor: Actor, states: Tensor) -> Tensor:
    return ~(actor.in_box(states).abs() <= _MARGIN).all(1)  # written so that what is not a number is outside


def _best(world: WorldModel, discount: float) -> float:
    """The most that can be expected: the largest reward for ever, or an end, whichever is better."""
    return max(world.most / (1 - discount), 0.0)
