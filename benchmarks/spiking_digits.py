"""Spiking networks on MNIST: trained by surrogate gradients, and without any label by STDP.

1. *Surrogate gradients*: 784 – 800 leaky integrate-and-fire – 10 leaky integrators, eight steps, the picture as a
   constant current; ten epochs of Adam. Beside it the same network with rectified units, and the same spiking layer
   left random under a trained read-out.
2. *STDP and competition* (Diehl & Cook, 2015, Frontiers in Computational Neuroscience 9:99; published with 400 cells:
   0.870): Poisson spikes, pair STDP, adaptive thresholds, a winner inhibits all others; each cell begins with the
   trace of one picture and is named after the digit for which it fires most. Beside it the same cells unlearned
   ("imprinted"), random synapses, class means of the pixels, and a ridge read-out of the spike counts.

Nothing is chosen on test pictures.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from statistics import mean, stdev

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from common import WORK, Claim, arguments, finish, kept, one_thread
from reverie.contracts import SynapseView
from reverie.layers import LeakyIntegrator, SpikingDense, dense, lif
from reverie.plasticity import STDP
from reverie.streams import split_mnist

SEEDS = [0, 1, 2]
RULE = STDP(potentiation=0.004, depression=0.00005)  # chosen on pictures held out from training
ROWS, EPOCHS = 32, 2  # pictures shown at once, and how often each is shown
Data = tuple[Tensor, Tensor, Tensor, Tensor]


def mnist(most: int | None = None) -> Data:
    """Pictures in 0…1 and digits, to learn from and to be asked about; in a fixed random order."""
    parts = [(one.train_x, one.train_y, one.test_x, one.test_y) for one in split_mnist()]
    x, y, asked, wanted = (torch.cat([part[side] for part in parts]) for side in range(4))
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))[:most]
    ask = torch.randperm(len(asked), generator=torch.Generator().manual_seed(1))[:most]
    return x[order].flatten(1).float(), y[order], asked[ask].flatten(1).float(), wanted[ask]


def accuracy(scores: Tensor, wanted: Tensor) -> float:
    return float((scores.argmax(1) == wanted).double().mean())


# surrogate gradients


class Spiking(nn.Module):
    """Pictures as constant currents; the answer is the mean membrane of leaky integrators."""

    def __init__(self, source: torch.Generator, *, hidden: int = 800, steps: int = 8) -> None:
        super().__init__()
        self.first, self.steps = SpikingDense(784, hidden, lif(beta=0.8), generator=source), steps
        self.second, self.out = dense(hidden, 10, source), LeakyIntegrator(beta=0.8)

    def forward(self, x: Tensor) -> Tensor:
        spikes, _ = self.first.neurons(self.first.current(x).expand(self.steps, -1, -1))
        membrane, _ = self.out(self.second(spikes))
        answer: Tensor = membrane.mean(0)
        return answer


def rectified(source: torch.Generator) -> nn.Module:
    return nn.Sequential(dense(784, 800, source), nn.ReLU(), dense(800, 10, source))


def descend(model: nn.Module, data: Data, epochs: int, source: torch.Generator) -> float:
    """Accuracy after some epochs of Adam whose rate falls to nothing."""
    x, y, asked, wanted = data
    trained = [part for part in model.parameters() if part.requires_grad]
    optimiser = torch.optim.Adam(trained, lr=1e-3, fused=True)
    batches = [rows for _ in range(epochs) for rows in torch.randperm(len(x), generator=source).split(100)]
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, len(batches))
    for rows in batches:
        loss = cross_entropy(model(x[rows]), y[rows])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        return accuracy(torch.cat([model(part) for part in asked.split(1000)]), wanted)


def surrogate(kind: str, data: Data, epochs: int, seed: int) -> dict[str, float]:
    source = torch.Generator().manual_seed(seed)
    model = rectified(source) if kind == "rectified" else Spiking(source)
    if isinstance(model, Spiking) and kind == "random":
        model.first.requires_grad_(False)
    return {"accuracy": descend(model, data, epochs, source)}


# STDP and competition


class Competitors:
    """Cells that compete for Poisson spikes of pictures. Units: a step is a millisecond, membranes are in mV.

    A cell that reaches 13 mV + θ fires, falls to 5 mV, is silent for 5 ms, raises its θ, and pushes all others down.
    Several pictures are shown at once, each to cells of its own state and the same synapses (Saunders et al., 2019).
    """

    STEPS, RATE = 150, 0.128  # spikes per step of a white pixel
    REST, BAR, FALL, SILENT, PUSH = math.exp(-1 / 100), 13.0, 5.0, 5.0, 120.0
    RAISE, DRIVE = 0.05, 78.4  # by which a spike raises θ; what a cell's synapses sum to

    def __init__(self, cells: int, source: torch.Generator, weight: Tensor | None = None) -> None:
        drawn = torch.rand(cells, 784, generator=source) if weight is None else weight
        self.source = source
        self.weight = drawn * (self.DRIVE / drawn.sum(1, keepdim=True))
        self.bar = torch.full((cells,), self.BAR)

    def show(self, x: Tensor, rule: STDP | None = None) -> Tensor:
        """Spike counts [n, cells]; with a rule the synapses learn."""
        n, cells = len(x), len(self.weight)
        membrane, silent = torch.zeros(n, cells), torch.zeros(n, cells)
        counts, rest = torch.zeros(n, cells), torch.zeros(n, cells)
        state = rule.begin(SynapseView(x, rest, self.weight)) if rule else None
        for _ in range(self.STEPS):
            spikes = (torch.rand(x.shape, generator=self.source) < x * self.RATE).float()
            membrane = membrane * self.REST + (spikes @ self.weight.T) * (silent <= 0)
            silent -= 1
            above, first = (membrane - self.bar).max(1)
            row = (above >= 0).nonzero().flatten()
            fired = rest
            if len(row):
                winner = first[row]
                fired = torch.zeros(n, cells)
                fired[row, winner] = 1
                membrane[row] -= self.PUSH
                membrane[row, winner], silent[row, winner] = self.FALL, self.SILENT
                counts += fired
            if rule is not None and state is not None:
                change, state = rule(SynapseView(spikes, fired, self.weight), state)
                self.weight = (self.weight + n * change).clamp_(0, 1)
                self.bar += self.RAISE * fired.sum(0)
        if rule is not None:
            self.weight *= self.DRIVE / self.weight.sum(1, keepdim=True)
        return counts


def named(cells: Competitors, data: Data, few: int = 10_000) -> dict[str, float]:
    """Accuracy where each cell is named after the digit for which it fires most, and of a ridge read-out of counts."""
    x, y, asked, wanted = data
    known, seen = (torch.cat([cells.show(part) for part in side.split(500)]) for side in (x[:few], asked))
    digits = one_hot(y[:few], 10).float()
    rates = known.T @ digits / digits.sum(0)
    names = one_hot(rates.argmax(1), 10).float()
    votes = seen @ (names / names.sum(0).clamp_min(1))
    known, seen = (nn.functional.pad(side, (0, 1), value=1.0) for side in (known, seen))
    gram = known.T @ known
    gram.diagonal().add_(0.01 * gram.diagonal().mean())
    return {
        "named": accuracy(votes, wanted),
        "ridge": accuracy(seen @ torch.linalg.solve(gram, known.T @ digits), wanted),
        "spikes": float(seen.sum(1).mean()),
    }


def competition(kind: str, data: Data, cells: int, epochs: int, seed: int) -> dict[str, float]:
    source = torch.Generator().manual_seed(seed)
    start = None if kind == "random" else data[0][torch.randperm(len(data[0]), generator=source)[:cells]]
    network = Competitors(cells, source, start)
    shown = [rows for _ in range(epochs) for rows in torch.randperm(len(data[0]), generator=source).split(ROWS)]
    for index, rows in enumerate(shown if kind == "STDP" else []):
        left = 1 - index / len(shown)  # both rates fall to nothing
        rule = replace(RULE, potentiation=RULE.potentiation * left, depression=RULE.depression * left)
        network.show(data[0][rows], rule)
    return named(network, data)


def class_means(data: Data) -> float:
    x, y, asked, wanted = data
    means = torch.stack([x[y == digit].mean(0) for digit in range(10)])
    return accuracy(-torch.cdist(asked, means), wanted)


def main() -> None:
    options = arguments("Spiking networks on MNIST.")
    one_thread()
    few = options.quick
    data, seeds = mnist(3000 if few else None), SEEDS[:1] if few else SEEDS
    place = WORK / "spiking_digits" / ("quick" if few else "whole")
    command = f"python benchmarks/spiking_digits.py{' --quick' if few else ''}"
    claims = []

    def ask(
        name: str, measure: Callable[[int], dict[str, float]], *, once: bool = False
    ) -> dict[int, dict[str, float]]:
        """What was measured, by seed; controls once."""
        found = {
            seed: kept(place / f"{name}-{seed}.json", options, partial(measure, seed))
            for seed in seeds[: 1 if once else None]
        }
        return {seed: one for seed, one in found.items() if one is not None}

    def say(what: str, found: dict[int, float], bound: float, beside: dict[str, float]) -> None:
        values = list(found.values())
        spread = stdev(values) if len(values) > 1 else 0.0
        sense = "=" if few else ">="
        claims.append(Claim(what, mean(values), "fraction", bound, sense, list(found), spread, command, beside))

    epochs, cells = (2, 100) if few else (10, 400)
    trained = {
        kind: ask(f"surrogate-{kind}", partial(surrogate, kind, data, epochs), once=kind != "spiking")
        for kind in ("spiking", "rectified", "random")
    }
    if found := trained["spiking"]:
        labels = {"rectified": "rectified units", "random": "random first layer"}
        beside = {label: one["accuracy"] for kind, label in labels.items() for one in trained[kind].values()}
        accuracies = {seed: one["accuracy"] for seed, one in found.items()}
        say("surrogate gradients, 784–800–10, eight steps, MNIST: accuracy", accuracies, 0.98, beside)
    lives = {
        kind: ask(kind, partial(competition, kind, data, cells, EPOCHS), once=kind != "STDP")
        for kind in ("STDP", "random", "imprinted")
    }
    if found := lives["STDP"]:
        beside = {f"{kind} synapses": one["named"] for kind in ("random", "imprinted") for one in lives[kind].values()}
        beside |= {"class means of pixels": class_means(data), "published": 0.87}
        beside["ridge read-out of the counts"] = mean(one["ridge"] for one in found.values())
        named_so = {seed: one["named"] for seed, one in found.items()}
        say(f"STDP, {cells} cells, no labels but names, MNIST: accuracy", named_so, 0.90, beside)
    finish(claims, options)


if __name__ == "__main__":
    main()
