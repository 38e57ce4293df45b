"""Agents that learn to act in hundreds of steps, and a controller that learns the body while it moves it."""

from reverie.agents.actions import Actions
from reverie.agents.actor import Actor
from reverie.agents.agent import Agent
from reverie.agents.arm import Arm, Body, Wanted, Wave
from reverie.agents.arm_trial import ArmTrack, ArmTrial, try_arm
from reverie.agents.cells import StateCells
from reverie.agents.control import AdaptiveController
from reverie.agents.dreams import Dreaming, Night
from reverie.agents.environments import environment
from reverie.agents.home import Home
from reverie.agents.life import Played, evaluate, live
from reverie.agents.settings import Settings
from reverie.agents.world import WorldModel

__all__ = [
    "Actions",
    "Actor",
    "AdaptiveController",
    "Agent",
    "Arm",
    "ArmTrack",
    "ArmTrial",
    "Body",
    "Dreaming",
    "Home",
    "Night",
    "Played",
    "Settings",
    "StateCells",
    "Wanted",
    "Wave",
    "WorldModel",
    "environment",
    "evaluate",
    "live",
    "try_arm",
]
