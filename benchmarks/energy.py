"""Energy of networks of about equal accuracy on MNIST, and of learners over a life, memory traffic counted.

Dense float32, the same with int8 weights and activities, the same with nine of ten synapses pruned, its spiking
conversion, and a spiking network trained by surrogate gradients. Modelled joules per picture at batch one in three
models (`reverie.evaluation`), measured joules where the machine has a meter. The learners' lives are on the digits.
"""

import copy
from statistics import mean
from typing import Any

import torch
from torch import Tensor, nn

from common import Claim, arguments, finish, one_thread
from reverie.contracts import Cost
from reverie.evaluation import (
    TECHNOLOGIES,
    Energy,
    Work,
    break_even_spikes,
    count_operations,
    metered,
    work_of_spikes,
)
from reverie.functional import poisson_spikes
from reverie.layers import LeakyIntegrator, SpikingDense, dense, lif, to_spiking
from reverie.learners import BIR, ER, Exact, Joint, Naive
from reverie.streams import digits, split_mnist

HIDDEN = 256
STEPS = 25


def mnist() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    whole = next(iter(split_mnist(classes_per_experience=10)))
    unit = 255 if whole.train_x.dtype == torch.uint8 else 1
    return whole.train_x.flatten(1) / unit, whole.train_y, whole.test_x.flatten(1) / unit, whole.test_y


def fit(model: nn.Module, x: Tensor, y: Tensor, source: torch.Generator, epochs: int, masks: list[Tensor]) -> None:
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(epochs):
        for chosen in torch.randperm(len(x), generator=source).split(128):
            optimiser.zero_grad()
            nn.functional.cross_entropy(model(x[chosen]), y[chosen]).backward()
            optimiser.step()
            with torch.no_grad():
                for layer, mask in zip(_linear(model), masks, strict=False):
                    layer.weight.mul_(mask)


def _linear(model: nn.Module) -> list[nn.Linear]:
    return [part for part in model.modules() if isinstance(part, nn.Linear)]


def right(scores: Tensor, y: Tensor) -> float:
    return float((scores.argmax(1) == y).float().mean())


class Spiking(nn.Module):
    """Rates of pixels as Poisson spikes, one spiking layer, a leaky read-out."""

    def __init__(self, source: torch.Generator) -> None:
        super().__init__()
        self.source = source
        self.first = SpikingDense(784, HIDDEN, lif(beta=0.9), generator=source)
        self.last = dense(HIDDEN, 10, source)
        self.read = LeakyIntegrator(beta=0.95)
        self.events = 0.0  # synaptic events per picture

    def forward(self, x: Tensor) -> Tensor:
        spikes = poisson_spikes(x, STEPS, self.source, strongest=0.5)
        hidden, _ = self.first(spikes)
        self.events = float(spikes.sum() * HIDDEN + hidden.detach().sum() * 10) / len(x)
        scores: Tensor = self.read(self.last(hidden))[0].mean(0)
        return scores


def networks(quick: bool) -> dict[str, tuple[float, Energy]]:
    """Accuracy, and modelled energy per picture."""
    x, y, test_x, test_y = mnist()
    if quick:
        x, y, test_x, test_y = x[:3000], y[:3000], test_x[:1000], test_y[:1000]
    source = torch.Generator().manual_seed(0)
    epochs = 2 if quick else 6
    found: dict[str, tuple[float, Energy]] = {}

    plain = nn.Sequential(dense(784, HIDDEN, source), nn.ReLU(), dense(HIDDEN, 10, source))
    fit(plain, x, y, source, epochs, [])
    cost = Cost()
    with count_operations(cost), torch.no_grad():
        plain(test_x[:1])
    found["dense, float32"] = right(plain(test_x), test_y), Work.of(cost).energy(TECHNOLOGIES["float32"])

    narrow = copy.deepcopy(plain)
    with torch.no_grad():
        for layer in _linear(narrow):
            step = layer.weight.abs().max() / 127
            layer.weight.copy_((layer.weight / step).round() * step)
        rounded = (test_x * 127).round() / 127
        hidden = narrow[1](narrow[0](rounded))
        step = hidden.max() / 127
        scores = narrow[2]((hidden / step).round() * step)
    found["dense, int8"] = right(scores, test_y), Work.of(cost).energy(TECHNOLOGIES["int8"])

    thin = copy.deepcopy(plain)
    masks = []
    for layer in _linear(thin):
        bar = layer.weight.detach().abs().flatten().kthvalue(int(0.9 * layer.weight.numel())).values
        masks.append((layer.weight.detach().abs() > bar).float())
    fit(thin, x, y, source, max(1, epochs // 2), masks)
    kept = float(sum(mask.sum() for mask in masks))
    sparse = Work(kept, 0.0, 2 * kept)  # every weight with its index
    found["sparse, float32"] = right(thin(test_x), test_y), sparse.energy(TECHNOLOGIES["float32"])

    converted = to_spiking(plain, x[:2000])
    for steps in (4, 16, 64):
        scores, fired = converted(test_x, steps)
        work = work_of_spikes(fired * 10, HIDDEN * steps)
        first = Work(784.0 * HIDDEN, 0.0, 784.0 * HIDDEN + 784 + HIDDEN)  # the input is a current: multiplied once
        total = Work(work.macs + first.macs, work.acs, work.moved + first.moved)
        found[f"converted to spikes, {steps} steps"] = right(scores, test_y), total.energy(TECHNOLOGIES["float32"])

    spiking = Spiking(source)
    fit(spiking, x, y, source, max(1, epochs // 2), [])
    with torch.no_grad():
        parts = [spiking(part) for part in test_x.split(500)]
    work = work_of_spikes(spiking.events, (HIDDEN + 10) * STEPS)
    accuracy = right(torch.cat(parts), test_y)
    found[f"spiking, surrogate gradients, {STEPS} steps"] = accuracy, work.energy(TECHNOLOGIES["float32"])
    return found


def lives(quick: bool) -> dict[str, tuple[float, Energy]]:
    """Final accuracy on the digits, and modelled energy of learning, replay and sleep over the whole life."""
    common: dict[str, Any] = {"hidden": (100, 100), "batch_size": 64, "iterations": 50 if quick else 500}
    found = {}
    learners = {
        "naive": Naive(**common),
        "joint": Joint(**common),
        "er": ER(**common),
        "bir": BIR(**common, latent=20),
        "exact": Exact(),
    }
    for name, learner in learners.items():
        past = []
        for experience in digits():
            learner.partial_fit(experience.train_x, experience.train_y)
            learner.sleep()
            past.append((experience.test_x, experience.test_y.numpy()))
        accuracy = mean(float((learner.predict(x) == y).mean()) for x, y in past)
        found[name] = accuracy, Work.of(learner.cost_).energy(TECHNOLOGIES["float32"])
    return found


def main() -> None:
    options = arguments("Energy of networks and of lives.")
    one_thread()
    command = f"python benchmarks/energy.py{' --quick' if options.quick else ''}"
    claims = []
    with metered() as joules:
        measured = networks(options.quick)
    base = measured["dense, int8"][1]
    for name, (accuracy, energy) in measured.items():
        beside = {
            "accuracy": accuracy,
            "arithmetic alone, nJ": 1e9 * energy.arithmetic,
            "from DRAM, nJ": 1e9 * energy.dram,
            "int8 of the dense network, nJ": 1e9 * base.sram,
        }
        text = f"MNIST, one picture, {name}: modelled energy, every byte from SRAM"
        claims.append(Claim(text, 1e9 * energy.sram, "nJ", None, "=", [0], 0.0, command, beside))
    table = TECHNOLOGIES
    for model in ("arithmetic", "sram", "dram"):
        limit = break_even_spikes(table["float32"], table["float32"], model)
        beside = {"against int8": break_even_spikes(table["float32"], table["int8"], model)}
        text = f"spikes per synapse and answer below which spikes win ({model})"
        claims.append(Claim(text, limit, "spikes", None, "=", [0], 0.0, command, beside))
    for name, (accuracy, energy) in lives(options.quick).items():
        text = f"digits, {name}, a whole life: modelled energy, every byte from SRAM"
        beside = {"accuracy": accuracy, "arithmetic alone, mJ": 1e3 * energy.arithmetic}
        claims.append(Claim(text, 1e3 * energy.sram, "mJ", None, "=", [0], 0.0, command, beside))
    print("Measured by the processor's meters:", joules or "nothing, there are none that can be read here")
    finish(claims, options)


if __name__ == "__main__":
    main()
