"""Measuring: accuracy over a life, and what it cost."""

from reverie.evaluation.cost import count_operations, machine, peak_memory, reset_peak_memory
from reverie.evaluation.metrics import (
    backward_transfer,
    final_accuracy,
    forgetting,
    forward_transfer,
    sample_accuracy,
)

__all__ = [
    "backward_transfer",
    "count_operations",
    "final_accuracy",
    "forgetting",
    "forward_transfer",
    "machine",
    "peak_memory",
    "reset_peak_memory",
    "sample_accuracy",
]
