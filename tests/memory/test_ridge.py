"""λ, accuracy and novelty beside a reference in float64, for as many samples as features, fewer and more."""

import math
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch.nn.functional import one_hot

from reverie.errors import BadData
from reverie.functional.ridge import SHARPER
from reverie.layers import Expansion, VisualCortex
from reverie.memory import AssociativeMemory, WideMemory
from reverie.memory.familiarity import unfamiliarity
from reverie.plasticity import develop

X, Y = (torch.from_numpy(array) for array in load_digits(return_X_y=True))
RATIOS = [round(0.3 + 0.05 * step, 2) for step in range(55)]


def source(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def cortex_keys(pictures: torch.Tensor) -> torch.Tensor:
    cortex = VisualCortex(tuple(pictures.shape[1:]), filters=10, patch=4, grid=2, generator=source())
    develop(cortex, pictures[:300], generator=source(1), patches=1000, rule=None)
    return cortex(pictures)


def keys_of(kind: str) -> tuple[torch.Tensor, torch.Tensor]:
    if kind == "cifar":
        file = Path(os.environ.get("REVERIE_DATA", "")) / "cifar10" / "cifar10.npz"
        if not file.is_file():
            pytest.skip("CIFAR-10 is not in $REVERIE_DATA")
        with np.load(file) as stored:
            x, y = torch.from_numpy(stored["train_x"][:1200]), torch.from_numpy(stored["train_y"][:1200]).long()
        return cortex_keys(x), y
    if kind == "cortex":
        return cortex_keys((X.view(-1, 8, 8) * 15).to(torch.uint8)), Y
    if kind == "raw":
        return X, Y
    return Expansion(64, 80, kind=kind, generator=source())(X), Y


def reference(h: torch.Tensor, y: torch.Tensor) -> float:
    """The λ of the largest evidence, from the samples themselves, divided as for labels."""
    n, d = h.shape
    h, values = h - h.mean(0), one_hot(y, 10).double()
    values = values - values.mean(0)
    spectrum, basis = torch.linalg.eigh(h @ h.T)
    spectrum, energy = spectrum.clamp_min(0), (basis.T @ values).square().sum(1)
    scale = float(spectrum.sum()) / d

    def score(ridge: float) -> float:
        shrunk = spectrum / ridge + 1
        return (n - 1) * math.log(float((energy / shrunk).sum())) + float(shrunk.log().sum())

    return min((scale * 10 ** (step / 4) for step in range(-24, 17)), key=score) / SHARPER


def accuracy(scores: torch.Tensor, right: torch.Tensor) -> float:
    return float((scores.argmax(1) == right).double().mean())


@pytest.mark.parametrize("kind", ["relu", "kwta", "cortex", "raw", "cifar"])
def test_lambda_accuracy_and_novelty_are_those_of_a_reference(kind: str) -> None:
    keys, labels = keys_of(kind)
    d, asked, right, behind = keys.shape[1], keys[-500:], labels[-500:], []
    for ratio in RATIOS:
        n = round(ratio * d)
        memory = AssociativeMemory()
        memory.write(keys[:n], one_hot(labels[:n], 10))
        h, y = keys[:n].double(), labels[:n]
        ridge = reference(h, y)
        assert 1 / 1.8 < memory.chosen_ridge() / ridge < 1.8, (ratio, memory.chosen_ridge(), ridge)
        ridge = memory.chosen_ridge()
        centred, values = h - h.mean(0), one_hot(y, 10).double()
        total = centred.T @ centred + ridge * torch.eye(d)
        scores = values.mean(0) + (asked.double() - h.mean(0)) @ torch.linalg.solve(total, centred.T @ values)
        torch.testing.assert_close(memory.read(asked), scores, atol=1e-6, rtol=0)
        there = [label for label in range(10) if (y == label).any()]
        means = torch.stack([h[y == label].mean(0) for label in there])
        own = h - means[torch.searchsorted(torch.tensor(there), y)]
        within = own.T @ own + ridge * torch.eye(d)
        spread = float(torch.logdet(total) - torch.logdet(within))
        away = asked.double() - h.mean(0)

        def distance(rows: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
            return (rows @ torch.linalg.inv(matrix) * rows).sum(1)

        nearest = torch.stack([distance(asked.double() - one, within) for one in means]).min(0).values
        evidence = (spread - n * (nearest - distance(away, total))) / 2
        variance = distance(away, total) + 1 / n
        freedom = d - ridge * float(torch.linalg.inv(total).trace())
        strange = variance / (variance + 5 * freedom / max(n - freedom, 1.0))
        expected = torch.maximum(torch.sigmoid(-4 * evidence / spread), strange)
        given = AssociativeMemory(ridge=ridge)
        given.write(keys[:n], one_hot(labels[:n], 10))
        assert (unfamiliarity(given, asked) - expected).abs().max() < 1e-6, ratio
        values, vectors = torch.linalg.eigh(centred.T @ centred)
        along = vectors.T @ (centred.T @ one_hot(y, 10).double())
        shares = []
        for step in range(-24, 13):
            solved = along / (values.clamp_min(0) + float(values.mean()) * 10 ** (step / 4))[:, None]
            shares.append(accuracy(one_hot(y, 10).double().mean(0) + away @ vectors @ solved, right))
        behind.append(max(shares) - accuracy(scores, right))
    assert sum(behind) / len(behind) < 0.03  # of the best λ in hindsight


@pytest.mark.parametrize("kind", ["relu", "kwta", "cortex", "raw", "cifar"])
def test_what_is_asked_after_every_batch_of_a_life_never_falls(kind: str) -> None:
    keys, labels = keys_of(kind)
    order = torch.randperm(len(keys), generator=source(1))
    keys, labels = keys[order], labels[order]
    asked, right, best, memory = keys[-600:], labels[-600:], 0.0, AssociativeMemory()
    for start in range(0, min(800, len(keys) - 600), 20):
        memory.write(keys[start : start + 20], one_hot(labels[start : start + 20], 10))
        now = accuracy(memory.read(asked), right)
        if start >= 40:  # before that, few samples of a class come with a batch
            assert now > best - 0.03, (start, now, best)
        best = max(best, now)


def test_a_ridge_with_which_the_sums_cannot_be_solved_grows() -> None:
    keys = torch.randint(0, 127, (30, 60), generator=source()).to(torch.uint8)
    keys[:, 30:] = keys[:, :30]
    memory, wide = AssociativeMemory(ridge=1e-30), WideMemory(ridge=1e-30)
    for one in (memory, wide):
        one.write(keys, one_hot(torch.arange(30) % 3, 3))
        assert bool((one.read(keys).argmax(1) == torch.arange(30) % 3).all())
    assert memory.chosen_ridge() > 1e-30


@pytest.mark.parametrize("ratio", [1e2, 1e6])
def test_keys_far_from_zero_lose_nothing(ratio: float) -> None:
    near = torch.randn(300, 8, generator=source(), dtype=torch.float64)
    far, labels = near + ratio, one_hot(torch.arange(300) % 3, 3)
    memory, without, about_zero = AssociativeMemory(), AssociativeMemory(), AssociativeMemory()
    memory.write(far, labels)
    memory.erase(far[200:], labels[200:])
    without.write(far[:200], labels[:200])
    about_zero.write(near[:200], labels[:200])
    torch.testing.assert_close(memory.read(far), without.read(far), atol=1e-8, rtol=0)
    torch.testing.assert_close(memory.read(far), about_zero.read(near), atol=1e-8, rtol=0)
    weights, intercept = memory.mapping()
    torch.testing.assert_close(far @ weights + intercept, memory.read(far), atol=1e-7, rtol=0)
    left, right = AssociativeMemory(), AssociativeMemory()
    left.write(far[:100], labels[:100])
    right.write(far[100:200] + 3, labels[100:200])
    whole = AssociativeMemory()
    whole.write(torch.cat([far[:100], far[100:200] + 3]), labels[:200])
    left.merge(right)  # about another origin
    torch.testing.assert_close(left.read(far), whole.read(far), atol=1e-8, rtol=0)


def test_a_key_that_would_wipe_out_the_others_is_refused() -> None:
    keys = torch.randn(100, 3, generator=source(), dtype=torch.float64)
    memory = AssociativeMemory()
    memory.write(keys, one_hot(torch.arange(100) % 2, 2))
    before = memory.read(keys)
    for huge in (1e30, 1e200, torch.inf):
        with pytest.raises(BadData, match="wipe out"):
            memory.write(torch.tensor([[0.0, huge, 0.0]], dtype=torch.float64), torch.tensor([[1, 0]]))
    memory.refresh()
    assert torch.equal(memory.read(keys), before)


def test_whole_numbers_that_would_pass_what_is_exact_are_refused() -> None:
    memory = AssociativeMemory()
    memory.write(torch.full((1, 2), 2**26, dtype=torch.int64), torch.tensor([[1]]))
    with pytest.raises(BadData, match="2⁵³"):
        memory.write(torch.full((2, 2), 2**26, dtype=torch.int64), torch.tensor([[1], [1]]))
    assert memory.samples == 1
