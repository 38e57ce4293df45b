"""Development: a cortex finds its filters from the first pictures it sees, without labels or backpropagation."""

import torch
from jaxtyping import Num
from torch import Tensor
from torch.nn.functional import normalize

from reverie.functional import whitening
from reverie.layers import VisualCortex
from reverie.plasticity.competitive import CompetitiveHebb

__all__ = ["develop"]

_BATCH = 1000  # patches between two changes of the synapses
_PICTURES = 500  # from which the gain is set


def develop(
    cortex: VisualCortex,
    pictures: Num[Tensor, "n *shape"],
    *,
    rule: CompetitiveHebb | None,
    patches: int = 100_000,
    epochs: int = 3,
    generator: torch.Generator,
) -> None:
    """Whiten, grow the filters, set the gain. The cortex is changed in place, once; afterwards it stays as it is.

    Parameters
    ----------
    rule : CompetitiveHebb or None
        How filters grow. None: they stay random, which is the control.
    patches : int
        How many patches are looked at, `epochs` times.

    Examples
    --------
    >>> generator = torch.Generator().manual_seed(0)
    >>> cortex = VisualCortex((8, 8), filters=4, patch=3, generator=generator)
    >>> develop(cortex, torch.rand(20, 8, 8), rule=CompetitiveHebb(), patches=500, generator=generator)
    >>> cortex.filters.norm(dim=1).round()
    tensor([1., 1., 1., 1.])
    """
    seen = cortex.patches(pictures, patches, generator)
    mean, matrix = whitening(seen)
    cortex.mean.copy_(mean)
    cortex.whitening.copy_(matrix)
    if rule is not None:
        z = (seen - mean) @ matrix
        weight = normalize(z[torch.randint(len(z), (len(cortex.filters),), generator=generator)])
        weight = normalize(
            weight + 0.01 * torch.randn(weight.shape, generator=generator)
        )  # flat patches have no direction
        for _ in range(epochs):
            for batch in z[torch.randperm(len(z), generator=generator)].split(_BATCH):
                weight = rule.step(weight, batch)
        cortex.filters.copy_(weight)
    some = torch.randperm(len(pictures), generator=generator)[:_PICTURES]
    cortex.rescale(pictures[some])
