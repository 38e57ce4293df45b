"""Competitive Hebb against its equation, and what development must do for a cortex."""

import pytest
import torch
from sklearn.datasets import load_digits

from reverie.layers import VisualCortex
from reverie.learners import Exact
from reverie.plasticity import CompetitiveHebb, develop


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_step_is_the_equation_cell_by_cell() -> None:
    weight = torch.nn.functional.normalize(torch.randn(5, 7, generator=generator()))
    pre = torch.randn(40, 7, generator=generator(1))
    expected = weight.clone()
    for cell in range(5):
        total = torch.zeros(7)
        for z in pre:
            y = weight @ z
            if int(y.abs().argmax()) == cell:
                total += y[cell] * z
        if total.any():
            turned = weight[cell] + 0.3 * (total / total.norm() - weight[cell])
            expected[cell] = turned / turned.norm()
    torch.testing.assert_close(CompetitiveHebb(rate=0.3).step(weight, pre), expected)


def test_a_step_changes_nothing_it_was_given_and_rate_zero_nothing_at_all() -> None:
    weight = torch.nn.functional.normalize(torch.randn(3, 4, generator=generator()))
    kept, pre = weight.clone(), torch.randn(9, 4, generator=generator(1))
    torch.testing.assert_close(CompetitiveHebb(rate=0.0).step(weight, pre), kept)
    CompetitiveHebb(rate=1.0).step(weight, pre)
    assert torch.equal(weight, kept)


def test_rules_find_directions_that_were_hidden_in_noise() -> None:
    hidden = torch.nn.functional.normalize(torch.randn(4, 20, generator=generator()))
    source = torch.randint(4, (4000,), generator=generator(1))
    sign = torch.randint(2, (4000, 1), generator=generator(2)) * 2 - 1
    seen = 5 * sign * hidden[source] + torch.randn(4000, 20, generator=generator(3))
    weight = torch.nn.functional.normalize(seen[:8])
    for _ in range(10):
        for batch in seen.split(200):
            weight = CompetitiveHebb().step(weight, batch)
    assert float((hidden @ weight.T).abs().amax(1).min()) > 0.95


@pytest.mark.parametrize("seed", [0, 1])
def test_a_developed_cortex_serves_the_memory_better_than_a_random_one(seed: int) -> None:
    """On digits, learned in class order; the filters come from the first two classes alone."""
    x, y = load_digits(return_X_y=True)
    pictures = torch.tensor(x, dtype=torch.float32).view(-1, 8, 8) / 16
    held = torch.arange(len(y)) % 5 == 0
    accuracy = {}
    for rule in (CompetitiveHebb(), None):
        source = generator(seed)
        cortex = VisualCortex((8, 8), filters=16, patch=4, generator=source)
        develop(cortex, pictures[~held][y[~held] < 2], rule=rule, patches=20_000, generator=source)
        memory = Exact(encoder=cortex).fit(pictures[~held], y[~held])
        accuracy[rule] = float((memory.predict(pictures[held]) == y[held]).mean())
    assert accuracy[CompetitiveHebb()] > accuracy[None]
    assert accuracy[CompetitiveHebb()] > 0.96


def test_the_same_seed_gives_the_same_cortex_whatever_the_global_one() -> None:
    states = []
    for index in range(2):
        torch.manual_seed(index)
        source = generator()
        cortex = VisualCortex((9, 9, 3), filters=6, patch=4, generator=source)
        develop(cortex, torch.rand(30, 9, 9, 3, generator=generator(5)), rule=CompetitiveHebb(), generator=source)
        states.append(cortex.state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
