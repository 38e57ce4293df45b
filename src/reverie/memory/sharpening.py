"""Sharper answers from the same sums: classes differ in their covariances, and discriminant analysis uses their mean.

Along m leading directions U of the keys, u = Uᵀh, the score of class c becomes::

    score_c(h) + β [log N(u; μ_c, A_c) − log N(u; μ_c, Σ_w)]
    A_c = Σ_w + w_c (Σ_c − Σ_w),     w_c = (1 − α) n_c / (n_c + m)

where score_c is that of discriminant analysis (`discriminant`), Σ_c the class's covariance and Σ_w the one within
classes. It is a Gaussian model where α = 0 and β = 1; but keys are not Gaussian, and few samples tell little of m²/2
numbers. So m, α, β and the slope that makes logits of scores are chosen on keys that are kept aside: the read-out is
solved without them, exactly, and what it answers of them is compared. Of all that is tried, what surely gains most is
taken; where nothing surely gains, nothing is sharpened.

Where the third cumulant is known that classes have in common (`reverie.memory.third`), it is added times γ, along the
first t directions; t and γ are chosen in the same way, and it is left out where it alone gains nothing.

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
from reverie.memory.directions import Moments, leading, moments_without
from reverie.memory.discriminant import discriminant
from reverie.memory.readout import Readout
from reverie.memory.sketch import Sketch
from reverie.memory.sums import Sums
from reverie.memory.third import Leaning, leanings

__all__ = ["Folded", "HeldOut", "Sharpened", "Sharpening", "chosen"]

_WIDTHS = (100, 200)
_ALPHAS = (0.85,)
_BETAS = (0.75, 1.5, 2.5)
_GAMMAS = (0.05, 0.1, 0.2, 0.3)
_LEANING = (60, 100)  # directions of the third cumulant
_SLOPES = tuple(10 ** (step / 8) for step in range(-14, 5))
_SURE = 2.0  # standard errors by which the log-loss must be better, and the accuracy must not be worse
_LEAST = 20  # keys aside


class Sharpening(NamedTuple):
    """What was chosen.

    Attributes
    ----------
    directions : Int8 Tensor, shape [d, m]
    alpha, beta, slope, gamma : float
    third : int
        Along how many directions the third cumulant is added, times γ.
    """

    directions: Tensor
    alpha: float
    beta: float
    slope: float
    gamma: float = 0.0
    third: int = 0

    def state(self, known: Tensor | None = None) -> State:
        """For keeping; `known`: directions of which these are the first, so that their number is enough."""
        numbers = [self.alpha, self.beta, self.slope, *([self.gamma, self.third] if self.third else [])]
        directions = self.directions if known is None else self.directions.shape[1]
        return {"directions": directions, "numbers": numbers}

    @classmethod
    def of(cls, state: State, known: Tensor | None = None) -> "Sharpening":
        """What `state` gave."""
        directions = state["directions"] if known is None else known[:, : state["directions"]].contiguous()
        alpha, beta, slope, gamma, third = [*(float(one) for one in state["numbers"]), 0.0, 0.0][:5]
        return cls(directions, alpha, beta, slope, gamma, int(third))

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
    moments : Moments
        Along the directions.
    """

    def __init__(
        self,
        sharpening: Sharpening,
        means: Float[Tensor, "k d"],
        moments: Moments,
    ) -> None:
        self.sharpening = sharpening
        self._directions = sharpening.directions.double()
        counts, covariances, third = moments
        root = torch.linalg.cholesky(moments.within())
        m = len(root)
        self._whiten = torch.linalg.solve_triangular(root, torch.eye(m, dtype=root.dtype), upper=False).T
        self._terms = []
        for mean, n, covariance in zip(means @ self._directions, counts.tolist(), covariances, strict=True):
            weight = (1 - sharpening.alpha) * n / (n + m)
            a = weight * self._whiten.T @ covariance @ self._whiten + (1 - weight) * torch.eye(m, dtype=root.dtype)
            factor, failed = torch.linalg.cholesky_ex((a + a.T) / 2)
            if failed:  # no covariance of samples, so nothing is known of this class
                factor = torch.eye(m, dtype=root.dtype)
            curve = torch.cholesky_inverse(factor) - torch.eye(m, dtype=root.dtype)
            self._terms.append(_Terms(mean @ self._whiten, curve, factor.diagonal().log().sum()))
        self._leanings: list[Leaning] = []
        if sharpening.third and third is not None:
            t = sharpening.third
            at = torch.stack([term.mean[:t] for term in self._terms])
            self._leanings = leanings(third[:t, :t, :t], self._whiten[:t, :t], at, sharpening.gamma)

    def terms(self, keys: Num[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """β [log N(u; μ_c, A_c) − log N(u; μ_c, Σ_w)], and γ times what the third cumulant tells."""
        found = []
        for part in keys.split(1024):
            at = part.double() @ self._directions @ self._whiten
            columns = []
            for term in self._terms:
                away = at - term.mean
                columns.append(-((away @ term.curve) * away).sum(1) / 2 - term.logdet)
            told = self.sharpening.beta * torch.stack(columns, 1)
            at = at[:, : self.sharpening.third]
            leans = [one.constant + at @ one.linear - ((at @ one.curve) * at).sum(1) / 2 for one in self._leanings]
            found.append(told + torch.stack(leans, 1) if leans else told)
        return torch.cat(found)

    def folded(self, weights: Float[Tensor, "d k"], intercept: Float[Tensor, " k"]) -> "Folded":
        """The scores of `weights` and `intercept`, and the terms, with what is linear in the keys put together."""
        beta, along = self.sharpening.beta, self._directions @ self._whiten
        turned = torch.stack([term.curve @ term.mean for term in self._terms], 1)
        own = [-(term.mean @ term.curve @ term.mean) / 2 - term.logdet for term in self._terms]
        curves = beta * torch.stack([term.curve for term in self._terms])
        weights, intercept = weights + beta * along @ turned, intercept + beta * torch.stack(own)
        if self._leanings:
            t = self.sharpening.third
            curves[:, :t, :t] += torch.stack([one.curve for one in self._leanings])
            weights = weights + along[:, :t] @ torch.stack([one.linear for one in self._leanings], 1)
            intercept = intercept + intercept.new_tensor([one.constant for one in self._leanings])
        return Folded(weights, intercept, along, curves)


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


def chosen(
    sums: Sums, kind: str, ridge: float, held: HeldOut, sketch: Sketch | None = None
) -> tuple[Sharpening | None, dict[str, float]]:
    """What sharpens the answers for keys that are kept aside; None: nothing does, surely.

    Parameters
    ----------
    sums : Sums
        Whole numbers; the keys aside are among what they hold. One matrix for each class, or a sketch beside them.
    kind : {"ridge", "discriminant"}
        What is answered by now.
    ridge : float
        λ.
    sketch : Sketch, optional
        What the covariances of the classes are taken from; it holds the keys aside, too.

    Returns
    -------
    Sharpening or None
    dict
        `aside`, how many keys; of the log-loss and the accuracy on them `loss` and `accuracy` as it is, `sharp_loss`
        and `sharp_accuracy` with the best that was found, and `error`, the standard error of the difference; of the
        third cumulant `third_loss`, `third_accuracy` and `third_error`, where it was tried.
    """
    plain = held.scores(kind, ridge)
    measured: dict[str, float] = {"aside": len(held.keys)}
    directions, moments = _known(sums, held, sketch)
    if moments is None or not moments.are_sound():
        return None, measured
    before = _Tried(None, plain, held)
    base = plain if kind == "discriminant" else held.scores("discriminant", ridge)
    means = (held.without.cross[:, held.there] / held.without.sum_y[held.there]).T

    def terms(made: Sharpening) -> Tensor:
        return Sharpened(made, means, moments.first(made.directions.shape[1])).terms(held.keys)

    widths = _up_to(directions.shape[1], _WIDTHS)
    bent = [
        (made, terms(made))
        for width in widths
        for alpha in _ALPHAS
        for made in [Sharpening(directions[:, :width].contiguous(), alpha, 1.0, 1.0)]
    ]
    curved = [(made._replace(beta=beta), base + beta * told) for made, told in bent for beta in _BETAS]
    sharp = max((_Tried(*one, held) for one in curved), key=lambda one: one.sure_gain(before))
    measured |= {"loss": before.loss, "accuracy": before.right}
    measured |= {"sharp_loss": sharp.loss, "sharp_accuracy": sharp.right, "error": sharp.error(before)}
    if not sharp.surely_better(before):
        return None, measured
    if moments.third is not None:
        widest = min(len(moments.third), widths[0])
        leaning = [(t, terms(bent[0][0]._replace(beta=0.0, gamma=1.0, third=t))) for t in _up_to(widest, _LEANING)]
        leaned = [
            _Tried(made._replace(gamma=gamma, third=t), scores + gamma * told, held)
            for made, scores in curved
            for t, told in leaning
            for gamma in _GAMMAS
        ]
        best = max(leaned, key=lambda one: one.sure_gain(sharp))
        measured |= {"third_loss": best.loss, "third_accuracy": best.right, "third_error": best.error(sharp)}
        if best.surely_better(sharp):
            sharp = best
    return sharp.sharpening, measured


def _up_to(most: int, sizes: tuple[int, ...]) -> list[int]:
    """These sizes, and `most` for those that are larger."""
    return sorted({min(size, most) for size in sizes})


class _Tried:
    """A sharpening (None: none), and how it answers the keys aside, with the slope that is best."""

    def __init__(self, sharpening: Sharpening | None, scores: Float[Tensor, "n k"], held: HeldOut) -> None:
        slope, self.losses = held.losses(scores)
        self.sharpening = None if sharpening is None else sharpening._replace(slope=slope)
        self.rights = (scores.argmax(1) == held.of).double()
        self.loss, self.right = float(self.losses.mean()), float(self.rights.mean())

    def error(self, other: "_Tried") -> float:
        """The standard error of the difference of the losses."""
        return float((other.losses - self.losses).std() / len(self.losses) ** 0.5)

    def sure_gain(self, other: "_Tried") -> float:
        """How much lower the log-loss is, less the errors that it must be sure by."""
        return other.loss - self.loss - _SURE * self.error(other)

    def surely_better(self, other: "_Tried") -> bool:
        """Whether the log-loss is surely lower, and not surely fewer keys are answered rightly."""
        changed = self.rights - other.rights
        lost = -float(changed.mean()) > _SURE * float(changed.std()) / len(changed) ** 0.5
        return self.sure_gain(other) > 0 and not lost


def _known(sums: Sums, held: HeldOut, sketch: Sketch | None) -> tuple[Tensor, Moments | None]:
    """Directions, and what is known of the classes along them without the keys aside; None: too little."""
    gone = held.keys, held.of
    if sketch is not None:
        return sketch.directions, sketch.moments(held.there, without=gone)
    directions = leading(held.without.centred()[0], min(max(_WIDTHS), len(sums.sum_h) // 2))
    return directions, moments_without(sums, held.without, held.there, directions, gone)
