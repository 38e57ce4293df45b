"""What a batch adds to a memory's sums, in the smallest exact form: to be written to a log, sent, added or subtracted.

The sums of a batch of m one-hot labelled keys are those of [Y | H]. Their triangular factor R, from a QR decomposition,
holds the same sums in m rows where the sums themselves need d²/2 numbers::

    Rᵀ R = [Y | H]ᵀ [Y | H],     n = Σ diag YᵀY,   Σ h = Σ_k (HᵀY)_k,   C = HᵀY,   G = HᵀH

R is fixed by the sums: it tells nothing of the samples that the sums do not tell. Where keys are whole numbers, R is
of at most 256 samples, and rounding RᵀR gives back the exact integers. Those of 0…127 are kept in float32: an entry
errs by at most 2·2⁻²⁴ ‖R_i‖ ‖R_j‖ ≤ 2⁻²³ · 256 · 127² < ½ (and the arithmetic is float64). Those within ± 2¹⁶ are
kept in float64, and an entry errs by a small multiple of 2⁻⁵² · 256 · 2³² = 2⁻¹². Larger ones are kept as sums.

A batch whose sums are smaller than its factors is kept as sums.
"""

import torch
from jaxtyping import Int64, Num
from torch import Tensor
from torch.nn.functional import one_hot

from reverie.contracts import State
from reverie.memory.sums import Sums

__all__ = ["columns_of", "contribution", "factors_of", "moved_columns", "restricted"]

_ROWS = 256
_LARGEST = 2**16  # of whole numbers whose factor gives back their sums


def contribution(keys: Num[Tensor, "n d"], columns: Int64[Tensor, " n"], *, per_class: bool = False) -> State:
    """What a memory's sums change by when `keys` are written with one-hot values.

    Parameters
    ----------
    columns : int64 Tensor, shape [n]
        The value column of each key.
    per_class : bool
        For a memory that keeps one Gram matrix per class.

    Returns
    -------
    State
        For `AssociativeMemory.absorb`.
    """
    d = keys.shape[1]
    present, place = columns.unique(return_inverse=True)
    largest = 0 if keys.is_floating_point() else max(int(keys.max()), -int(keys.min()))
    factors_cost = len(keys) * (d + 1)
    if factors_cost > (len(present) if per_class else 1) * d * (d + 1) // 2 or largest > _LARGEST:
        sums = Sums.empty(d, per_class, keys.device)
        sums.add_labels(keys, place, +1)
        return {"form": "sums", "d": d, "columns": present.tolist(), "sums": sums.pack()}
    exact = not keys.is_floating_point()
    factors = []
    order = place.argsort(stable=True)
    groups = order.split(torch.bincount(place).tolist()) if per_class else [torch.arange(len(keys))]
    for group, chosen in zip(present.split(1 if per_class else len(present)), groups, strict=True):
        values = one_hot(torch.searchsorted(group, columns[chosen]), len(group))
        for block in torch.cat([values.double(), keys[chosen].double()], 1).split(_ROWS):
            r = torch.linalg.qr(block, mode="r").R
            r = r * torch.where(r.diagonal() < 0, -1.0, 1.0)[:, None]
            factors.append({"columns": group.tolist(), "r": r.float() if exact and largest < 128 else r})
    return {"form": "factors", "d": d, "exact": exact, "factors": factors}


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


def moved_columns(batch: State, to: list[int | None]) -> State:
    """The same contribution where value column c is column `to[c]`; None: it is dropped (sums per class only)."""
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


def restricted(batch: State, inputs: Int64[Tensor, " kept"]) -> State:
    """The same contribution to a memory that has kept only these inputs of the keys."""
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
