"""Parts of networks: layers that grow, an autoencoder that dreams, expansions that separate."""

from reverie.layers.autoencoder import Autoencoder
from reverie.layers.cortex import VisualCortex
from reverie.layers.dense import Head, Perceptron, dense
from reverie.layers.expansion import Expansion

__all__ = ["Autoencoder", "Expansion", "Head", "Perceptron", "VisualCortex", "dense"]
