"""DQN of stable-baselines3: what each deed is worth, by a network that learns from a store of steps.

Reference: Mnih and others, 2015, Nature 518.
"""

from typing import Any, ClassVar

from reverie.agents.players.stable_baselines import StableBaselines

__all__ = ["SB3DQN"]


class SB3DQN(StableBaselines):
    """DQN, for choices."""

    algorithm = "DQN"
    takes = ("Discrete",)
    tuned: ClassVar[dict[str, dict[str, Any]]] = {
        "CartPole-v1": {
            "learning_rate": 2.3e-3,
            "batch_size": 64,
            "buffer_size": 100_000,
            "learning_starts": 1000,
            "gamma": 0.99,
            "target_update_interval": 10,
            "train_freq": 256,
            "gradient_steps": 128,
            "exploration_fraction": 0.16,
            "exploration_final_eps": 0.04,
            "policy_kwargs": {"net_arch": [256, 256]},
        },
        "MountainCar-v0": {
            "learning_rate": 4e-3,
            "batch_size": 128,
            "buffer_size": 10_000,
            "learning_starts": 1000,
            "gamma": 0.98,
            "target_update_interval": 600,
            "train_freq": 16,
            "gradient_steps": 8,
            "exploration_fraction": 0.2,
            "exploration_final_eps": 0.07,
            "policy_kwargs": {"net_arch": [256, 256]},
        },
    }
