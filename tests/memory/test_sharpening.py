"""Sharper answers: classes of one mean and two covariances are told apart, and nothing is sharpened in vain."""

import pytest
import torch
from torch import Tensor

from reverie.memory import AssociativeMemory
from reverie.memory.directions import Moments, covariances_along, leading
from reverie.memory.gram import symmetric
from reverie.memory.sharpening import HeldOut, Sharpened, Sharpening


def keys_of(n: int, *, spread: float, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Three classes with nearly one mean; the spread of their first six inputs differs by this factor."""
    source = torch.Generator().manual_seed(seed)
    of = torch.arange(n) % 3
    keys = torch.randn(n, 80, generator=source)
    scales = torch.ones(3, 80)
    for column in range(3):
        scales[column, 2 * column : 2 * column + 2] = spread
    keys = 20 * keys * scales[of]
    keys[:, 10] += 8 * of
    return keys.round().long(), of


def written(keys: Tensor, of: Tensor) -> AssociativeMemory:
    memory = AssociativeMemory(per_class=True)
    memory.write_labels(keys, of)
    return memory


def right(logits: Tensor, of: Tensor) -> float:
    return float((logits.argmax(1) == of).double().mean())


def test_covariances_tell_what_means_do_not() -> None:
    keys, of = keys_of(3000, spread=4.0)
    asked, known = keys_of(2000, spread=4.0, seed=1)
    memory = written(keys, of)
    report = memory.sharpen(keys[:400], of[:400])
    assert report["sharpened"] and report["sharp_loss"] < report["loss"] - 2 * report["error"]
    assert right(memory.decision().logits(asked), known) < 0.55
    assert right(memory.sharp_logits(asked), known) > 0.75


def test_nothing_is_sharpened_where_covariances_are_the_same() -> None:
    keys, of = keys_of(3000, spread=1.0)
    memory = written(keys, of)
    report = memory.sharpen(keys[:400], of[:400])
    assert not report["sharpened"] and memory.sharpening is None


def test_labels_of_noise_sharpen_nothing() -> None:
    keys, of = keys_of(3000, spread=4.0)
    of = of[torch.randperm(3000, generator=torch.Generator().manual_seed(0))]
    assert not written(keys, of).sharpen(keys[:400], of[:400])["sharpened"]


def test_too_few_keys_tell_nothing() -> None:
    keys, of = keys_of(3000, spread=4.0)
    assert written(keys, of).sharpen(keys[:10], of[:10]) == {"aside": 10, "sharpened": False}


def test_keys_aside_are_as_if_never_written() -> None:
    keys, of = keys_of(900, spread=4.0)
    held = HeldOut.take(written(keys, of)._need(), keys[:100], of[:100])
    assert held is not None
    rest = written(keys[100:], of[100:])
    sums = rest._need()
    assert torch.equal(held.without.sum_h, sums.sum_h) and torch.equal(held.without.cross, sums.cross)
    assert torch.equal(held.without.total().triu(), sums.total().triu())
    decision = rest.decision()
    ridge = rest._deciding[1].ridge  # type: ignore[index]
    expected = keys[:100].double() @ decision.weights + decision.intercept
    assert torch.allclose(held.scores(decision.kind, ridge), expected, atol=1e-9)


def test_the_term_is_the_ratio_of_two_gaussians() -> None:
    keys, of = keys_of(3000, spread=3.0)
    memory = written(keys, of)
    sums, there = memory._need(), torch.arange(3)
    directions = leading(sums.centred()[0], 8)
    assert directions.dtype == torch.int8 and directions.shape == (80, 8)
    made = Sharpening(directions, 0.5, 2.0, 1.0)
    covariances = covariances_along(sums, there, directions)
    means = (sums.cross / sums.sum_y).T
    found = Sharpened(made, means, Moments(sums.sum_y, covariances)).terms(keys[:5])
    at = keys[:5].double() @ directions.double()
    within = sum((n * one for n, one in zip(sums.sum_y, covariances, strict=True)), torch.zeros(8, 8).double()) / 3000
    for column in range(3):
        weight = 0.5 * 1000 / 1008
        own = weight * covariances[column] + (1 - weight) * within
        mean = means[column] @ directions.double()
        one, two = (torch.distributions.MultivariateNormal(mean, matrix).log_prob(at) for matrix in (own, within))
        assert torch.allclose(found[:, column], 2 * (one - two), rtol=1e-5, atol=1e-5)


def test_it_is_kept_and_follows_what_is_written() -> None:
    keys, of = keys_of(3000, spread=4.0)
    memory = written(keys, of)
    memory.sharpen(keys[:400], of[:400])
    again = memory.another()
    again.load_state_dict(memory.state_dict())
    assert torch.equal(again.sharp_logits(keys[:50]), memory.sharp_logits(keys[:50]))
    memory.write_labels(keys[:600], of[:600])
    again.load_state_dict(memory.state_dict())
    assert torch.allclose(again.sharp_logits(keys[:50]), memory.sharp_logits(keys[:50]), rtol=1e-9)
    memory.restrict(torch.arange(0, 80, 2))
    assert memory.sharp_logits(keys[:50, ::2]).shape == (50, 3)
    memory.blunt()
    assert "sharp" not in memory.state_dict()


@pytest.mark.parametrize("m", [5, 40])
def test_leading_directions(m: int) -> None:
    source = torch.Generator().manual_seed(0)
    basis = torch.linalg.qr(torch.randn(60, 60, generator=source, dtype=torch.float64)).Q
    gram = basis @ torch.diag(0.8 ** torch.arange(60)).double() @ basis.T
    found = leading(gram, m).double()
    spanned = torch.linalg.qr(found).Q
    assert float((spanned.T @ basis[:, : m // 2]).square().sum()) > 0.98 * (m // 2)


def test_thin_factors_give_the_same_covariances() -> None:
    keys, of = keys_of(60, spread=4.0)
    sums = written(keys, of)._need()
    directions = leading(sums.centred()[0], 8).double()
    for column in range(3):
        assert not isinstance(sums.grams[column], Tensor)
        expected = directions.T @ symmetric(sums.gram(column)) @ directions
        assert torch.allclose(sums.along(column, directions), expected, rtol=1e-5)
