"""The compiled library: found once, its functions declared where they are called."""

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

__all__ = ["address", "available", "function", "in_parts", "usable"]


@cache
def _library(*, brief: bool = False) -> ctypes.CDLL | None:
    place = Path(__file__).with_name("kernels.shared")
    if os.environ.get("REVERIE_PURE") or not place.exists():
        return None
    try:
        return ctypes.PyDLL(str(place)) if brief else ctypes.CDLL(str(place))
    except OSError:  # made for another machine
        return None


def available() -> bool:
    """Whether the compiled loops are there."""
    return _library() is not None


def usable(*tensors: Tensor) -> bool:
    """Whether compiled loops can take these tensors: float32 on a CPU."""
    return available() and all(tensor.dtype == torch.float32 and tensor.device.type == "cpu" for tensor in tensors)


@cache
def function(name: str, *kinds: type, returns: type | None = None, brief: bool = False) -> Callable[..., int]:
    """A function of the library; while one that is not `brief` runs, other threads of Python may."""
    library = _library(brief=brief)
    assert library is not None, "ask `available` first"
    found: Callable[..., int] = library[name]
    found.argtypes, found.restype = kinds, returns  # type: ignore[attr-defined]
    return found


def address(tensor: Tensor | None) -> int | None:
    """Where a contiguous tensor's numbers are; NULL for None."""
    return None if tensor is None else tensor.data_ptr()


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="reverie")


def in_parts(call: Callable[[int, int], None], n: int) -> None:
    """`call(from, to)` over 0…n, in as many parts at once as torch may use threads."""
    threads = min(torch.get_num_threads(), n)
    if threads <= 1:
        call(0, n)
        return
    edges = [n * part // threads for part in range(threads + 1)]
    for done in [_pool(threads).submit(call, *edges[part : part + 2]) for part in range(threads)]:
        done.result()
