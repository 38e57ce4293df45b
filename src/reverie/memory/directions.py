"""Leading directions of keys, and what the covariances of classes are along them."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int64, Num
from torch import Tensor

from reverie.memory.sums import Sums

__all__ = ["Moments", "covariances_along", "leading", "moments_without"]

_ROUNDS = 8  # of the subspace iteration
_MORE = 20  # directions that it follows beyond those asked for


class Moments(NamedTuple):
    """What is known of classes along Uᵀh, for directions U.

    Attributes
    ----------
    counts : Tensor, shape [k]
        Samples that the covariances are of.
    covariances : list of Tensor, each of shape [m, m]
    third : Tensor or None, shape [t, t, t]
        Along the first t: the mean third moment about the means of the classes. None: it is not known.
    """

    counts: Float[Tensor, " k"]
    covariances: list[Float[Tensor, "m m"]]
    third: Float[Tensor, "t t t"] | None = None

    def within(self) -> Float[Tensor, "m m"]:
        """The covariance within classes, with a little in all directions, so that it can be factored."""
        found = torch.einsum("k,kij->ij", self.counts, torch.stack(self.covariances)) / self.counts.sum()
        found.diagonal().add_(1e-9 * found.diagonal().mean())
        return found

    def are_sound(self) -> bool:
        """Whether they can be the moments of samples: variances within classes are positive in all directions."""
        return int(torch.linalg.cholesky_ex(self.within()).info) == 0

    def first(self, m: int) -> "Moments":
        """Along the first m directions."""
        third = None if self.third is None else self.third[:m, :m, :m]
        return Moments(self.counts, [one[:m, :m] for one in self.covariances], third)


def leading(gram: Float[Tensor, "d d"], m: int) -> Tensor:
    """Leading directions of a covariance matrix, in eight bits, strongest first; int8 `[d, m]`."""
    d = len(gram)
    source = torch.Generator().manual_seed(0)
    found = torch.randn(d, min(d, m + _MORE), generator=source, dtype=gram.dtype)
    for _ in range(_ROUNDS):
        found = torch.linalg.qr(gram @ found).Q
    values, turned = torch.linalg.eigh(found.T @ gram @ found)
    found = (found @ turned).flip(1)[:, : min(m, int((values > 0).sum()))]
    codes: Tensor = (127 * found / found.abs().amax(0)).round().to(torch.int8)
    return codes


def covariances_along(
    sums: Sums, there: Int64[Tensor, " k"], directions: Tensor, known: dict[int, tuple[float, Tensor]] | None = None
) -> list[Float[Tensor, "m m"]]:
    """Uᵀ Σ_c U of each class.

    Parameters
    ----------
    known : dict, optional
        Of earlier calls with these directions: what a class had then, by its column. It is filled.
    """
    along, found = directions.double(), []
    for column in there.tolist():
        n = float(sums.sum_y[column])
        stamp = n + float(sums.cross[:, column].sum())
        if known is None or known.get(column, (None,))[0] != stamp:
            mean = (sums.cross[:, column] / n) @ along
            covariance = sums.along(column, along) / n - torch.outer(mean, mean)
            if known is None:
                found.append(covariance)
                continue
            known[column] = stamp, covariance
        found.append(known[column][1])
    return found


def moments_without(
    sums: Sums,
    without: Sums,
    there: Int64[Tensor, " k"],
    directions: Tensor,
    gone: tuple[Num[Tensor, "n d"], Int64[Tensor, " n"]],
) -> Moments:
    """Of sums that have a matrix for each class, less some keys, exactly.

    Parameters
    ----------
    without : Sums
        What is left of the sums of all.
    there : Tensor
        Columns.
    gone : tuple of Tensor
        The keys, and the places of their columns in `there`.
    """
    along, found = directions.double(), []
    at = gone[0].double() @ along
    for index, column in enumerate(there.tolist()):
        n = float(without.sum_y[column])
        mean = (without.cross[:, column] / n) @ along
        own = at[gone[1] == index]
        total = sums.along(column, along) - own.T @ own
        found.append(total / n - torch.outer(mean, mean))
    return Moments(without.sum_y[there], found)
