"""Modulators: what they answer, and that they are pure functions of evidence and state."""

import pytest
import torch

from reverie import plasticity
from reverie.contracts import Modulator
from reverie.plasticity import Novelty, RewardPredictionError, Surprise

MODULATORS = [
    part
    for name in plasticity.__all__
    if isinstance(part := getattr(plasticity, name), type) and issubclass(part, Modulator)
]


@pytest.mark.parametrize("modulator", MODULATORS)
def test_it_is_a_pure_function_under_grad_and_vmap(modulator):
    evidence = torch.rand(4, 3, 5, generator=torch.Generator().manual_seed(0))
    given = evidence.clone()

    def life(tau: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        part = modulator(tau=tau)
        state, signals = part.begin(seen[0]), []
        for moment in seen:
            kept = [tensor.clone() for tensor in state]
            signal, left = part(moment, state)
            signals.append(signal)
            if not torch._C._functorch.is_functorch_wrapped_tensor(signal):
                assert all(torch.equal(one, two) for one, two in zip(kept, state, strict=True))
            state = left
        return torch.stack(signals)

    signals = life(torch.tensor(5.0), evidence)
    assert torch.equal(evidence, given)
    assert torch.equal(signals, life(torch.tensor(5.0), evidence))
    slope = torch.func.grad(lambda tau: life(tau, evidence).sum())(torch.tensor(5.0))
    assert torch.isfinite(slope)
    assert slope != 0
    both = torch.func.vmap(life)(torch.tensor([5.0, 9.0]), torch.stack([evidence, evidence.flip(0)]))
    torch.testing.assert_close(both[0], signals)


def test_a_reward_that_always_comes_is_no_news_and_its_absence_is():
    dopamine, one = RewardPredictionError(tau=10.0), torch.tensor(1.0)
    state = dopamine.begin(one)
    for _ in range(100):
        signal, state = dopamine(one, state)
    assert abs(float(signal)) < 1e-3
    assert float(dopamine(torch.tensor(0.0), state)[0]) == pytest.approx(-1, abs=1e-3)


def test_novelty_wears_off_pattern_by_pattern_and_recovers():
    generator = torch.Generator().manual_seed(0)
    seen, other = ((torch.rand(1, 200, generator=generator) < 0.1).float() for _ in range(2))
    novelty = Novelty(use=0.3, tau=50.0)
    state, signals = novelty.begin(seen), []
    for _ in range(10):
        signal, state = novelty(seen, state)
        signals.append(float(signal))
    assert signals == sorted(signals, reverse=True)
    assert signals[0] == 1
    assert signals[-1] < 0.15
    assert float(novelty(other, state)[0]) > 0.85
    nothing = torch.zeros(1, 200)
    for _ in range(300):
        signal, state = novelty(nothing, state)
    assert float(signal) == 0
    assert float(novelty(seen, state)[0]) > 0.95


def test_surprise_is_one_where_errors_are_as_usual_and_large_where_the_world_changes():
    generator = torch.Generator().manual_seed(0)
    surprise, errors = Surprise(tau=50.0), torch.randn(400, 8, generator=generator)
    state, signals = surprise.begin(errors[0]), []
    for error in errors:
        signal, state = surprise(error, state)
        signals.append(float(signal))
    assert sum(signals[100:]) / 300 == pytest.approx(1, abs=0.05)
    assert float(surprise(5 * errors[0], state)[0]) > 2
