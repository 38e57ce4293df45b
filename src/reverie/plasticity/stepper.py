"""Pair STDP on a matrix of weights whose spikes come step by step: traces and weights in one call, microseconds a step.

The numbers are those of `learn(STDP(…), …)`; what that call spends on looking at its arguments is spent once, here.
"""

import ctypes
import math

from jaxtyping import Float
from torch import Tensor

from reverie import native
from reverie.contracts import SynapseView
from reverie.errors import BadData
from reverie.plasticity.learning import learn
from reverie.plasticity.parts import decay
from reverie.plasticity.stdp import STDP, Traces

__all__ = ["STDPStepper"]


class STDPStepper:
    """Pair STDP that writes into weights, as a device learns from a sensor: no gradients.

    Parameters
    ----------
    rule : STDP
    weight : Tensor, shape [n_out, n_in]
        Changed in place; a layer's own, or a part of it that shares its memory.
    rows : int
        Samples at once.
    low, high : float
        Bounds of the weights.

    Attributes
    ----------
    traces : Traces
        The state; zero its tensors to begin anew.

    Examples
    --------
    >>> import torch
    >>> weight, spike, rest = torch.zeros(1, 1), torch.ones(1, 1), torch.zeros(1, 1)
    >>> step = STDPStepper(STDP(), weight)
    >>> step(spike, rest)
    >>> step(rest, spike)
    >>> f"{float(weight):.6f}"  # 0.005 exp(−1/20)
    '0.004756'
    """

    def __init__(
        self,
        rule: STDP,
        weight: Float[Tensor, "n_out n_in"],
        *,
        rows: int = 1,
        low: float = -math.inf,
        high: float = math.inf,
    ) -> None:
        self._rule, self._weight, self._bounds = rule, weight.detach(), (low, high)
        n_out, n_in = weight.shape
        self.traces = Traces(self._weight.new_zeros(rows, n_in), self._weight.new_zeros(rows, n_out))
        self._shapes, self._run = tuple(trace.shape for trace in self.traces), None
        turned = not weight.is_contiguous()
        lying = self._weight.t() if turned else self._weight  # inputs by rows, as spiking layers keep them
        if native.usable(weight) and lying.is_contiguous():
            self._pairs = native.Pairs(
                native.Change.of(lying, 2, rows, low=low, high=high),
                *(trace.data_ptr() for trace in self.traces),
                float(decay(rule.tau_pre)),
                float(decay(rule.tau_post)),
                float(rule.potentiation) / rows,
                -float(rule.depression) / rows,
                turned,
            )
            self._run, self._place = native.pairs_step(), ctypes.addressof(self._pairs)

    def __call__(self, pre: Float[Tensor, "n n_in"], post: Float[Tensor, "n n_out"], modulator: float = 1.0) -> None:
        """One step: the spikes of both sides."""
        if (pre.shape, post.shape) != self._shapes or not pre.dtype == post.dtype == self._weight.dtype:
            shapes = " and ".join(f"{list(shape)}" for shape in self._shapes)
            raise BadData(
                f"The spikes have shapes {list(pre.shape)} and {list(post.shape)}, types {pre.dtype} and {post.dtype}. "
                f"Expected {shapes}, {self._weight.dtype}."
            )
        if (
            self._run is not None
            and pre.is_contiguous()
            and post.is_contiguous()
            and native.done(self._run(self._place, pre.data_ptr(), post.data_ptr(), modulator))
        ):
            return
        low, high = self._bounds
        left = learn(self._rule, SynapseView(pre, post, self._weight), self.traces, modulator, low=low, high=high)
        for trace, new in zip(self.traces, left, strict=True):
            trace.copy_(new)
