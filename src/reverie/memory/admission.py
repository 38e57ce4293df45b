"""What may enter the sums of a memory, and what may leave them: checked before anything is changed.

Whole numbers may enter as long as every sum stays below 2⁵³. Of other keys, one may be so large that, added in float64,
it would wipe out what the others say: its square times 2⁻⁵² is near the spread of the others. It is refused.

Samples may leave that can have been there: what is left must be the sums of some samples. No count is below zero; a
class without samples has no sums; one sample alone is its own mean; and what is left of a Gram matrix about its mean
(of each class, or about the classes' means for all) is positive semidefinite: its diagonal, its minors of two rows,
and, of up to a thousand inputs, all of it. Whole numbers leave exact sums, so that an error of the arithmetic is one of
the centring alone; what lies within it is given the benefit of the doubt.
"""

import torch
from torch import Tensor

from reverie.errors import BadData
from reverie.memory.gram import symmetric
from reverie.memory.sums import WHOLE, Sums

__all__ = ["begin", "cannot_have_been"]

_EPS = 2.0**-52
_TINY = 1e-200
_ERROR = 16 * _EPS  # of a centred sum, in relation to the largest sum that it is made of
_WHOLE_CHECK = 1024  # inputs up to which a whole matrix is factored
_LOST = 1e-3  # share of the spread of the others that a key may take with it


def begin(sums: Sums, keys: Tensor, sign: int, weights: Tensor | None = None, *, least: float = 0.0) -> None:
    """Refuse keys that the sums have no room for; the first keys that are not whole numbers fix the origin.

    Parameters
    ----------
    least : float
        What the spread of the others counts as at least: λ, where sums fade, for then the others may have faded.

    Raises
    ------
    BadData
        Nothing was changed.
    """
    if not keys.is_floating_point():
        if sign > 0 and not sums.room(keys, weights):
            raise BadData(
                f"Sums with {len(keys)} more keys would pass 2⁵³, and be exact no more. Start another memory, or give "
                "keys of smaller numbers."
            )
        return
    origin = sums.origin
    if origin is None and sums.n == 0:
        origin = keys.double().median(0).values
    away = keys.double() if origin is None else keys.double() - origin
    squares = away.square()
    largest, where = squares.max(0, keepdim=True)
    others = sums.energy() + squares.scatter(0, where, 0.0).sum(0)  # less the largest, which would swallow them
    others = others + least
    largest = largest[0]
    bad = ~torch.isfinite(others) | (largest > WHOLE**8) | ((others > 0) & (_EPS * largest > _LOST * others))
    if sign > 0 and bool(bad.any()):
        column = int(bad.nonzero()[0])
        row = int(away[:, column].abs().nan_to_num(torch.inf).argmax())
        raise BadData(
            f"Feature {column} of key {row} is {float(keys[row, column]):.3g}: added, it would wipe out what the other "
            "keys say. Leave it out, clip it, or scale the features."
        )
    sums.origin = origin


def cannot_have_been(sums: Sums, gone: Sums, columns: list[int]) -> str | None:
    """Why samples cannot have been among those of `sums`; None: they can.

    Parameters
    ----------
    gone : Sums
        Of the samples, one-hot values; its column j is column `columns[j]` of `sums`.
    """
    counts = sums.sum_y[columns] - gone.sum_y
    if bool((counts < 0).any()):
        return "more samples of a class than were learned"
    if sums.rounded:
        return None
    gone = gone.moved(sums.origin)
    cross = sums.cross[:, columns] - gone.cross
    error = _ERROR * float(sums.energy().max() + sums.mean.square().max() * sums.n) + _TINY  # keys may all be zero
    empty = counts == 0
    if bool((cross[:, empty].abs() > error**0.5 * _EPS**0.5).any()):
        return "with them a class would keep sums, but no samples"
    if sums.per_class:
        for place, column in enumerate(columns):
            left = symmetric(sums.gram(column)) - symmetric(gone.gram(place))
            mean = cross[:, place] / counts[place].clamp_min(1)
            if why := _impossible(left, torch.outer(cross[:, place], mean), float(counts[place]), error):
                return why
        return None
    left = symmetric(sums.total()) - symmetric(gone.total())
    every, number = sums.cross.clone(), sums.sum_y.clone()
    every[:, columns], number[columns] = cross, counts
    alone = float(number.max()) if float(number.max()) <= 1 else float(number.sum())
    return _impossible(left, (every / number.clamp_min(1)) @ every.T, alone, error)


def _impossible(gram: Tensor, about: Tensor, count: float, error: float) -> str | None:
    """Why G, less what its means make up, is not that of `count` samples about their means."""
    centred = gram - about
    variance = centred.diagonal()
    if bool((variance < -error).any()):
        return "without them a variance would be negative"
    if count <= 1:
        return "what would be left is not one sample" if bool((centred.abs() > error).any()) else None
    most = torch.outer(variance + error, variance + error)
    if bool((centred.square() > most * (1 + _ERROR) + error * error).any()):
        return "without them two inputs would be correlated by more than 1"
    if len(centred) <= _WHOLE_CHECK:
        d = len(centred)
        centred.diagonal().add_(d * error)
        if int(torch.linalg.cholesky_ex(centred).info):
            return "without them a direction of the keys would have a negative variance"
    return None
