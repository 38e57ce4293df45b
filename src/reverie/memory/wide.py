"""An exact memory for codes of tens of thousands of inputs, where the matrices of `AssociativeMemory` have no room.

The same sums and the same read-out, for codes that are spike counts of eight bits: sums of products are kept as whole
numbers of 32 bits, the upper triangle only, and solved in float32. Two bytes in three are saved, and most of the time.
What is given up: λ is given, not found (that takes all eigenvalues); nothing is subtracted or followed by rank.

λ stands for what an input contributes a priori. Where it was found for a narrower code of the same kind, a code of
twice the width takes twice of it, so that the prior of the answer stays: so it is given per input.
"""

from typing import Any

import torch
from jaxtyping import Float, Integer, Num
from torch import Tensor

from reverie.contracts import Memory, State
from reverie.errors import BadData
from reverie.functional import ROWS_OF_EIGHT_BITS, whole_product

__all__ = ["WideMemory"]

_PANEL = 2048  # rows of the Gram matrix that are kept together
_EPS = 2.0**-23  # of float32
_ROWS = 8192  # keys that are multiplied at once


class WideMemory(Memory):
    """Exact sums of spike counts, solved in single precision.

    Parameters
    ----------
    ridge : float
        λ per input: the read-out is damped by `ridge` times the number of inputs.

    Examples
    --------
    >>> memory = WideMemory(ridge=1e-3)
    >>> memory.write(torch.tensor([[0], [10]], dtype=torch.uint8), torch.tensor([[1.0], [3.0]]))
    >>> memory.read(torch.tensor([[20]], dtype=torch.uint8)).round(decimals=2)
    tensor([[5.]], dtype=torch.float64)
    """

    def __init__(self, *, ridge: float) -> None:
        if not ridge > 0:
            raise BadData(f"ridge is {ridge}. Expected λ per input, more than 0.")
        self.ridge = ridge
        self.samples = 0
        self._panels: list[Tensor] = []  # panel p: rows p · _PANEL …, columns from its first row on
        self._sum_h = self._sum_y = self._cross = torch.zeros(0)
        self._weights: Tensor | None = None

    @property
    def width(self) -> int:
        """How many inputs a key has."""
        return len(self._sum_h)

    def write(self, keys: Num[Tensor, "n d"], values: Num[Tensor, "n k"]) -> None:
        """Add associations; keys are whole numbers −128…127. More value columns than before open new ones."""
        self._expect(keys)
        if self.samples == 0:
            self._begin(keys.shape[1])
        if self.samples + len(keys) > ROWS_OF_EIGHT_BITS:
            raise BadData(
                f"The memory holds {self.samples} keys and is given {len(keys)} more. Expected at most "
                f"{ROWS_OF_EIGHT_BITS}, whose sums fit 32 bits: use AssociativeMemory, or several memories."
            )
        wider = values.shape[1] - len(self._sum_y)
        if wider > 0:
            self._cross = torch.nn.functional.pad(self._cross, (0, wider))
            self._sum_y = torch.nn.functional.pad(self._sum_y, (0, wider))
        for h, y in zip(keys.to(torch.int8).split(_ROWS), values.double().split(_ROWS), strict=True):
            for index, panel in enumerate(self._panels):
                first = index * _PANEL
                panel += whole_product(h[:, first : first + len(panel)], h[:, first:])
            self._cross[:, : y.shape[1]] += h.double().T @ y
            self._sum_h += h.sum(0, dtype=torch.float64)
            self._sum_y[: y.shape[1]] += y.sum(0)
        self.samples += len(keys)
        self._weights = None

    def _begin(self, d: int) -> None:
        self._panels = [
            torch.zeros(min(_PANEL, d - first), d - first, dtype=torch.int32) for first in range(0, d, _PANEL)
        ]
        self._sum_h, self._sum_y = torch.zeros(d, dtype=torch.float64), torch.zeros(0, dtype=torch.float64)
        self._cross = torch.zeros(d, 0, dtype=torch.float64)

    def means(self) -> tuple[Float[Tensor, " d"], Float[Tensor, "k d"]]:
        """The mean of all keys, and of those written with each one-hot value (zero where there are none)."""
        return self._sum_h / self.samples, (self._cross / self._sum_y.clamp_min(1)).T

    def read(self, keys: Integer[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """The value associated with each key."""
        self._expect(keys)
        if self.samples == 0:
            raise BadData("The memory is empty: nothing was written. Write associations first.")
        if self._weights is None:
            self._weights = self._solve()
        about = self._sum_y / self.samples - (self._sum_h / self.samples) @ self._weights
        return torch.cat([torch.addmm(about, part.double(), self._weights) for part in keys.split(1024)])

    def _solve(self) -> Float[Tensor, "d k"]:
        """(G − n h̄ h̄ᵀ + λ d I)⁻¹ (C − n h̄ ȳᵀ); the factor takes the place of the matrix.

        Where λ is below what rounding to float32 does, it is raised, until there is a factor.
        """
        ridge = self.ridge * self.width
        while (factor := self._factor(ridge)) is None:
            ridge = 10 * max(ridge, _EPS * float(self._sum_h.sum()))
        cross = self._cross - torch.outer(self._sum_h / self.samples, self._sum_y)
        return torch.cholesky_solve(cross.float(), factor, upper=True).double()

    def _factor(self, ridge: float) -> Float[Tensor, "d d"] | None:
        """The factor of the matrix that is solved, or None."""
        d = self.width
        gram = torch.zeros(d, d)
        scaled = self._sum_h / self.samples
        for index, panel in enumerate(self._panels):
            first = index * _PANEL
            rows = panel - torch.outer(self._sum_h[first : first + len(panel)], scaled[first:])  # in float64
            gram[first : first + len(panel), first:] = rows.float()
        gram.diagonal().add_(ridge)
        failed = torch.zeros((), dtype=torch.int32)
        torch.linalg.cholesky_ex(gram, upper=True, out=(gram, failed))
        return None if failed else gram

    def _expect(self, keys: Tensor) -> None:
        whole = not (keys.is_floating_point() or keys.is_complex())
        if keys.ndim != 2 or not whole or (keys.numel() and not -128 <= int(keys.min()) <= int(keys.max()) <= 127):
            raise BadData(
                f"Keys have shape {tuple(keys.shape)} and type {keys.dtype}. Expected [n, inputs], whole numbers "
                "−128…127: spike counts."
            )
        if self.samples and keys.shape[1] != self.width:
            raise BadData(f"Keys have {keys.shape[1]} inputs, expected {self.width} as at the first write.")

    def state_dict(self) -> State:
        """The sums; those of products as the panels' upper triangles."""
        upper: list[Any] = [panel[tuple(torch.triu_indices(*panel.shape))] for panel in self._panels]
        sums = {"sum_h": self._sum_h, "sum_y": self._sum_y, "cross": self._cross}
        return {"ridge": self.ridge, "samples": self.samples, "upper": torch.cat(upper) if upper else None} | sums

    def load_state_dict(self, state: State) -> None:
        self.ridge, self.samples = float(state["ridge"]), int(state["samples"])
        self._weights = None
        if state["upper"] is None:
            self._panels = []
            return
        self._begin(len(state["sum_h"]))
        at = 0
        for panel in self._panels:
            place = tuple(torch.triu_indices(*panel.shape))
            panel[place] = state["upper"][at : at + len(place[0])]
            at += len(place[0])
        self._sum_h, self._sum_y, self._cross = (state[name].clone() for name in ("sum_h", "sum_y", "cross"))
