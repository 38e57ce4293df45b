"""Objects followed through video, and what segmenting costs.

Sequences of DAVIS 2016 (every second frame, 120 × 214): the mask of the first frame is given, region J is the mean over
all frames after it. Beside it: the first mask copied, and one exact memory of the first frame's colours alone, times
the nearness to the last mask. Settings were chosen on five sequences (whole, at every second frame, and at half the
size); the five others, which were run twice, are reported apart. They have less in common from frame to frame: their
first masks, copied, come to 0.25, those of the first five to 0.40.

Costs are processor time on one core, as ratios in one run: a "dense feature" is the key of a pixel, which every way of
reading a frame needs.

Published on the twenty sequences of the validation set, at full size, every frame: BVS 60.0 (no network), OSVOS 79.8,
STM 88.7.

    python benchmarks/video.py [--json FILE] [--quick]
"""

import time
from statistics import mean
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from common import Claim, arguments, finish, one_thread
from reverie.memory import AssociativeMemory
from reverie.streams.locate import find, read_npz
from reverie.vision import DenseSense, Segmenter, VideoObjects, region

COMMAND = "python benchmarks/video.py"
CHOSEN_ON = ("blackswan", "car-roundabout", "dog", "horsejump-high", "paragliding-launch")
HELD = ("breakdance", "cows", "drift-straight", "libby", "scooter-black")
_BOUND = 0.62

Frames = NDArray[np.uint8]
Masks = list[NDArray[Any]]


def _copied(frames: Frames, first: NDArray[Any]) -> Masks:
    return [first for _ in frames]


def _colours(frames: Frames, first: NDArray[Any]) -> Masks:
    """A memory of the first frame's colours, at four scales; near the last mask."""
    from scipy.ndimage import gaussian_filter, uniform_filter

    generator = torch.Generator().manual_seed(0)
    projection, bias = torch.randn(12, 250, generator=generator), torch.randn(250, generator=generator)

    def keys(frame: Frames) -> torch.Tensor:
        x = frame.astype(np.float32) / 128 - 1
        seen = np.concatenate([uniform_filter(x, (side, side, 1)) for side in (1, 3, 7, 15)], 2)
        return (torch.from_numpy(seen.reshape(-1, 12)) @ projection + bias).clamp_min(0)

    memory = AssociativeMemory(ridge=10.0)
    memory.write(keys(frames[0]), torch.from_numpy(first.reshape(-1, 1)).double())
    weights, intercept = memory.mapping()
    last, found = first, [first]
    for frame in frames[1:]:
        near = gaussian_filter(last.astype(np.float32), 6)
        looks = (keys(frame).double() @ weights + intercept).view(first.shape).numpy()
        last = (looks.clip(0, 1) * near / max(1e-6, near.max())) ** 0.5 > 0.5
        found.append(last)
    return found


def _j(found: Masks, wanted: NDArray[Any]) -> float:
    return mean(region(one, other) for one, other in zip(found[1:], wanted[1:], strict=True))


def _followed(options: Any) -> list[Claim]:
    held = read_npz(find("davis"))
    names = ("dog", "libby") if options.quick else tuple(sorted((*CHOSEN_ON, *HELD)))
    scores: dict[str, dict[str, float]] = {"mine": {}, "first mask copied": {}, "colours alone": {}}
    seconds, sense, keys = 0.0, DenseSense(width=500), 0.0
    frames = 0
    for name in names:
        x, y = held[f"{name}_x"], held[f"{name}_y"]
        began = time.process_time()
        found = list(VideoObjects(sense).track(x, y[0]))
        seconds += time.process_time() - began
        began = time.process_time()
        for frame in x[:: len(x) // 5]:
            sense(frame)
        keys += (time.process_time() - began) / len(x[:: len(x) // 5]) * len(x)
        frames += len(x)
        scores["mine"][name] = _j(found, y)
        scores["first mask copied"][name] = _j(_copied(x, y[0]), y)
        scores["colours alone"][name] = _j(_colours(x, y[0]), y)
        print(f"  {name}: " + ", ".join(f"{who} {each[name]:.3f}" for who, each in scores.items()), flush=True)

    def claim(said: str, some: tuple[str, ...], bound: float | None) -> Claim:
        each = [scores["mine"][name] for name in some]
        beside = {who: mean(found[name] for name in some) for who, found in scores.items() if who != "mine"}
        spread = float(np.std(each, ddof=1)) if len(each) > 1 else 0.0
        single = {name: scores["mine"][name] for name in some}
        direction = "=" if bound is None else ">="
        return Claim(said, mean(each), "region J", bound, direction, [0], spread, COMMAND, beside | single)

    part = {what: tuple(n for n in names if n in of) for what, of in (("chosen", CHOSEN_ON), ("held", HELD))}
    return [
        claim("objects followed from the first mask, all sequences", names, None if options.quick else _BOUND),
        claim("the five sequences that settings were chosen on", part["chosen"], None),
        claim("the five that were held out", part["held"], None),
        Claim("following a frame of 120 × 214, one core", frames / seconds, "frames a second", None, "=", [0], 0.0,
              COMMAND, {"keys alone": frames / keys}),
    ]  # fmt: skip


def _costs(options: Any) -> list[Claim]:
    """Of a segmenter: what reading and learning cost beside the keys alone."""
    frames = read_npz(find("davis"))["dog_x"]
    source = np.random.default_rng(0)
    mask = source.integers(0, 11, (4, 6)).repeat(30, 0).repeat(36, 1)[:, :214]
    segmenter = Segmenter()
    segmenter.learn(frames[0], mask)
    segmenter.predict(frames[0])
    took: dict[str, list[float]] = {"keys": [], "predict": [], "learn": []}
    for index in range(3 if options.quick else 9):  # one after the other, so that all meet the same load
        frame = frames[index + 1]
        for name, run in (
            ("keys", lambda frame=frame: segmenter.sense(frame)),
            ("learn", lambda frame=frame: segmenter.learn(frame, mask)),
        ):
            began = time.process_time()
            run()
            took[name].append(time.process_time() - began)
        segmenter.predict(frame)  # solved once
        began = time.process_time()
        segmenter.predict(frame)
        took["predict"].append(time.process_time() - began)
    keys = float(np.median(took["keys"]))

    def ratio(name: str) -> float:
        return float(np.median(took[name])) / keys

    return [
        Claim("predicting a frame, 11 classes", ratio("predict"), "times its keys", 1.5, "<=", [0], 0.0, COMMAND),
        Claim("learning a frame, 11 classes", ratio("learn"), "times its keys", 3.0, "<=", [0], 0.0, COMMAND),
        Claim("segmenting a frame of 120 × 214, one core", 1 / float(np.median(took["predict"])), "frames a second",
              None, "=", [0], 0.0, COMMAND, {"learning": 1 / float(np.median(took["learn"]))}),
    ]  # fmt: skip


def main() -> None:
    options = arguments(__doc__ or "")
    one_thread()
    finish([*_costs(options), *_followed(options)], options)


if __name__ == "__main__":
    main()
