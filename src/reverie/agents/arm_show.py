"""Show an adaptive controller at work: the simulated arm moves, its body changes, and PD alone stands beside.

A folder gets `arm.json`, the numbers, and `arm.gif`, the arm in the seconds about each change: the motion that is
wanted in grey, the arm over it, and, thin, the same arm under PD alone; behind the hands the way that they have come.
"""

import json
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reverie.agents.arm import CHANGES, RATE, Arm, Wave
from reverie.agents.arm_trial import ArmTrack, ArmTrial, try_arm
from reverie.agents.control import AdaptiveController
from reverie.errors import BadData
from reverie.files import replace_file

__all__ = ["arm_picture", "show_arm"]

_SIZE, _METRE = (360, 300), 125  # pixels
_EVERY = 8  # steps from one frame to the next
_BEFORE, _AFTER, _TRACE = 1.0, 4.0, 1.5  # seconds
_BELOW = 0.5  # degrees: a second below is called recovered
_PAPER, _SOFT, _WANTED, _ARM, _PD, _MARK = "#ffffff", "#c9ced6", "#9aa3af", "#1f5fbf", "#e08a3c", "#c2410c"

Vector = NDArray[np.float64]


class Moment(NamedTuple):
    """A change of the body, and when, in seconds."""

    name: str
    time: float


def show_arm(folder: Path, *, seed: int = 0, between: float = 20.0, noise: bool = False) -> dict[str, Any]:
    """Let the controller move the arm through all changes, and write what is shown of it into a folder.

    Parameters
    ----------
    seed : int
        Of the motion.
    between : float
        Seconds from one change to the next, 3 or more.
    noise : bool
        Whether the sensors have noise: 0.001 rad, 0.01 rad/s.

    Returns
    -------
    dict
        What `arm.json` says.
    """
    if not 3 <= between <= 60:
        raise BadData(f"There are {between} seconds between changes, expected 3…60.")
    moments = [Moment(name, between * (index + 1)) for index, name in enumerate(CHANGES)]
    changes = tuple((moment.time, CHANGES[moment.name][1]) for moment in moments)
    wave = Wave(3, seed=seed)
    trial = ArmTrial(wave, between * (len(moments) + 1), changes, (0.001, 0.01) if noise else (0.0, 0.0), seed)
    controller = AdaptiveController(3)
    mine, pd = try_arm(Arm(3), controller.torque, trial), try_arm(Arm(3), controller.feedback, trial)
    told = {
        "joints": 3,
        "seed": seed,
        "noise": noise,
        "bytes": controller.state_bytes,
        "stored_samples": controller.stored_samples,
        "closings": controller.guard.closings,
        "changes": [
            {"name": name, "time": time, "recovered": _recovered(mine.errors, time, between)} for name, time in moments
        ],
        "errors": _by_half_second(mine.errors),
        "errors_pd": _by_half_second(pd.errors),
    }
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / "arm.gif", arm_picture(mine, pd, wave, moments))
    replace_file(folder / "arm.json", json.dumps(told).encode())
    return told


def arm_picture(track: ArmTrack, pd: ArmTrack, wave: Wave, moments: list[Moment]) -> bytes:
    """The arm, and the one under PD alone, in the seconds about each change, as a GIF."""
    from PIL import Image, ImageDraw

    arm, frames = Arm(track.positions.shape[1]), []
    steps = len(track.errors)
    wanted = np.stack([arm.shape(wave.at(step / RATE).q)[-1] for step in range(steps)])
    hands = np.stack([arm.shape(q)[-1] for q in track.positions])
    for moment in moments:
        first = max(0, round((moment.time - _BEFORE) * RATE))
        for step in range(first, min(steps, round((moment.time + _AFTER) * RATE)), _EVERY):
            picture = Image.new("RGB", _SIZE, _PAPER)
            draw = ImageDraw.Draw(picture)
            past = slice(max(0, step - round(_TRACE * RATE)), step + 1, 2)
            for way, colour in ((wanted[past], _SOFT), (hands[past], _ARM)):
                draw.line(_pixels(way), fill=colour, width=1)
            shown = (
                (wave.at(step / RATE).q, _WANTED, 9),
                (pd.positions[step], _PD, 2),
                (track.positions[step], _ARM, 4),
            )
            for q, colour, width in shown:
                places = _pixels(arm.shape(q))
                draw.line(places, fill=colour, width=width)
                for x, y in places:
                    draw.ellipse((x - width, y - width, x + width, y + width), fill=colour)
            draw.text((8, 6), f"{step / RATE:5.1f} s    off by {track.errors[step]:.2f} degrees", fill="#000000")
            draw.text((8, _SIZE[1] - 18), f"PD alone: {pd.errors[step]:.2f} degrees", fill=_PD)
            if step >= moment.time * RATE:
                draw.text((8, 22), f"{moment.name} has changed", fill=_MARK)
            frames.append(picture.quantize(32))
    data = BytesIO()
    long = round(1000 * _EVERY / RATE)
    frames[0].save(data, "GIF", save_all=True, append_images=frames[1:], duration=long, loop=0, optimize=True)
    return data.getvalue()


def _pixels(places: Vector) -> list[tuple[float, float]]:
    """Of places in the plane of the arm."""
    x, y = _SIZE[0] / 3 + _METRE * places[:, 0], _SIZE[1] / 2 - _METRE * places[:, 2]
    return list(zip(x.tolist(), y.tolist(), strict=True))


def _recovered(errors: Vector, time: float, between: float) -> float | None:
    """Seconds until the error stays below half a degree for a second; None: it does not."""
    small = errors[round(time * RATE) : round((time + between) * RATE)] < _BELOW
    return next((i / RATE for i in range(len(small) - RATE + 1) if small[i : i + RATE].all()), None)


def _by_half_second(errors: Vector) -> list[tuple[float, float]]:
    half = RATE // 2
    return [((i + half) / RATE, float(errors[i : i + half].mean())) for i in range(0, len(errors), half)]
