"""Sleep: dreams from sums, consolidation into a network, replay of traces, pruning; and noise that mends a network."""

from reverie.sleep.consolidation import Consolidation, cortex_network
from reverie.sleep.dreams import Dreamer
from reverie.sleep.noise import NoiseReplay
from reverie.sleep.pruning import needed_least
from reverie.sleep.replay import Replay

__all__ = ["Consolidation", "Dreamer", "NoiseReplay", "Replay", "cortex_network", "needed_least"]
