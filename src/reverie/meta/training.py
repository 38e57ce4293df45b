"""Training a sense for the memory: many small tasks, each read out as the memory will read it.

Of each of `ways` classes two pictures are drawn, and bent a little. Each answers for the other: the first of all are
learned and the second asked, and then the other way round. The loss is the cross-entropy of the answers, read out by
class means or by ridge, with a temperature that is learned too. Half of the loss may come of each read-out.

The place in the training is kept now and then, so that a training that was killed goes on to the same numbers.
"""

import hashlib
import math
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import affine_grid, cross_entropy, grid_sample, normalize

from reverie.checkpoint import TENSORS, load_head, load_tree, save_state
from reverie.errors import BadData, CorruptFile, MissingData
from reverie.meta.episodes import Classes, draw
from reverie.meta.network import LARGEST, WIDTHS, MetaSense, Pictured, as_channels, checked_widths
from reverie.meta.read_outs import mean_logits, ridge_logits

__all__ = ["MetaPlan", "bent", "drop_training", "expect_training", "train"]

_KIND = "meta training"
_OURS = ("state.json", TENSORS, ".state.json.*.tmp", f".{TENSORS}.*.tmp")  # names of the files that are kept
READ_OUTS = ("means", "ridge", "both")
SMALLEST = 8
"""Pixels on a side, at least: they are halved three times."""


@dataclass(frozen=True, kw_only=True)
class MetaPlan:
    """How a sense is trained.

    Parameters
    ----------
    steps : int
        Tasks, for each network.
    ways : int
        Classes of a task; fewer where there are fewer.
    networks : int
        How many are trained, each from a seed of its own; the sense has all of them.
    read_out : str
        "means", "ridge" or "both".
    learning_rate : float
        At first; it falls to zero along half a cosine.
    decay : float
        Of weights (AdamW).
    widths : tuple of int
        Of the networks.
    seed : int
    """

    steps: int = 1800
    ways: int = 64
    networks: int = 2
    read_out: str = "ridge"
    learning_rate: float = 3e-3
    decay: float = 1e-2
    widths: tuple[int, ...] = WIDTHS
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "networks"):
            if getattr(self, name) < 1:
                raise BadData(f"{name} is {getattr(self, name)}. Expected at least 1.")
        if self.ways < 2:
            raise BadData(f"ways is {self.ways}. Expected at least 2.")
        if self.read_out not in READ_OUTS:
            raise BadData(f"read_out is {self.read_out!r}. Expected one of {', '.join(READ_OUTS)}.")
        if not 0 < self.learning_rate < math.inf:
            raise BadData(f"learning_rate is {self.learning_rate}. Expected a number above 0.")
        if not 0 <= self.decay < math.inf:
            raise BadData(f"decay is {self.decay}. Expected 0 or more.")
        checked_widths(self.widths)


def train(
    classes: Classes,
    plan: MetaPlan | None = None,
    *,
    keep: Path | None = None,
    every: int = 200,
    told: Callable[[int, int, float], None] = lambda step, steps, loss: None,
) -> MetaSense:
    """Train a sense on classes; whatever it shall be tested on must not be among them.

    Parameters
    ----------
    keep : Path, optional
        A folder where the place in the training is kept; a training with the same plan and classes goes on there.
    every : int
        Steps after which it is kept.
    told : callable
        Is given the step, how many there are, and the mean loss since it was last told.

    Raises
    ------
    BadData
        A class has fewer than two pictures; these are too small; the training that is kept is another one.
    """
    plan = plan or MetaPlan()
    if every < 1:
        raise BadData(f"every is {every}. Expected at least 1.")
    height, width = classes.shape[:2]
    if not SMALLEST <= min(height, width) <= max(height, width) <= LARGEST:
        raise BadData(
            f"The pictures are {height} × {width}. Expected {SMALLEST}…{LARGEST} pixels on a side: scale them."
        )
    if classes.fewest < 2:
        raise BadData(f"A class has {classes.fewest} picture. Expected two at least: one to learn from, one to ask.")
    asked = _asked(classes, plan)
    channels = 1 if len(classes.shape) == 2 else 3
    networks = []
    for number in range(plan.networks):
        generator = torch.Generator().manual_seed(1000 * plan.seed + number)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1000 * plan.seed + number)  # nn.Module takes its first weights from there
            training = _Training(Pictured(channels, plan.widths), plan, generator)
        place = None if keep is None else keep / f"network-{number}"
        training.go_on(place, asked)
        losses: list[float] = []
        while training.step < plan.steps:
            losses.append(training.learn(classes))
            if training.step % every == 0 or training.step == plan.steps:
                told(number * plan.steps + training.step, plan.networks * plan.steps, sum(losses) / len(losses))
                losses = []
                training.keep(place, asked)
        networks.append(training.network)
    return MetaSense(networks, (classes.shape[0], classes.shape[1]))


class _Training:
    """A network on its way."""

    def __init__(self, network: Pictured, plan: MetaPlan, generator: torch.Generator) -> None:
        self.network, self.plan, self.generator, self.step = network, plan, generator, 0
        self.scale = nn.Parameter(torch.tensor([10.0, 10.0, 1.0]).log())  # temperatures of both read-outs; the ridge
        self.optimizer = torch.optim.AdamW(
            [
                {"params": list(network.parameters()), "weight_decay": plan.decay},
                {"params": [self.scale], "weight_decay": 0.0},
            ],
            lr=plan.learning_rate,
        )

    def learn(self, classes: Classes) -> float:
        """One task; its loss."""
        ways = min(self.plan.ways, len(classes))
        task = draw(classes, ways, 1, 1, self.generator)
        self.network.train()
        x = bent(as_channels(torch.cat([task.shown, task.asked]), self.network.channels), self.generator)
        first, second = normalize(self.network(x), dim=1).split(ways)
        loss = (self._loss(first, second) + self._loss(second, first)) / 2
        for group in self.optimizer.param_groups:  # in closed form, so that a training that goes on has the same rate
            group["lr"] = self.plan.learning_rate * (1 + math.cos(math.pi * self.step / self.plan.steps)) / 2
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.step += 1
        return float(loss.detach())

    def _loss(self, shown: Float[Tensor, "n d"], asked: Float[Tensor, "n d"]) -> Float[Tensor, ""]:
        labels = torch.arange(len(shown))
        means, ridge, strength = self.scale.exp()
        found = []
        if self.plan.read_out in ("means", "both"):
            found.append(cross_entropy(means * mean_logits(shown, labels, asked), labels))
        if self.plan.read_out in ("ridge", "both"):
            found.append(cross_entropy(ridge * ridge_logits(shown, labels, asked, strength), labels))
        return torch.stack(found).mean()

    def keep(self, place: Path | None, asked: str) -> None:
        """Write down where the training is."""
        if place is None:
            return
        moments = self.optimizer.state_dict()["state"]
        state = {
            "network": dict(self.network.state_dict()),
            "scale": self.scale.detach(),
            "moments": {str(number): dict(one) for number, one in moments.items()},
            "generator": self.generator.get_state(),
        }
        save_state(place, state, kind=_KIND, about={"step": self.step, "asked": asked})

    def go_on(self, place: Path | None, asked: str) -> None:
        """Go on where it was kept, if it was."""
        if place is None or not (place / "state.json").exists():
            return
        head = load_head(place, kind=_KIND)
        if head["about"].get("asked") != asked:
            raise BadData(
                f"{place.parent} keeps another training: of another plan, or of other pictures. Give another folder, "
                "or delete it."
            )
        state: dict[str, Any] = load_tree(place, head)
        self.network.load_state_dict(state["network"])
        with torch.no_grad():
            self.scale.copy_(state["scale"])
        self.generator.set_state(state["generator"])
        groups = self.optimizer.state_dict()
        groups["state"] = {int(number): one for number, one in state["moments"].items()}
        self.optimizer.load_state_dict(groups)
        self.step = int(head["about"]["step"])


def expect_training(folder: Path) -> None:
    """Refuse a folder that holds anything but the place in a training, as `train` keeps it.

    Raises
    ------
    BadData
        Says what else is there.
    """
    if not folder.exists():
        return
    others = [one.name for one in folder.iterdir() if not _kept_here(one)] if folder.is_dir() else [folder.name]
    if others:
        raise BadData(
            f"{folder} is where a training is kept, and it holds other things: {', '.join(sorted(others)[:5])}. Move "
            "them, or give another --out."
        )


def drop_training(folder: Path) -> None:
    """Remove what `train` has kept in a folder, and the folder if nothing else is in it."""
    if not folder.is_dir():
        return
    for one in list(folder.iterdir()):
        if _kept_here(one):
            shutil.rmtree(one)
    if not any(folder.iterdir()):
        folder.rmdir()


def _kept_here(place: Path) -> bool:
    """Whether `train` has made it: one network's place, whole or as a kill has left it, and nothing else in it."""
    if place.is_symlink() or not place.is_dir() or not place.name.startswith("network-"):
        return False
    if not all(any(fnmatch(one.name, name) for name in _OURS) for one in place.iterdir()):
        return False
    try:
        load_head(place, kind=_KIND)
    except CorruptFile:
        return False
    except MissingData:  # killed before it was kept for the first time
        return True
    return True


def bent(x: Float[Tensor, "n c h w"], generator: torch.Generator, strength: float = 1.0) -> Float[Tensor, "n c h w"]:
    """Pictures turned, sheared, stretched and moved a little, each in its own way.

    Parameters
    ----------
    strength : float
        1: turned by some 6 degrees, stretched by 10 %, moved by 5 % (standard deviations).
    """
    n = len(x)
    noise = torch.randn(n, 2, 3, generator=generator) * strength
    bend = torch.eye(2, 3).expand(n, 2, 3) + noise * torch.tensor([[0.1, 0.1, 0.1], [0.1, 0.1, 0.1]])
    grid = affine_grid(bend.to(x.dtype), list(x.shape), align_corners=False)
    return grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)


def _asked(classes: Classes, plan: MetaPlan) -> str:
    """By which a training is known: its plan and its pictures."""
    found = hashlib.sha256(repr(sorted(asdict(plan).items())).encode())
    for one in classes.pictures:
        found.update(f"{tuple(one.shape)} {one.dtype}".encode())
        found.update(one.contiguous().view(torch.uint8).numpy().tobytes())
    return found.hexdigest()
