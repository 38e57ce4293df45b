"""Third moments in whole numbers: beside the plain formula, to the last bit; and what they tell of a class."""

import torch
from torch import Tensor

from reverie.memory.third import centred_third, leanings, numbers_of, third_sums, whole_third

SOURCE = torch.Generator().manual_seed(0)
U = torch.randint(-127, 128, (700, 9), generator=SOURCE, dtype=torch.int8)


def plain(u: Tensor) -> Tensor:
    """The whole tensor, number by number."""
    return torch.einsum("ni,nj,nk->ijk", u, u, u)


def test_the_sums_are_those_of_the_formula() -> None:
    coarse = (U.double() / 4).round()
    assert len(third_sums(U)) == numbers_of(9)
    assert torch.equal(whole_third(third_sums(U), 9), 64 * plain(coarse))


def test_they_do_not_depend_on_order_and_subtract_to_nothing() -> None:
    order = torch.randperm(700, generator=SOURCE)
    parts = sum((third_sums(part) for part in U[order].split(37)), torch.zeros(numbers_of(9)).double())
    assert torch.equal(parts, third_sums(U))
    assert not (parts - third_sums(U[:300]) - third_sums(U[300:])).any()


def test_the_largest_numbers_are_exact() -> None:
    u = torch.full((2000, 3), -127, dtype=torch.int8)
    assert third_sums(u)[0] == -2000 * 32**3


def test_a_weight_counts_as_so_many_rows() -> None:
    weights = torch.arange(700) % 5 + 1
    assert torch.equal(third_sums(U, weights), third_sums(U.repeat_interleave(weights, 0)))


def test_about_the_means_of_classes() -> None:
    u = torch.cat([U[:400] // 3 + 20, U[400:] // 5 - 30]).to(torch.int8)
    parts = u[:400].double(), u[400:].double()
    counts, means = torch.tensor([400.0, 300.0]).double(), torch.stack([part.mean(0) for part in parts])
    grams = torch.stack([part.T @ part for part in parts])
    found = centred_third(whole_third(third_sums(u), 9), counts, means, grams) / 700
    expected = torch.stack([plain(part - part.mean(0)) for part in parts]).sum(0) / 700
    spread = float(u.double().std())
    assert float((found - expected).abs().max()) < 0.02 * spread**3


def test_they_tell_which_class_leans() -> None:
    """A class's Edgeworth term, less its part of third order, which all classes share."""
    t, gamma = 4, 0.7
    third = plain(torch.randn(50, t, generator=SOURCE, dtype=torch.float64)) / 50
    whiten = torch.randn(t, t, generator=SOURCE, dtype=torch.float64).triu()
    means, v = torch.randn(3, t, generator=SOURCE).double(), torch.randn(6, t, generator=SOURCE).double()
    kappa = torch.einsum("ijk,ia,jb,kc->abc", third, whiten, whiten, whiten)
    found = torch.stack(
        [
            one.constant + v @ one.linear - ((v @ one.curve) * v).sum(1) / 2
            for one in leanings(third, whiten, means, gamma)
        ],
        1,
    )
    expected = []
    for mean in means:
        away = v - mean
        cubic = torch.einsum("abc,na,nb,nc->n", kappa, away, away, away)
        expected.append(gamma / 6 * (cubic - 3 * away @ torch.einsum("aac->c", kappa)))
    difference = torch.stack(expected, 1) - found
    assert torch.allclose(difference, difference[:, :1].expand(-1, 3), atol=1e-9)
