"""Dreams: keys drawn from what the sums say of each class, and what the memory answers to them.

    h ~ N(μ_c, Σ_c)

The means and covariances are the memory's own: one covariance per class where it keeps sums per class, mixed with the
common one (λ of regularised discriminant analysis), else the common one alone. Nothing else is stored. Of a class of
few samples the two parts are drawn apart and added, so that a thin factor is all that is kept of its own.

Reference: Friedman, 1989, JASA 84 (mixing the covariances).
"""

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from reverie.functional import has_low_rank, thin_factor
from reverie.memory import AssociativeMemory

__all__ = ["Dreamer"]

_COMMON = 0.3  # weight of the common covariance
_JITTER = 1e-2  # of the mean variance, so that directions without any can be factored


class Dreamer:
    """Draws keys of the classes that a memory of one-hot values knows.

    Parameters
    ----------
    memory : AssociativeMemory
    lowest, highest : float
        Keys are whole numbers within these; NaN: any numbers.

    Examples
    --------
    >>> memory = AssociativeMemory()
    >>> keys = torch.tensor([[0.0, 1.0], [0.2, 0.9], [5.0, 5.0], [5.1, 4.8]])
    >>> memory.write(keys, torch.tensor([[1, 0], [1, 0], [0, 1], [0, 1]]))
    >>> dreams, of = Dreamer(memory).dream(4, torch.Generator().manual_seed(0))
    >>> dreams.shape, of.shape
    (torch.Size([4, 2]), torch.Size([4]))
    """

    def __init__(
        self, memory: AssociativeMemory, *, lowest: float = float("nan"), highest: float = float("nan")
    ) -> None:
        counts, self.means, covariances = memory.moments()
        self.classes = counts.nonzero().flatten()
        self.lowest, self.highest = lowest, highest
        common = memory.within() / counts.sum()
        d = len(common)
        jitter = _JITTER * float(common.diagonal().mean()) + 1e-12
        few = has_low_rank(float(counts.sum()), d)
        self.spread = jitter**0.5 if few else 0.0  # of what is added where the factors are thin
        self.factors: list[Tensor] = []
        self.alone: list[bool] = []  # whether a factor is of a class's own part alone; the common part is drawn beside
        for covariance, count in zip(covariances, counts.tolist() if memory.per_class else [torch.inf], strict=True):
            own = has_low_rank(count, d)
            self.alone.append(own)
            if own:
                self.factors.append(thin_factor((1 - _COMMON) * covariance).float())
            else:
                mixed = (1 - _COMMON) * covariance + _COMMON * common if memory.per_class else common
                self.factors.append(_factor(mixed, jitter, few))
        self.common = _factor(_COMMON * common, jitter, few) if any(self.alone) else None

    def dream(
        self, n: int, generator: torch.Generator, need: Float[Tensor, " k"] | None = None
    ) -> tuple[Float[Tensor, "n d"], Int64[Tensor, " n"]]:
        """`n` keys and the value column of each one's class; classes are drawn evenly, or in proportion to `need`."""
        if need is None:
            of = self.classes[torch.randint(len(self.classes), (n,), generator=generator)]
        else:
            of = self.classes[torch.multinomial(need[self.classes], n, replacement=True, generator=generator)]
        keys = self.means[of].float()
        for column in of.unique().tolist() if len(self.factors) > 1 else [0]:
            here = of == column if len(self.factors) > 1 else slice(None)
            factor = self.factors[column]
            keys[here] += torch.randn(len(keys[here]), factor.shape[1], generator=generator) @ factor.T
            if self.common is not None and self.alone[column]:
                common = self.common
                keys[here] += torch.randn(len(keys[here]), common.shape[1], generator=generator) @ common.T
        if self.spread:
            keys += self.spread * torch.randn(keys.shape, generator=generator)
        return (keys.round().clamp(self.lowest, self.highest) if self.lowest == self.lowest else keys), of


def _factor(covariance: Tensor, jitter: float, few: bool) -> Tensor:
    if few:
        return thin_factor(covariance).float()
    factor: Tensor = torch.linalg.cholesky(covariance + jitter * torch.eye(len(covariance), dtype=covariance.dtype))
    return factor.float()
