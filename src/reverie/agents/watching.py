"""Watch an agent: an episode by habit as an animated picture."""

from io import BytesIO
from typing import Any

import numpy as np

from reverie.agents.agent import Agent
from reverie.errors import BadData

__all__ = ["moving_picture"]

_WIDTH = 320  # pixels
_FASTEST = 20  # milliseconds a frame: browsers draw no faster


def moving_picture(agent: Agent, environment: Any, *, seed: int, most: int = 500) -> tuple[bytes, float]:
    """One episode as a GIF, and its return.

    Parameters
    ----------
    environment
        Made with `render=True`.
    most : int
        Steps, at most.

    Raises
    ------
    BadData
        The environment draws nothing.
    """
    from PIL import Image

    observation, _ = environment.reset(seed=seed)
    per_second = float(environment.metadata.get("render_fps", 30) or 30)
    every = max(1, round(per_second * _FASTEST / 1000))  # steps from one frame to the next
    frames, total = [], 0.0
    for step in range(most):
        if step % every == 0:
            frames.append(_small(environment.render()))
        observation, reward, ended, truncated, _ = environment.step(agent.act(observation, best=True))
        total += float(reward)
        if ended or truncated:
            break
    frames.append(_small(environment.render()))
    pictures = [Image.fromarray(frame).quantize(64) for frame in frames]
    data = BytesIO()
    shown = max(_FASTEST, round(1000 * every / per_second))
    pictures[0].save(data, "GIF", save_all=True, append_images=pictures[1:], duration=shown, loop=0, optimize=True)
    return data.getvalue(), total


def _small(frame: Any) -> Any:
    if not isinstance(frame, np.ndarray) or frame.ndim != 3:
        raise BadData("The environment draws nothing. Expected one whose render() gives a picture.")
    step = max(1, frame.shape[1] // _WIDTH)
    return np.ascontiguousarray(frame[::step, ::step, :3]).astype(np.uint8)
