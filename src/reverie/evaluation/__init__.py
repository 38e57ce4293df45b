"""Measuring: accuracy over a life, and what it cost."""

from reverie.evaluation.cost import count_operations, machine, peak_memory, reset_peak_memory
from reverie.evaluation.energy import (
    TECHNOLOGIES,
    Energy,
    Technology,
    Work,
    break_even_spikes,
    metered,
    work_of_spikes,
)
from reverie.evaluation.metrics import (
    backward_transfer,
    final_accuracy,
    forgetting,
    forward_transfer,
    sample_accuracy,
)

__all__ = [
    "TECHNOLOGIES",
    "Energy",
    "Technology",
    "Work",
    "backward_transfer",
    "break_even_spikes",
    "count_operations",
    "final_accuracy",
    "forgetting",
    "forward_transfer",
    "machine",
    "metered",
    "peak_memory",
    "reset_peak_memory",
    "sample_accuracy",
    "work_of_spikes",
]
