"""A world model of exact memories: what a deed changes, what it brings, where lives end, and where they begin.

For each deed an exact memory keeps sums over keys h of the state (`cells`) and over what came of it::

    (y − x) / σ,  r    ≈    Wᵀ h(x) + b         one memory for each deed; a vector of numbers is a part of the key
    ended              ≈    uᵀ h(y) + c         one memory; an end counts twenty times, for ends are few
    x at the beginning  ~    N(μ, Σ)

Nothing else is kept: no state, no episode. The sums are exact (whole-number keys, values on a grid), so two worlds of
the same cells merge exactly, and order does not matter.
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from reverie.agents.cells import UNIT, StateCells
from reverie.contracts import State
from reverie.errors import BadData, CorruptFile
from reverie.memory import AssociativeMemory

__all__ = ["Dreamland", "Step", "WorldModel"]

_GRID = 2.0**16  # steps of a value in one spread
_FAR = 2.0**10  # spreads that a state may change by in one step
_WEIGHT = 20  # of an end, for ends are few
_BLUR = 0.1  # spreads: of a beginning, as long as few are known


class Step(NamedTuple):
    """What is dreamt to come of a deed."""

    states: Float[Tensor, "n d"]
    rewards: Float[Tensor, " n"]
    ended: Bool[Tensor, " n"]


class WorldModel:
    """Sums of what came of deeds.

    Parameters
    ----------
    cells : StateCells
        Keys of states; where deeds are vectors, of states with the deed behind them.
    deeds : int
        How many there are.
    vectors : Tensor, shape `[k, a]`, optional
        What they are, where they have a measure.
    bounds : (Tensor, Tensor), each of shape [d], optional
        The least and the most that a sense can tell; no dream goes beyond them.

    Attributes
    ----------
    ends : int
        How many lives were seen to end.
    least, most : float
        Rewards met.
    low, high : Tensor, shape [d]
        States met.
    """

    def __init__(
        self,
        cells: StateCells,
        deeds: int,
        vectors: Float[Tensor, "k a"] | None = None,
        bounds: tuple[Float[Tensor, " d"], Float[Tensor, " d"]] | None = None,
    ) -> None:
        self.cells, self.deeds, self.vectors, self.bounds = cells, deeds, vectors, bounds
        self.memories = [_memory() for _ in range(1 if vectors is not None else deeds)]
        self.ending = _memory()
        self.ends = 0
        self.least, self.most = torch.inf, -torch.inf
        d = self.senses
        self.low, self.high = torch.full((d,), torch.inf), torch.full((d,), -torch.inf)
        self._begun = torch.zeros(1 + d + d * d, dtype=torch.float64)  # n, Σ x, Σ x xᵀ about the cells' centre

    @property
    def senses(self) -> int:
        """How many numbers a state has."""
        return len(self.cells.centre) - (0 if self.vectors is None else self.vectors.shape[1])

    @property
    def samples(self) -> int:
        """How many steps the sums hold."""
        return int(sum(memory.samples for memory in self.memories))

    @property
    def varied(self) -> bool:
        """Whether deeds were seen to matter: a life ended, or rewards differed."""
        return self.ends > 0 or self.most > self.least

    def keys(self, states: Float[Tensor, "n d"], deeds: Int64[Tensor, " n"] | None) -> Float[Tensor, "n h"]:
        """Whole-number keys in float32: of states, before a deed, or (None) after one."""
        if self.vectors is not None:
            beside = torch.zeros(len(states), self.vectors.shape[1]) if deeds is None else self.vectors[deeds]
            states = torch.cat([states, beside], 1)
        return self.cells.activity(states)

    def begin(self, states: Float[Tensor, "n d"]) -> None:
        """Lives have begun there."""
        x = ((states.double() - self.cells.centre[: self.senses]) / self._spread * _GRID).round() / _GRID
        self._begun[0] += len(x)
        self._begun[1 : 1 + self.senses] += x.sum(0)
        self._begun[1 + self.senses :] += (x.T @ x).flatten()
        self.reach(states)

    def observe(
        self,
        states: Float[Tensor, "n d"],
        deeds: Int64[Tensor, " n"],
        rewards: Float[Tensor, " n"],
        nexts: Float[Tensor, "n d"],
        ended: Bool[Tensor, " n"],
    ) -> None:
        """Deeds were done in these states, and this came of them. A life that was broken off has not ended."""
        keys, values = self.keys(states, deeds).to(torch.int32), self.values(states, rewards, nexts)
        for j, memory in enumerate(self.memories):
            there = slice(None) if self.vectors is not None else deeds == j
            if len(keys[there]):
                memory.write(keys[there], values[there])
        times = torch.where(ended, _WEIGHT, 1)
        after = self.keys(nexts, None).to(torch.int32)
        self.ending.write(after.repeat_interleave(times, 0), ended.double().repeat_interleave(times)[:, None])
        self.ends += int(ended.sum())
        self.least, self.most = min(self.least, float(rewards.min())), max(self.most, float(rewards.max()))
        self.reach(states)
        self.reach(nexts)

    def settled(self) -> "Dreamland":
        """The read-outs of now, to dream with."""
        return Dreamland(self)

    def another(self) -> "WorldModel":
        """A world of the same cells and deeds that has seen nothing, but where lives begin and the box of states."""
        found = WorldModel(self.cells, self.deeds, self.vectors, self.bounds)
        found._begun = self._begun.clone()
        found.low, found.high = self.low.clone(), self.high.clone()
        return found

    def merge(self, other: "WorldModel") -> None:
        """Add what another world of the same cells has seen; exactly as if it had been seen here."""
        if not _same(self.cells.state_dict(), other.cells.state_dict()) or self.deeds != other.deeds:
            raise BadData("The other world has other cells or other deeds. Merge worlds of one agent.")
        for mine, theirs in zip([*self.memories, self.ending], [*other.memories, other.ending], strict=True):
            mine.merge(theirs)
        self.ends += other.ends
        self.least, self.most = min(self.least, other.least), max(self.most, other.most)
        self.low, self.high = torch.minimum(self.low, other.low), torch.maximum(self.high, other.high)
        self._begun += other._begun

    def beginnings(self) -> tuple[Float[Tensor, " d"], Float[Tensor, "d d"]]:
        """Mean of first states, and a factor L of their covariance LLᵀ."""
        n, d = float(self._begun[0]), self.senses
        if n < 1:
            raise BadData("No life has begun in this world. Call `begin` with first states.")
        mean, second = self._begun[1 : 1 + d] / n, self._begun[1 + d :].reshape(d, d) / n
        covariance = second - torch.outer(mean, mean) + torch.eye(d, dtype=torch.float64) * (_BLUR**2 / n + 1e-9)
        factor = torch.linalg.cholesky(covariance) * self._spread.double()[:, None]
        return self.cells.centre[:d] + (mean * self._spread).float(), factor.float()

    @property
    def _spread(self) -> Tensor:
        return self.cells.spread[: self.senses]

    def values(
        self, states: Float[Tensor, "n d"], rewards: Float[Tensor, " n"], nexts: Float[Tensor, "n d"]
    ) -> Float[Tensor, "n v"]:
        """What the memories learn of steps: changes in spreads, and rewards; on a grid, so that sums are exact."""
        change = ((nexts - states) / self._spread).double()
        values = torch.cat([change, rewards.double()[:, None]], 1)
        return (values.clamp(-_FAR, _FAR) * _GRID).round() / _GRID

    def reach(self, states: Float[Tensor, "n d"]) -> None:
        """Let the box of states that were met hold these."""
        if len(states):
            self.low, self.high = torch.minimum(self.low, states.amin(0)), torch.maximum(self.high, states.amax(0))

    def state_dict(self) -> State:
        """Sums, and the ranges met."""
        return {
            "memories": [memory.state_dict() for memory in self.memories],
            "ending": self.ending.state_dict(),
            "ends": self.ends,
            "rewards": torch.tensor([self.least, self.most], dtype=torch.float64),
            "low": self.low,
            "high": self.high,
            "begun": self._begun.clone(),
        }

    def load_state_dict(self, state: State) -> None:
        """Put back what `state_dict` gave.

        Raises
        ------
        CorruptFile
            It does not fit these cells and deeds.
        """
        try:
            states, ends, rewards = list(state["memories"]), int(state["ends"]), state["rewards"]
            shapes = [tuple(state[name].shape) for name in ("low", "high", "begun")]
            fits = shapes == [(self.senses,), (self.senses,), tuple(self._begun.shape)] and rewards.shape == (2,)
            if len(states) != len(self.memories) or not fits:
                raise CorruptFile("This world was of other cells or other deeds. Restore a copy.")
            for memory, saved in zip([*self.memories, self.ending], [*states, state["ending"]], strict=True):
                memory.load_state_dict(saved)
                memory.unit = UNIT
                if memory.samples and memory.width != self.cells.width:
                    raise CorruptFile(f"A memory has keys of {memory.width} numbers, expected {self.cells.width}.")
        except (KeyError, TypeError, AttributeError) as error:
            raise CorruptFile(f"This is not the state of a world ({error!r}). Restore a copy.") from None
        self.ends, (self.least, self.most) = ends, rewards.tolist()
        self.low, self.high, self._begun = state["low"].float(), state["high"].float(), state["begun"].double().clone()


class Dreamland:
    """A world as it is now, in single precision: a step of many dreams takes a few small products.

    A deed that was never done is taken to change nothing, and to bring the least reward met. Where every step costs, an
    end is what is wished for: it must be there by a standard deviation of the memory of endings, or dreams would end
    wherever nothing is known.
    """

    def __init__(self, world: WorldModel) -> None:
        self._world, self.least = world, world.least
        d, h = world.senses, world.cells.width
        self._weights = torch.zeros(len(world.memories), h, d + 1)
        self._bias = torch.zeros(len(world.memories), d + 1)
        self._bias[:, -1] = world.least
        for j, memory in enumerate(world.memories):
            if memory.samples:
                weights, intercept = _solved(memory)
                self._weights[j], self._bias[j] = weights, intercept
        self._end = _Ending(world.ending, sure=world.most <= 0) if world.ends else None
        self.centre, self.factor = world.beginnings()

    def begin(self, n: int, generator: torch.Generator) -> Float[Tensor, "n d"]:
        """First states of n dreams."""
        return self.centre + torch.randn(n, len(self.centre), generator=generator) @ self.factor.T

    def step(self, states: Float[Tensor, "n d"], deeds: Int64[Tensor, " n"]) -> Step:
        """What comes of deeds."""
        world = self._world
        keys = world.keys(states, deeds)
        if world.vectors is not None:
            values = torch.addmm(self._bias[0], keys, self._weights[0])
        else:
            every = torch.baddbmm(self._bias[:, None], keys.expand(len(self._bias), *keys.shape), self._weights)
            values = every[deeds, torch.arange(len(deeds))]
        nexts = states + values[:, :-1] * world.cells.spread[: world.senses]
        if world.bounds is not None:
            nexts = nexts.clamp(*world.bounds)
        rewards = values[:, -1].clamp(world.least, world.most)
        if self._end is None:
            return Step(nexts, rewards, torch.zeros(len(states), dtype=torch.bool))
        return Step(nexts, rewards, self._end.there(world.keys(nexts, None)))


class _Ending:
    """Where lives end."""

    def __init__(self, memory: AssociativeMemory, *, sure: bool) -> None:
        self._factor: Tensor | None = None
        memory.refresh()
        weights, intercept = memory.mapping()
        self._weights, self._intercept = weights[:, 0].float(), intercept.float()
        if sure:
            inverse = memory.solution()[0]
            self._mean = memory.means()[0].float()
            # A few ends weigh twenty times each: the noise is taken to be that of a probability, p (1 − p).
            share = float(memory.value_sums[0]) / memory.samples
            self._factor = torch.linalg.cholesky(inverse * (share * (1 - share))).float()
        memory.refresh()

    def there(self, keys: Float[Tensor, "n h"]) -> Bool[Tensor, " n"]:
        """Whether the states of these keys are ends."""
        found = keys @ self._weights + self._intercept
        if self._factor is not None:
            found = found - ((keys - self._mean) @ self._factor).norm(dim=1)
        return found > 0.5


def _memory() -> AssociativeMemory:
    memory = AssociativeMemory()
    memory.unit = UNIT
    return memory


def _solved(memory: AssociativeMemory) -> tuple[Tensor, Tensor]:
    """The read-out, solved anew from the sums: the same whether or not the world was saved and loaded in between."""
    memory.refresh()
    weights, intercept = memory.mapping()
    memory.refresh()
    return weights.float(), intercept.float()


def _same(one: State, other: State) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
