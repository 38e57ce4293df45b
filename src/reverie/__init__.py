"""Models that keep learning: awake from a stream at once, asleep by consolidation, without keeping raw data."""

__version__ = "0.1.0"
