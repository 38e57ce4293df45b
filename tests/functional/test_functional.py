"""Formulas against slow, obvious versions."""

import math

import pytest
import torch
from torch import nn

from reverie.functional import (
    Spectrum,
    bernoulli_nll,
    choose_ridge,
    cross_entropy_among,
    diagonal_fisher,
    distillation,
    gaussian_nll,
    kl_to_mixture,
    kl_to_standard_normal,
    log_normal,
    path_importance,
    quadratic_penalty,
    reparameterise,
    spectrum,
)


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_distillation_is_the_cross_entropy_of_softened_outputs(generator):
    logits, target = torch.randn(5, 4, generator=generator), torch.randn(5, 3, generator=generator)
    expected = 0.0
    for row, goal in zip(logits.tolist(), target.tolist(), strict=True):
        student = [math.exp(value / 2) for value in row]
        teacher = [math.exp(value / 2) for value in goal]
        expected -= sum(t / sum(teacher) * math.log(s / sum(student)) for s, t in zip(student, teacher, strict=False))
    assert float(distillation(logits, target)) == pytest.approx(4 * expected / 5, rel=1e-5)


def test_distillation_among_a_group_sees_only_the_group(generator):
    logits, target = torch.randn(6, 5, generator=generator), torch.randn(6, 4, generator=generator)
    among = torch.tensor([[True, False, True, False]])
    inside = distillation(logits[:, [0, 2]], target[:, [0, 2]])
    torch.testing.assert_close(distillation(logits, target, among=among), inside)


def test_cross_entropy_among(generator):
    logits, y = torch.randn(6, 5, generator=generator), torch.tensor([1, 3, 1, 3, 3, 1])
    among = torch.tensor([[False, True, False, True, False]])
    inside = nn.functional.cross_entropy(logits[:, [1, 3]], (y == 3).long())
    torch.testing.assert_close(cross_entropy_among(logits, y, among), inside)


def test_importance_and_penalty():
    torch.testing.assert_close(
        path_importance(torch.tensor([0.3]), torch.tensor([0.1]), damping=0.1), torch.tensor([0.3 / 0.11])
    )
    parameters = {"a": torch.tensor([[1.0, 2.0], [9.0, 9.0]]), "b": torch.tensor([3.0])}
    anchors = {"a": torch.tensor([[0.0, 4.0]])}
    assert float(quadratic_penalty(parameters, anchors, {"a": torch.tensor([[2.0, 0.5]])})) == 2 * 1 + 0.5 * 4


def test_log_normal_agrees_with_torch(generator):
    z, mean, log_var = (torch.randn(3, 4, generator=generator) for _ in range(3))
    normal = torch.distributions.Normal(mean, (0.5 * log_var).exp())
    torch.testing.assert_close(log_normal(z, mean, log_var), normal.log_prob(z).sum(1))


def test_kl_to_standard_normal_agrees_with_torch(generator):
    mean, log_var = (torch.randn(3, 4, generator=generator) for _ in range(2))
    here = torch.distributions.Normal(mean, (0.5 * log_var).exp())
    there = torch.distributions.Normal(torch.zeros(4), torch.ones(4))
    expected = torch.distributions.kl_divergence(here, there).sum(1)
    torch.testing.assert_close(kl_to_standard_normal(mean, log_var), expected)


def test_kl_to_a_mixture_is_unbiased_for_one_mode(generator):
    mean, log_var = torch.full((1, 2), 0.5), torch.full((1, 2), -1.0)
    modes = torch.zeros(3, 2), torch.zeros(3, 2)
    z = reparameterise(mean.expand(40000, 2), log_var.expand(40000, 2), generator)
    weights = torch.tensor([[0.0, 1.0, 0.0]]).expand(40000, 3)
    estimate = kl_to_mixture(z, mean.expand_as(z), log_var.expand_as(z), *modes, weights).mean()
    assert float(estimate) == pytest.approx(float(kl_to_standard_normal(mean, log_var)), rel=0.02)


def test_a_mode_of_weight_zero_is_shut_out(generator):
    """However well it would explain the sample: in 100 dimensions its density can be larger by e^100 and more."""
    z = torch.randn(4, 100, generator=generator)
    here = torch.zeros(4, 100), torch.zeros(4, 100)
    far = torch.full((100,), 5.0)
    modes = torch.stack([far, torch.zeros(100)]), torch.zeros(2, 100)
    only_far = kl_to_mixture(z, *here, *modes, torch.tensor([[1.0, 0.0]]).expand(4, 2))
    alone = kl_to_mixture(z, *here, far[None], torch.zeros(1, 100), torch.ones(4, 1))
    torch.testing.assert_close(only_far, alone)
    modes[0].requires_grad_(True)
    kl_to_mixture(z, *here, *modes, torch.tensor([[1.0, 0.0]]).expand(4, 2)).sum().backward()
    assert modes[0].grad is not None and modes[0].grad.isfinite().all() and not modes[0].grad[1].any()


def test_reconstruction_errors():
    x = torch.tensor([[0.0, 1.0]])
    assert float(bernoulli_nll(torch.zeros(1, 2), x)) == pytest.approx(math.log(2))
    assert float(gaussian_nll(torch.tensor([[1.0, 3.0]]), x)) == pytest.approx(0.5 * (1 + 4) / 2)


def test_reparameterise_has_the_mean_and_variance(generator):
    z = reparameterise(torch.full((50000, 1), 2.0), torch.full((50000, 1), math.log(9.0)), generator)
    assert float(z.mean()) == pytest.approx(2.0, abs=0.05)
    assert float(z.var()) == pytest.approx(9.0, rel=0.03)


def test_diagonal_fisher_agrees_with_a_pass_per_sample_and_class(generator):
    network = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 3))
    x = torch.randn(6, 5, generator=generator)
    expected = {name: torch.zeros_like(value) for name, value in network.named_parameters()}
    for row in x:
        for c in range(3):
            log_p = torch.log_softmax(network(row[None]), dim=1)[0]
            gradients = torch.autograd.grad(log_p[c], list(network.parameters()))
            for (name, _), gradient in zip(network.named_parameters(), gradients, strict=True):
                expected[name] += log_p[c].exp().detach() * gradient.square() / 6
    found = diagonal_fisher(network, x)
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value)


def test_diagonal_fisher_among_a_group_ignores_the_other_classes(generator):
    network = nn.Sequential(nn.Linear(5, 3))
    x = torch.randn(6, 5, generator=generator)
    found = diagonal_fisher(network, x, torch.tensor([True, False, True]))
    assert not found["0.weight"][1].any()
    assert found["0.weight"][0].all()


@pytest.mark.parametrize("n", [20, 50, 400])
def test_choose_ridge_has_the_largest_evidence(n, generator):
    h = torch.randn(n, 30, generator=generator).double()
    y = h[:, :2] + 2 * torch.randn(n, 2, generator=generator).double()
    h, y = h - h.mean(0), y - y.mean(0)
    chosen = choose_ridge(spectrum(h.T @ h, h.T @ y), float(y.square().sum()), n)
    basis = torch.linalg.svd(torch.eye(n, dtype=torch.float64) - 1 / n).U[:, : n - 1]

    def evidence(ridge: float) -> float:
        """Of the samples themselves: normal with covariance s² (I + H Hᵀ / λ), the best s, in the n − 1 contrasts."""
        covariance = basis.T @ (torch.eye(n) + h @ h.T / ridge) @ basis
        quadratic = float(((basis.T @ y) * torch.linalg.solve(covariance, basis.T @ y)).sum())
        return -(n - 1) * math.log(quadratic) - float(torch.logdet(covariance))

    assert evidence(chosen) >= max(evidence(chosen * 1.8), evidence(chosen / 1.8)) - 1e-9


def test_a_ridge_that_is_lost_in_rounding_does_not_win(generator):
    """Outputs that the features give exactly: S falls to the error of its subtraction, and is not followed there."""
    h = torch.randn(60, 80, generator=generator).double()
    h -= h.mean(0)
    y = h @ torch.randn(80, 3, generator=generator).double()
    for gram in (h.T @ h, h.T @ h + 1e-9 * torch.randn(80, 80, generator=generator).double()):
        seen = spectrum((gram + gram.T) / 2, h.T @ y)
        chosen = choose_ridge(seen, float(y.square().sum()), 60)
        left = float(y.square().sum()) - seen.explained(chosen)
        assert chosen > 1e-13 * float(seen.eigenvalues.mean())
        assert left > 0


def test_the_spectrum_of_a_matrix_with_many_empty_directions():
    gram = torch.zeros(600, 600, dtype=torch.float64)
    gram[:3, :3] = torch.tensor([[4.0, 1, 0], [1, 3, 1], [0, 1, 2]])
    cross = torch.ones(600, 1, dtype=torch.float64)
    seen = spectrum(gram, cross)
    assert isinstance(seen, Spectrum)
    torch.testing.assert_close(seen.eigenvalues[-3:], torch.linalg.eigvalsh(gram[:3, :3]), atol=1e-12, rtol=1e-12)
    expected = float((cross * torch.linalg.solve(gram + 0.5 * torch.eye(600), cross)).sum())
    assert seen.explained(0.5) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("n", [2, 7, 60, 150, 400])
def test_the_spectrum_of_samples_is_that_of_the_matrix(n, generator):
    h = torch.randn(n, 200, generator=generator, dtype=torch.float64)
    h -= h.mean(0)
    cross = h.T @ torch.randn(n, 3, generator=generator, dtype=torch.float64)
    seen, slow = spectrum(h.T @ h, cross, samples=n), torch.linalg.eigh(h.T @ h)
    torch.testing.assert_close(seen.eigenvalues.sort().values, slow.eigenvalues.clamp_min(0), atol=1e-9, rtol=1e-9)
    energy = (slow.eigenvectors.T @ cross).square().sum(1)
    for ridge in (1e-3, 1.0, 1e4):
        expected = float((energy / (slow.eigenvalues.clamp_min(0) + ridge)).sum())
        assert seen.explained(ridge) == pytest.approx(expected, rel=1e-9)


def test_the_spectrum_of_nothing_is_nothing():
    nothing = spectrum(torch.zeros(4, 4, dtype=torch.float64), torch.zeros(4, 2, dtype=torch.float64), samples=1)
    assert nothing.eigenvalues.tolist() == [0] * 4
    assert nothing.explained(1.0) == 0
