"""How well a world would have expected what came: the evidence that decides which region is active.

A memory expects a value v with variance s² (1 + h̃ᵀ(G + λI)⁻¹h̃ + 1/n), where s² is what its read-out leaves unexplained,
and at least a hundredth of what there is to explain: an error of a tenth of the usual change is no surprise. A young
region errs by more than its sums know. So its variance is multiplied by its *doubt*, a running mean of how large its
squared errors were beside what it had expected, and is never more than that of nothing known. Nothing known expects the
mean of all that came to any region, with its variance.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from reverie.agents.world import WorldModel
from reverie.memory import AssociativeMemory

__all__ = ["Expectation", "Ignorance", "Look", "misfit"]

_FLOOR = 0.1  # of the usual change: a smaller error is no surprise
_SURE = 0.5  # nats a moment, by which nothing known must be better than a region
_STILL = 1e-3  # a value that never changed is known to this


class Ignorance:
    """What a region that knows nothing expects: mean and variance of all values met.

    Parameters
    ----------
    worlds : sequence of WorldModel
        Whose values count.
    """

    def __init__(self, worlds: Sequence[WorldModel]) -> None:
        memories = [memory for world in worlds for memory in world.memories if memory.samples]
        n = sum(memory.samples for memory in memories)
        self.mean = torch.stack([memory.value_sums for memory in memories]).sum(0) / n
        second = torch.stack([memory.value_squares for memory in memories]).sum(0) / n
        self.variance = (second - self.mean**2).clamp_min(_STILL**2)

    def evidence(self, values: Float[Tensor, " v"]) -> Float[Tensor, " v"]:
        """The log likelihood of each value."""
        return _log_normal(values.double() - self.mean, self.variance)


class Look(NamedTuple):
    """What a region says of a moment."""

    evidence: float
    """The log likelihood of all values."""
    unknown: float
    """The same, had it known nothing of the value that surprises it most, less half a nat."""
    surprise: Float[Tensor, " v"]
    """Squared errors over the expected ones."""


class Expectation:
    """A world's expectations as they are now; they do not follow what is written to it."""

    def __init__(self, world: WorldModel, ignorance: Ignorance) -> None:
        self._world, self._ignorance, self.samples = world, ignorance, world.samples
        self._of = [_Fit.of(memory, ignorance.variance) if memory.samples > 1 else None for memory in world.memories]

    def look(
        self, state: Float[Tensor, " d"], deed: int, values: Float[Tensor, " v"], doubt: Float[Tensor, " v"]
    ) -> Look:
        """What came of a deed (`WorldModel.values`), in the eyes of this world."""
        usual, ignorance = self._ignorance.variance, self._ignorance.evidence(values)
        fit = self._of[0 if self._world.vectors is not None else deed]
        if fit is None:
            whole = float(ignorance.sum())
            return Look(whole, whole - _SURE, torch.ones_like(usual))
        deeds: Int64[Tensor, " 1"] = torch.tensor([deed])
        errors, variance = fit.expected(self._world.keys(state[None], deeds)[0].double(), values.double())
        each = _log_normal(errors, torch.minimum(variance * doubt, usual))
        unknown = float(each.sum() + (ignorance - each).max()) - _SURE
        return Look(float(each.sum()), unknown, errors.square() / variance)


class _Fit(NamedTuple):
    """One memory's read-out, and what it leaves open of each value."""

    weights: Tensor
    bias: Tensor
    inverse: Tensor
    mean: Tensor
    n: float
    left: Tensor

    @classmethod
    def of(cls, memory: AssociativeMemory, usual: Tensor) -> "_Fit":
        memory.refresh()
        inverse, weights, bias = memory.solution()
        ridge = memory.chosen_ridge()
        memory.refresh()
        freedom = memory.samples - 1 - (memory.width - ridge * float(inverse.diagonal().sum()))
        left = memory.squared_errors(weights, bias) / freedom if freedom >= 1 else usual
        left = torch.maximum(torch.minimum(left, usual), _FLOOR**2 * usual)
        return cls(weights, bias, inverse, memory.means()[0], memory.samples, left)

    def expected(self, key: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Errors, and their expected squares."""
        centred = key - self.mean
        novelty = float(centred @ self.inverse @ centred) + 1 / self.n
        return values - self.bias - key @ self.weights, self.left * (1 + novelty)


def misfit(world: WorldModel, other: WorldModel, ignorance: Ignorance) -> float:
    """By how much one world's read-outs fail on all that another has seen: the share of variance left, from sums alone.

    0 is perfect, 1 no better than knowing
    nothing; the worst value counts.
    """
    worst = 0.0
    for mine, theirs in zip(world.memories, other.memories, strict=True):
        if not theirs.samples:
            continue
        if not mine.samples:
            return 1.0
        share = theirs.squared_errors(*mine.mapping()) / theirs.samples / ignorance.variance
        worst = max(worst, float(share.max()))
    return worst


def _log_normal(errors: Tensor, variance: Tensor) -> Tensor:
    return -0.5 * (variance.log() + errors**2 / variance)
