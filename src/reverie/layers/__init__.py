"""Parts of networks: layers that grow, an autoencoder that dreams, expansions that separate, neurons that spike."""

from reverie.layers.autoencoder import Autoencoder
from reverie.layers.conversion import RateNetwork, linear_layers, liveliest, to_spiking
from reverie.layers.cortex import VisualCortex
from reverie.layers.dense import Head, Perceptron, dense
from reverie.layers.exchange import from_nir, to_nir
from reverie.layers.expansion import Expansion
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
from reverie.layers.sequence import SpikingSequence
from reverie.layers.spiking import DenseStepper, SpikingConv, SpikingDense, SpikingRecurrent

__all__ = [
    "Autoencoder",
    "DenseStepper",
    "Expansion",
    "Head",
    "Izhikevich",
    "LeakyIntegrator",
    "Perceptron",
    "RateNetwork",
    "SpikingConv",
    "SpikingDense",
    "SpikingNeurons",
    "SpikingRecurrent",
    "SpikingSequence",
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
    "to_nir",
    "to_spiking",
]
