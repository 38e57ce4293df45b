"""Local plasticity: rules that need only what a synapse can see, and the development that they drive."""

from reverie.plasticity.competitive import CompetitiveHebb
from reverie.plasticity.development import develop

__all__ = ["CompetitiveHebb", "develop"]
