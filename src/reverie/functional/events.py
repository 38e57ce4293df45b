"""A linear map of events: silent inputs are not multiplied but skipped, where that is sooner::

    y = b + Σ_{j: x_j ≠ 0} x_j w_j          w_j: the synapses that leave input j

Both ways there (and for the weights, back) are exact; which one is taken depends on how many inputs speak, against a
break-even that is measured on this machine once.
"""

import time
from functools import cache
from statistics import median
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils._python_dispatch import _get_current_dispatch_mode

from reverie import native

__all__ = ["break_even", "event_linear"]

_SAMPLE = 64  # rows looked at to estimate how many inputs speak
_ROUNDS = 5
_SMALL = 64 * 64  # weights below which there is nothing to gain


@cache
def break_even(threads: int) -> float:
    """The share of inputs that speak, 0…1, at which skipping the others takes as long as multiplying them.

    Measured with `threads` threads at first use, some ten milliseconds; 0 where there are no compiled loops. A margin
    is kept, so that the choice costs nothing where it does not matter.
    """
    if not native.available():
        return 0.0
    source = torch.Generator().manual_seed(0)
    dense = torch.randn(512, 512, generator=source)
    share = 0.25
    events = (torch.rand(256, 512, generator=source) < share).float()

    def seconds(product: Any) -> float:
        taken = []
        for _ in range(_ROUNDS):
            began = time.perf_counter()
            product()
            taken.append(time.perf_counter() - began)
        return median(taken)

    # skipping takes time in proportion to what speaks; multiplying takes the same always
    skipping, multiplying = seconds(lambda: native.event_product(events, dense)), seconds(lambda: events @ dense)
    return min(0.5, 0.8 * share * multiplying / skipping)


def event_linear(
    x: Float[Tensor, "*n i"], weight: Float[Tensor, "o i"], bias: Float[Tensor, " o"] | None = None
) -> Float[Tensor, "*n o"]:
    """x Wᵀ + b, by events where few inputs speak.

    Parameters
    ----------
    weight : shape [o, i]
        Best stored input by input (`weight.t()` contiguous); otherwise it is copied so when events are used.

    Examples
    --------
    >>> event_linear(torch.tensor([[0.0, 1.0]]), torch.tensor([[5.0, 7.0]]), torch.tensor([0.5]))
    tensor([[7.5000]])
    """
    watched = _get_current_dispatch_mode() is not None  # who counts operations shall see them
    if watched or not native.usable(x, weight) or weight.numel() < _SMALL or not _sparse(x):
        return torch.nn.functional.linear(x, weight, bias)
    out: Tensor = _EventLinear.apply(x.reshape(-1, x.shape[-1]), weight, bias)  # type: ignore[no-untyped-call]
    return out.view(*x.shape[:-1], -1)


def _sparse(x: Tensor) -> bool:
    """Whether so few inputs speak that it pays to skip the others; seen in some of the rows."""
    rows = x.detach().reshape(-1, x.shape[-1])
    seen = rows[:: max(1, len(rows) // _SAMPLE)]
    return int(seen.count_nonzero()) < break_even(torch.get_num_threads()) * seen.numel()


class _EventLinear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return native.event_product(x.contiguous(), weight.detach().t().contiguous(), bias)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        grad = grads[0].contiguous()
        to_x, to_weight, to_bias = ctx.needs_input_grad
        return (
            grad @ weight if to_x else None,
            native.event_product(x.contiguous(), grad, transposed=True).t() if to_weight else None,
            grad.sum(0) if to_bias else None,
        )
