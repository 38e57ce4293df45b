"""Does a brain that is asked after every batch keep what it knows, when samples come to be as many as features?

CIFAR-10 through the default visual cortex (3600 keys), pictures in their order, asked of 2000 of the test part after
every few hundred. And, for several sets of keys of less than a thousand features, how far the accuracy of the chosen λ
lies below that of the best one in hindsight, n/d = 0.3 … 3, on a part held out of the training data.

Run: python benchmarks/ridge.py [--quick] [--json benchmarks/results/ridge.json]
"""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn.functional import one_hot

from common import Claim, arguments, finish, one_thread
from reverie.memory import AssociativeMemory
from reverie.senses import Senses

COMMAND = "python benchmarks/ridge.py"
DATA = Path(os.environ.get("REVERIE_DATA", "../shared/data"))
RATIOS = (0.3, 0.5, 0.7, 0.85, 0.95, 1.0, 1.05, 1.15, 1.3, 1.6, 2.0, 2.5, 3.0)


def keys_of(x: Tensor, encoder: str, settings: dict[str, int]) -> Tensor:
    """Keys of samples, as a brain would have them."""
    senses = Senses(encoder, settings)
    senses.form(x[:1000])
    return torch.cat([senses.keys(part) for part in x.split(250)])


def sets(quick: bool) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Keys and labels, shuffled."""
    x, y = (torch.from_numpy(array) for array in load_digits(return_X_y=True))
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(0))
    yield "digits, raw", keys_of(x[order], "raw", {}), y[order]
    yield "digits, expansion", keys_of(x[order], "expansion", {"width": 400}), y[order]
    if quick:
        return
    for name, file in (("mnist", DATA / "mnist/mnist.npz"), ("cifar10", DATA / "cifar10/cifar10.npz")):
        with np.load(file) as stored:
            x, y = torch.from_numpy(stored["train_x"][:4000]), torch.from_numpy(stored["train_y"][:4000]).long()
        yield f"{name}, cortex", keys_of(x, "cortex", {"filters": 25}), y
        yield f"{name}, expansion", keys_of(x, "expansion", {"width": 800}), y


def below_the_best(keys: Tensor, labels: Tensor) -> list[float]:
    """Points of accuracy that the chosen λ lies below the best of a grid, for each ratio of samples to features."""
    d, held, below = keys.shape[1], len(keys) // 4, []
    asked, right = keys[-held:], labels[-held:]
    for n in [round(ratio * d) for ratio in RATIOS if ratio * d <= len(keys) - held]:
        chosen = AssociativeMemory()
        chosen.write(keys[:n], one_hot(labels[:n], 10))
        shares = []
        for step in range(-12, 9):
            memory = AssociativeMemory(ridge=chosen.energy() / d * 10 ** (step / 4))
            memory.write(keys[:n], one_hot(labels[:n], 10))
            shares.append(float((memory.read(asked).argmax(1) == right).double().mean()))
        own = float((chosen.read(asked).argmax(1) == right).double().mean())
        below.append(100 * (max(*shares, own) - own))
    return below


def life(step: int, end: int) -> tuple[float, float]:
    """Accuracy at the end, and the largest fall of it from one moment to a later one, in points."""
    with np.load(DATA / "cifar10/cifar10.npz") as stored:
        x, y = torch.from_numpy(stored["train_x"][:end]), torch.from_numpy(stored["train_y"][:end]).long()
        asked, right = torch.from_numpy(stored["test_x"]), torch.from_numpy(stored["test_y"]).long()
    chosen = torch.randperm(len(right), generator=torch.Generator().manual_seed(0))[:2000]
    keys = keys_of(torch.cat([x, asked[chosen]]), "cortex", {})
    memory, best, fall, now = AssociativeMemory(), 0.0, 0.0, 0.0
    for start in range(0, end, step):
        memory.write(keys[start : start + step], one_hot(y[start : start + step], 10))
        memory.refresh()
        now = float((memory.read(keys[end:]).argmax(1) == right[chosen]).double().mean())
        best, fall = max(best, now), max(fall, best - now)
        print(f"  {start + step}: {now:.3f}, λ {memory.chosen_ridge():.3g}", flush=True)
    return now, 100 * fall


def main() -> None:
    options = arguments(__doc__ or "")
    one_thread()
    below = {name: below_the_best(keys, labels) for name, keys, labels in sets(options.quick)}
    every = [points for row in below.values() for points in row]
    means = {name: sum(row) / len(row) for name, row in below.items()}
    claims = [
        Claim.of(
            "accuracy of the chosen λ below that of the best in hindsight, mean over sets and n/d = 0.3 … 3",
            {0: sum(every) / len(every)},
            "points",
            1.5,
            "<=",
            COMMAND,
            means | {"worst": max(every)},
        )
    ]
    if not options.quick:
        end, fall = life(400, 5200)
        what = "CIFAR-10, default cortex, asked after every 400 pictures"
        claims.append(Claim.of(f"{what}: largest fall", {0: fall}, "points", 3.0, "<=", COMMAND))
        claims.append(Claim.of(f"{what}: accuracy after 5200", {0: end}, "", 0.6, ">=", COMMAND))
    finish(claims, options)


if __name__ == "__main__":
    main()
