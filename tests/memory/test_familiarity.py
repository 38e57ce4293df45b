"""Novelty from scores beside its definition with d × d matrices; and whether it finds what is new."""

import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score
from torch.nn.functional import one_hot

from reverie.memory import AssociativeMemory
from reverie.memory.familiarity import unfamiliarity

X, Y = (torch.from_numpy(array) for array in load_digits(return_X_y=True))


def slow(memory, keys, values, asked):
    """The definition: two Gaussians, written out."""
    h, n, ridge = keys.double(), len(keys), memory.chosen_ridge()
    eye = ridge * torch.eye(h.shape[1], dtype=torch.float64)
    mean = h.mean(0)
    total = (h - mean).T @ (h - mean) + eye
    means = torch.stack([h[values == label].mean(0) for label in values.unique()])
    own = h - means[torch.searchsorted(values.unique(), values)]
    within = own.T @ own + eye
    spread = torch.logdet(total) - torch.logdet(within)

    def distance(rows, matrix):
        return (rows @ torch.linalg.inv(matrix) * rows).sum(1)

    nearest = torch.stack([distance(asked - one, within) for one in means]).min(0).values
    evidence = (spread - n * (nearest - distance(asked - mean, total))) / 2
    variance = distance(asked - mean, total) + 1 / n
    freedom = float((torch.linalg.inv(total) @ (total - eye)).trace())
    return torch.maximum(
        1 / (1 + torch.exp(4 * evidence / spread)), variance / (variance + 5 * freedom / (n - freedom))
    )


@pytest.mark.parametrize("per_class", [False, True])
def test_it_is_what_the_definition_says(per_class):
    keys, values, asked = X[:600].float(), Y[:600], torch.cat([X[600:900], 30 * torch.rand(50, 64)])
    memory = AssociativeMemory(ridge=500.0, per_class=per_class)
    memory.write(keys, one_hot(values, 12))  # two columns have no samples
    expected = slow(memory, keys, values, asked.double())
    assert (unfamiliarity(memory, asked.float()) - expected).abs().max() < 1e-4


@pytest.mark.parametrize("unknown", [(8, 9), (0, 1), (3, 5)])
def test_new_classes_are_found(unknown):
    known = ~torch.isin(Y, torch.tensor(unknown))
    memory = AssociativeMemory()
    memory.write(X[:1200][known[:1200]].float(), one_hot(Y[:1200][known[:1200]], 10))
    later = unfamiliarity(memory, X[1200:].float())
    assert roc_auc_score(~known[1200:], later) > 0.85


def test_what_is_like_nothing_is_new():
    memory = AssociativeMemory()
    memory.write(X[:1200].float(), one_hot(Y[:1200], 10))
    shuffled = X[1200:][:, torch.randperm(64, generator=torch.Generator().manual_seed(0))].float()
    assert (unfamiliarity(memory, shuffled) > 0.5).double().mean() > 0.95
    assert (unfamiliarity(memory, X[1200:].float()) > 0.5).double().mean() < 0.25


def test_one_class_alone():
    memory = AssociativeMemory()
    memory.write(X[Y == 4].float(), one_hot(Y[Y == 4], 5))
    assert (unfamiliarity(memory, X[Y == 4].float()) < 0.5).double().mean() > 0.95
    assert (unfamiliarity(memory, X[Y == 0].float()) > 0.5).double().mean() > 0.75


@pytest.mark.parametrize("per_class", [False, True])
def test_few_of_the_known_are_flagged(per_class):
    memory = AssociativeMemory(per_class=per_class)
    known = Y[:1200] < 7
    memory.write(X[:1200][known].to(torch.uint8), one_hot(Y[:1200][known], 10))
    later = unfamiliarity(memory, X[1200:].to(torch.uint8))
    old = Y[1200:] < 7
    assert 0.005 < float((later[old] > 0.5).double().mean()) < 0.12
    assert float((later[~old] > 0.5).double().mean()) > 0.4


def test_relative_distances_are_those_of_two_covariances():
    memory = AssociativeMemory()
    keys, values, asked = X[:600].to(torch.uint8), Y[:600], X[600:700].to(torch.uint8)
    memory.write(keys, one_hot(values, 10))
    found = memory.relative(asked)
    assert found is not None and memory._deciding is not None
    h, new, n, eye = keys.double(), asked.double(), 600, memory._deciding[0].ridge * torch.eye(64).double()
    means = torch.stack([h[values == label].mean(0) for label in range(10)])
    own, about = h - means[values], h - h.mean(0)

    def distance(rows, matrix):
        return (rows @ torch.linalg.inv((matrix + eye) / n) * rows).sum(1)

    nearest = torch.stack([distance(new - one, own.T @ own) for one in means]).min(0).values
    expected = nearest - distance(new - h.mean(0), about.T @ about)
    torch.testing.assert_close(found[0], expected, atol=1e-6, rtol=1e-6)
