"""Agents that learn to act in hundreds of steps: an exact memory is their world, and they dream in it."""

from reverie.agents.actions import Actions
from reverie.agents.actor import Actor
from reverie.agents.agent import Agent
from reverie.agents.cells import StateCells
from reverie.agents.dreams import Dreaming, Night
from reverie.agents.environments import environment
from reverie.agents.home import Home
from reverie.agents.life import Played, evaluate, live
from reverie.agents.settings import Settings
from reverie.agents.world import WorldModel

__all__ = [
    "Actions",
    "Actor",
    "Agent",
    "Dreaming",
    "Home",
    "Night",
    "Played",
    "Settings",
    "StateCells",
    "WorldModel",
    "environment",
    "evaluate",
    "live",
]
