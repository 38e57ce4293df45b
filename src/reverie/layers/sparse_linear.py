"""A linear layer with few synapses: some go and others grow while it learns, as dendritic spines do; then it is packed.

While it learns, the weight is a dense matrix seen through a mask. `rewire` moves a share ζ of the synapses and never
changes how many there are::

    SET:   the weakest of each sign go,  as many grow anywhere
    RigL:  the weakest go,               those grow whose gradient |dL/dw| is largest

New synapses start at zero; a place that was just left is free again. `packed` gives the layer for inference, which
holds the synapses only (compressed rows, CSR) and takes the fastest of three products, measured for the batch at hand;
the dense one is among them.

References: Mocanu et al., 2018, Nature Communications 9, 2383 (SET); Evci et al., 2020, ICML (RigL).
"""

import math
import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from reverie.errors import BadData, unknown_name
from reverie.layers.winners import fastest

with warnings.catch_warnings():  # torch says once in a process that its CSR is in beta
    warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
    torch.zeros(1, 1).to_sparse_csr()

__all__ = ["SET", "PackedLinear", "Rewiring", "RigL", "SparseLinear"]


class Rewiring(ABC):
    """Which synapses go and which grow in their place. Places are numbered along the rows of the weight."""

    needs_gradient: bool = False

    @abstractmethod
    def leaving(self, weight: Float[Tensor, "n_out n_in"], mask: Bool[Tensor, "n_out n_in"]) -> Int64[Tensor, " moved"]:
        """The synapses that go."""

    @abstractmethod
    def growing(
        self,
        free: Int64[Tensor, " free"],
        count: int,
        gradient: Float[Tensor, "n_out n_in"] | None,
        generator: torch.Generator,
    ) -> Int64[Tensor, " moved"]:
        """`count` of the free places, where synapses grow."""


@dataclass(frozen=True)
class SET(Rewiring):
    """Sparse evolutionary training: of the positive and of the negative weights those nearest to zero go; chance grows.

    Attributes
    ----------
    share : float
        ζ, share of the synapses that move, 0…1.
    """

    share: float = 0.3

    def leaving(self, weight: Float[Tensor, "n_out n_in"], mask: Bool[Tensor, "n_out n_in"]) -> Int64[Tensor, " moved"]:
        here = mask.flatten().nonzero().flatten()
        values = weight.detach().flatten()[here]
        return torch.cat(
            [_weakest(here[sign], values[sign], self.share) for sign in (values > 0, values < 0, values == 0)]
        )

    def growing(
        self,
        free: Int64[Tensor, " free"],
        count: int,
        gradient: Float[Tensor, "n_out n_in"] | None,
        generator: torch.Generator,
    ) -> Int64[Tensor, " moved"]:
        return free[torch.randperm(len(free), generator=generator)[:count].to(free.device)]


@dataclass(frozen=True)
class RigL(Rewiring):
    """The rigged lottery: the weakest synapses go; those grow which the loss asks for most.

    Attributes
    ----------
    share : float
        Share of the synapses that move, 0…1.
    """

    share: float = 0.3
    needs_gradient = True

    def annealed(self, step: int, until: int) -> "RigL":
        """The policy at `step`: its share falls as a half cosine and is nothing from step `until` on."""
        if until < 1 or step < 0:
            raise BadData(f"Step {step} of {until}. Expected a step of 0 or more and an end of 1 or more.")
        return replace(self, share=self.share / 2 * (1 + math.cos(math.pi * min(step / until, 1.0))))

    def leaving(self, weight: Float[Tensor, "n_out n_in"], mask: Bool[Tensor, "n_out n_in"]) -> Int64[Tensor, " moved"]:
        here = mask.flatten().nonzero().flatten()
        return _weakest(here, weight.detach().flatten()[here], self.share)

    def growing(
        self,
        free: Int64[Tensor, " free"],
        count: int,
        gradient: Float[Tensor, "n_out n_in"] | None,
        generator: torch.Generator,
    ) -> Int64[Tensor, " moved"]:
        if gradient is None:
            raise BadData("RigL grows where the gradient is large, and there is none. Set `watch`, then run backward.")
        return free[gradient.flatten()[free].abs().topk(count).indices]


class SparseLinear(nn.Module):
    """A linear layer of which a share `density` of the synapses exists.

    Parameters
    ----------
    n_in, n_out : int
    density : float
        More than 0, at most 1. round(density · n_in · n_out) synapses exist, whatever is rewired.
    watch : bool
        Keep the gradient of all places after `backward`, of those without a synapse too: for RigL. It costs as much
        memory as a dense weight.
    generator : torch.Generator
        Source of the places and weights, which are uniform in ±1/√(density · n_in).

    Examples
    --------
    >>> generator = torch.Generator().manual_seed(0)
    >>> layer = SparseLinear(8, 4, density=0.25, generator=generator)
    >>> layer.rewire(SET(), generator=generator)
    2
    >>> layer.synapses, layer.packed()(torch.ones(1, 8)).shape
    (8, torch.Size([1, 4]))
    """

    mask: Tensor

    def __init__(
        self, n_in: int, n_out: int, *, density: float, watch: bool = False, generator: torch.Generator
    ) -> None:
        super().__init__()
        synapses = round(density * n_in * n_out) if 0 < density <= 1 else 0
        if synapses < 1:
            raise BadData(
                f"density is {density} for {n_out} × {n_in} places. Expected 0 < density ≤ 1, one synapse or more."
            )
        places = torch.randperm(n_in * n_out, generator=generator)[:synapses]
        mask = torch.zeros(n_in * n_out, dtype=torch.bool).index_fill_(0, places, True).view(n_out, n_in)
        bound = 1 / math.sqrt(max(1.0, density * n_in))
        weight = torch.empty(n_out, n_in).uniform_(-bound, bound, generator=generator)
        self.register_buffer("mask", mask)
        self.weight = nn.Parameter(weight * mask)
        self.bias = nn.Parameter(torch.zeros(n_out))
        self.watch = watch
        self.gradient: Tensor | None = None

    @property
    def synapses(self) -> int:
        """How many there are."""
        return int(self.mask.sum())

    def forward(self, x: Float[Tensor, "*shape n_in"]) -> Float[Tensor, "*shape n_out"]:
        weight = self.weight * self.mask
        if self.watch and weight.requires_grad:
            weight.register_hook(self._keep)
        return nn.functional.linear(x, weight, self.bias)

    def _keep(self, gradient: Tensor) -> None:
        self.gradient = gradient.detach()

    @torch.no_grad()
    def rewire(self, policy: Rewiring, *, generator: torch.Generator) -> int:
        """Move synapses, and say how many went. What an optimiser remembers of the moved ones is its own affair."""
        if policy.needs_gradient and self.gradient is None:
            raise BadData(f"{type(policy).__name__} needs the gradient of all places. Set `watch`, then run backward.")
        if bool(self.weight.isnan().any()):
            raise BadData(
                "The weights hold NaN, of which none is the weakest. Look for it in the loss or the learning rate."
            )
        leaving = policy.leaving(self.weight, self.mask)
        flat = self.mask.flatten()
        flat[leaving] = False
        growing = policy.growing((~flat).nonzero().flatten(), len(leaving), self.gradient, generator)
        self.weight.view(-1)[growing] = 0
        flat[growing] = True
        self.mask.copy_(flat.view_as(self.mask))
        self.weight.mul_(self.mask)
        return len(growing)

    def packed(self, *, way: str = "fastest") -> "PackedLinear":
        """The layer for inference, as it is now."""
        return PackedLinear((self.weight * self.mask).detach(), self.mask, self.bias.detach(), way=way)


class PackedLinear(nn.Module):
    """A linear layer which holds its synapses only. It does not learn; see `SparseLinear.packed`.

    Where a gradient of the input is wanted, the dense way is taken.

    Parameters
    ----------
    weight, mask : Tensor, shape [n_out, n_in]
        The weights, and where there is a synapse.
    way : {"fastest", "dense", "rows", "bags"}
        dense: multiply everything, with a dense copy that is made at the first use; rows: torch's product of a CSR
        matrix; bags: a sum of inputs for each output, `embedding_bag`, good at larger batches. Measured otherwise.
    """

    starts: Tensor
    places: Tensor
    values: Tensor
    bias: Tensor

    def __init__(
        self,
        weight: Float[Tensor, "n_out n_in"],
        mask: Bool[Tensor, "n_out n_in"],
        bias: Float[Tensor, " n_out"],
        *,
        way: str = "fastest",
    ) -> None:
        super().__init__()
        self.ways = {"dense": self._dense, "rows": self._rows, "bags": self._bags}
        if way != "fastest" and way not in self.ways:
            raise unknown_name("way", way, ["fastest", *self.ways])
        self.n_out, self.n_in, self.way = *weight.shape, way
        starts = nn.functional.pad(mask.sum(1).cumsum(0), (1, 0))
        self.register_buffer("starts", starts.int())
        self.register_buffer("places", mask.nonzero()[:, 1].int())
        self.register_buffer("values", weight[mask].clone())
        self.register_buffer("bias", bias.clone())
        self._copy: tuple[tuple[object, ...], Tensor] | None = None
        self._csr: tuple[int, Tensor] | None = None
        self._dense_pays = False

    def forward(self, x: Float[Tensor, "*shape n_in"]) -> Float[Tensor, "*shape n_out"]:
        if x.shape[-1] != self.n_in:
            raise BadData(f"A sample has {x.shape[-1]} values. Expected {self.n_in}.")
        flat = x if x.dim() == 2 else x.reshape(-1, self.n_in)
        way, values, bias = self.way, self.values, self.bias
        if len(flat) == 0 or (x.requires_grad and torch.is_grad_enabled()):
            way = "dense"
        elif way == "fastest":
            way = fastest(self.ways, (flat, values, bias), len(values), self.n_in, self.n_out)
        y = self.ways[way](flat, values, bias)
        if way == "dense":
            self._dense_pays = True
        elif not self._dense_pays:
            self._copy = None  # it was made to be measured
        return y if x.dim() == 2 else y.view(*x.shape[:-1], self.n_out)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_copy": None, "_csr": None}  # a copy of the layer makes its own

    def _dense(self, x: Tensor, values: Tensor, bias: Tensor) -> Tensor:
        made_of = (values.data_ptr(), values.dtype, None if values.is_inference() else values._version)
        if self._copy is None or self._copy[0] != made_of:
            self._copy = made_of, self._matrix(values).to_dense()
        return nn.functional.linear(x, self._copy[1], bias)

    def _rows(self, x: Tensor, values: Tensor, bias: Tensor) -> Tensor:
        if len(x) == 1:
            return torch.mv(self._matrix(values), x[0]).add_(bias)[None]
        return (self._matrix(values) @ x.T).T + bias

    def _bags(self, x: Tensor, values: Tensor, bias: Tensor) -> Tensor:
        bags = nn.functional.embedding_bag(
            self.places, x.T.contiguous(), self.starts[:-1], mode="sum", per_sample_weights=values
        )
        return bags.T + bias

    def _matrix(self, values: Tensor) -> Tensor:
        """The same numbers as torch's CSR matrix, which lies over them and is not copied."""
        over = values.data_ptr()
        if self._csr is None or self._csr[0] != over:
            sizes = (self.n_out, self.n_in)
            self._csr = (
                over,
                torch.sparse_csr_tensor(self.starts, self.places, values, sizes, check_invariants=False),
            )
        return self._csr[1]


def _weakest(places: Tensor, values: Tensor, share: float) -> Tensor:
    if not 0 <= share <= 1:
        raise BadData(f"share is {share}. Expected a share of the synapses, 0…1.")
    return places[values.abs().argsort(stable=True)[: round(share * len(places))]]
