"""Operations counted where they happen, and the memory and machine they happened on."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from reverie.contracts import Cost

__all__ = ["count_operations", "machine", "peak_memory", "reset_peak_memory"]

_FORMULAS = flop_registry | {torch.ops.aten._int_mm: flop_registry[torch.ops.aten.mm]}


@contextmanager
def count_operations(cost: Cost, *, times: float = 1.0) -> Iterator[None]:
    """Add to `cost` every dense product that runs inside, `times` over.

    A loop of a thousand equal steps is counted by watching one of them with ``times=1000``. A multiply-accumulate is
    half of a floating-point operation count of torch's own counter; it is a synaptic operation where its left input is
    not zero; bytes are those of the operands and the result, once each.

    Examples
    --------
    >>> spent = Cost()
    >>> with count_operations(spent):
    ...     _ = torch.ones(2, 3) @ torch.ones(3, 4)
    >>> spent.macs, spent.synops, spent.bytes_moved
    (24.0, 24.0, 104.0)
    """
    with _Counter(cost, times):
        yield


class _Counter(TorchDispatchMode):
    def __init__(self, cost: Cost, times: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.cost, self.times = cost, times

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        flops = _FORMULAS.get(func._overloadpacket)
        if flops is not None:
            tensors = [item for item in args if isinstance(item, Tensor)]
            matrices = [item for item in tensors if item.ndim >= 2]
            left = matrices[0]
            macs = self.times * flops(*args, **(kwargs or {}), out_val=out) / 2
            self.cost.macs += macs
            self.cost.synops += macs * float(left.count_nonzero()) / max(1, left.numel())
            results = out if isinstance(out, tuple) else (out,)
            moved = [*tensors, *(item for item in results if isinstance(item, Tensor))]
            self.cost.bytes_moved += self.times * sum(item.numel() * item.element_size() for item in moved)
        return out


def reset_peak_memory() -> None:
    """Start measuring this process's peak memory anew, where the system allows it (Linux)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def peak_memory() -> int:
    """Peak resident memory of this process in bytes since it began or since `reset_peak_memory`."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def machine() -> dict[str, Any]:
    """What the numbers were made on."""
    processor = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                processor = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    return {
        "cpu": processor,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "platform": platform.system(),
    }
