"""Sleep replay consolidation on class-incremental MNIST, as its authors ran it, beside the same network without sleep.

784–1200–1200–10 rectified units without biases, squared error, SGD with momentum and dropout; five experiences of two
digits, 5000 pictures of each experience, two epochs; after each a night of noise, longer from night to night. Nothing
is stored but the mean picture and each layer's liveliest activity. Reference: Tadros et al., 2022, Nature
Communications 13:7742; published: 19 % without sleep, 48 % with it.
"""

from dataclasses import replace
from statistics import mean, stdev

import torch
from torch import Tensor, nn

from common import Claim, arguments, finish, one_thread
from reverie.layers import liveliest
from reverie.sleep import NoiseReplay
from reverie.streams import split_mnist

PICTURES = 5000
SEEDS = [0, 1, 2, 3, 4]


def network(source: torch.Generator) -> nn.Sequential:
    layers: list[nn.Module] = []
    for n_in, n_out in ((784, 1200), (1200, 1200), (1200, 10)):
        layer = nn.Linear(n_in, n_out, bias=False)
        nn.init.uniform_(layer.weight, -0.01, 0.01, generator=source)
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers)


def train(model: nn.Sequential, x: Tensor, y: Tensor, source: torch.Generator) -> None:
    """Two epochs; half the squared error, as the authors have it."""
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.5)
    for _ in range(2):
        for chosen in torch.randperm(len(x), generator=source).split(100):
            h = x[chosen]
            for place, layer in enumerate(model):
                h = layer(h)
                if isinstance(layer, nn.ReLU) and place < len(model) - 1:
                    h = h * (torch.rand(h.shape, generator=source) > 0.25) / 0.75
            wanted = nn.functional.one_hot(y[chosen], 10).float()
            optimiser.zero_grad()
            (0.5 * (h - wanted).square().sum() / len(h)).backward()
            optimiser.step()


def life(seed: int, plan: NoiseReplay | None) -> float:
    """Accuracy on all ten digits after five experiences, with nights or without."""
    source = torch.Generator().manual_seed(seed)
    model = network(source)
    total, seen, lively = torch.zeros(28, 28), 0, [0.0, 0.0, 0.0]
    tests = []
    for index, experience in enumerate(split_mnist()):
        x, y = _unit(experience.train_x), experience.train_y
        chosen = torch.randperm(len(x), generator=source)[:PICTURES]
        train(model, x[chosen].flatten(1), y[chosen], source)
        tests.append((_unit(experience.test_x), experience.test_y))
        total, seen = total + x.sum(0), seen + len(x)
        if plan is not None:
            lively = [max(pair) for pair in zip(lively, liveliest(model, x), strict=True)]
            night = replace(plan, steps=plan.steps + index * plan.steps // 3)
            night.sleep(model, total / seen, lively, generator=source)
    right = sum(int((model(x.flatten(1)).argmax(1) == y).sum()) for x, y in tests)
    return right / sum(len(y) for _, y in tests)


def _unit(x: Tensor) -> Tensor:
    return x.float() / 255 if x.dtype == torch.uint8 else x


def main() -> None:
    options = arguments("Sleep replay consolidation.")
    one_thread()
    seeds = SEEDS[:1] if options.quick else SEEDS
    plan = NoiseReplay(steps=1000) if options.quick else NoiseReplay()
    without = [life(seed, None) for seed in seeds]
    asleep = [life(seed, plan) for seed in seeds]
    finish(
        [
            Claim(
                "Split MNIST, class-incremental, after five nights of noise: accuracy",
                mean(asleep),
                "fraction",
                None if options.quick else 0.40,
                ">=",
                seeds,
                stdev(asleep) if len(asleep) > 1 else 0.0,
                f"python benchmarks/sleep_replay.py{' --quick' if options.quick else ''}",
                {"without sleep": mean(without), "published": 0.48, "published, without sleep": 0.19},
            )
        ],
        options,
    )


if __name__ == "__main__":
    main()
