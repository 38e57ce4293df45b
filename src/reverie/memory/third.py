"""The third cumulant that classes have in common: its sums, and what it tells of a class.

Keys lean to one side: a cell is silent most of the time and seldom strong. The leaning of keys about the means of their
classes is summed over all classes, as whole numbers, along t leading directions::

    T = Σ u ⊗ u ⊗ u

of which each product of three is kept once. It adds and subtracts exactly. About the means of the classes, and with the
covariance within classes as the unit, it is the tensor κ, and the first term of Edgeworth's series corrects a Gaussian
model of class c, whose mean is a_c::

    ⅙ κ · He₃(v − a_c),     He₃(z) = z ⊗ z ⊗ z − 3 I ⊗ z

The part of third order is the same for all classes. What is left is quadratic in v, so that it costs nothing where a
quadratic term is computed anyway: the curve of class c becomes larger by κ · a_c.

References: Barndorff-Nielsen & Cox, 1989, Asymptotic techniques for use in statistics (multivariate Edgeworth series);
McCullagh, 1987, Tensor methods in statistics.
"""

from functools import cache
from typing import NamedTuple

import torch
from jaxtyping import Float, Int8, Int64
from torch import Tensor

__all__ = ["Leaning", "centred_third", "leanings", "numbers_of", "third_sums", "whole_third"]

COARSE = 4
"""Projections of eight bits are divided by this: a sum of products then fits 32 bits up to 65,000 samples."""
_ROWS = 512  # whose products of three are summed in float32: 512 · 32³ = 2²⁴
_SPREAD = 1.5  # variance that rounding to multiples of four adds to whole numbers


def numbers_of(t: int) -> int:
    """How many different products of three there are along t directions.

    Examples
    --------
    >>> numbers_of(2), numbers_of(100)
    (4, 171700)
    """
    return t * (t + 1) * (t + 2) // 6


class _Places(NamedTuple):
    """Pairs i ≤ j, and of each product i ≤ j ≤ k its pair and k."""

    i: Tensor
    j: Tensor
    pair: Tensor
    k: Tensor


@cache
def _places(t: int) -> _Places:
    i, j = torch.triu_indices(t, t)
    pair = torch.arange(len(i)).repeat_interleave(t - j)
    k = torch.cat([torch.arange(start, t) for start in j.tolist()]) if t else torch.zeros(0, dtype=torch.int64)
    return _Places(i, j, pair, k)


def third_sums(
    projections: Int8[Tensor, "n t"], weights: Int64[Tensor, " n"] | None = None
) -> Float[Tensor, " numbers"]:
    """Σ u_i u_j u_k for i ≤ j ≤ k, u being the projections divided by four; whole numbers, exactly.

    Parameters
    ----------
    weights : int64 Tensor, shape [n], optional
        How many times each row counts.

    Examples
    --------
    >>> third_sums(torch.tensor([[8, -4]], dtype=torch.int8))  # u = (2, −1)
    tensor([ 8., -4.,  2., -1.], dtype=torch.float64)
    """
    t = projections.shape[1]
    at, total = _places(t), torch.zeros(numbers_of(t), dtype=torch.float64)
    exact = torch.float32 if weights is None else torch.float64
    coarse = (projections.double() / COARSE).round().to(exact)
    counts = coarse.new_ones(len(coarse)) if weights is None else weights.double()
    for part, count in zip(coarse.split(_ROWS), counts.split(_ROWS), strict=True):
        pairs = part[:, at.i] * part[:, at.j]
        total += (pairs.T @ (part * count[:, None]))[at.pair, at.k]
    return total


def whole_third(sums: Float[Tensor, " numbers"], t: int) -> Float[Tensor, "t t t"]:
    """The symmetric tensor, in units of the projections.

    Examples
    --------
    >>> whole_third(third_sums(torch.tensor([[8, -4]], dtype=torch.int8)), 2)[0, 1, 1]
    tensor(128., dtype=torch.float64)
    """
    at = _places(t)
    i, j, k = at.i[at.pair], at.j[at.pair], at.k
    values, found = sums * COARSE**3, sums.new_zeros(t, t, t)
    for order in ((i, j, k), (i, k, j), (j, i, k), (j, k, i), (k, i, j), (k, j, i)):
        found[order] = values
    return found


def centred_third(
    total: Float[Tensor, "t t t"],
    counts: Float[Tensor, " k"],
    means: Float[Tensor, "k t"],
    grams: Float[Tensor, "k t t"],
) -> Float[Tensor, "t t t"]:
    """Σ_c Σ (u − μ_c) ⊗ (u − μ_c) ⊗ (u − μ_c), of which `total` is about zero.

    Parameters
    ----------
    grams : Tensor, shape [k, t, t]
        Σ u ⊗ u of each class, of projections that are not divided.
    """
    t = len(total)
    rounding = _SPREAD * torch.eye(t, dtype=total.dtype)
    about = grams + counts[:, None, None] * (rounding - 2 / 3 * means[:, :, None] * means[:, None])
    both = (means.T @ about.reshape(-1, t * t)).reshape(t, t, t)
    return total - both - both.permute(1, 0, 2) - both.permute(1, 2, 0)


class Leaning(NamedTuple):
    """Of one class: constant + linear · v − ½ vᵀ curve v."""

    curve: Float[Tensor, "t t"]
    linear: Float[Tensor, " t"]
    constant: float


def leanings(
    third: Float[Tensor, "t t t"], whiten: Float[Tensor, "t t"], means: Float[Tensor, "k t"], gamma: float
) -> list[Leaning]:
    """What the third cumulant tells of each class.

    Parameters
    ----------
    third : Tensor, shape [t, t, t]
        Mean of (x − μ_c) ⊗ (x − μ_c) ⊗ (x − μ_c) along the directions.
    whiten : Tensor, shape [t, t]
        v = x @ whiten.
    means : Tensor, shape [k, t]
        Of the classes, in v.
    gamma : float
        How much of it is believed.
    """
    t = len(third)
    kappa = whiten.T @ third.reshape(t, t * t)
    kappa = (kappa.reshape(t * t, t) @ whiten).reshape(t, t, t)
    kappa = gamma * torch.einsum("ijk,jl->ilk", kappa, whiten)
    trace, centre = torch.einsum("iik->k", kappa), means.mean(0)
    found = []
    for away in means - centre:
        curve = (kappa.reshape(t * t, t) @ away).reshape(t, t)
        curve = (curve + curve.T) / 2
        bent = curve @ away
        linear = curve @ centre + bent / 2
        constant = -(centre @ curve @ centre + centre @ bent) / 2 - away @ bent / 6 + trace @ away / 2
        found.append(Leaning(curve, linear, float(constant)))
    return found
