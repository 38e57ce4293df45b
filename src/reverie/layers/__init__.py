"""Parts of networks: layers that grow, an autoencoder that dreams, expansions that separate, neurons that spike."""

from reverie.layers.autoencoder import Autoencoder
from reverie.layers.conversion import RateNetwork, linear_layers, liveliest, to_spiking
from reverie.layers.cortex import VisualCortex
from reverie.layers.dense import Head, Perceptron, dense
from reverie.layers.exchange import from_nir, to_nir
from reverie.layers.expansion import Expansion
from reverie.layers.integer_cortex import IntegerCortex
from reverie.layers.integer_expansion import IntegerExpansion
from reverie.layers.map_network import MapNetwork
from reverie.layers.mirrored import Mirrored
from reverie.layers.mixed_expansion import MixedExpansion
from reverie.layers.neurons import (
    Izhikevich,
    LeakyIntegrator,
    SpikingNeurons,
    adaptive_lif,
    current_lif,
    decay_of,
    if_neurons,
    lif,
)
from reverie.layers.nmda import NMDA, FeedForward, TransformerBlock, replace_activation
from reverie.layers.sequence import SpikingSequence
from reverie.layers.sparse_coding import SparseCoding
from reverie.layers.sparse_linear import SET, PackedLinear, Rewiring, RigL, SparseLinear
from reverie.layers.spiking import DenseStepper, SpikingConv, SpikingDense, SpikingRecurrent
from reverie.layers.trace_code import TraceCode
from reverie.layers.winners import CodeLinear, KWinners, SparseCode

__all__ = [
    "NMDA",
    "SET",
    "Autoencoder",
    "CodeLinear",
    "DenseStepper",
    "Expansion",
    "FeedForward",
    "Head",
    "IntegerCortex",
    "IntegerExpansion",
    "Izhikevich",
    "KWinners",
    "LeakyIntegrator",
    "MapNetwork",
    "Mirrored",
    "MixedExpansion",
    "PackedLinear",
    "Perceptron",
    "RateNetwork",
    "Rewiring",
    "RigL",
    "SparseCode",
    "SparseCoding",
    "SparseLinear",
    "SpikingConv",
    "SpikingDense",
    "SpikingNeurons",
    "SpikingRecurrent",
    "SpikingSequence",
    "TraceCode",
    "TransformerBlock",
    "VisualCortex",
    "adaptive_lif",
    "current_lif",
    "decay_of",
    "dense",
    "from_nir",
    "if_neurons",
    "lif",
    "linear_layers",
    "liveliest",
    "replace_activation",
    "to_nir",
    "to_spiking",
]
