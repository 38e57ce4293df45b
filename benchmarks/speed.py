"""Time per learned sample, as ratios measured side by side in one run on one core; and the physical floor.

The exact memory and brain-inspired replay beside scikit-learn's `SGDClassifier.partial_fit` and a plain PyTorch loop
(the network of the replay literature, same steps, nothing else), on MNIST pictures where they are, else on noise of
that size. The floor of the exact memory is the time of its matrix products alone, with operands in place. Rounds are
interleaved, medians are taken.
"""

import time
from collections.abc import Callable
from statistics import median, stdev

import torch
from sklearn.linear_model import SGDClassifier
from torch import nn

from common import ALLOCATOR, Claim, arguments, finish, one_thread
from reverie.errors import MissingData
from reverie.functional import whole_product
from reverie.layers import Expansion
from reverie.learners import BIR, Exact, Naive
from reverie.streams import make

WIDTH = 4000


def pictures(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """n pictures of 784 numbers and their labels, all ten classes mixed."""
    generator = torch.Generator().manual_seed(0)
    try:
        one = next(iter(make("split-mnist", classes_per_experience=10)))
    except MissingData:
        return torch.rand(n, 784, generator=generator), torch.randint(10, (n,), generator=generator)
    chosen = torch.randperm(len(one.train_y), generator=generator)[:n]
    return one.train_x[chosen].flatten(1), one.train_y[chosen]


def timed(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def plain_loop(x: torch.Tensor, y: torch.Tensor, iterations: int) -> None:
    """What one would write by hand: Adam, cross-entropy, two hidden layers of 400."""
    network = nn.Sequential(nn.Linear(784, 400), nn.ReLU(), nn.Linear(400, 400), nn.ReLU(), nn.Linear(400, 10))
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    for step in range(iterations):
        start = (step * 128) % (len(x) - 128)
        loss = nn.functional.cross_entropy(network(x[start : start + 128]), y[start : start + 128])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def products_alone(n: int, *, whole: bool) -> Callable[[], None]:
    """The memory's two products for n samples, triangle of the Gram matrix only, operands in place.

    `whole`: spike counts are multiplied as eight bits, as the memory does it; else in float32.
    """
    h = torch.randint(0, 128, (n, WIDTH), dtype=torch.int8)
    x, w, keys = torch.rand(1000, 785), torch.randn(785, WIDTH), torch.empty(1000, WIDTH)
    panel, rows = WIDTH // 8, 8192 if whole else 1000
    blocks = h.split(rows) if whole else [h[:1000].float()] * (n // 1000)

    def act() -> None:
        for _ in range(n // 1000):
            torch.mm(x, w, out=keys)
        for block in blocks:
            for start in range(0, WIDTH, panel):
                left, right = block[:, start : start + panel], block[:, start:]
                _ = whole_product(left, right) if whole else left.T @ right

    return act


def main() -> None:
    options = arguments("Time per learned sample.")
    one_thread()
    n, iterations, rounds = (2000, 20, 3) if options.quick else (10000, 200, 5)
    x, y = pictures(n)
    memory = Exact(width=WIDTH)
    memory.partial_fit(x[:1000], y[:1000])
    sgd = SGDClassifier(loss="log_loss", random_state=0)
    array, labels = x.numpy(), y.numpy()
    replay = BIR(iterations=1)
    replay.partial_fit(x[:1000], y[:1000]).sleep()
    replay.iterations = iterations
    naive = Naive(iterations=iterations)
    network_samples = iterations * 128
    contestants: dict[str, tuple[Callable[[], object], int]] = {
        "exact memory, learn": (lambda: memory.partial_fit(x, y), n),
        "its matrix products alone": (products_alone(n, whole=True), n),
        "the same in float32": (products_alone(n, whole=False), n),
        "SGDClassifier.partial_fit": (lambda: sgd.partial_fit(array, labels, classes=list(range(10))), n),
        "BIR": (lambda: replay.partial_fit(x, y), network_samples),
        "naive learner": (lambda: naive.partial_fit(x, y), network_samples),
        "plain PyTorch loop": (lambda: plain_loop(x, y, iterations), network_samples),
    }
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for act, _ in contestants.values():
        act()
    for _ in range(rounds):
        for name, (act, samples) in contestants.items():
            seconds[name].append(timed(act) / samples)
    micro = {name: 1e6 * median(times) for name, times in seconds.items()}
    expansion = Expansion(784, WIDTH, generator=torch.Generator().manual_seed(0))
    micro["expansion alone"] = 1e6 * median(timed(lambda: expansion(x)) / n for _ in range(rounds))
    command = f"{ALLOCATOR} python benchmarks/speed.py{' --quick' if options.quick else ''}"

    def ratio(first: str, second: str, bound: float | None, words: str) -> Claim:
        ratios = [one / two for one, two in zip(seconds[first], seconds[second], strict=True)]
        return Claim(words, median(ratios), "ratio", bound, "<=" if bound else "=", [0], stdev(ratios), command, micro)

    finish(
        [
            ratio(
                "exact memory, learn",
                "its matrix products alone",
                None if options.quick else 2.0,
                "time per sample, exact memory / its matrix products alone (baselines: microseconds per sample)",
            ),
            ratio("exact memory, learn", "SGDClassifier.partial_fit", None, "exact memory / SGDClassifier.partial_fit"),
            ratio(
                "exact memory, learn", "plain PyTorch loop", None, "exact memory / plain PyTorch loop, per sample seen"
            ),
            ratio("BIR", "plain PyTorch loop", None, "BIR, replay included / plain PyTorch loop, per sample seen"),
            ratio(
                "naive learner",
                "plain PyTorch loop",
                None if options.quick else 1.25,
                "naive learner / plain PyTorch loop, per sample seen",
            ),
        ],
        options,
    )


if __name__ == "__main__":
    main()
