"""An actor and a critic on place cells: three-factor learning, local, without backpropagation.

Place cells lie at random in the box of states that were met; the k nearest to a state fire. Critic and actor are one
synapse deep::

    V(x) = Σ v_i        π(a | x) ∝ exp Σ p_ia          over the cells i that fire
    δ = r + γ V(y) − V(x)                              dopamine: better or worse than expected
    e ← γλ e + what has just fired (and been done)     eligibility: which synapses were at work
    v ← v + α δ e        p ← p + β δ e                 three factors: before, after, dopamine

The same rule runs awake, on one life, and asleep, on many dreams side by side. A trace is that of
`reverie.plasticity.ThreeFactor`, written for many lives at once.

References: Barto, Sutton, Anderson, 1983, IEEE Trans. SMC 13 (actor, critic, traces); Singh & Sutton, 1996, Machine
Learning 22 (traces that are replaced); Foster, Morris, Dayan, 2000, Hippocampus 10 (place cells that act).
"""

from copy import copy
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from reverie.contracts import State
from reverie.errors import CorruptFile

__all__ = ["Actor", "Traces", "nearest"]

_BESIDE = 1.1  # of the box: cells lie a little beyond what was met
_TOGETHER = 8.0  # lives that learn side by side count as this many


class Traces(NamedTuple):
    """Which synapses of each life were at work a short while ago."""

    critic: Float[Tensor, "n cells"]
    actor: Float[Tensor, "n cells k"]


class Actor:
    """Values and deeds by place.

    Parameters
    ----------
    low, high : Tensor, shape [d]
        The box of states.
    deeds : int
        How many there are to choose from.
    cells, winners : int
        How many place cells there are, and how many fire at once.
    critic_rate, actor_rate : float
        α and β, for one life; a cell learns a k-th of it.
    discount : float
        γ, what a reward is worth one step later, 0…1.
    trace : float
        λ, 0…1.
    generator : torch.Generator
        Where the cells lie.
    """

    def __init__(
        self,
        low: Float[Tensor, " d"],
        high: Float[Tensor, " d"],
        deeds: int,
        *,
        cells: int = 1000,
        winners: int = 20,
        critic_rate: float = 0.8,
        actor_rate: float = 0.3,
        discount: float = 0.99,
        trace: float = 0.9,
        generator: torch.Generator,
    ) -> None:
        self.low, self.high, self.winners = low, high, winners
        self.critic_rate, self.actor_rate, self.discount, self.trace = critic_rate, actor_rate, discount, trace
        self.places = _scattered(cells, len(low), generator)
        self.values = torch.zeros(cells)
        self.choices = torch.zeros(cells, deeds)
        self.habit = self.choices  # the choices that are followed: those of the best night

    def in_box(self, states: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """States as places in the box, which goes from −1 to 1 in each direction."""
        return (2 * states - (self.low + self.high)) / (self.high - self.low).clamp_min(1e-12)

    def out_of_box(self, places: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """The states at places in the box."""
        return places * (self.high - self.low) / 2 + (self.high + self.low) / 2

    def firing(self, states: Float[Tensor, "n d"]) -> Int64[Tensor, "n k"]:
        """The cells that fire."""
        z = self.in_box(states)
        away = torch.addmm(self.places.square().sum(1), z, self.places.T, alpha=-2)
        return nearest(away, self.winners)

    def value(self, firing: Int64[Tensor, "n k"]) -> Float[Tensor, " n"]:
        """V."""
        return self.values[firing].sum(1)

    def odds(self, firing: Int64[Tensor, "n k"]) -> Float[Tensor, "n a"]:
        """π."""
        return self.choices[firing].sum(1).softmax(1)

    def habits(self, states: Float[Tensor, "n d"]) -> Int64[Tensor, " n"]:
        """The deed that is best by what the best night has learned."""
        return self.habit[self.firing(states)].sum(1).argmax(1)

    def outgrown(self, low: Float[Tensor, " d"], high: Float[Tensor, " d"], by: float = 0.05) -> bool:
        """Whether these states reach out of the box by more than a share of it."""
        room = by * (self.high - self.low)
        return bool(((high > self.high + room) | (low < self.low - room)).any())

    def moved(self, low: Float[Tensor, " d"], high: Float[Tensor, " d"], generator: torch.Generator) -> "Actor":
        """An actor for a larger box: some cells move to the new room, and take over what was known next to it."""
        low, high = torch.minimum(low, self.low), torch.maximum(high, self.high)
        found = copy(self)
        found.low, found.high = low, high
        # Most old cells stay where they are; as many as the new room is worth take new places in it.
        drawn = _scattered(len(self.values), len(low), generator)
        where = found.out_of_box(drawn)
        fresh = (self.in_box(where).abs() > _BESIDE).any(1)[:, None]
        values, choices, habit = self._known_at(where)
        found.places = torch.where(fresh, drawn, found.in_box(self.out_of_box(self.places)))
        found.values = torch.where(fresh[:, 0], values, self.values)
        found.choices = torch.where(fresh, choices, self.choices)
        found.habit = torch.where(fresh, habit, self.habit)
        return found

    def recruit(self, idle: Bool[Tensor, " c"], states: Float[Tensor, "m d"]) -> None:
        """Let idle cells move to states, one each, and take over what was known there."""
        chosen = idle.nonzero()[: len(states), 0]
        states = states[: len(chosen)]
        values, choices, habit = self._known_at(states)
        self.places = self.places.index_copy(0, chosen, self.in_box(states))
        self.values = self.values.index_copy(0, chosen, values)
        self.choices = self.choices.index_copy(0, chosen, choices)
        self.habit = self.habit.index_copy(0, chosen, habit)

    def _known_at(self, states: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What a cell at each state has to know, so that as much is known there as now: its synapses."""
        firing = self.firing(states)
        return self.value(firing) / self.winners, self.choices[firing].mean(1), self.habit[firing].mean(1)

    def rested(self, lives: int) -> Traces:
        """No synapse was at work."""
        return Traces(torch.zeros(lives, len(self.values)), torch.zeros(lives, *self.choices.shape))

    def learn(
        self,
        traces: Traces,
        firing: Int64[Tensor, "n k"],
        odds: Float[Tensor, "n a"],
        deeds: Int64[Tensor, " n"],
        rewards: Float[Tensor, " n"],
        worth: Float[Tensor, " n"],
    ) -> None:
        """One moment of each life; the traces are changed, too.

        Parameters
        ----------
        odds, deeds : Tensor
            π where the cells fired, and what was done.
        worth : Tensor, shape [n]
            V of the next state; 0 after an end.
        """
        n = len(deeds)
        lives = torch.arange(n)
        dopamine = rewards + self.discount * worth - self.value(firing)
        fade = self.discount * self.trace
        traces.critic.mul_(fade)[lives[:, None], firing] = 1.0
        chosen = -odds
        chosen[lives, deeds] += 1
        traces.actor.mul_(fade)[lives[:, None], firing] += chosen[:, None, :]
        each = min(_TOGETHER, n) / n / self.winners
        usual = max(1.0, float(dopamine.square().mean().sqrt()))
        self.values += (self.critic_rate * each) * (dopamine @ traces.critic)
        change = dopamine @ traces.actor.flatten(1)
        self.choices = self.choices + (self.actor_rate * each / usual) * change.view_as(self.choices)

    def forget_past(self, traces: Traces, over: Bool[Tensor, " n"]) -> None:
        """Lives that are over leave no trace."""
        traces.critic[over] = 0.0
        traces.actor[over] = 0.0

    def state_dict(self) -> State:
        """Cells and synapses."""
        return {name: getattr(self, name).clone() for name in ("low", "high", "places", "values", "choices", "habit")}

    def load_state_dict(self, state: State) -> None:
        """Put back what `state_dict` gave.

        Raises
        ------
        CorruptFile
            It is not of such an actor.
        """
        for name, now in self.state_dict().items():
            saved = state.get(name)
            if not isinstance(saved, Tensor) or saved.shape != now.shape or not bool(saved.isfinite().all()):
                raise CorruptFile(f"The actor's {name} are not what was saved. Restore a copy.")
            setattr(self, name, saved.float().clone())


def _scattered(cells: int, d: int, generator: torch.Generator) -> Tensor:
    """Places of cells in the box, and a little beyond it."""
    return _BESIDE * (2 * torch.rand(cells, d, generator=generator) - 1)


def nearest(away: Float[Tensor, "n c"], k: int) -> Int64[Tensor, "n k"]:
    """The k smallest of each row, in the order of their columns; a third of the time that `topk` takes.

    Examples
    --------
    >>> nearest(torch.tensor([[3.0, 1.0, 2.0], [0.0, 0.0, 0.0]]), 2).tolist()
    [[1, 2], [0, 1]]
    """
    rows = away.numpy()
    furthest = np.partition(rows, k - 1, axis=1)[:, k - 1 : k]
    there = np.nonzero(rows <= furthest)[1]
    if len(there) == k * len(rows):
        return torch.from_numpy(there).view(-1, k)
    return torch.from_numpy(np.sort(np.argsort(rows, axis=1, kind="stable")[:, :k], axis=1))  # some are as near
