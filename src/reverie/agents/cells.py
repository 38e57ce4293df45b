"""Cells that see a state: the keys of a world's memories.

A state is centred and scaled by what the first states have shown, and goes into the key as it is, beside cells of
random direction and threshold::

    z = (x − μ) / σ        h = (z, max(0, Σ_i w_ij z_i / 2^(o_j l_i) + b_j)),   o_j ~ U(0, 1),   b_j ~ U(−2, 2)

with w_j of length one, and l_i the octaves between what the first states have shown of sense i and what there may come:
its bounds where it has any, else two. Cells of high o_j have their thresholds far out. The change of most bodies is
nearly linear, which the state itself explains; the cells bend it.

Keys are whole numbers, in steps of 1/1024, so that the sums over them are exact.
"""

import torch
from jaxtyping import Float, Int32
from torch import Tensor

from reverie.contracts import State
from reverie.errors import BadData, CorruptFile

__all__ = ["UNIT", "StateCells"]

UNIT = 1 / 1024
"""What one step of a key stands for."""

_FURTHEST = 128 * 1024  # of a key: sums of half a million squares stay below 2⁵³
_MOST_OCTAVES = 7.0
_LEAST = 1e-6  # of a spread: a sense that has not moved yet


class StateCells:
    """Whole-number keys of states.

    Parameters
    ----------
    centre, spread : Tensor, shape [d]
        μ and σ.
    projection : Tensor, shape [d, m]
        W.
    threshold : Tensor, shape [m]
        b.

    Examples
    --------
    >>> states = torch.tensor([[0.0, 5.0], [1.0, 7.0]])
    >>> cells = StateCells.formed(states, width=3, octaves=1.0, generator=torch.Generator().manual_seed(0))
    >>> cells.keys(states).shape
    torch.Size([2, 5])
    """

    def __init__(
        self,
        centre: Float[Tensor, " d"],
        spread: Float[Tensor, " d"],
        projection: Float[Tensor, "d m"],
        threshold: Float[Tensor, " m"],
    ) -> None:
        self.centre, self.spread, self.projection, self.threshold = centre, spread, projection, threshold

    @classmethod
    def formed(
        cls,
        states: Float[Tensor, "n d"],
        *,
        width: int,
        octaves: float,
        furthest: Float[Tensor, " d"] | None = None,
        generator: torch.Generator,
    ) -> "StateCells":
        """Cells for states like these, which give centre and spread.

        Parameters
        ----------
        octaves : float
            Of a sense without bounds.
        furthest : Tensor, shape [d], optional
            By how much each sense can differ from zero; infinite where it has no bounds.
        """
        if len(states) < 2:
            raise BadData(f"Cells form from 2 states or more; {len(states)} came.")
        d = states.shape[1]
        directions = torch.randn(d, width, generator=generator)
        threshold = 4 * torch.rand(width, generator=generator) - 2
        spread = states.std(0).clamp_min(_LEAST)
        levels = torch.full((d,), octaves)
        if furthest is not None:
            bounded = (furthest / spread / 2).clamp(1, 2**_MOST_OCTAVES).log2()
            levels = torch.where(furthest.isfinite(), bounded, levels)
        scale = 2 ** (levels[:, None] * torch.rand(width, generator=generator))
        return cls(states.mean(0), spread, directions / directions.norm(dim=0) / scale, threshold)

    @property
    def width(self) -> int:
        """How many numbers a key has."""
        return len(self.centre) + len(self.threshold)

    def keys(self, states: Float[Tensor, "n d"]) -> Int32[Tensor, "n h"]:
        """The keys of states, in steps of `UNIT`."""
        return self.activity(states).to(torch.int32)

    def activity(self, states: Float[Tensor, "n d"]) -> Float[Tensor, "n h"]:
        """The same whole numbers, in float32."""
        z = (states - self.centre) / self.spread
        bent = torch.addmm(self.threshold, z, self.projection).relu_()
        return torch.cat([z, bent], 1).mul_(1 / UNIT).round_().clamp_(-_FURTHEST, _FURTHEST)

    def state_dict(self) -> State:
        """Tensors."""
        return {
            "centre": self.centre,
            "spread": self.spread,
            "projection": self.projection,
            "threshold": self.threshold,
        }

    @classmethod
    def from_state(cls, state: State) -> "StateCells":
        """Cells that `state_dict` describes.

        Raises
        ------
        CorruptFile
            It does not describe cells.
        """
        try:
            parts = [state[name].float() for name in ("centre", "spread", "projection", "threshold")]
            (d,), (e,), (f, m), (k,) = (part.shape for part in parts)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CorruptFile(f"This is not the state of cells ({error!r}). Restore a copy.") from None
        if not (d == e == f and m == k) or not all(bool(part.isfinite().all()) for part in parts):
            raise CorruptFile("The parts of these cells do not fit each other. Restore a copy.")
        return cls(*parts)
