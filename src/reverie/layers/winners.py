"""Winner-take-all layers that hand on a code, indices and values, and products that read only what it names.

Whether reading k rows is faster than multiplying everything depends on the machine, the sizes and the batch: on one
core k rows won from half the inputs silent on at batch 1, and from about 75 % silent on at batch 64. So `fastest`
measures, once for each size, and remembers. The ways differ by rounding alone; name one where every bit must repeat.

Boosting (off unless asked for) is the homeostasis of Ahmad & Scheinkman, 2019, arXiv:1903.11257::

    winners of  x · exp(β (k/width − duty)),     duty ← duty + (won − duty) / memory
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from reverie.errors import BadData, unknown_name
from reverie.functional.winners import boosting, code_product, code_to_dense, k_winners

__all__ = ["CodeLinear", "KWinners", "SparseCode", "fastest"]

_ROUNDS = 5
_MARGIN = 0.95  # what is not clearly faster than the first way is not worth the change
_remembered: dict[tuple[Any, ...], str] = {}


def fastest(ways: Mapping[str, Callable[..., Tensor]], operands: tuple[Tensor, ...], *size: int) -> str:
    """The name of the fastest way for operands of this size: measured at the first call, remembered afterwards.

    The first way is the one to fall back on: another must be at least 5 % faster. The number of rows of the first
    operand is taken to the next power of two. Where gradients are wanted, their computation is timed with the rest.

    Parameters
    ----------
    ways : mapping of name to function
        Each takes the operands and gives the same result.
    size : int
        Whatever else, beside the rows, the type and the device of the first operand, the time depends on.
    """
    first = operands[0]
    wanted = torch.is_grad_enabled() and any(operand.requires_grad for operand in operands)
    rows = (first.shape[0] - 1).bit_length()
    key = (*ways, rows, *size, first.dtype, first.device, wanted, torch.get_num_threads())
    way = _remembered.get(key)
    if way is None:
        way = _remembered[key] = _measured(ways, operands, wanted)
    return way


def _measured(ways: Mapping[str, Callable[..., Tensor]], operands: tuple[Tensor, ...], wanted: bool) -> str:
    own = tuple(one.detach().clone().requires_grad_(one.requires_grad) if wanted else one for one in operands)
    first = next(iter(ways))
    seconds = dict.fromkeys(ways, math.inf)
    for turn in range(_ROUNDS + 1):  # the first turn warms up
        for name, way in ways.items():
            try:  # twice: the first of two calls finds the cache full of what the way before it left there
                spent = min(_timed(way, own, wanted), _timed(way, own, wanted))
            except RuntimeError:  # torch has no such product for every type of number
                if name == first:
                    raise
                continue
            if turn:
                seconds[name] = min(seconds[name], spent)
    best = min(seconds, key=seconds.__getitem__)
    return best if seconds[best] < _MARGIN * seconds[first] else first


def _timed(way: Callable[..., Tensor], operands: tuple[Tensor, ...], wanted: bool) -> float:
    start = time.perf_counter()
    y = way(*operands)
    if wanted:
        torch.autograd.grad(y.sum(), [one for one in operands if one.requires_grad])
    if y.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - start


@dataclass(frozen=True, eq=False)
class SparseCode:
    """The winners of each sample.

    Attributes
    ----------
    indices : int64 Tensor, shape [n, k]
        Which units are active.
    values : Tensor, shape [n, k]
        How active they are.
    size : int
        Number of units, silent ones included.

    Examples
    --------
    >>> SparseCode(torch.tensor([[1]]), torch.tensor([[0.5]]), 3).to_dense()
    tensor([[0.0000, 0.5000, 0.0000]])
    """

    indices: Int64[Tensor, "n k"]
    values: Float[Tensor, "n k"]
    size: int

    def __post_init__(self) -> None:
        if self.indices.shape != self.values.shape or self.indices.shape[1] > self.size:
            raise BadData(
                f"A code of {tuple(self.indices.shape)} indices and {tuple(self.values.shape)} values for {self.size} "
                "units. Expected as many values as indices, and no more of them a sample than units."
            )

    def to_dense(self) -> Float[Tensor, "n width"]:
        """The activity of all units."""
        return code_to_dense(self.indices, self.values, self.size)

    def product(
        self,
        weight: Float[Tensor, "width n_out"],
        bias: Float[Tensor, " n_out"] | None = None,
        *,
        way: str = "fastest",
    ) -> Float[Tensor, "n n_out"]:
        """The product of the activity and `weight`, one row per unit, and `bias` added.

        Parameters
        ----------
        way : {"fastest", "dense", "indices"}
            Multiply everything, or read the rows which the code names; or whichever was measured to be faster.
        """
        if weight.shape[0] != self.size:
            raise BadData(
                f"Weights have {weight.shape[0]} rows for a code of {self.size} units. Expected one row each."
            )
        operands = (self.values, self.indices, weight) if bias is None else (self.values, self.indices, weight, bias)
        if way == "fastest":
            n, k = self.values.shape
            way = fastest(_WAYS, operands, k, self.size, weight.shape[1]) if n * k else "dense"
        act = _WAYS.get(way)
        if act is None:
            raise unknown_name("way", way, ["fastest", *_WAYS])
        return act(*operands)


def _dense(values: Tensor, indices: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    dense = code_to_dense(indices, values, len(weight))
    return dense @ weight if bias is None else torch.addmm(bias, dense, weight)


def _indices(values: Tensor, indices: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    product = code_product(indices, values, weight)
    return product if bias is None else product.add_(bias)


_WAYS: dict[str, Callable[..., Tensor]] = {"dense": _dense, "indices": _indices}


class KWinners(nn.Module):
    """The k liveliest of `width` units, as a code.

    Parameters
    ----------
    width, k : int
        Number of units and of winners.
    boost : float
        β; 0: no boosting. Meant for activity that is mostly positive. It changes who wins, not the winners' values.
    memory : float
        Samples over which duty is averaged; it is updated in training only. With a strong boost, let it be many
        batches: else the winners swing to and fro.

    Examples
    --------
    >>> code = KWinners(4, 2)(torch.tensor([[0.1, 0.9, 0.3, 0.7]]))
    >>> code.to_dense()
    tensor([[0.0000, 0.9000, 0.0000, 0.7000]])
    """

    duty: Tensor

    def __init__(self, width: int, k: int, *, boost: float = 0.0, memory: float = 1000.0) -> None:
        super().__init__()
        if not 1 <= k <= width:
            raise BadData(f"k is {k} for {width} units. Expected 1 ≤ k ≤ {width}.")
        if not (boost >= 0 and memory >= 1):
            raise BadData(f"boost is {boost}, memory {memory}. Expected 0 or more, and 1 sample or more.")
        self.width, self.k, self.boost, self.memory = width, k, boost, memory
        self.register_buffer("duty", torch.full((width,), k / width))

    def forward(self, x: Float[Tensor, "n width"]) -> SparseCode:
        if x.shape[1] != self.width:
            raise BadData(f"A sample has {x.shape[1]} values. Expected {self.width}, one for each unit.")
        if self.boost == 0:
            return SparseCode(*k_winners(x, self.k), self.width)
        indices, _ = k_winners(x.detach() * boosting(self.duty, self.k / self.width, self.boost).to(x.dtype), self.k)
        if self.training and len(x):
            won = torch.bincount(indices.flatten(), minlength=self.width) / len(x)
            self.duty.lerp_(won.to(self.duty), min(1.0, len(x) / self.memory))
        return SparseCode(indices, x.gather(1, indices), self.width)


class CodeLinear(nn.Module):
    """A linear layer whose input is a code. Its weight has one row per input, the transpose of torch's own.

    Parameters
    ----------
    n_in, n_out : int
    way : {"fastest", "dense", "indices"}
        See `SparseCode.product`.
    generator : torch.Generator
        Source of weights and biases, uniform in ±1/√n_in.

    Examples
    --------
    >>> layer = CodeLinear(100, 3, generator=torch.Generator().manual_seed(0))
    >>> layer(KWinners(100, 5)(torch.rand(2, 100))).shape
    torch.Size([2, 3])
    """

    def __init__(self, n_in: int, n_out: int, *, way: str = "fastest", generator: torch.Generator) -> None:
        super().__init__()
        if way != "fastest" and way not in _WAYS:
            raise unknown_name("way", way, ["fastest", *_WAYS])
        self.way = way
        bound = 1 / math.sqrt(n_in)
        self.weight = nn.Parameter(torch.empty(n_in, n_out).uniform_(-bound, bound, generator=generator))
        self.bias = nn.Parameter(torch.empty(n_out).uniform_(-bound, bound, generator=generator))

    def forward(self, code: SparseCode) -> Float[Tensor, "n n_out"]:
        return code.product(self.weight, self.bias, way=self.way)
