"""When sparsity pays: ratios of times measured side by side on one core; turns are interleaved, medians are taken.

k winners: a code of k values through a layer of n × n weights, read by its indices, against the same numbers as a dense
matrix through torch's own layer. Sparse weights: a packed layer against torch's dense one. Both take the way which they
chose themselves; each way by name stands beside. Sparse coding: the competition of cells against scikit-learn's
coordinate descent, to the same objective; and a planted dictionary learned beside scikit-learn's.
"""

import math
import time
import warnings
from collections.abc import Callable
from statistics import median, stdev

import torch
from sklearn.decomposition import MiniBatchDictionaryLearning, sparse_encode
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from torch import Tensor, nn
from torch.nn.functional import normalize

from common import Claim, arguments, finish, one_thread
from reverie.functional.lca import compete, lasso_objective
from reverie.layers.sparse_coding import SparseCoding
from reverie.layers.sparse_linear import SparseLinear
from reverie.layers.winners import CodeLinear, KWinners

SPARSITIES = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99)
BATCHES = (1, 64)
Contestants = dict[str, Callable[[], object]]


def race(contestants: Contestants, seconds: float) -> dict[str, list[float]]:
    """Microseconds of each, in turn, for about so many seconds in all; a turn is as many calls as take 0.3 ms."""

    def turn(act: Callable[[], object], calls: int) -> float:
        act()  # who comes next finds the cache full of the other's numbers
        start = time.perf_counter()
        for _ in range(calls):
            act()
        return 1e6 * (time.perf_counter() - start) / calls

    calls = {name: 1 + int(300 / min(turn(act, 1) for _ in range(3))) for name, act in contestants.items()}
    times: dict[str, list[float]] = {name: [] for name in contestants}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(next(iter(times.values()))) < 5:
        for name, act in contestants.items():
            times[name].append(turn(act, calls[name]))
    return times


def gain(times: dict[str, list[float]], words: str, bound: float | None, command: str) -> Claim:
    """How many times faster the second is than the first; the microseconds of all stand beside it."""
    first, second = list(times)[:2]
    middles = {name: median(all_of_it) for name, all_of_it in times.items()}
    ratios = [one / two for one, two in zip(times[first], times[second], strict=True)]
    quarters = [median(ratios[start::4]) for start in range(4)]
    value = middles[first] / middles[second]
    return Claim(words, value, "times faster", bound, ">=" if bound else "=", [0], stdev(quarters), command, middles)


def layer_of(weight: Tensor) -> nn.Linear:
    """Torch's dense layer of these weights."""
    layer: nn.Linear = nn.utils.skip_init(nn.Linear, weight.shape[1], weight.shape[0])
    layer.weight.copy_(weight)
    layer.bias.zero_()
    return layer


def winners(n: int, batch: int, sparsity: float) -> Contestants:
    """Dense product, the code's own, and both ways by name; to choose the winners costs extra."""
    generator = torch.Generator().manual_seed(0)
    weight, x = torch.randn(n, n, generator=generator) / n**0.5, torch.randn(batch, n, generator=generator)
    choose = KWinners(n, max(1, round(n * (1 - sparsity))))
    code = choose(x)
    dense, linear = code.to_dense(), layer_of(weight.T)
    ours = CodeLinear(n, n, generator=generator)
    ours.weight.copy_(weight)
    ours.bias.zero_()
    torch.testing.assert_close(ours(code), linear(dense))
    return {
        "dense": lambda: linear(dense),
        "code": lambda: ours(code),
        "code, by indices": lambda: code.product(weight, way="indices"),
        "choosing the winners": lambda: choose(x),
        "dense, choosing included": lambda: linear(choose(x).to_dense()),
        "code, choosing included": lambda: ours(choose(x)),
    }


def weights(n: int, batch: int, sparsity: float) -> Contestants:
    """Torch's dense layer, the packed one, and each of its ways by name."""
    generator = torch.Generator().manual_seed(0)
    layer = SparseLinear(n, n, density=1 - sparsity, generator=generator)
    x, dense = torch.randn(batch, n, generator=generator), layer_of(layer.weight * layer.mask)
    packed, rows, bags = (layer.packed(way=way) for way in ("fastest", "rows", "bags"))
    torch.testing.assert_close(packed(x), layer(x).detach())
    return {
        "dense": lambda: dense(x),
        "packed": lambda: packed(x),
        "packed, rows": lambda: rows(x),
        "packed, bags": lambda: bags(x),
    }


def planted(atoms: int, d: int, n: int, seed: int) -> tuple[Tensor, Tensor]:
    """A dictionary, and samples of three atoms each with a little noise."""
    generator = torch.Generator().manual_seed(seed)
    dictionary = normalize(torch.randn(atoms, d, generator=generator))
    chosen = torch.rand(n, atoms, generator=generator).topk(3, 1).indices
    size = 0.5 + torch.rand(n, 3, generator=generator)
    sign = torch.randint(0, 2, (n, 3), generator=generator) * 2 - 1
    code = torch.zeros(n, atoms).scatter(1, chosen, size * sign)
    return dictionary, code @ dictionary + 0.01 * torch.randn(n, d, generator=generator)


def coding(atoms: int, d: int, batch: int, seconds: float, command: str) -> Claim:
    """Both are given as few steps as reach an objective within 0.1 % of the best known."""
    dictionary, x = planted(atoms, d, batch, 0)
    x64, dictionary64, penalty = x.double(), dictionary.double(), 0.1
    arrays = x64.numpy(), dictionary64.numpy()

    def objective(code: Tensor) -> float:
        return float(lasso_objective(x64, dictionary64, code.double(), penalty=penalty).mean())

    def ours(steps: int) -> Tensor:
        return compete(x, dictionary, penalty=penalty, steps=steps, tolerance=0).code

    def theirs(steps: int) -> Tensor:
        found = sparse_encode(*arrays, algorithm="lasso_cd", alpha=penalty, max_iter=steps)
        return torch.from_numpy(found)

    best = min(objective(ours(3000)), objective(theirs(3000)))
    steps = [
        next(n for n in (2**power for power in range(13)) if objective(way(n)) <= 1.001 * best)
        for way in (theirs, ours)
    ]
    arrays32 = x.numpy(), dictionary.numpy()
    times = race(
        {
            f"scikit-learn, {steps[0]} sweeps": lambda: theirs(steps[0]),
            f"competition, {steps[1]} steps": lambda: ours(steps[1]),
            "scikit-learn, float32": lambda: sparse_encode(
                *arrays32, algorithm="lasso_cd", alpha=penalty, max_iter=steps[0]
            ),
        },
        seconds,
    )
    words = f"sparse coding, {atoms} atoms of {d} values, batch {batch}: competition against scikit-learn's lasso_cd"
    return gain(times, words, None, command)


def dictionaries(seeds: list[int], samples: int, epochs: int, command: str) -> Claim:
    """Share of the planted atoms found to within 8° (cosine 0.99), from the same start."""
    found: dict[str, list[float]] = {"Hebbian": []}
    sizes = (200, 50, 20)
    for seed in seeds:
        true, x = planted(30, 20, samples, seed)
        layer = SparseCoding(20, 30, steps=100, tolerance=1e-3, generator=torch.Generator().manual_seed(seed + 10))
        first, order = layer.dictionary.double().numpy(), torch.Generator().manual_seed(seed + 20)

        def hits(dictionary: Tensor, true: Tensor = true) -> float:
            return float(((true @ dictionary.T).abs().max(1).values > 0.99).float().mean())

        start = time.perf_counter()
        for epoch in range(epochs):
            for part in x[torch.randperm(samples, generator=order)].split(200):
                layer.learn(part, rate=15 * (1 - epoch / epochs))
        found["Hebbian"].append(hits(layer.dictionary))
        found.setdefault("Hebbian, seconds", []).append(time.perf_counter() - start)
        for size in sizes:
            start = time.perf_counter()
            peer = MiniBatchDictionaryLearning(
                30, alpha=0.1, fit_algorithm="cd", dict_init=first, batch_size=size, max_iter=epochs,
                random_state=seed, tol=0, max_no_improvement=None,
            )  # fmt: skip
            theirs = torch.from_numpy(peer.fit(x.double().numpy()).components_).float()
            name = f"MiniBatchDictionaryLearning, batches of {size}"
            found.setdefault(name, []).append(hits(theirs))
            found.setdefault(f"{name}, seconds", []).append(time.perf_counter() - start)
    value = sum(found["Hebbian"]) / len(seeds)
    spread = stdev(found["Hebbian"]) if len(seeds) > 1 else 0.0
    beside = {name: sum(numbers) / len(seeds) for name, numbers in found.items()}
    words = f"dictionary learning: planted atoms found after {epochs} epochs (30 atoms of 20 values, {samples} samples)"
    return Claim(
        words,
        value,
        "share",
        None if epochs < 15 else 0.9,
        "=" if epochs < 15 else ">=",
        seeds,
        spread,
        command,
        beside,
    )


def main() -> None:
    options = arguments("When sparsity pays.")
    one_thread()
    threadpool_limits(1)  # scikit-learn's threads too
    torch.set_grad_enabled(False)
    warnings.filterwarnings("ignore", message="Objective did not converge")
    command = f"python benchmarks/sparsity.py{' --quick' if options.quick else ''}"
    widths, seconds = ((512,), 0.1) if options.quick else ((512, 2048), 3.0)
    claims = []
    for n in widths:
        for batch in BATCHES:
            for sparsity in SPARSITIES[:: 2 if options.quick else 1]:
                size = f"{n} × {n}, batch {batch}, {sparsity:.0%} silent"
                codes = race(winners(n, batch, sparsity), seconds)
                claims.append(gain(codes, f"k-WTA code against dense, {size}", bound(codes, options.quick), command))
                size = f"{n} × {n}, batch {batch}, {sparsity:.0%} absent"
                packs = race(weights(n, batch, sparsity), seconds)
                claims.append(
                    gain(packs, f"packed weights against dense, {size}", bound(packs, options.quick), command)
                )
    claims += [coding(atoms, 64, batch, seconds, command) for atoms in (128, 512) for batch in (64, 512)]
    seeds, samples, epochs = ([0], 1000, 5) if options.quick else ([0, 1, 2], 4000, 15)
    claims.append(dictionaries(seeds, samples, epochs, command))
    finish(claims, options)


def bound(times: dict[str, list[float]], quick: bool) -> float | None:
    """What is promised of every size: slower than dense by a tenth and ten microseconds of choosing at most."""
    dense = median(times["dense"])
    return None if quick else math.floor(100 * dense / (1.1 * dense + 10)) / 100


if __name__ == "__main__":
    main()
