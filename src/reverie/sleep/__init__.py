"""Sleep: dreams from sums, consolidation into a network, pruning, and the night that holds them together."""

from reverie.sleep.consolidation import Consolidation, cortex_network
from reverie.sleep.dreams import Dreamer
from reverie.sleep.pruning import needed_least

__all__ = ["Consolidation", "Dreamer", "cortex_network", "needed_least"]
