"""Modulators: what tells all synapses at once that the moment matters::

    reward prediction error     δ = r − r̄,            r̄ ← r̄ + δ / τ
    novelty                     s = Σ h x / Σ x,      h ← h − u h x + (1 − h) / τ
    surprise                    s = |e| / ē,          ē ← ē + (|e| − ē) / τ

In the brain: dopamine (reward better than expected), hippocampus and dopamine (never met before), noradrenaline and
acetylcholine (more wrong than usual). Each is a pure function of its evidence and its state; its signal is the third
factor of any rule.

References: Schultz, Dayan, Montague, 1997, Science 275 (δ); Dasgupta, Sheehan, Stevens, Navlakha, 2018, PNAS 115:13093
(novelty by synapses h that wear off with use and recover); Pearce & Hall, 1980, Psychological Review 87, and Yu &
Dayan, 2005, Neuron 46 (surprise).
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.contracts import Modulator
from reverie.plasticity.parts import Coefficient

__all__ = ["Expectation", "Freshness", "Novelty", "RewardPredictionError", "Surprise"]

_NOTHING = 1e-12


class Expectation(NamedTuple):
    """What is usual: r̄ or ē."""

    usual: Float[Tensor, ""]


class Freshness(NamedTuple):
    """h of each input, 0 (worn off) to 1 (fresh)."""

    fresh: Float[Tensor, " d"]


@dataclass(frozen=True)
class RewardPredictionError(Modulator[Expectation]):
    """By how much a reward is better than expected; evidence: rewards, of which the mean is taken.

    Parameters
    ----------
    tau : float
        Evidences over which the expectation is averaged.

    Examples
    --------
    >>> dopamine, reward = RewardPredictionError(tau=2.0), torch.tensor(1.0)
    >>> first, state = dopamine(reward, dopamine.begin(reward))
    >>> second, state = dopamine(reward, state)
    >>> float(first), float(second)
    (1.0, 0.5)
    """

    tau: Coefficient = 20.0

    def begin(self, evidence: Float[Tensor, "*shape"]) -> Expectation:
        return Expectation(torch.zeros_like(evidence.mean()))

    def __call__(self, evidence: Float[Tensor, "*shape"], state: Expectation) -> tuple[Float[Tensor, ""], Expectation]:
        error = evidence.mean() - state.usual
        return error, Expectation(state.usual + error / self.tau)


@dataclass(frozen=True)
class Novelty(Modulator[Freshness]):
    """How new a pattern is, 0…1; evidence: activities [n, d] of a code, not negative.

    Parameters
    ----------
    use : float
        u, share of its freshness that an input loses at activity 1, 0…1.
    tau : float
        Evidences over which freshness recovers.

    Examples
    --------
    >>> novelty, seen, other = Novelty(use=0.5), torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    >>> first, state = novelty(seen, novelty.begin(seen))
    >>> second, state = novelty(seen, state)
    >>> third, state = novelty(other, state)
    >>> float(first), float(second), round(float(third), 3)
    (1.0, 0.5, 1.0)
    """

    use: Coefficient = 0.2
    tau: Coefficient = 1000.0

    def begin(self, evidence: Float[Tensor, "*n d"]) -> Freshness:
        return Freshness(torch.ones_like(evidence.reshape(-1, evidence.shape[-1])[0]))

    def __call__(self, evidence: Float[Tensor, "*n d"], state: Freshness) -> tuple[Float[Tensor, ""], Freshness]:
        active = evidence.reshape(-1, evidence.shape[-1]).mean(0)
        signal = (state.fresh * active).sum() / (active.sum() + _NOTHING)
        worn = self.use * state.fresh * active.clamp(0, 1)
        return signal, Freshness(state.fresh - worn + (1 - state.fresh) / self.tau)


@dataclass(frozen=True)
class Surprise(Modulator[Expectation]):
    """How large an error is beside the usual ones: 1 is as usual; evidence: errors, of which the mean size is taken.

    Parameters
    ----------
    tau : float
        Evidences over which the usual size is averaged.

    Examples
    --------
    >>> surprise = Surprise(tau=10.0)
    >>> state = surprise.begin(torch.tensor([2.0, -2.0]))
    >>> usual, state = surprise(torch.tensor([2.0, -2.0]), state)
    >>> large, state = surprise(torch.tensor([6.0, 6.0]), state)
    >>> float(usual), float(large)
    (1.0, 3.0)
    """

    tau: Coefficient = 20.0

    def begin(self, evidence: Float[Tensor, "*shape"]) -> Expectation:
        return Expectation(evidence.abs().mean())

    def __call__(self, evidence: Float[Tensor, "*shape"], state: Expectation) -> tuple[Float[Tensor, ""], Expectation]:
        size = evidence.abs().mean()
        return size / (state.usual + _NOTHING), Expectation(state.usual + (size - state.usual) / self.tau)
