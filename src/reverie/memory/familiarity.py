"""Is this one of the classes that I know? Answered from the memory's scores, at no cost beyond them.

Two hypotheses for a key h: it comes from the Gaussian of its nearest class, N(μ_c, Σ_within), or from that of all
keys, N(μ, Σ_total). The logarithm of their ratio is::

    ℓ(h) = ½ (L − n min_c r_c),     r_c = (h−μ_c)ᵀ(G_within+λI)⁻¹(h−μ_c) − (h−μ)ᵀ(G_total+λI)⁻¹(h−μ),
    L = ln |G_total+λI| / |G_within+λI|

r is the relative Mahalanobis distance. G_total and G_within differ by the k class means only, so by Woodbury's identity
r and L follow from the k scores s = ȳ + Wᵀ(h−μ) of the read-out: with N = diag(counts), M = the class means about μ,
N^½ Mᵀ W N^−½ = V β Vᵀ, γ = β / (1 − β), and z = N^−½ (s − ȳ) ::

    r_c = ‖z‖² + Σ γ (Vᵀz)² − 2 (N^−½ (z + V γ Vᵀz))_c + Σ γ V_c² / n_c,     L = −Σ ln(1 − β)

β is the share of a direction between classes that the read-out explains, so β ≤ T / (T + λ), T the trace of G_total:
where classes lie so far apart that 1 − β is lost in rounding, this bound stands in its place. V has min(d, k) columns.

Where the memory has chosen what it decides by (`choice`), r is taken at the λ of that choice, at which the classes are
told apart best, and novelty is ½ where 95 % of new samples of known classes are expected to stay below::

    1 / (1 + exp(−1.5 (r − r₉₅) / (r₉₅ − r₅₀)))

Otherwise (λ is given, or there are too few samples) it goes by ℓ as below.

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

_STEEP = 1.5  # novelty of half of the known samples is below 1 / (1 + e^1.5)
_UNUSUAL = 5  # times the usual posterior variance
_UNSEEN = 1e-12  # a share that is explained and does not matter


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
    inverse, _, _ = memory.solution()
    freedom = len(inverse) - memory.chosen_ridge() * float(inverse.diagonal().sum())
    variance = memory.novelty(keys)
    usual = freedom / max(n - freedom, 1.0)
    strange = variance / (variance + _UNUSUAL * usual + 1e-300)
    found = memory.relative(keys)
    if found is not None:
        distance, (half, most) = found
        return torch.maximum(torch.sigmoid(_STEEP * (distance - most) / max(most - half, 1e-300)), strange)
    there = counts > 0.5
    if int(there.sum()) < 2:
        return strange
    there = there.nonzero().flatten()
    counts, mean, class_means = counts[there], *memory.means()
    root = counts.sqrt()
    trace = memory.energy()
    most = trace / (trace + memory.chosen_ridge())
    beta, v = _between(root[:, None] * (class_means[there] - mean), inverse, most)
    spread = -float(torch.log1p(-beta).sum())
    if not spread > 0:
        return strange
    gamma = beta / (1 - beta)
    z = (memory.read(keys)[:, there] - counts / n) / root
    turned = z @ v
    own = (v.square() @ gamma) / counts
    relative = (z.square().sum(1) + turned.square() @ gamma)[:, None] - 2 * (z + (turned * gamma) @ v.T) / root + own
    evidence = (spread - n * relative.min(1).values) / 2
    return torch.maximum(torch.sigmoid(-4 * evidence / spread), strange)


def _between(
    means: Float[Tensor, "k d"], inverse: Float[Tensor, "d d"], most: float
) -> tuple[Float[Tensor, " r"], Float[Tensor, "k r"]]:
    """β and V of M (G+λI)⁻¹ Mᵀ, for `means` M of the classes times √n; β is at most `most`.

    The smaller of it and of the product the other way round is decomposed.
    """
    k, d = means.shape
    if k <= d:
        product = means @ inverse @ means.T
        beta, v = torch.linalg.eigh((product + product.T) / 2)
        return beta.clamp(0, most), v
    along = means @ torch.linalg.cholesky(inverse)
    beta, turned = torch.linalg.eigh(along.T @ along)
    seen = beta > _UNSEEN
    beta, turned = beta[seen], turned[:, seen]
    return beta.clamp(0, most), along @ turned / beta.sqrt()
