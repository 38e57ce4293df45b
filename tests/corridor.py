"""A small world for tests: a corridor with a reward at its right end."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

SMALL = {"first": 20, "rest": 40, "expansion": 8, "places": 60, "winners": 5, "lives": 8, "steps": 40, "passes": 2}
"""Settings with which a life takes a moment."""


class Corridor(gymnasium.Env[Any, Any]):
    """Ten steps long; each costs one, the end of it is the end of life. Deeds: to the left, to the right."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012
    observation_space = spaces.Box(-1.0, 1.0, (2,))
    action_space = spaces.Discrete(2)
    render_mode = "rgb_array"

    def __init__(self, breaks_at: int = -1) -> None:
        self.breaks_at, self.steps = breaks_at, 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.place, self.age = float(self.np_random.uniform(-0.9, -0.5)), 0
        return self._seen(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.steps, self.age = self.steps + 1, self.age + 1
        if self.steps == self.breaks_at:
            raise OSError("the motor is hot")
        self.place = min(1.0, max(-1.0, self.place + (0.2 if action == 1 else -0.2)))
        return self._seen(), -1.0, self.place >= 0.95, self.age >= 50, {}

    def render(self) -> Any:
        picture = np.zeros((8, 64, 3), np.uint8)
        picture[:, int(31.5 * (self.place + 1))] = 255
        return picture

    def _seen(self) -> Any:
        return np.array([self.place, 0.5 * self.place**2], np.float32)


class Slider(Corridor):
    """The same corridor, and a motor that takes any push."""

    action_space = spaces.Box(-1.0, 1.0, (1,))

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        return super().step(1 if float(action[0]) > 0.2 else 0)
