"""A brain: a folder that learns at once, survives anything, and forgets on request."""

from reverie.brain.brain import Brain, Learned, shard_sums
from reverie.brain.night import Plan
from reverie.brain.senses import ENCODERS

__all__ = ["ENCODERS", "Brain", "Learned", "Plan", "shard_sums"]
