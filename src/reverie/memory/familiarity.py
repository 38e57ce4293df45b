"""Is this one of the classes that I know? Answered from the memory's scores, at no cost beyond them.

Two hypotheses for a key h: it comes from the Gaussian of its nearest class, N(μ_c, Σ_within), or from that of all
keys, N(μ, Σ_total). The logarithm of their ratio is::

    ℓ(h) = ½ (L − n min_c r_c),     r_c = (h−μ_c)ᵀ(G_within+λI)⁻¹(h−μ_c) − (h−μ)ᵀ(G_total+λI)⁻¹(h−μ),
    L = ln |G_total+λI| / |G_within+λI|

r is the relative Mahalanobis distance. G_total and G_within differ by the k class means only, so by Woodbury's identity
r and L follow from the k scores s = ȳ + Wᵀ(h−μ) of the read-out: with N = diag(counts), M = the class means about μ,
B = MᵀW N⁻¹, A = (N⁻¹ − B)⁻¹ and q = N⁻¹(s − ȳ) ::

    r_c = qᵀA q − 2 (N⁻¹A q)_c + (N⁻¹A B)_cc,     L = −ln |I − N B|

Keys that are like nothing at all lie in directions of which both Gaussians know nothing; those show by the posterior
variance v (`AssociativeMemory.novelty`), which is t = f / (n − f) for keys like the old ones, f the read-out's degrees
of freedom. Novelty is the larger of ::

    1 / (1 + exp(4 ℓ / L))     and     v / (v + 5 t)

and ½ is where "none of these" begins to be the better explanation: the second passes it at five times the usual.

References: Ren et al., 2021, arXiv 2106.09022 (relative Mahalanobis distance); Hastie, Tibshirani, Buja, 1994, JASA 89
(least squares on indicators and discriminant analysis are one).
"""

import torch
from jaxtyping import Float, Num
from torch import Tensor

from reverie.memory.associative import AssociativeMemory

__all__ = ["unfamiliarity"]

_UNUSUAL = 5  # times the usual posterior variance


def unfamiliarity(memory: AssociativeMemory, keys: Num[Tensor, "n d"]) -> Float[Tensor, " n"]:
    """How little each key is like the classes that a memory of one-hot values knows: 0…1, from ½ on like none.

    Examples
    --------
    >>> source = torch.Generator().manual_seed(0)
    >>> old = torch.randn(300, 4, generator=source) + 9 * torch.eye(4)[torch.arange(300) % 3]
    >>> memory = AssociativeMemory()
    >>> memory.write(old, torch.eye(3)[torch.arange(300) % 3])
    >>> new = torch.randn(100, 4, generator=source) + 9 * torch.eye(4)[3]
    >>> bool(unfamiliarity(memory, old).mean() < 0.4), bool(unfamiliarity(memory, new).mean() > 0.8)
    (True, True)
    """
    n, counts = memory.samples, memory.value_sums
    inverse, weights, _ = memory.solution()
    freedom = len(inverse) - memory.chosen_ridge() * float(inverse.diagonal().sum())
    variance = memory.novelty(keys)
    usual = freedom / max(n - freedom, 1.0)
    strange = variance / (variance + _UNUSUAL * usual + 1e-300)
    there = counts > 0.5
    if int(there.sum()) < 2:
        return strange
    counts = counts[there]
    mean, class_means = memory.means()
    between = (class_means[there] - mean) @ weights[:, there] / counts
    between = (between + between.T) / 2
    inner = torch.linalg.inv(torch.diag(1 / counts) - between)
    spread = -float(torch.linalg.slogdet(torch.eye(len(counts), dtype=counts.dtype) - counts[:, None] * between)[1])
    if not spread > 0:
        return strange
    q = (memory.read(keys)[:, there] - counts / n) / counts
    relative = ((q @ inner) * q).sum(1, keepdim=True) - 2 * (q @ inner) / counts + (inner @ between).diagonal() / counts
    evidence = (spread - n * relative.min(1).values) / 2
    return torch.maximum(torch.sigmoid(-4 * evidence / spread), strange)
