"""Learning to learn: characters of Omniglot from one or five examples, and six hundred classes in sequence.

    python benchmarks/meta.py --json benchmarks/results/meta.json

Senses are trained on the 964 characters of the background set (Lake et al., 2015) and asked about the 659 characters of
the evaluation set, whose alphabets they have never seen; no rotations. 600 episodes, 15 questions of each class.
`--validate` asks about every fifth alphabet of the background set instead; the read-out that is trained through was
chosen so (300 steps, one seed: 20-way 1-shot by ridge .880 trained through ridge, .865 through means). Nothing else was
chosen. Processor time is of one core, both networks together. What stands beside it may take the best of three
read-outs in sequence.

Looks: each picture is seen as it is and bent a little, three times, and the keys are averaged. Whitened: by the scatter
within the characters of the background set. In sequence: 600 characters of the evaluation set one after another, 15
pictures of each, one pass, nothing stored; asked for the other 5 pictures of all 600 (the protocol of OML and ANML).

Beside it: prototypical networks (Snell et al., 2017) with the same network and as many steps as one of ours, 60
classes, one example and five questions each, squared distances; the same network untrained; and pixels.
"""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from common import WORK, Claim, finish, kept, one_thread, parser
from reverie.errors import MissingData
from reverie.evaluation.speed import learning_speed
from reverie.memory import AssociativeMemory
from reverie.meta import (
    Classes,
    MetaPlan,
    MetaSense,
    Moment,
    Pictured,
    draw,
    mean_logits,
    ridge_logits,
    train,
    unroll,
)
from reverie.meta.training import bent
from reverie.plasticity import Hebb
from reverie.streams.locate import folders

EPISODES, QUESTIONS = 600, 15
SEQUENCE, SHOWN = 600, 15
Keys = Callable[[Tensor], Tensor]


def read(validate: bool = False) -> tuple[Classes, Classes]:
    """Characters to train on, and to be asked about; ink is bright.

    Parameters
    ----------
    validate : bool
        Ask about every fifth alphabet of the background set, and train on the others.
    """
    for folder in folders():
        path = folder / "omniglot" / "omniglot28.npz"
        if path.is_file():
            data = np.load(path, allow_pickle=False)
            if validate:
                pictures, alphabets = (
                    255 - torch.from_numpy(data["images_background"]),
                    data["images_background_alphabet"],
                )
                held = np.isin(alphabets, sorted(set(alphabets.tolist()))[::5])
                return Classes(list(pictures[~held])), Classes(list(pictures[held]))
            parts = (255 - torch.from_numpy(data[f"images_{part}"]) for part in ("background", "evaluation"))
            background, evaluation = (Classes(list(part)) for part in parts)
            return background, evaluation
    raise MissingData(f"Omniglot is not there. Put omniglot/omniglot28.npz into {folders()[0]}.")


def keys_of(sense: MetaSense) -> Keys:
    """As it is."""

    def keys(x: Tensor) -> Tensor:
        with torch.no_grad():
            return torch.cat([sense(part) for part in x.split(500)])

    return keys


def looked(keys: Keys, seed: int, looks: int = 3) -> Keys:
    """The mean key of a picture and of some that are bent a little."""
    generator = torch.Generator().manual_seed(seed)

    def more(x: Tensor) -> Tensor:
        plain = x[:, None].float() / 255
        return keys(x) + sum(keys(bent(plain, generator, 0.5)) for _ in range(looks))

    return more


def whitened(keys: Keys, background: Classes) -> Keys:
    """Turned and stretched so that pictures of one background character scatter alike in all directions."""
    found = [keys(one) for one in background.pictures]
    within = torch.cat([one - one.mean(0) for one in found]).double()
    scatter = within.T @ within / len(within)
    scatter += 0.1 * scatter.diagonal().mean() * torch.eye(len(scatter), dtype=torch.float64)
    values, vectors = torch.linalg.eigh(scatter)
    turn = (vectors * values.rsqrt()).float()
    return lambda x: keys(x) @ turn


def few_shots(keys: list[Tensor], ways: int, shots: int, episodes: int, read_out: Any) -> float:
    """Mean accuracy over episodes, drawn from the keys of each class."""
    generator = torch.Generator().manual_seed(0)
    labels, right = torch.arange(ways), []
    for _ in range(episodes):
        chosen = torch.randperm(len(keys), generator=generator)[:ways].tolist()
        orders = [torch.randperm(len(keys[place]), generator=generator) for place in chosen]
        shown = torch.cat([keys[place][order[:shots]] for place, order in zip(chosen, orders, strict=True)])
        asked = [keys[place][order[shots:][:QUESTIONS]] for place, order in zip(chosen, orders, strict=True)]
        truth = labels.repeat_interleave(torch.tensor([len(one) for one in asked]))
        found = read_out(shown, labels.repeat_interleave(shots), torch.cat(asked))
        right.append((found.argmax(1) == truth).double().mean().item())
    return float(np.mean(right))


def in_sequence(keys: Keys, classes: Classes) -> dict[str, float]:
    """Classes one after another, by class means and by the exact memory; both are sums, so the order says nothing."""
    some = [keys(one).double() for one in classes.pictures[:SEQUENCE]]
    asked, truth = (
        torch.cat([one[SHOWN:] for one in some]),
        torch.arange(len(some)).repeat_interleave(classes.fewest - SHOWN),
    )
    scale = 64 / torch.cat(some).std()  # the memory's sums are exact where keys are whole numbers
    memory = AssociativeMemory(ridge="gcv")
    for number, one in enumerate(some):
        memory.write((scale * one[:SHOWN]).round(), one_hot(torch.full((SHOWN,), number), len(some)).double())
    means = torch.stack([torch.nn.functional.normalize(one[:SHOWN], dim=1).mean(0) for one in some])
    cosines = torch.nn.functional.normalize(asked, dim=1) @ torch.nn.functional.normalize(means, dim=1).T
    distances = torch.cdist(asked, torch.stack([one[:SHOWN].mean(0) for one in some]))
    return {
        "exact": (memory.read((scale * asked).round()).argmax(1) == truth).double().mean().item(),
        "means": (cosines.argmax(1) == truth).double().mean().item(),
        "nearest": (distances.argmin(1) == truth).double().mean().item(),
    }


def squared(shown: Tensor, labels: Tensor, asked: Tensor) -> Tensor:
    """The read-out of prototypical networks: squared distance to the class means of features as they are."""
    classes = one_hot(labels).to(shown.dtype)
    return -torch.cdist(asked, (classes.T @ shown) / classes.sum(0)[:, None]).square()


def prototypes(background: Classes, steps: int, seed: int) -> Keys:
    """A prototypical network; its features as they are."""
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Pictured()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    for step in range(steps):
        task = draw(background, 60, 1, 5, generator)
        shown, asked = network(torch.cat([task.shown, task.asked])[:, None].float() / 255).split([60, 300])
        loss = cross_entropy(-torch.cdist(asked, shown).square(), task.asked_y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if (step + 1) % (steps // 4) == 0:
            for group in optimizer.param_groups:
                group["lr"] /= 2
    network.eval().requires_grad_(False)
    return lambda x: torch.cat([network(part[:, None].float() / 255) for part in x.split(500)])


def measured(plan: MetaPlan, episodes: int, validate: bool, place: Path, seed: int) -> dict[str, Any]:
    """All of one training seed."""
    background, evaluation = read(validate)
    begun = process_time()
    sense = train(
        background, plan, keep=place / f"training-{seed}", told=lambda *where: print("   ", *where, flush=True)
    )
    found: dict[str, Any] = {"seconds": process_time() - begun}
    keys = keys_of(sense)
    plain = [keys(one) for one in evaluation.pictures]
    looks = [looked(keys, seed)(one) for one in evaluation.pictures]
    ridge = partial(ridge_logits, ridge=1.0)
    for ways, shots in ((5, 1), (5, 5), (20, 1), (20, 5)):
        name = f"{ways}-way {shots}-shot"
        found[name] = few_shots(plain, ways, shots, episodes, mean_logits)
        found[f"{name}, ridge"] = few_shots(plain, ways, shots, episodes, ridge)
        if shots == 1:
            found[f"{name}, looks"] = few_shots(looks, ways, shots, episodes, ridge)
    found["sequence"] = in_sequence(keys, evaluation)
    found["sequence, whitened"] = in_sequence(whitened(keys, background), evaluation)
    found["speed"] = learning_speed(keys, evaluation.pictures[:SEQUENCE])
    return found


def beside(plan: MetaPlan, episodes: int, seed: int) -> dict[str, Any]:
    """What stands beside it."""
    background, evaluation = read()
    begun = process_time()
    net = prototypes(background, plan.steps, seed)
    found: dict[str, Any] = {"ProtoNet": {"seconds": process_time() - begun}}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        untrained = MetaSense([Pictured()], (28, 28))
    pixels: Keys = lambda x: x.flatten(1).float() / 255  # noqa: E731
    of_all: list[tuple[str, Keys, Any]] = [
        ("ProtoNet", net, squared),
        ("untrained network", keys_of(untrained), mean_logits),
        ("pixels", pixels, mean_logits),
    ]
    for name, keys, read_out in of_all:
        mine = found.setdefault(name, {})
        made = [keys(one) for one in evaluation.pictures]
        for ways, shots in ((5, 1), (5, 5), (20, 1), (20, 5)):
            mine[f"{ways}-way {shots}-shot"] = few_shots(made, ways, shots, episodes, read_out)
        mine["sequence"] = max(in_sequence(keys, evaluation).values())
        mine["speed"] = learning_speed(keys, evaluation.pictures[:SEQUENCE])
    return found


def completion(plastic: bool, bits: int, steps: int, seed: int) -> dict[str, Any]:
    """Five patterns of random bits are shown once each, and one is completed from its half (Miconi et al., 2018)."""
    generator = torch.Generator().manual_seed(seed)

    def patterns(lives: int) -> tuple[Tensor, Tensor]:
        shown = torch.sign(torch.randn(lives, 5, bits, generator=generator))
        return shown, torch.rand(lives, 1, bits, generator=generator) < 0.5

    def live(fixed: Tensor, gain: Tensor, rate: Tensor, shown: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        life = [Moment(one[None], one[None]) for one in shown] + [Moment(shown[:1] * ~hidden, modulator=0.0)]
        answer = unroll(Hebb(rate=rate), life, fixed, gain).answers[-1]
        wrong = ((answer.sign() != shown[:1]) & hidden).sum() / hidden.sum()
        return (answer - shown[:1]).square().mean(), wrong

    fixed = (0.001 * torch.randn(bits, bits, generator=generator)).requires_grad_()
    gain = (0.001 * torch.randn(bits, bits, generator=generator)).requires_grad_()
    rate = torch.tensor(0.1).requires_grad_()
    optimizer = torch.optim.Adam([fixed, gain, rate] if plastic else [fixed], lr=1e-3)
    begun = process_time()
    for _ in range(steps):
        used = gain if plastic else torch.zeros_like(gain)
        losses, _ = torch.vmap(partial(live, fixed, used, rate))(*patterns(4))
        optimizer.zero_grad()
        losses.mean().backward()
        optimizer.step()
    with torch.no_grad():
        used = gain if plastic else torch.zeros_like(gain)
        wrong = [torch.vmap(partial(live, fixed, used, rate))(*patterns(4))[1].mean().item() for _ in range(25)]
    return {"wrong": float(np.mean(wrong)), "seconds": process_time() - begun}


def main() -> None:
    """Measure all of it, and print the claims."""
    options_parser = parser((__doc__ or "").split("\n")[0])
    options_parser.add_argument("--seeds", default="0,1,2", help="of trainings")
    options_parser.add_argument("--validate", action="store_true", help="ask about alphabets of the background set")
    options: argparse.Namespace = options_parser.parse_args()
    one_thread()
    seeds = [int(seed) for seed in options.seeds.split(",")][: 1 if options.quick else None]
    plan, episodes = MetaPlan(steps=1250), EPISODES
    if options.quick:
        plan, episodes = MetaPlan(steps=20, networks=1), 10
    place = WORK / ("meta-quick" if options.quick else "meta-validation" if options.validate else "meta")
    lives = {}
    for seed in seeds:
        own = MetaPlan(**(vars(plan) | {"seed": seed}))
        found = kept(
            Path(place) / f"life-{seed}.json",
            options,
            partial(measured, own, episodes, options.validate, Path(place), seed),
        )
        if found is not None:
            lives[seed] = found
    peers = None if options.validate else kept(Path(place) / "beside.json", options, partial(beside, plan, episodes, 0))
    bits, steps = (60, 80) if options.quick else (1000, 300)
    whole = {}
    for seed in () if options.validate else seeds:
        for name, plastic in (("plastic", True), ("fixed", False)):
            measure = partial(completion, plastic, bits, steps, seed)
            found = kept(Path(place) / f"completion-{name}-{seed}.json", options, measure)
            if found is not None:
                whole[name, seed] = found
    command = "python benchmarks/meta.py"
    claims: list[Claim] = []

    def say(
        what: str, each: dict[int, float], unit: str, bound: float | None, direction: str, more: Any = None
    ) -> None:
        if each:
            claims.append(
                Claim.of(f"Omniglot, unseen alphabets: {what}", each, unit, bound, direction, command, more or {})
            )

    def by(key: str) -> dict[str, float]:
        return {} if peers is None else {name: float(one[key]) for name, one in peers.items()}

    def life(*keys: str) -> dict[int, float]:
        """A value of each training seed."""
        return {seed: float(one[keys[0]] if len(keys) == 1 else one[keys[0]][keys[1]]) for seed, one in lives.items()}

    for name, bound in (("5-way 1-shot", 0.985), ("20-way 1-shot", 0.955)):
        say(f"{name}, exact memory, three bent looks", life(f"{name}, looks"), "", bound, ">=", by(name))
        say(f"{name}, class means", life(name), "", None, "=", by(name))
        say(f"{name}, exact memory", life(f"{name}, ridge"), "", None, "=", by(name))
    for name in ("5-way 5-shot", "20-way 5-shot"):
        say(f"{name}, class means", life(name), "", None, "=", by(name))
        say(f"{name}, exact memory", life(f"{name}, ridge"), "", None, "=", by(name))
    say("600 classes in sequence, whitened class means", life("sequence, whitened", "nearest"), "", 0.9, ">=",
        by("sequence") | {"ANML, published": 0.638, "OML, published": 0.182})  # fmt: skip
    say("600 classes in sequence, class means", life("sequence", "means"), "", None, "=", by("sequence"))
    say("600 classes in sequence, exact memory", life("sequence", "exact"), "", None, "=", by("sequence"))
    for n in ("1", "2", "5", "10"):
        others = {} if peers is None else {name: float(one["speed"][n]) for name, one in peers.items()}
        say(f"600 classes after {n} examples of each", life("speed", n), "", None, "=", others)
    completed = {seed: float(one["wrong"]) for (name, seed), one in whole.items() if name == "plastic"}
    twins = [float(one["wrong"]) for (name, _), one in whole.items() if name == "fixed"]
    if completed and twins:
        what = f"five patterns of {bits} random bits, shown once: hidden bits that are wrong after learning to complete"
        twin = {"its twin without plasticity": float(np.mean(twins)), "chance": 0.5}
        claims.append(Claim.of(what, completed, "", 0.01, "<=", command, twin))
    anchor = {} if peers is None else {"ProtoNet, one network": float(peers["ProtoNet"]["seconds"])}
    say("processor time of training", life("seconds"), "s", 600, "<=", anchor)
    finish(claims, options)


if __name__ == "__main__":
    main()
