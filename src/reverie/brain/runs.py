"""Where stretches of one array lie in another: what two versions of a growing tensor have in common.

A thin factor grows at the end of each class, so the others of it move. Pairs of neighbouring numbers at regular places
of the one array, the anchors, are looked for everywhere in the other; where one is found, the stretch around it that is
the same in both is measured.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["common_runs", "copied"]

_ANCHORS = 4096  # at most
_APART = 64  # numbers between anchors, at least
_SHORT = 64  # a stretch below which there is no gain
_FILTER = 20  # bits of a hash
_ODD = np.uint64(0x9E3779B97F4A7C15)
_BLOCK = 2**16

Run = tuple[int, int, int]


def common_runs(old: NDArray[Any], new: NDArray[Any]) -> list[Run]:
    """Stretches of `old` that are in `new`: (start in old, start in new, length), in order, none over another.

    Parameters
    ----------
    old, new : array, shape [n] and [m]
        Unsigned whole numbers of one type. Some stretches may be missed.

    Examples
    --------
    >>> old = np.arange(1, 1001, dtype=np.uint32)
    >>> common_runs(old, np.concatenate([old[:300], old[:50] + 9000, old[300:]]))
    [(0, 0, 300), (300, 350, 700)]
    """
    if len(old) < _SHORT or len(new) < _SHORT:
        return []
    anchors = np.arange(0, len(old) - 1, max(_APART, -(-len(old) // _ANCHORS)))
    anchors = anchors[old[anchors] != old[anchors + 1]]  # zeros are everywhere
    place = _found(_pairs(old[anchors], old[anchors + 1]), new)
    runs: list[Run] = []
    end = 0
    for anchor, there in zip(anchors.tolist(), place.tolist(), strict=True):
        if anchor < end or there < 0:
            continue
        back = _same_before(old[end:anchor], new[:there])
        length = back + _same_after(old[anchor:], new[there:])
        if length >= _SHORT:
            runs.append((anchor - back, there - back, length))
            end = anchor - back + length
    return runs


def copied(runs: list[Run], rest: NDArray[Any], new: NDArray[Any], count: int) -> NDArray[Any]:
    """The old array again: its stretches from `new`, and between them what there is in `rest`."""
    made = np.empty(count, dtype=rest.dtype)
    end = taken = 0
    for start, there, length in runs:
        gap = start - end
        made[end:start] = rest[taken : taken + gap]
        made[start : start + length] = new[there : there + length]
        end, taken = start + length, taken + gap
    made[end:] = rest[taken:]
    return made


def _pairs(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.uint64]:
    with np.errstate(over="ignore"):
        count = min(len(first), len(second))
        mixed: NDArray[np.uint64] = (first[:count].astype(np.uint64) * _ODD + second[:count].astype(np.uint64)) * _ODD
    return mixed


def _found(wanted: NDArray[np.uint64], new: NDArray[Any]) -> NDArray[np.int64]:
    """Where each of `wanted` is first among the pairs of `new`; −1: nowhere."""
    shift = np.uint64(64 - _FILTER)
    maybe = np.zeros(2**_FILTER, dtype=bool)
    maybe[wanted >> shift] = True
    values, places = [], []
    for start in range(0, len(new) - 1, _BLOCK):
        pairs = _pairs(new[start : start + _BLOCK], new[start + 1 : start + 1 + _BLOCK])
        some = np.flatnonzero(maybe[pairs >> shift])
        values.append(pairs[some])
        places.append(some + start)
    candidates, place = np.concatenate(values), np.concatenate(places)
    order = np.argsort(candidates, kind="stable")
    index = np.searchsorted(candidates, wanted, sorter=order)
    found = np.full(len(wanted), -1, dtype=np.int64)
    inside = index < len(candidates)
    at = order[index[inside]]
    found[inside] = np.where(candidates[at] == wanted[inside], place[at], -1)
    return found


def _same_after(one: NDArray[Any], other: NDArray[Any]) -> int:
    count = min(len(one), len(other))
    for start in range(0, count, _BLOCK):
        differs = one[start : min(start + _BLOCK, count)] != other[start : min(start + _BLOCK, count)]
        if differs.any():
            return start + int(differs.argmax())
    return count


def _same_before(one: NDArray[Any], other: NDArray[Any]) -> int:
    return _same_after(one[::-1], other[::-1])
