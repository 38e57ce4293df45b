"""Three-factor learning: a synapse marks itself as having been at work; a later signal makes the mark a change::

    e ← e^(−1/τ) e + f(pre, post)         eligibility trace, f the change that any two-factor rule would make
    Δw = m e                              m the modulator: reward, novelty, surprise

The trace bridges the time between a deed and its reward. In the brain: synaptic tags, and dopamine, acetylcholine or
noradrenaline that arrive a second or so later and capture them (Yagishita et al., 2014, Science 345).

Reference: Gerstner, Lehmann, Liakoni, Corneil, Brea, 2018, Frontiers in Neural Circuits 12:53.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.contracts import Rule, SynapseView
from reverie.plasticity.hebb import Hebb
from reverie.plasticity.parts import Coefficient, decay, gated

__all__ = ["Eligible", "ThreeFactor"]


class Eligible(NamedTuple):
    """What the two-factor rule remembers, and the trace of the changes that it would have made."""

    inner: tuple[Any, ...]
    eligibility: Float[Tensor, "n_out n_in"]


@dataclass(frozen=True)
class ThreeFactor(Rule[Eligible]):
    """Any rule, its change delayed until a modulator comes.

    Parameters
    ----------
    rule : Rule
        f. Its rate is the rate.
    tau : float
        τ, steps that a synapse stays eligible.

    Notes
    -----
    A batch shares its trace and its modulator. Lives that run side by side, each with rewards of its own, are
    `torch.func.vmap` over this rule.

    Examples
    --------
    >>> rule = ThreeFactor(Hebb(rate=1.0), tau=10.0)
    >>> work, rest = SynapseView(*[torch.ones(1, 1)] * 3), SynapseView(*[torch.zeros(1, 1)] * 3)
    >>> state = rule.begin(work)
    >>> nothing, state = rule(work, state, modulator=0.0)
    >>> late, state = rule(rest, state, modulator=1.0)
    >>> float(nothing), round(float(late), 4)  # exp(−1/10)
    (0.0, 0.9048)
    """

    rule: Rule[Any] = field(default_factory=Hebb)
    tau: Coefficient = 20.0

    def begin(self, view: SynapseView) -> Eligible:
        return Eligible(self.rule.begin(view), torch.zeros_like(view.weight))

    def __call__(
        self, view: SynapseView, state: Eligible, modulator: float | Float[Tensor, "..."] = 1.0
    ) -> tuple[Float[Tensor, "n_out n_in"], Eligible]:
        change, inner = self.rule(view, state.inner)
        eligibility = decay(self.tau) * state.eligibility + change
        return gated(eligibility.clone(), modulator), Eligible(inner, eligibility)  # what is remembered stays its own
