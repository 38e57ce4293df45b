"""What may enter the sums of a memory, and what may leave them: checked before anything is changed.

Whole numbers may enter as long as every sum stays below 2⁵³. Of other keys, one may be so large that, added in float64,
it would wipe out what the others say: its square times 2⁻⁵² is near the spread of the others. It is refused.

Samples may leave that can have been there. Sums of what is left must be those of some samples: no count below zero, no
class without samples that still has a sum, and a Gram matrix about the mean that is positive semidefinite, for each
class or for all. Of whole numbers counts, sums and the diagonal n Σ h² − (Σ h)² ≥ 0 are exact; directions beside the
axes are looked at with a bound for the error of the arithmetic, in the span of what leaves: where its thin factor is Z,
G − Z Zᵀ ≥ 0 means I − Zᵀ G⁻¹ Z ≥ 0, which is as small as Z is thin.
"""

import torch
from torch import Tensor

from reverie.errors import BadData
from reverie.memory.sums import WHOLE, Sums

__all__ = ["begin", "cannot_have_been"]

_EPS = 2.0**-52
_LOST = 1e-3  # share of the spread of the others that a key may take with it


def begin(sums: Sums, keys: Tensor, sign: int) -> None:
    """Refuse keys that the sums have no room for; the first keys that are not whole numbers fix the origin.

    Raises
    ------
    BadData
        Nothing was changed.
    """
    if not keys.is_floating_point():
        if sign > 0 and not sums.room(keys):
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
    largest = squares.amax(0)
    others = sums.energy() + squares.sum(0) - largest
    bad = ~torch.isfinite(others) | (largest > WHOLE**8) | ((others > 0) & (_EPS * largest > _LOST * others))
    if sign > 0 and bool(bad.any()):
        column = int(bad.nonzero()[0])
        row = int(away[:, column].abs().nan_to_num(torch.inf).argmax())
        raise BadData(
            f"Feature {column} of key {row} is {float(keys[row, column]):.3g}: added, it would wipe out what the other "
            "keys say. Leave it out, clip it, or scale the features."
        )
    sums.origin = origin


def cannot_have_been(sums: Sums, gone: Sums) -> str | None:
    """Why the samples whose sums are `gone` cannot have been among those of `sums`; None: they can.

    Both keep their columns alike: `gone` has as many columns or fewer.
    """
    raise NotImplementedError
