"""SAC of stable-baselines3: an actor that stays as random as it can afford, with a store of steps.

Reference: Haarnoja and others, 2018, arXiv:1812.05905.
"""

from typing import Any, ClassVar

from reverie.agents.players.stable_baselines import StableBaselines

__all__ = ["SB3SAC"]


class SB3SAC(StableBaselines):
    """SAC, for numbers."""

    algorithm = "SAC"
    takes = ("Box",)
    tuned: ClassVar[dict[str, dict[str, Any]]] = {"Pendulum-v1": {"learning_rate": 1e-3}}
