"""Sharper answers from the same sums: classes differ in their covariances, and discriminant analysis uses their mean.

Along m leading directions U of the keys, u = Uᵀh, the score of class c becomes::

    score_c(h) + β [log N(u; μ_c, A_c) − log N(u; μ_c, Σ_w)]
    A_c = Σ_w + w_c (Σ_c − Σ_w),     w_c = (1 − α) n_c / (n_c + m)

where score_c is that of discriminant analysis (`discriminant`), Σ_c the class's covariance and Σ_w the one within
classes. It is a Gaussian model where α = 0 and β = 1; but keys are not Gaussian, and few samples tell little of m²/2
numbers. So m, α, β and the slope that makes logits of scores are chosen on keys that are kept aside: the read-out is
solved without them, exactly, and what it answers of them is compared. Where nothing is gained, nothing is sharpened.

The directions are kept in eight bits: the terms depend only on what they span.

References: Friedman, 1989, JASA 84 (regularised discriminant analysis); arXiv 2602.00144 (an affine and a low-rank
quadratic term for continual learning).
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int64, Num
from torch import Tensor
from torch.nn.functional import cross_entropy

from reverie.contracts import State
from reverie.memory.discriminant import discriminant
from reverie.memory.readout import Readout
from reverie.memory.sums import Sums

__all__ = ["Folded", "HeldOut", "Sharpened", "Sharpening", "chosen", "covariances_along", "leading"]

_WIDTHS = (100, 200)
_ALPHAS = (0.85,)
_BETAS = (0.75, 1.5)
_SLOPES = tuple(10 ** (step / 8) for step in range(-14, 5))
_SURE = 2.0  # standard errors by which the log-loss must be better
_LEAST = 20  # keys aside
_ROUNDS = 8  # of the subspace iteration
_MORE = 20  # directions that it follows beyond those asked for


class Sharpening(NamedTuple):
    """What was chosen.

    Attributes
    ----------
    directions : Int8 Tensor, shape [d, m]
    alpha, beta, slope : float
    """

    directions: Tensor
    alpha: float
    beta: float
    slope: float

    def state(self) -> State:
        """For keeping."""
        return {"directions": self.directions, "numbers": [self.alpha, self.beta, self.slope]}

    @classmethod
    def of(cls, state: State) -> "Sharpening":
        """What `state` gave."""
        return cls(state["directions"], *(float(one) for one in state["numbers"]))

    def restrict(self, inputs: Int64[Tensor, " kept"]) -> "Sharpening":
        """For keys of these inputs."""
        return self._replace(directions=self.directions[inputs])


class _Terms(NamedTuple):
    """Of one class, whitened by what is within: −½ vᵀ curve v − ½ logdet, v the whitened u less μ_c."""

    mean: Tensor
    curve: Tensor
    logdet: Tensor


class Folded(NamedTuple):
    """score_c(h) = intercept_c + hᵀ weights_c − ½ uᵀ curve_c u,   u = alongᵀ h."""

    weights: Float[Tensor, "d k"]
    intercept: Float[Tensor, " k"]
    along: Float[Tensor, "d m"]
    curves: Float[Tensor, "k m m"]

    def scores(self, keys: Num[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """Of keys."""
        found = []
        for part in keys.split(1024):
            part = part.double()
            at = part @ self.along
            bent = torch.stack([((at @ curve) * at).sum(1) for curve in self.curves], 1)
            found.append(torch.addmm(self.intercept, part, self.weights) - bent / 2)
        return torch.cat(found)


class Sharpened:
    """Quadratic terms of the classes that have samples.

    Parameters
    ----------
    means : Tensor, shape [k, d]
        Of the classes.
    """

    def __init__(
        self,
        sharpening: Sharpening,
        means: Float[Tensor, "k d"],
        counts: Float[Tensor, " k"],
        covariances: list[Float[Tensor, "m m"]],
    ) -> None:
        self.sharpening = sharpening
        self._directions = sharpening.directions.double()
        within = sum(n * one for n, one in zip(counts.tolist(), covariances, strict=True)) / float(counts.sum())
        assert isinstance(within, Tensor)
        m = len(within)
        within = within + 1e-9 * within.diagonal().mean() * torch.eye(m, dtype=within.dtype)
        root = torch.linalg.cholesky(within)
        self._whiten = torch.linalg.solve_triangular(root, torch.eye(m, dtype=root.dtype), upper=False).T
        self._terms = []
        for mean, n, covariance in zip(means @ self._directions, counts.tolist(), covariances, strict=True):
            weight = (1 - sharpening.alpha) * n / (n + m)
            a = weight * self._whiten.T @ covariance @ self._whiten + (1 - weight) * torch.eye(m, dtype=root.dtype)
            factor = torch.linalg.cholesky((a + a.T) / 2)
            curve = torch.cholesky_inverse(factor) - torch.eye(m, dtype=root.dtype)
            self._terms.append(_Terms(mean @ self._whiten, curve, factor.diagonal().log().sum()))

    def terms(self, keys: Num[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """β [log N(u; μ_c, A_c) − log N(u; μ_c, Σ_w)]."""
        found = []
        for part in keys.split(1024):
            at = part.double() @ self._directions @ self._whiten
            columns = []
            for term in self._terms:
                away = at - term.mean
                columns.append(-((away @ term.curve) * away).sum(1) / 2 - term.logdet)
            found.append(torch.stack(columns, 1))
        return self.sharpening.beta * torch.cat(found)

    def folded(self, weights: Float[Tensor, "d k"], intercept: Float[Tensor, " k"]) -> "Folded":
        """The scores of `weights` and `intercept`, and the terms, with what is linear in the keys put together."""
        beta, along = self.sharpening.beta, self._directions @ self._whiten
        turned = torch.stack([term.curve @ term.mean for term in self._terms], 1)
        own = [-(term.mean @ term.curve @ term.mean) / 2 - term.logdet for term in self._terms]
        curves = beta * torch.stack([term.curve for term in self._terms])
        return Folded(weights + beta * along @ turned, intercept + beta * torch.stack(own), along, curves)


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


class HeldOut(NamedTuple):
    """Keys aside, and the sums without them.

    Attributes
    ----------
    there : Int64[Tensor, " k"]
        Columns of the classes that are left.
    keys, of : Tensor
        Keys aside of these, and their places among them.
    """

    without: Sums
    there: Int64[Tensor, " k"]
    keys: Num[Tensor, "n d"]
    of: Int64[Tensor, " n"]

    @classmethod
    def take(cls, sums: Sums, keys: Num[Tensor, "n d"], of: Int64[Tensor, " n"]) -> "HeldOut | None":
        """Take keys out of sums of one-hot values that hold them; None: they are too few, or their classes."""
        if len(keys) < _LEAST or not sums.one_hot:
            return None
        totals = sums.sum_h.clone(), sums.sum_y.clone(), sums.sum_yy.clone()
        rest = Sums(sums.n, *totals, [sums.total().clone()], sums.cross.clone(), per_class=False)
        rest.add_labels(keys, of, -1)
        there = (rest.sum_y > 1.5).nonzero().flatten()
        seen = torch.isin(of, there)
        if len(there) < 2 or int(seen.sum()) < _LEAST:
            return None
        return cls(rest, there, keys[seen], torch.searchsorted(there, of[seen]))

    def scores(self, kind: str, ridge: float) -> Float[Tensor, "n k"]:
        """What is answered of the keys aside by a read-out that has not seen them."""
        readout = Readout.solve(self.without, ridge)
        if kind == "ridge":
            weights, intercept = (part[..., self.there] for part in readout.mapping(self.without))
        else:
            weights, intercept = discriminant(readout, self.without, self.there)
        return self.keys.double() @ weights + intercept

    def losses(self, scores: Float[Tensor, "n k"]) -> tuple[float, Float[Tensor, " n"]]:
        """The slope with the least log-loss, and the loss of each key."""
        scores = (scores - scores.amax(1, keepdim=True)).float()
        losses = [cross_entropy(slope * scores, self.of, reduction="none") for slope in _SLOPES]
        best = min(range(len(_SLOPES)), key=lambda index: float(losses[index].mean()))
        return _SLOPES[best], losses[best].double()

    def right(self, scores: Float[Tensor, "n k"]) -> float:
        """The share of keys that are answered rightly."""
        return float((scores.argmax(1) == self.of).double().mean())


def chosen(sums: Sums, kind: str, ridge: float, held: HeldOut) -> tuple[Sharpening | None, dict[str, float]]:
    """What sharpens the answers for keys that are kept aside; None: nothing does, surely.

    Parameters
    ----------
    sums : Sums
        One matrix for each class, whole numbers; the keys aside are among what they hold.
    kind : {"ridge", "discriminant"}
        What is answered by now.
    ridge : float
        λ.

    Returns
    -------
    Sharpening or None
    dict
        `aside`, how many keys; of the log-loss and the accuracy on them `loss` and `accuracy` as it is, `sharp_loss`
        and `sharp_accuracy` with the best that was found, and `error`, the standard error of the difference.
    """
    plain = held.scores(kind, ridge)
    _, plain_losses = held.losses(plain)
    base = plain if kind == "discriminant" else held.scores("discriminant", ridge)
    directions = leading(held.without.centred()[0], min(max(_WIDTHS), len(sums.sum_h) // 2))
    counts, means = held.without.sum_y[held.there], held.without.cross[:, held.there] / held.without.sum_y[held.there]
    whole = _covariances_without(sums, held, directions)
    found: list[tuple[float, Sharpening, Tensor, float]] = []
    for width in sorted({min(width, directions.shape[1]) for width in _WIDTHS}):
        part = [one[:width, :width] for one in whole]
        for alpha in _ALPHAS:
            made = Sharpening(directions[:, :width].contiguous(), alpha, 1.0, 1.0)
            terms = Sharpened(made, means.T, counts, part).terms(held.keys)
            for beta in _BETAS:
                scores = base + beta * terms
                slope, losses = held.losses(scores)
                sharpening = made._replace(beta=beta, slope=slope)
                found.append((float(losses.mean()), sharpening, losses, held.right(scores)))
    loss, sharpening, losses, right = min(found, key=lambda one: one[0])
    gain = plain_losses - losses
    measured = {
        "aside": len(held.keys),
        "loss": float(plain_losses.mean()),
        "accuracy": held.right(plain),
        "sharp_loss": loss,
        "sharp_accuracy": right,
        "error": float(gain.std() / len(gain) ** 0.5),
    }
    surely = float(gain.mean()) > _SURE * measured["error"] and right >= measured["accuracy"]
    return (sharpening if surely else None), measured


def _covariances_without(sums: Sums, held: HeldOut, directions: Tensor) -> list[Tensor]:
    along, found = directions.double(), []
    at = held.keys.double() @ along
    for index, column in enumerate(held.there.tolist()):
        n = float(held.without.sum_y[column])
        mean = (held.without.cross[:, column] / n) @ along
        own = at[held.of == index]
        total = sums.along(column, along) - own.T @ own
        found.append(total / n - torch.outer(mean, mean))
    return found
