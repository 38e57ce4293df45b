"""The Gram matrix of few samples as its thin factor: R of as many rows as there are samples, and RᵀR = G.

For n samples of d whole numbers, n < d/2, R is smaller than the upper triangle of G. It is kept in blocks, and each
block is the triangular factor of a QR decomposition, so it tells nothing that G does not tell. Rounding a block's RᵀR
gives back whole numbers, exactly, as long as the error of each entry is below ½. The error is bounded when a block is
made, and kept with it:

- rounding R to b bits errs by at most 2·2⁻ᵇ ‖R_i‖ ‖R_j‖ ≤ 2·2⁻ᵇ max G_jj of the block (Cauchy and Schwarz);
- the decomposition, and the product in float64, by less than 2⁻⁴⁶ max G_jj;
- a block that is made of another one inherits its error.

A block is kept in float32 where that bound allows it, else in float64; where neither is sure, the caller keeps G.
Samples that come a few at a time are joined to the last block, up to 64 samples, as long as the bound allows it.

Subtraction needs G itself. What is left of it is factored again where the factor, multiplied out, is seen to round to
the same whole numbers.

Reference: Higham, 2002, Accuracy and Stability of Numerical Algorithms, section 19.3 (QR decomposition).
"""

from typing import NamedTuple

import torch
from torch import Tensor

from reverie.contracts import State
from reverie.functional import has_low_rank, thin_factor
from reverie.memory.gram import add_gram, symmetric

__all__ = ["ThinGram", "factored", "is_thin", "pack_thin", "thin_problem", "triangular", "unpack_thin"]

_ROWS = 256  # samples in a block, at most
_TOGETHER = 64  # samples up to which new ones are joined to the last block
_SHORT = 12  # samples below which the last block may be joined at the price of float64
_LEAST = 64  # inputs below which the matrix itself is small enough
_SURE = 0.45  # an error below which rounding is safe, with some room for the product's own
_SINGLE, _DOUBLE = 2.0**-23 * (1 + 2.0**-20), 2.0**-46  # of the largest sum of squares
_CODES = 32767  # of sixteen bits, to either side of zero


def is_thin(samples: float, d: int) -> bool:
    """Whether so few samples of so many inputs are kept as their factor."""
    return d >= _LEAST and has_low_rank(samples, d)


class Block(NamedTuple):
    """Some of the rows.

    Attributes
    ----------
    r : Tensor, shape [rows, d]
        In float32 or float64; or codes of sixteen bits, where there are scales.
    samples : int
        How many it is of.
    error : float
        A bound for what an entry of RᵀR differs from a whole number by.
    scale : Tensor or None, shape [d]
        What 32767 stands for in each column.
    """

    r: Tensor
    samples: int
    error: float
    scale: Tensor | None = None

    def values(self) -> Tensor:
        """R in float64, with memory of its own: products may depend on alignment."""
        values = self.r.contiguous().to(torch.float64, copy=True)
        return values if self.scale is None else values * (self.scale / _CODES)


class ThinGram:
    """The factor of a Gram matrix of whole numbers.

    Examples
    --------
    >>> thin = ThinGram(3)
    >>> thin.add(torch.tensor([[1.0, 2.0, 2.0], [0.0, 3.0, 1.0]], dtype=torch.float64))
    True
    >>> gram = torch.zeros(3, 3, dtype=torch.float64)
    >>> thin.add_to(gram, +1)
    >>> gram.triu()
    tensor([[ 1.,  2.,  2.],
            [ 0., 13.,  7.],
            [ 0.,  0.,  5.]], dtype=torch.float64)
    """

    def __init__(self, d: int, blocks: list[Block] | None = None) -> None:
        self.d = d
        self.blocks = blocks or []

    @property
    def samples(self) -> int:
        """How many it is of."""
        return sum(block.samples for block in self.blocks)

    def add(self, rows: Tensor) -> bool:
        """Add samples; whole numbers. False: the factor would not be exact, and nothing was changed."""
        blocks = list(self.blocks)
        for part in rows.double().split(_ROWS):
            if not _join(blocks, part, len(part), 0.0):
                return False
        self.blocks = blocks
        return True

    def absorb(self, r: Tensor, samples: int) -> bool:
        """Add a factor of samples, in float32 or float64, as `add` would."""
        blocks = list(self.blocks)
        values = r.double()
        error = (_SINGLE if r.dtype == torch.float32 else 0.0) * _energy(values)
        if not _join(blocks, values, samples, error):
            return False
        self.blocks = blocks
        return True

    def add_to(self, gram: Tensor, sign: int) -> None:
        """gram += sign · G, the upper panels."""
        for block in self.blocks:
            add_gram(gram, block.values(), sign, exact=True)

    def restrict(self, inputs: Tensor) -> None:
        """Keep these inputs only."""
        self.d = len(inputs)
        self.blocks = [
            block._replace(r=block.r[:, inputs], scale=None if block.scale is None else block.scale[inputs])
            for block in self.blocks
        ]

    def halve(self) -> None:
        """Round the factor to sixteen bits, in steps of 1/32767 of each column's length; RᵀR is exact no more."""
        halved = []
        for block in self.blocks:
            values = block.values()
            scale = values.square().sum(0).sqrt()
            codes = (_CODES * values / scale.clamp_min(1e-300)).round().clamp(-_CODES, _CODES).to(torch.int16)
            halved.append(Block(codes, block.samples, block.error, scale))
        self.blocks = halved


def _join(blocks: list[Block], rows: Tensor, samples: int, error: float) -> bool:
    """Add rows to the last block, where there is room and the bound allows it, or else as a block of their own."""
    last = blocks[-1] if blocks else None
    alone = _block(rows, samples, error)
    if last is not None and last.scale is None and last.samples + samples <= _TOGETHER:
        joined = _block(torch.cat([last.values(), rows]), last.samples + samples, last.error + error)
        wider = joined is not None and alone is not None and joined.r.dtype != last.r.dtype == alone.r.dtype
        if joined is not None and not (wider and last.samples >= _SHORT):
            blocks[-1] = joined
            return True
    if alone is None:
        return False
    blocks.append(alone)
    return True


def _block(rows: Tensor, samples: int, error: float) -> Block | None:
    """The triangular factor of rows, as short as it is exact; None: it is not."""
    energy = _energy(rows)
    error += _DOUBLE * energy
    if not error < _SURE:
        return None
    r = (
        rows if not bool(rows[:, : len(rows)].tril(-2).any()) else triangular(rows)
    )  # a contribution's are nearly triangular
    rounded = r.float()
    single = error + (0.0 if torch.equal(rounded.double(), r) else _SINGLE * energy)
    return Block(rounded, samples, single) if single < _SURE else Block(r.clone(), samples, error)


def _energy(rows: Tensor) -> float:
    return float(rows.square().sum(0).max()) if rows.numel() else 0.0


def triangular(rows: Tensor) -> Tensor:
    """R of a QR decomposition, with a diagonal that is not negative."""
    if bool((rows[:, : len(rows)].tril(-1) == 0).all()) and bool((rows.diagonal() >= 0).all()):
        return rows[: rows.shape[1]].clone()
    r: Tensor = torch.linalg.qr(rows, mode="r").R
    return r * torch.where(r.diagonal() < 0, -1.0, 1.0)[:, None]


def factored(gram: Tensor, samples: int) -> ThinGram | None:
    """The factor of a matrix of whole numbers (its upper triangle); None: none of at most `samples` rows is exact."""
    if samples <= 0:
        return ThinGram(len(gram)) if not bool(gram.triu().any()) else None
    whole = symmetric(gram)
    thin = thin_factor(whole)
    if thin.shape[1] > samples:
        return None
    r = triangular(thin.T)
    slack = _DOUBLE * float(whole.diagonal().max())
    for kept in (r.float(), r):
        values = kept.double()
        error = float((values.T @ values - whole).abs().max()) + slack
        if error < _SURE:
            return ThinGram(len(gram), [Block(kept, samples, error)])
    return None


def pack_thin(grams: dict[int, ThinGram]) -> State:
    """All factors of a memory's columns as one table and a row of numbers for each type.

    A line of the table: column, rows, samples, the type's place in `_TYPES`, and whether only what lies on and above
    the first diagonal below the main one is kept.
    """
    table, errors, scales = [], [], []
    numbers: dict[str, list[Tensor]] = {name: [] for name in _TYPES}
    for column, thin in grams.items():
        for block in thin.blocks:
            r = block.r
            name = str(r.dtype).removeprefix("torch.")
            hessenberg = not bool(r[:, : len(r)].tril(-2).any())
            numbers[name].append(r[_above(*r.shape)] if hessenberg else r.flatten())
            table.append([column, len(r), block.samples, _TYPES.index(name), int(hessenberg)])
            errors.append(block.error)
            if block.scale is not None:
                scales.append(block.scale)
    found: State = {name: torch.cat(parts) for name, parts in numbers.items() if parts}
    if scales:
        found["scales"] = torch.stack(scales)
    return found | {
        "table": torch.tensor(table, dtype=torch.int64).reshape(-1, 5),
        "errors": torch.tensor(errors, dtype=torch.float64),
    }


_TYPES = ("float32", "float64", "int16")


def unpack_thin(state: State, d: int, columns: list[int]) -> dict[int, ThinGram]:
    """The factors of the columns, as they were packed."""
    found = {column: ThinGram(d) for column in columns}
    at, seen = dict.fromkeys(_TYPES, 0), 0
    for (column, rows, samples, kind, hessenberg), error in zip(
        state["table"].tolist(), state["errors"].tolist(), strict=True
    ):
        name = _TYPES[kind]
        place = _above(rows, d) if hessenberg else None
        size = len(place[0]) if place is not None else rows * d
        numbers = state[name][at[name] : at[name] + size]
        at[name] += size
        r = torch.zeros(rows, d, dtype=numbers.dtype)
        if place is None:
            r = numbers.reshape(rows, d).clone()
        else:
            r[place] = numbers
        scale = None
        if name == "int16":
            scale, seen = state["scales"][seen].clone(), seen + 1
        found[column].blocks.append(Block(r, samples, error, scale))
    return found


def thin_problem(state: State, d: int, columns: set[int]) -> str | None:
    """What is wrong with packed factors that a stranger may have made; None: nothing."""
    table, errors = state.get("table"), state.get("errors")
    if not isinstance(table, Tensor) or table.dtype != torch.int64 or table.ndim != 2 or table.shape[1] != 5:
        return "a table of factors that is none"
    if not isinstance(errors, Tensor) or errors.dtype != torch.float64 or tuple(errors.shape) != (len(table),):
        return "errors of factors that are none"
    if not bool(((errors >= 0) & (errors < 0.5)).all()):
        return "factors that are not exact"
    needed, scales = dict.fromkeys(_TYPES, 0), 0
    for column, rows, samples, kind, hessenberg in table.tolist():
        if column not in columns or not 0 <= rows <= 2 * d or not 0 <= samples < 2**53:
            return "factors of other sums"
        if kind not in range(len(_TYPES)) or hessenberg not in (0, 1):
            return "factors of no form that is known"
        needed[_TYPES[kind]] += _size(rows, d) if hessenberg else rows * d
        scales += kind == _TYPES.index("int16")
    for name, size in needed.items():
        held = state.get(name)
        if size == 0 and held is None:
            continue
        if not isinstance(held, Tensor) or held.dtype != getattr(torch, name) or tuple(held.shape) != (size,):
            return "factors whose shapes differ"
        if held.is_floating_point() and not bool(torch.isfinite(held).all()):
            return "factors that are not finite"
    if scales:
        held = state.get("scales")
        if not isinstance(held, Tensor) or held.dtype != torch.float64 or tuple(held.shape) != (scales, d):
            return "scales of factors that are none"
        if not bool(torch.isfinite(held).all()):
            return "scales of factors that are not finite"
    return None


def _above(rows: int, d: int) -> tuple[Tensor, ...]:
    """Places on and above the first diagonal below the main one."""
    return tuple(torch.triu_indices(rows, d, -1))


def _size(rows: int, d: int) -> int:
    """How many places `_above` gives."""
    return sum(d - max(0, row - 1) for row in range(min(rows, d + 1)))
