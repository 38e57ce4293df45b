"""What a batch adds to a memory's sums, in the smallest exact form: to be written to a log, sent, added or subtracted.

The sums of a batch of m one-hot labelled keys are those of [Y | H]. Their triangular factor R, from a QR decomposition,
holds the same sums in m rows where the sums themselves need d²/2 numbers::

    Rᵀ R = [Y | H]ᵀ [Y | H],     n = Σ diag YᵀY,   Σ h = Σ_k (HᵀY)_k,   C = HᵀY,   G = HᵀH

R is fixed by the sums: it tells nothing of the samples that the sums do not tell. Where keys are whole numbers, R is
of at most 256 samples, and rounding RᵀR gives back the exact integers. Those of 0…127 are kept in float32: an entry
errs by at most 2·2⁻²⁴ ‖R_i‖ ‖R_j‖ ≤ 2⁻²³ · 256 · 127² < ½ (and the arithmetic is float64). Those within ± 2¹⁶ are
kept in float64, and an entry errs by a small multiple of 2⁻⁵² · 256 · 2³² = 2⁻¹². Larger ones are kept as sums.

A batch whose sums are smaller than its factors is kept as sums.

A sample of weight w counts w times. Its row [y | h] is written once for each one of the digits of w in base 4, times a
power of two: 6 = 2² + 1 + 1 gives the rows 2 [y | h], [y | h] and [y | h]. Such a product is exact, and the sum of the
squares of the powers is w. A row that alone counts more than 256 times is an R of its own, without any rounding.
"""

from collections.abc import Iterator

import torch
from jaxtyping import Int64, Num
from torch import Tensor
from torch.nn.functional import one_hot, pad

from reverie.contracts import State
from reverie.memory.sums import Sums
from reverie.memory.widening import widened

__all__ = [
    "absorb",
    "columns_of",
    "contribution",
    "factors_of",
    "moved_columns",
    "restricted",
    "widened_batch",
    "without_sketch",
]

_ROWS = 256
_LARGEST = 2**16  # of whole numbers whose factor gives back their sums
_REPEATED = 8192  # rows that are added to sums at once, where samples have weights


def contribution(
    keys: Num[Tensor, "n d"],
    columns: Int64[Tensor, " n"],
    *,
    per_class: bool = False,
    weights: Int64[Tensor, " n"] | None = None,
) -> State:
    """What a memory's sums change by when `keys` are written with one-hot values.

    Parameters
    ----------
    columns : int64 Tensor, shape [n]
        The value column of each key.
    per_class : bool
        For a memory that keeps one Gram matrix per class.
    weights : int64 Tensor, shape [n], optional
        How many times each key counts, 1 or more.

    Returns
    -------
    State
        For `AssociativeMemory.absorb`.

    Examples
    --------
    >>> batch = contribution(torch.tensor([[3, 4]]), torch.tensor([0]), weights=torch.tensor([4]))
    >>> batch["factors"][0]["r"]  # 2 [y | h]
    tensor([[2., 6., 8.]])
    """
    d = keys.shape[1]
    source, scales = _scaled(len(keys), weights)
    present, place = columns.unique(return_inverse=True)
    largest = 0 if keys.is_floating_point() else max(int(keys.max()), -int(keys.min()))
    factors_cost = len(source) * (d + 1)
    if factors_cost > (len(present) if per_class else 1) * d * (d + 1) // 2 or largest > _LARGEST:
        sums = Sums.empty(d, per_class, keys.device)
        if weights is None:
            sums.add_labels(keys, place, +1)
        else:
            for some in torch.arange(len(keys)).repeat_interleave(weights).split(_REPEATED):
                sums.add_labels(keys[some], place[some], +1)
        return {"form": "sums", "d": d, "columns": present.tolist(), "sums": sums.pack()}
    exact = not keys.is_floating_point()
    factors = []
    place = place[source]
    order = place.argsort(stable=True)
    groups = order.split(torch.bincount(place).tolist()) if per_class else [torch.arange(len(source))]
    for group, chosen in zip(present.split(1 if per_class else len(present)), groups, strict=True):
        for block in _blocks(chosen, scales):
            rows = source[block]
            values = one_hot(torch.searchsorted(group, columns[rows]), len(group))
            scaled = torch.cat([values.double(), keys[rows].double()], 1) * scales[block, None]
            r = torch.linalg.qr(scaled, mode="r").R if len(scaled) > 1 else scaled
            r = r * torch.where(r.diagonal() < 0, -1.0, 1.0)[:, None]
            single = exact and largest < 128 and float(scales[block].square().sum()) <= _ROWS
            factors.append({"columns": group.tolist(), "r": r.float() if single else r})
    return {"form": "factors", "d": d, "exact": exact, "factors": factors}


def _scaled(n: int, weights: Tensor | None) -> tuple[Tensor, Tensor]:
    """Which sample each row is of, and the power of two that it is multiplied by."""
    if weights is None:
        return torch.arange(n), torch.ones(n, dtype=torch.float64)
    places, scales = [], []
    left, power = weights.clone(), 1.0
    while bool(left.any()):
        rows = torch.arange(n).repeat_interleave(left % 4)
        places.append(rows)
        scales.append(torch.full((len(rows),), power, dtype=torch.float64))
        left, power = left // 4, 2 * power
    order = torch.cat(places).argsort(stable=True)
    return torch.cat(places)[order], torch.cat(scales)[order]


def _blocks(chosen: Tensor, scales: Tensor) -> Iterator[Tensor]:
    """The rows in blocks that count at most 256 times together; one that alone counts more often is a block."""
    counts = scales[chosen].square().tolist()
    start, counted = 0, 0.0
    for place, count in enumerate(counts):
        if place > start and counted + count > _ROWS:
            yield chosen[start:place]
            start, counted = place, 0.0
        counted += count
    yield chosen[start:]


def absorb(sums: Sums, batch: State, sign: int) -> None:
    """Add (or with `sign` −1 subtract) a contribution."""
    if batch["form"] == "sums":
        sums.merge(Sums.unpack(batch["sums"]), batch["columns"], sign)
        return
    for factor in batch["factors"]:
        sums.add_factor(factor["r"], factor["columns"], exact=batch["exact"], sign=sign)


def columns_of(batch: State) -> list[int]:
    """The value columns that a contribution is of, in order."""
    if batch["form"] == "sums":
        return sorted(batch["columns"])
    return sorted({column for factor in batch["factors"] for column in factor["columns"]})


def factors_of(batch: State) -> dict[int, list[tuple[int, Tensor]]] | None:
    """Of each value column, numbers of samples and the factors of their keys; None: there is none for each column."""
    if batch["form"] == "sums" or not batch["exact"]:
        return None
    found: dict[int, list[tuple[int, Tensor]]] = {}
    for factor in batch["factors"]:
        if len(factor["columns"]) != 1:
            return None
        r = factor["r"]
        found.setdefault(factor["columns"][0], []).append((round(float(r[:, 0].double().square().sum())), r[:, 1:]))
    return found


def without_sketch(batch: State) -> State:
    """The same contribution to a memory that has no sketch, or another one."""
    return {name: part for name, part in batch.items() if name != "sketch"}


def moved_columns(batch: State, to: list[int | None]) -> State:
    """The same contribution where value column c is column `to[c]`; None: it is dropped (sums per class only)."""
    if "sketch" in batch:
        sketch = batch["sketch"] | {"batch": moved_columns(batch["sketch"]["batch"], to)}
        return moved_columns(without_sketch(batch), to) | {"sketch": sketch}
    if batch["form"] == "factors":
        moved = [[to[column] for column in factor["columns"]] for factor in batch["factors"]]
        kept = [
            factor | {"columns": columns}
            for factor, columns in zip(batch["factors"], moved, strict=True)
            if None not in columns
        ]
        return batch | {"factors": kept}
    columns = [to[column] for column in batch["columns"]]
    if None not in columns:
        return batch | {"columns": columns}
    sums = Sums.unpack(batch["sums"])
    sums.drop(columns.index(None))
    return batch | {"columns": [column for column in columns if column is not None], "sums": sums.pack()}


def widened_batch(batch: State, more: int) -> State:
    """The same contribution to a memory of keys that have more inputs at their end; these were zero."""
    if batch["form"] == "sums":
        sums = widened(Sums.unpack(batch["sums"]), more)
        return batch | {"d": batch["d"] + more, "sums": sums.pack()}
    factors = [factor | {"r": pad(factor["r"], (0, more))} for factor in batch["factors"]]
    return batch | {"d": batch["d"] + more, "factors": factors}


def restricted(batch: State, inputs: Int64[Tensor, " kept"]) -> State:
    """The same contribution to a memory that has kept only these inputs of the keys, and no sketch."""
    batch = without_sketch(batch)
    if batch["form"] == "sums":
        sums = Sums.unpack(batch["sums"])
        sums.restrict(inputs)
        return batch | {"d": len(inputs), "sums": sums.pack()}
    factors = []
    for factor in batch["factors"]:
        k = len(factor["columns"])
        r = factor["r"]
        factors.append(factor | {"r": torch.cat([r[:, :k], r[:, k:][:, inputs]], 1)})
    return batch | {"d": len(inputs), "factors": factors}
