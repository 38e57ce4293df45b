"""PPO of stable-baselines3: a policy that moves a little at a time, from batches of fresh steps.

Reference: Schulman, Wolski, Dhariwal, Radford, Klimov, 2017, arXiv:1707.06347.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from reverie.agents.players.stable_baselines import StableBaselines

__all__ = ["SB3PPO"]


def _falling(start: float) -> Callable[[float], float]:
    return lambda left: start * left


class SB3PPO(StableBaselines):
    """PPO, for choices and for numbers."""

    algorithm = "PPO"
    takes = ("Discrete", "Box")
    tuned: ClassVar[dict[str, dict[str, Any]]] = {
        "CartPole-v1": {
            "environments": 8,
            "n_steps": 32,
            "batch_size": 256,
            "gae_lambda": 0.8,
            "gamma": 0.98,
            "n_epochs": 20,
            "ent_coef": 0.0,
            "learning_rate": _falling(1e-3),
            "clip_range": _falling(0.2),
        },
        "Pendulum-v1": {
            "environments": 4,
            "n_steps": 1024,
            "gae_lambda": 0.95,
            "gamma": 0.9,
            "n_epochs": 10,
            "ent_coef": 0.0,
            "learning_rate": 1e-3,
            "clip_range": 0.2,
            "use_sde": True,
            "sde_sample_freq": 4,
        },
    }
