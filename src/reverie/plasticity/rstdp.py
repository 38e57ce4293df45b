"""Reward-modulated STDP: spike pairs leave an eligibility trace, and dopamine turns it into a change::

    c ← e^(−1/τ_c) c + STDP(s_pre, s_post)
    Δw = d c                               d the modulator: reward minus what was expected

It answers how a synapse can know, seconds later, that it was its spike that earned the reward.

References: Izhikevich, 2007, Cerebral Cortex 17:2443 (τ_c = 1 s); Legenstein, Pecevski, Maass, 2008, PLoS Computational
Biology 4:e1000180.
"""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from reverie.contracts import Rule, SynapseView
from reverie.plasticity.parts import Coefficient
from reverie.plasticity.stdp import STDP
from reverie.plasticity.three_factor import Eligible, ThreeFactor

__all__ = ["RewardSTDP"]


@dataclass(frozen=True)
class RewardSTDP(Rule[Eligible]):
    """Pair STDP behind an eligibility trace.

    Parameters
    ----------
    potentiation, depression, tau_pre, tau_post : float
        As of `STDP`.
    tau_eligibility : float
        τ_c, in steps.

    Examples
    --------
    >>> import torch
    >>> spike, rest = torch.ones(1, 1), torch.zeros(1, 1)
    >>> rule, state = RewardSTDP(), RewardSTDP().begin(SynapseView(rest, rest, rest))
    >>> _, state = rule(SynapseView(spike, rest, rest), state, modulator=0.0)
    >>> _, state = rule(SynapseView(rest, spike, rest), state, modulator=0.0)
    >>> change, state = rule(SynapseView(rest, rest, rest), state, modulator=1.0)
    >>> f"{float(change):.6f}"  # 0.005 exp(−1/20) exp(−1/1000)
    '0.004751'
    """

    potentiation: Coefficient = 0.005
    depression: Coefficient = 0.00525
    tau_pre: Coefficient = 20.0
    tau_post: Coefficient = 20.0
    tau_eligibility: Coefficient = 1000.0

    @property
    def delayed(self) -> ThreeFactor:
        """The same, put together from its parts."""
        return ThreeFactor(STDP(self.potentiation, self.depression, self.tau_pre, self.tau_post), self.tau_eligibility)

    def begin(self, view: SynapseView) -> Eligible:
        return self.delayed.begin(view)

    def __call__(
        self, view: SynapseView, state: Eligible, modulator: float | Float[Tensor, "..."] = 1.0
    ) -> tuple[Float[Tensor, "n_out n_in"], Eligible]:
        return self.delayed(view, state, modulator)
