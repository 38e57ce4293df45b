"""Which read-out, how strongly damped, and how sure of itself: chosen by the sums alone, from what they expect of it.

With A = G + λI about the mean and M the class means about it, everything that ridge and discriminant analysis say of a
key h depends on its k numbers Mᵀ A⁻¹ h. Within class c these have a mean and a covariance that follow from the sums, so
new samples can be drawn where the answers are made, at the price of k numbers each. Three things make such a draw as
hard as a sample that was never learned:

- A learned sample e (about its mean, of n_c) has helped to make its own read-out. Taking it away is in closed form. For
  ridge, with leverage ℓ = hᵀA⁻¹h, the answer becomes (ŷ − ℓ y) / (1 − ℓ). For discriminant analysis, with the matrix
  Ω = A − M N Mᵀ, t = eᵀΩ⁻¹e, α = n_c / (n_c − 1) and u = eᵀΩ⁻¹(μ_c − μ_j), the squared distance to another class
  becomes t + 2u + D_cj + α (t + u)² / (1 − αt), and that to its own α² t / (1 − αt). ℓ and t are put at their means.
- Classes differ in their covariances: each has its own where there are sums per class and few classes (mixed with the
  common one), else the common one.
- Samples have heavier tails than a Gaussian: deviations are drawn from Student's distribution, of ten degrees of
  freedom where covariances are per class, of four where they are not.

Where classes lie far apart, no draw is ever wrong, and probabilities would be as sure as can be. So much is not known
from n samples: half a sample for each class is taken to have the label that comes next (Jeffreys' rule).

For each λ of a grid and both read-outs the draws give the log-loss at its best temperature. The least wins. A λ with a
mean leverage of more than .7 takes no part: there the corrections divide by what is lost in the approximation.

References: Hastie, Tibshirani, Buja, 1994, JASA 89 (least squares on indicators and discriminant analysis are one);
Friedman, 1989, JASA 84 (regularised discriminant analysis); Guo et al., 2017, ICML (temperature).
"""

from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from reverie.functional import Spectrum
from reverie.memory.gram import symmetric
from reverie.memory.sums import Sums

__all__ = ["Choice", "choosable", "choose", "relative_distances"]

_GRID = tuple(10 ** (step / 2) for step in range(-6, 5))  # λ in relation to the mean variance within classes
_MOST = 0.7  # of the leverage
_MOST_CLASSES = 400
_OWN = 32  # classes up to which each has its own covariance
_COMMON = 0.3  # weight of the common covariance
_FREEDOM, _FREEDOM_COMMON = 10, 4  # of Student's distribution
_FREEDOM_KNOWN, _FREEDOM_KNOWN_COMMON = 8, 6  # where it is asked what is usual
_DRAWS = 4000
_KNOWN = 0.95  # share of samples of known classes that are not to be flagged
_PRIOR = 0.5  # samples of each class that are taken to have another label
_FEW = 2  # samples of a class, on average, below which there is too little to choose by


Kind = Literal["ridge", "discriminant"]
KINDS: tuple[Kind, ...] = ("ridge", "discriminant")


class Choice(NamedTuple):
    """What was chosen.

    Attributes
    ----------
    ridge : float
        λ, for sums about their means.
    slope : float
        What makes logits of scores.
    loss, accuracy : float
        What is expected of samples that were never learned.
    """

    kind: Kind
    ridge: float
    slope: float
    loss: float
    accuracy: float
    known: tuple[float, float]
    """Relative distances that half, and 95 %, of new samples of known classes stay below."""


def choosable(samples: float, classes: int, d: int) -> bool:
    """Whether there are enough samples, and not too many classes, to choose by."""
    return 2 <= classes <= min(_MOST_CLASSES, d) and samples >= _FEW * classes


def choose(sums: Sums, seen: Spectrum, there: Tensor) -> Choice | None:
    """The read-out for labels with the least expected log-loss; None: too few samples, or too many classes, to tell.

    Parameters
    ----------
    seen : Spectrum
        Of the sums about their means, and of the columns `there`; with its way back.
    there : int64 Tensor, shape [k]
        Columns that have samples.
    """
    n, d, k = sums.n, len(sums.sum_h), len(there)
    if not choosable(n, k, d) or seen.back is None:
        return None
    order = sums.cross[:, there].sum(0).argsort(stable=True)  # whichever class came first, the draws are the same
    there, seen = there[order], seen._replace(turned=seen.turned[:, order])
    counts = sums.sum_y[there]
    means = seen.turned / counts
    within = float(seen.eigenvalues.sum()) - float((means.square().sum(0) * counts).sum())
    scale = within / d
    if not scale > 1e-12 * float(seen.eigenvalues.sum()):
        return None
    own = sums.per_class and k <= _OWN
    source = torch.Generator().manual_seed(0)
    of = torch.multinomial(counts, _DRAWS, replacement=True, generator=source)
    drawn = torch.randn(_DRAWS, k, generator=source, dtype=torch.float64)
    freedom = _FREEDOM if own else _FREEDOM_COMMON
    chi = torch.randn(_DRAWS, freedom, generator=source, dtype=torch.float64).square().sum(1, keepdim=True)
    tails = (freedom / chi).sqrt()
    freedom = _FREEDOM_KNOWN if own else _FREEDOM_KNOWN_COMMON
    chi = torch.randn(_DRAWS, freedom, generator=source, dtype=torch.float64).square().sum(1, keepdim=True)
    usual = (freedom / chi).sqrt()
    sides = [_Side.of(seen, means, counts, n, d, scale * share) for share in _GRID]
    sides = [side for side in sides if side.leverage <= _MOST] or sides[-1:]
    spreads = _own_spreads(sums, seen, sides, there) if own else [[side.common] for side in sides]
    rare = _PRIOR * k / (n + _PRIOR * k)
    found: list[Choice] = []
    for side, spread in zip(sides, spreads, strict=True):
        plain = _deviations(drawn, of, spread)
        away = plain * tails
        known = side.usual(of, plain * usual)
        for kind in KINDS:
            scores = side.ridge_scores(of, away) if kind == "ridge" else side.distances(of, away)
            slope, loss = _temperature(scores, of, rare)
            right = float((scores.argmax(1) == of).double().mean())
            found.append(Choice(kind, side.ridge, slope, loss, right, known))
    return min(found, key=lambda choice: choice.loss)


class _Side(NamedTuple):
    """The k numbers of one λ."""

    ridge: float
    counts: Tensor
    n: float
    places: Tensor
    """Mᵀ A⁻¹ M: where the classes' means lie."""
    common: Tensor
    """The covariance within classes."""
    solved: Tensor
    """(T + λ)⁻¹ of the means, for the way back."""
    inverse: Tensor
    """(I − N B)⁻¹."""
    leverage: float
    within_leverage: float
    t: float

    @classmethod
    def of(cls, seen: Spectrum, means: Tensor, counts: Tensor, n: float, d: int, ridge: float) -> "_Side":
        solved = seen.solve(means, ridge)
        b, q = means.T @ solved, solved.T @ solved
        b = (b + b.T) / 2
        scatter = b - ridge * q - b @ (counts[:, None] * b)
        inverse = torch.linalg.inv(torch.eye(len(b), dtype=b.dtype) - counts[:, None] * b)
        trace = float((1 / (seen.eigenvalues + ridge)).sum())
        t = (d - ridge * (trace + float(torch.trace(inverse @ (counts[:, None] * q))))) / n
        within = (d - ridge * trace - float((b.diagonal() * counts).sum())) / n
        return cls(ridge, counts, n, b, (scatter + scatter.T) / (2 * n), solved, inverse, max(t, within), within, t)

    def ridge_scores(self, of: Tensor, away: Tensor) -> Tensor:
        """Of samples that are left out."""
        share = self.counts / self.n
        scores: Tensor = self.counts * (self.places[of] + away) + share
        leverage = (self.within_leverage + self.places.diagonal()[of] + 1 / self.n).clamp(max=0.999)[:, None]
        scores = (scores - leverage * one_hot(of, len(share))) / (1 - leverage)
        return scores

    def usual(self, of: Tensor, away: Tensor) -> tuple[float, float]:
        """Relative distances to the nearest class that half, and 95 %, of left-out samples stay below."""
        places = self.places[of] + away / (1 - self.t)
        relative = relative_distances(places, self.places, self.counts, self.n, self.inverse).amin(1)
        half, most = torch.quantile(relative, torch.tensor([0.5, _KNOWN], dtype=relative.dtype)).tolist()
        return half, most

    def distances(self, of: Tensor, away: Tensor) -> Tensor:
        """−½ squared distances, and the logarithm of each class's share, of samples that are left out."""
        along = away @ self.inverse
        u = along.gather(1, of[:, None]) - along
        b = self.places @ self.inverse
        apart = b.diagonal()[of][:, None] + b.diagonal()[None] - 2 * b[of]
        alpha = (self.counts / (self.counts - 1).clamp_min(1))[of][:, None]
        left = (1 - alpha * self.t).clamp_min(1e-3)
        squares: Tensor = self.t + 2 * u + apart + alpha * (self.t + u).square() / left
        squares.scatter_(1, of[:, None], alpha.square() * self.t / left)
        logits: Tensor = (self.counts / self.n).log() - self.n / 2 * squares
        return logits


def relative_distances(
    at: Float[Tensor, "m k"], places: Float[Tensor, "k k"], counts: Tensor, n: float, inverse: Float[Tensor, "k k"]
) -> Float[Tensor, "m k"]:
    """Squared distance to each class mean by the covariance within, less that to the mean of all by the whole one.

    Parameters
    ----------
    at : Tensor
        Mᵀ A⁻¹ h of each key.
    places : Tensor
        B = Mᵀ A⁻¹ M.
    inverse : Tensor
        (I − N B)⁻¹.
    """
    along = at @ inverse
    common = (along * counts * at).sum(1, keepdim=True)
    distances: Tensor = n * (common - 2 * along + (places @ inverse).diagonal())
    return distances


def _own_spreads(sums: Sums, seen: Spectrum, sides: list[_Side], there: Tensor) -> list[list[Tensor]]:
    """For each λ, the covariance of each class, mixed with the common one."""
    assert seen.back is not None
    k = len(there)
    along = seen.back(torch.cat([side.solved for side in sides], 1))  # A⁻¹ M of every λ
    spreads: list[list[Tensor]] = [[] for _ in sides]
    for column in there.tolist():
        count, total = float(sums.sum_y[column]), sums.cross[:, column]
        squares = symmetric(sums.gram(column)) @ along
        about = (total / count) @ along
        for index, side in enumerate(sides):
            part = slice(index * k, (index + 1) * k)
            own = along[:, part].T @ squares[:, part] / count - torch.outer(about[part], about[part])
            spreads[index].append((1 - _COMMON) * (own + own.T) / 2 + _COMMON * side.common)
    return spreads


def _deviations(drawn: Tensor, of: Tensor, spread: list[Tensor]) -> Tensor:
    """Draws with these covariances: one for each class, or one for all."""
    roots = []
    for one in spread:
        values, vectors = torch.linalg.eigh(one)
        roots.append((vectors * values.clamp_min(0).sqrt()).T)
    if len(roots) == 1:
        every: Tensor = drawn @ roots[0]
        return every
    away = torch.empty_like(drawn)
    for column, root in enumerate(roots):
        here = of == column
        away[here] = drawn[here] @ root
    return away


def _temperature(scores: Float[Tensor, "n k"], of: Tensor, rare: float) -> tuple[float, float]:
    """The factor with the least log-loss, and that: a search by thirds of its logarithm.

    `rare`: the share of samples whose label is taken to be the best one of the others.
    """
    own = scores.gather(1, of[:, None])
    margin = float((own - scores.scatter(1, of[:, None], -torch.inf).amax(1, keepdim=True)).mean())
    scores = (scores - scores.amax(1, keepdim=True)).float()

    def loss(step: float) -> float:
        return float(cross_entropy(scores * 10**step, of)) + rare * 10**step * margin

    steps = [-3.0 + 0.75 * index for index in range(10)]
    losses = [loss(step) for step in steps]
    best = losses.index(min(losses))
    low, high = steps[best] - 0.75, steps[best] + 0.75
    for _ in range(5):
        one, two = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, two) if loss(one) < loss(two) else (one, high)
    step = (low + high) / 2
    return 10**step, loss(step)
