"""Discriminant analysis from sums beside scikit-learn's; what is expected of a read-out beside what is found."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn.functional import cross_entropy

from reverie.functional import spectrum
from reverie.memory import AssociativeMemory
from reverie.memory import choice as choice_file
from reverie.memory.discriminant import discriminant
from reverie.memory.readout import Readout

X, Y = (torch.from_numpy(array) for array in load_digits(return_X_y=True))
ORDER = torch.randperm(len(Y), generator=torch.Generator().manual_seed(0))
X, Y = X[ORDER].to(torch.uint8), Y[ORDER]


def cloud(n: int, d: int, k: int, *, seed: int = 0, apart: float = 1.0, tails: bool = False) -> tuple[Tensor, Tensor]:
    source = torch.Generator().manual_seed(7)
    means, mixing = apart * torch.randn(k, d, generator=source), torch.randn(d, d, generator=source) / d**0.5
    source = torch.Generator().manual_seed(100 + seed)
    of = torch.randint(k, (n,), generator=source)
    keys = torch.randn(n, d, generator=source)
    if tails:
        keys *= (5 / torch.randn(n, 5, generator=source).square().sum(1, keepdim=True)).sqrt()
    return (64 + 12 * (means[of] + keys @ mixing)).round().clamp(0, 127).to(torch.uint8), of


def taught(keys: Tensor, of: Tensor, **options: object) -> AssociativeMemory:
    memory = AssociativeMemory(**options)
    memory.write_labels(keys, of)
    return memory


def slow(keys: Tensor, of: Tensor, asked: Tensor, ridge: float) -> Tensor:
    """The definition."""
    h, n, k = keys.double(), len(keys), int(of.max()) + 1
    means = torch.stack([h[of == column].mean(0) for column in range(k)])
    own = h - means[of]
    s = (own.T @ own + ridge * torch.eye(h.shape[1])) / n
    directions = torch.linalg.solve(s, means.T)
    share = torch.bincount(of).double() / n
    return asked.double() @ directions - (means.T * directions).sum(0) / 2 + share.log()


def same_differences(one: Tensor, two: Tensor, tolerance: float = 1e-6) -> None:
    torch.testing.assert_close(one - one[:, :1], two - two[:, :1], atol=tolerance, rtol=1e-6)


@pytest.mark.parametrize("per_class", [True, False])
def test_scores_are_those_of_the_definition(per_class: bool) -> None:
    keys, of = cloud(300, 90, 5)
    sums = taught(keys, of, per_class=per_class)._need()
    readout = Readout.solve(sums, 500.0)
    weights, intercept = discriminant(readout, sums, torch.arange(5))
    same_differences(keys.double() @ weights + intercept, slow(keys, of, keys, 500.0))


def test_without_damping_it_is_scikit_learn_s() -> None:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    keys, of = cloud(500, 20, 4)
    sums = taught(keys, of)._need()
    weights, intercept = discriminant(Readout.solve(sums, 1e-6), sums, torch.arange(4))
    theirs = LinearDiscriminantAnalysis(solver="lsqr").fit(keys.numpy(), of.numpy())
    assert ((keys.double() @ weights + intercept).argmax(1).numpy() == theirs.predict(keys.numpy())).all()


def test_taking_a_sample_away_is_as_the_formulas_say() -> None:
    """With its own leverage in place of the mean one, each left-out score is that of a memory without the sample."""
    keys, of = cloud(40, 12, 3, apart=0.5)
    ridge, n, k = 800.0, 40, 3
    sums = taught(keys, of)._need()
    gram, cross, _ = sums.centred()
    seen = spectrum(gram, cross)
    counts = sums.sum_y
    side = choice_file._Side.of(seen, seen.turned / counts, counts, n, 12, ridge)
    h = keys.double()
    a = torch.linalg.inv(gram + ridge * torch.eye(12))
    p = a @ cross / counts
    means = torch.stack([h[of == column].mean(0) for column in range(k)])
    omega = torch.linalg.inv(gram + ridge * torch.eye(12) - cross / counts @ cross.T)
    for row in range(8):
        stays = torch.arange(40) != row
        e = h[row] - means[of[row]]
        mine = side._replace(t=float(e @ omega @ e)).distances(of[row : row + 1], (e @ p)[None])
        # the definition's S has n − 1 in place of n, and the shares are those of the others
        theirs = slow(keys[stays], of[stays], keys[row : row + 1], ridge)
        shares = torch.bincount(of[stays]).double() / 39
        left = (theirs - shares.log()) / 39 * 40 + (counts / n).log()
        same_differences(mine, left, 1e-4)
        about = h[row] - h.mean(0)
        own = float(about @ a @ about) - float(side.places[of[row], of[row]])
        ridge_mine = side._replace(within_leverage=own).ridge_scores(of[row : row + 1], (e @ p)[None])
        less = taught(keys[stays], of[stays], ridge=ridge).read(keys[row : row + 1])
        # leverage of h about the mean is that of e and of its class's mean; the cross term is left out
        assert (ridge_mine - less).abs().max() < 0.05


@pytest.mark.parametrize(("n", "d", "apart"), [(200, 100, 0.6), (800, 100, 0.4), (150, 300, 0.5)])
@pytest.mark.parametrize("per_class", [True, False])
def test_what_is_expected_is_what_is_found(n: int, d: int, apart: float, per_class: bool) -> None:
    keys, of = cloud(n, d, 6, apart=apart, tails=True)
    asked, right = cloud(3000, d, 6, apart=apart, seed=1, tails=True)
    memory = taught(keys, of, per_class=per_class)
    decision = memory.decision()
    assert memory._deciding is not None
    expected = memory._deciding[0]
    logits = decision.logits(asked)
    found = float((logits.argmax(1) == right).double().mean())
    assert abs(found - expected.accuracy) < 0.08
    best = min(float(cross_entropy(logits * 10 ** (step / 10), right)) for step in range(-10, 11))
    assert float(cross_entropy(logits, right)) < best + 0.1
    reached = []
    for ridge in [10.0**step for step in range(1, 7)]:
        sums = memory._need()
        weights, intercept = discriminant(Readout.solve(sums, ridge), sums, torch.arange(6))
        reached.append(float(((asked.double() @ weights + intercept).argmax(1) == right).double().mean()))
    assert found > max(reached) - 0.03


def test_digits_are_known_at_least_as_well_and_probabilities_are_honest() -> None:
    for n in (100, 300, 1000):
        memory = taught(X[:n], Y[:n], per_class=True)
        asked, right = X[1000:], Y[1000:]
        logits = memory.decision().logits(asked)
        found = float((logits.argmax(1) == right).double().mean())
        assert found > float((memory.read(asked).argmax(1) == right).double().mean()) - 0.005
        sure, best = torch.softmax(logits, 1).max(1)
        assert abs(float(sure.mean()) - float((best == right).double().mean())) < 0.04


def test_a_given_ridge_stays_a_ridge() -> None:
    memory = taught(X[:300], Y[:300], ridge=3.0)
    decision = memory.decision()
    assert decision.kind == "ridge"
    torch.testing.assert_close(decision.logits(X[300:320]) / decision.slope, memory.read(X[300:320]))


def test_one_sample_of_a_class_and_one_class_are_decided_by_ridge() -> None:
    assert taught(X[:5], torch.arange(5)).decision().kind == "ridge"
    assert taught(X[:5], torch.zeros(5, dtype=torch.int64)).decision().kind == "ridge"
    same = taught(X[:1].expand(40, -1), torch.arange(40) % 2)  # nothing varies
    assert torch.isfinite(same.decision().logits(X[:3])).all()


def test_it_follows_small_writes_and_is_chosen_anew_for_new_classes() -> None:
    memory = AssociativeMemory(per_class=True)
    known = Y < 8
    memory.write_labels(X[:1000][known[:1000]], Y[:1000][known[:1000]])
    memory.decision()
    at = 1000
    for start in range(at, at + 12, 2):
        rows = torch.arange(start, start + 2)[Y[start : start + 2] < 8]
        if len(rows):
            memory.write_labels(X[rows], Y[rows])
        memory.decision()
    assert memory._deciding is not None
    choice, readout, _ = memory._deciding
    assert readout.inverse is not None, "it did not follow by rank"
    sums = memory._need()
    weights, intercept = discriminant(Readout.solve(sums, choice.ridge), sums, torch.arange(8))
    decision = memory.decision()
    if decision.kind == "discriminant":
        torch.testing.assert_close(decision.weights, weights, atol=1e-8, rtol=1e-6)
        torch.testing.assert_close(decision.intercept, intercept, atol=1e-6, rtol=1e-6)
    memory.write_labels(X[Y == 9][:6], Y[Y == 9][:6], width=10)
    assert memory.decision().columns.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 9]


def test_the_choice_is_the_same_in_any_order_and_beside_empty_columns() -> None:
    one, two = taught(X[:400], Y[:400], per_class=True), AssociativeMemory(per_class=True)
    order = torch.randperm(400, generator=torch.Generator().manual_seed(1))
    for part in order.split(60):
        two.write_labels(X[part], Y[part] + 3, width=20)
    two.decision()
    two.refresh()
    assert torch.equal(one.decision().logits(X[400:]), two.decision().logits(X[400:]))


def test_a_settled_memory_glances_at_what_it_decides() -> None:
    memory = taught(X, Y, per_class=True)
    memory.settle()
    exact, seen = memory.decision().logits(X), memory.glance_logits(X)
    assert not torch.equal(exact, seen)
    np.testing.assert_allclose(seen.numpy(), exact.numpy(), atol=2e-2 * float(exact.std()))


@pytest.mark.parametrize("per_class", [True, False])
def test_the_order_in_which_classes_came_does_not_change_the_choice(per_class: bool) -> None:
    keys, of = X[:600], Y[:600]
    one = taught(keys, of, per_class=per_class).decision()
    turned = taught(keys, 9 - of, per_class=per_class).decision()
    assert (one.kind, round(one.slope, 6)) == (turned.kind, round(turned.slope, 6))
    torch.testing.assert_close(one.logits(keys), turned.logits(keys).flip(1), atol=1e-6, rtol=1e-6)
