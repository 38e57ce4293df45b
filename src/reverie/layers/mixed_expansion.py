"""An expansion for columns of different meaning: some cells see all columns, some only a few, some a single one.

For inputs x that are standardised, with cells of three kinds, each a spike count 0…127::

    dense:   as `reverie.layers.Expansion`: random projections of x on the unit sphere
    narrow:  max(w · x_S + b, 0),  S one to three columns drawn at random, ‖w‖ = 1, b ~ N(0, 1)
    single:  max(x_j, 0) and max(−x_j, 0) of every column

Narrow cells find what depends on few columns, as most rules in tables do; a dense projection drowns it in the others.
Single cells keep what is linear.

Reference: Rahimi & Recht, 2008, NeurIPS (random features); half of the cells are dense, half narrow, by measurements on
credit, attrition and titanic (`benchmarks/senses.py`).
"""

import torch
from jaxtyping import Num, UInt8
from torch import Tensor, nn

from reverie.errors import BadData
from reverie.layers.expansion import Expansion, spikes_of

__all__ = ["MixedExpansion"]

_SEEN = 3  # columns that a narrow cell sees, at most


class MixedExpansion(nn.Module):
    """Random expansion of standardised columns to a code of spike counts.

    Parameters
    ----------
    n_in, width : int
        Number of inputs, and of dense and narrow cells together; two single cells for each input come to them.
    generator : torch.Generator
        Source of the projections.

    Examples
    --------
    >>> code = MixedExpansion(4, 16, generator=torch.Generator().manual_seed(0))(torch.randn(2, 4))
    >>> code.shape, code.dtype
    (torch.Size([2, 24]), torch.uint8)
    """

    narrow: Tensor
    narrow_bias: Tensor

    def __init__(self, n_in: int, width: int, *, generator: torch.Generator) -> None:
        super().__init__()
        if width < 4:
            raise BadData(f"width is {width}. Expected the number of cells, 4 or more.")
        self.n_in, cells = n_in, width // 2
        self.dense = Expansion(n_in, width - cells, generator=generator)
        seen = torch.rand(n_in, cells, generator=generator).argsort(0).argsort(0)
        few = torch.randint(1, min(_SEEN, n_in) + 1, (cells,), generator=generator)
        weights = torch.randn(n_in, cells, generator=generator) * (seen < few)
        bias = torch.randn(cells, generator=generator)
        alone = torch.eye(n_in)
        self.register_buffer("narrow", torch.cat([nn.functional.normalize(weights, dim=0), alone, -alone], 1))
        self.register_buffer("narrow_bias", torch.cat([bias, torch.zeros(2 * n_in)]))

    @torch.no_grad()
    def forward(self, x: Num[Tensor, "n d"]) -> UInt8[Tensor, "n cells"]:
        x = x.float()
        return torch.cat([self.dense(x), spikes_of(torch.addmm(self.narrow_bias, x, self.narrow))], 1)
