"""The NMDA gate on its authors' task, in small: what a walker remembers of a map, and what of its walk.

An agent walks at random over a square of places; each place shows one of ten letters, by a map that never changes. From
what it saw and how it moved, a Transformer of two blocks predicts the next letter. Where the next place was already
visited in this walk, working memory is enough; where it was not, the map must be known from training and recognised
from the walk: reference memory. Errors are shares of wrong predictions of the first and of the second kind; a walk over
new maps shows working memory alone (guessing errs in 0.9).

Unlike the authors' (11 × 11 places, 32 maps, Transformer-XL with a learned path integrator, 12,800 updates of 512 walks
and more), this is a smaller square, few maps and a short training, and the sum of the moves is handed in: each place is
named by its offset from where the walk began, which is unknown. So the numbers are not to be compared with theirs; the
question is in which direction the concentration α works. All gates have the same number of updates: how fast a map is
learned and how much of it can be held are not told apart.

Place cells: over a map, a hidden unit of the last block has a mean activity for each place that is next. Its peak
stands so many standard deviations above the mean of its places (one place of 25 alone: 4.9); and so much of its
variance is due to place.

Reference: Kim, Kwon, Cha, Lee, 2023, NeurIPS 36; https://github.com/kdkyum/transformer_memory_consolidation.
"""

import time
from dataclasses import dataclass
from statistics import mean, stdev

import torch
from torch import Tensor, nn

from common import Claim, arguments, finish, one_thread
from reverie.layers.nmda import NMDA, TransformerBlock

LETTERS = 10
MOVES = torch.tensor([[0, 0], [0, 1], [1, 0], [0, -1], [-1, 0]])
GATES: dict[str, nn.Module] = {
    "α = 0": NMDA(0.0),
    "α = 0.1": NMDA(0.1),
    "α = 1": NMDA(1.0),
    "α = 10": NMDA(10.0),
    "GELU": nn.GELU(),
    "ReLU": nn.ReLU(),
}


@dataclass(frozen=True)
class Task:
    """The world, the model and how long it learns."""

    side: int = 5
    maps: int = 4
    steps: int = 24
    width: int = 64
    heads: int = 4
    hidden: int = 256
    updates: int = 800
    walks: int = 64
    rate: float = 2e-3


class Walker(nn.Module):
    """Letters and offsets of a walk to the next letter, at each step of it."""

    def __init__(self, task: Task, gate: nn.Module, generator: torch.Generator) -> None:
        super().__init__()
        offsets = (2 * task.side - 1) ** 2
        self.letter, self.here, self.next = (
            nn.Parameter(torch.randn(n, task.width, generator=generator)) for n in (LETTERS, offsets, offsets)
        )
        self.blocks = nn.Sequential(
            *(
                TransformerBlock(task.width, task.heads, task.hidden, activation=gate, causal=True, generator=generator)
                for _ in range(2)
            )
        )
        self.norm = nn.LayerNorm(task.width)
        self.out = nn.Parameter(torch.randn(LETTERS, task.width, generator=generator) / task.width**0.5)

    def forward(self, letters: Tensor, offsets: Tensor) -> Tensor:
        x = self.letter[letters] + self.here[offsets[:, :-1]] + self.next[offsets[:, 1:]]
        logits: Tensor = self.norm(self.blocks(x)) @ self.out.T
        return logits


@dataclass(frozen=True)
class Walks:
    """A batch of walks: where, what was seen, and whether the next place had been visited."""

    which: Tensor
    places: Tensor
    offsets: Tensor
    letters: Tensor
    visited: Tensor


def walk(maps: Tensor, side: int, n: int, steps: int, generator: torch.Generator) -> Walks:
    """n walks; a move that would leave the square is not among those that are drawn, standing still is."""
    which = torch.randint(len(maps), (n,), generator=generator)
    at = torch.randint(side, (n, 2), generator=generator)
    path = [at]
    for _ in range(steps):
        there = at[:, None] + MOVES
        allowed = ((there >= 0) & (there < side)).all(2)
        move = torch.multinomial(allowed.float(), 1, generator=generator)[:, 0]
        at = there[torch.arange(n), move]
        path.append(at)
    route = torch.stack(path, 1)
    shift = route - route[:, :1] + side - 1
    places = route[..., 0] * side + route[..., 1]
    seen_before = (places[:, 1:, None] == places[:, None, :]).tril().any(2)
    return Walks(
        which, places, shift[..., 0] * (2 * side - 1) + shift[..., 1], maps[which[:, None], places], seen_before
    )


def learn(task: Task, gate: nn.Module, seed: int) -> tuple[Walker, Tensor]:
    """A model that has walked over its maps, and the maps. Only the non-linearity differs between gates."""
    generator = torch.Generator().manual_seed(seed)
    maps = torch.randint(LETTERS, (task.maps, task.side**2), generator=generator)
    model = Walker(task, gate, generator)
    optimizer = torch.optim.Adam(model.parameters(), lr=task.rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, task.rate, total_steps=task.updates, pct_start=0.1)
    for _ in range(task.updates):
        walks = walk(maps, task.side, task.walks, task.steps, generator)
        loss = nn.functional.cross_entropy(
            model(walks.letters[:, :-1], walks.offsets).flatten(0, 1), walks.letters[:, 1:].flatten()
        )
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return model, maps


@torch.no_grad()
def errors(model: Walker, maps: Tensor, task: Task, seed: int) -> tuple[float, float]:
    """Working and reference memory error in the second half of walks, when the agent could know where it is."""
    walks = walk(maps, task.side, 500, task.steps, torch.Generator().manual_seed(seed + 1000))
    wrong = model(walks.letters[:, :-1], walks.offsets).argmax(2) != walks.letters[:, 1:]
    late = torch.arange(task.steps) >= task.steps // 2
    return float(wrong[walks.visited & late].float().mean()), float(wrong[~walks.visited & late].float().mean())


@torch.no_grad()
def place_cells(model: Walker, maps: Tensor, task: Task, seed: int) -> tuple[float, float]:
    """Mean over units and maps: height of the peak in standard deviations, and share of variance due to place."""
    hidden: list[Tensor] = []
    last = model.blocks[-1]
    assert isinstance(last, TransformerBlock)
    handle = last.linear2.register_forward_pre_hook(lambda _, inputs: hidden.append(inputs[0]))
    peaks, shares = [], []
    for index in range(min(4, len(maps))):
        walks = walk(maps[index : index + 1], task.side, 300, task.steps, torch.Generator().manual_seed(seed + 2000))
        hidden.clear()
        model(walks.letters[:, :-1], walks.offsets)
        late = task.steps // 2
        activity, places = hidden[0][:, late:].flatten(0, 1), walks.places[:, late + 1 :].flatten()
        ways = nn.functional.one_hot(places, task.side**2).float()
        count = ways.sum(0)
        rates = (ways.T @ activity) / count[:, None]
        spread = rates.std(0, unbiased=False).clamp_min(1e-9)
        peaks.append(float(((rates.max(0).values - rates.mean(0)) / spread).mean()))
        between = (count[:, None] * (rates - activity.mean(0)).square()).sum(0) / len(activity)
        shares.append(float((between / activity.var(0, unbiased=False).clamp_min(1e-9)).mean()))
    handle.remove()
    return mean(peaks), mean(shares)


def main() -> None:
    options = arguments("Reference and working memory against the Mg²⁺ concentration.")
    one_thread()
    task = Task(updates=60, walks=16) if options.quick else Task()
    seeds = [0] if options.quick else [0, 1, 2]
    command = f"python benchmarks/nmda.py{' --quick' if options.quick else ''}"
    kinds = (
        "reference memory error (places of known maps not visited in this walk)",
        "working memory error (visited places of known maps)",
        "working memory error on new maps",
        "height of units' peaks over places, standard deviations",
        "share of units' variance due to place",
    )
    results: dict[str, dict[str, list[float]]] = {kind: {name: [] for name in GATES} for kind in kinds}
    for seed in seeds:
        for name, gate in GATES.items():
            start = time.perf_counter()
            model, maps = learn(task, gate, seed)
            working, reference = errors(model, maps, task, seed)
            fresh = torch.randint(LETTERS, maps.shape, generator=torch.Generator().manual_seed(seed + 3000))
            new, _ = errors(model, fresh, task, seed)
            numbers = (reference, working, new, *place_cells(model, maps, task, seed))
            for kind, number in zip(kinds, numbers, strict=True):
                results[kind][name].append(number)
            words = "  ".join(f"{number:.3f}" for number in numbers)
            print(f"seed {seed}  {name:8s} {words}  {time.perf_counter() - start:.0f} s", flush=True)
    claims = []
    for kind, table in results.items():
        unit = "standard deviations" if "peaks" in kind else "share"
        falls = [none - much for none, much in zip(table["α = 0"], table["α = 10"], strict=True)]
        curve = {name: mean(numbers) for name, numbers in table.items()}
        if len(seeds) > 1:
            curve |= {f"{name}, spread": stdev(numbers) for name, numbers in table.items()}
        paper = kind.startswith("reference") and not options.quick  # the one direction that the paper states
        claims.append(
            Claim(
                f"{kind}: how much it falls from α = 0 to α = 10 (beside: its values)",
                mean(falls),
                unit,
                0.0 if paper else None,
                ">=" if paper else "=",
                seeds,
                stdev(falls) if len(seeds) > 1 else 0.0,
                command,
                curve,
                {str(seed): fall for seed, fall in zip(seeds, falls, strict=True)},
            )
        )
    finish(claims, options)


if __name__ == "__main__":
    main()
