"""Compiled loops, where they are: each has a twin of PyTorch operations that gives the same and is used otherwise.

`kernels.c` is compiled when the package is installed on Linux with a C compiler; it needs no headers of Python or
PyTorch. `REVERIE_PURE=1` in the environment leaves it out, at installation or afterwards.
"""

from reverie.native.cortex import LARGEST_PATCH, cortex_patches, cortex_pool
from reverie.native.events import EVENT_SLACK, Stepper, event_product, event_step
from reverie.native.integer_cortex import LARGEST_INTEGER_PATCH, CompiledCortex
from reverie.native.library import available, usable
from reverie.native.neurons import NeuronForm, neurons_backward, neurons_forward
from reverie.native.plasticity import MOST_PRODUCTS, Change, Pairs, change_weights, done, pairs_step

__all__ = [
    "EVENT_SLACK",
    "LARGEST_INTEGER_PATCH",
    "LARGEST_PATCH",
    "MOST_PRODUCTS",
    "Change",
    "CompiledCortex",
    "NeuronForm",
    "Pairs",
    "Stepper",
    "available",
    "change_weights",
    "cortex_patches",
    "cortex_pool",
    "done",
    "event_product",
    "event_step",
    "neurons_backward",
    "neurons_forward",
    "pairs_step",
    "usable",
]
