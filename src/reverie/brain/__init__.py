"""A brain: a folder that learns at once, survives anything, and forgets on request."""

from reverie.brain.brain import NEW, Brain, Learned
from reverie.brain.correction import Corrected
from reverie.brain.cost import cost_of
from reverie.brain.night import Plan
from reverie.brain.numbers import Intervals
from reverie.brain.shards import shard_sums
from reverie.brain.tags import Labelled
from reverie.brain.watch import Drift
from reverie.senses import ENCODERS

__all__ = [
    "ENCODERS",
    "NEW",
    "Brain",
    "Corrected",
    "Drift",
    "Intervals",
    "Labelled",
    "Learned",
    "Plan",
    "cost_of",
    "shard_sums",
]
