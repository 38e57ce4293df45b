"""Dreams against the statistics they come from, pruning against brute force, consolidation against its teacher."""

from itertools import combinations
from typing import Any

import pytest
import torch
from torch.nn.functional import one_hot

from reverie.errors import BadData
from reverie.functional import most_useful
from reverie.memory import AssociativeMemory
from reverie.sleep import Consolidation, Dreamer, cortex_network, needed_least


def source(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def taught(*, per_class: bool = True, n: int = 3000, d: int = 12, k: int = 4) -> AssociativeMemory:
    """A memory of k clouds, stretched differently."""
    means = 4 * torch.randn(k, d, generator=source(1))
    stretch = torch.randn(k, d, d, generator=source(2))
    of = torch.randint(k, (n,), generator=source(3))
    keys = means[of] + torch.einsum("nd,nde->ne", torch.randn(n, d, generator=source(4)), stretch[of])
    memory = AssociativeMemory(per_class=per_class)
    memory.write(keys, one_hot(of, k))
    return memory


@pytest.mark.parametrize(("n", "d"), [(3000, 12), (15, 40)])  # many samples, and fewer than half as many as inputs
@pytest.mark.parametrize("per_class", [True, False])
def test_dreams_have_the_memory_s_means_and_covariances(per_class: bool, n: int, d: int) -> None:
    memory = taught(per_class=per_class, n=n, d=d)
    counts, means, found = memory.moments()
    covariances = torch.stack(list(found))
    dreams, of = Dreamer(memory).dream(60_000, source())
    common = torch.einsum("k,kde->de", counts / counts.sum(), covariances) if per_class else covariances[0]
    for column in range(4):
        own = dreams[of == column].double()
        torch.testing.assert_close(own.mean(0), means[column], atol=0.15 * (d / 12) ** 0.5, rtol=0)
        expected = 0.7 * covariances[column] + 0.3 * common if per_class else common
        error = (torch.cov(own.T) - expected).norm() / expected.norm()
        assert float(error) < 0.05


def test_dreams_of_spike_counts_are_spike_counts() -> None:
    dreams, _ = Dreamer(taught(), lowest=0, highest=127).dream(200, source())
    assert torch.equal(dreams, dreams.round().clamp(0, 127))


def test_classes_without_samples_are_not_dreamed_of() -> None:
    memory = taught()
    keys = torch.randn(20, 12, generator=source(7))
    fifth = one_hot(torch.full((20,), 4), 5)
    memory.write(keys, fifth)
    assert 4 in Dreamer(memory).dream(500, source())[1]
    memory.erase(keys, fifth)
    assert 4 not in Dreamer(memory).dream(500, source())[1]


def test_pruning_one_group_is_the_best_of_all_choices() -> None:
    generator = source()
    x = torch.randn(200, 6, dtype=torch.float64, generator=generator)
    y = x @ torch.randn(6, 2, dtype=torch.float64, generator=generator)
    y += 0.3 * torch.randn(200, 2, dtype=torch.float64, generator=generator)
    groups, ridge = torch.tensor([[0, 3], [1, 4], [2, 5]]), 0.7

    def penalised_error(inputs: torch.Tensor) -> float:
        h = x[:, inputs]
        w = torch.linalg.solve(h.T @ h + ridge * torch.eye(len(inputs), dtype=torch.float64), h.T @ y)
        return float((y - h @ w).square().sum() + ridge * w.square().sum())

    inverse = torch.linalg.inv(x.T @ x + ridge * torch.eye(6, dtype=torch.float64))
    kept = most_useful(inverse, inverse @ x.T @ y, groups, 2)
    best = min(combinations(range(3), 2), key=lambda pair: penalised_error(groups[list(pair)].flatten()))
    assert kept.tolist() == list(best)


def test_pruning_keeps_what_carries_the_values() -> None:
    generator = source()
    keys = torch.randn(500, 40, generator=generator)
    memory = AssociativeMemory(ridge=1.0)
    memory.write(keys, keys[:, [3, 17, 30]] + 0.1 * torch.randn(500, 3, generator=generator))
    gone = needed_least(memory, torch.arange(40)[:, None], 37).tolist()
    kept = torch.tensor([index for index in range(40) if index not in gone])
    assert kept.tolist() == [3, 17, 30]
    before = memory.explained()
    memory.restrict(kept)
    assert memory.explained() > before - 0.01


def test_explained_variance_is_that_of_new_samples() -> None:
    generator = source()
    weights = torch.randn(30, 2, generator=generator)

    def draw(n: int) -> tuple[torch.Tensor, torch.Tensor]:
        keys = torch.randn(n, 30, generator=generator)
        return keys, keys @ weights + 3 * torch.randn(n, 2, generator=generator)

    memory = AssociativeMemory(ridge=1.0)
    memory.write(*draw(120))
    keys, values = draw(20_000)
    actual = 1 - float((memory.read(keys) - values).square().sum() / (values - values.mean(0)).square().sum())
    assert memory.explained() == pytest.approx(actual, abs=0.04)


def student(memory: AssociativeMemory, **options: Any) -> Consolidation:
    return Consolidation(memory, Dreamer(memory), **{"hidden": (32,), "steps": 200, **options})


def test_the_network_learns_what_the_memory_answers() -> None:
    memory = taught()
    training = student(memory)
    training.advance(200)
    dreams, _ = Dreamer(memory).dream(2000, source(9))
    agreement = (training.network(dreams).argmax(1) == memory.read(dreams).argmax(1)).double().mean()
    assert training.finished
    assert float(agreement) > 0.95


def test_half_of_the_synapses_are_cut_and_stay_so() -> None:
    training = student(taught(), cut=0.5)
    training.advance(200)
    for weight in training.network.parameters():
        if weight.ndim == 2:
            assert 0.45 < float((weight == 0).double().mean()) < 0.55


def test_training_stopped_at_any_step_and_gone_on_with_is_the_same() -> None:
    memory = taught()
    whole = student(memory, steps=50)
    whole.advance(50)
    for stop in (1, 39, 40, 41, 49):
        first, second = student(memory, steps=50), student(memory, steps=50)
        first.advance(stop)
        second.load_state_dict(first.state_dict())
        second.advance(50)
        for one, two in zip(whole.network.state_dict().values(), second.network.state_dict().values(), strict=True):
            assert torch.equal(one, two)


def test_a_network_is_made_again_from_its_state() -> None:
    training = student(taught(), hidden=(8, 5))
    training.advance(3)
    dreams, _ = training.dreamer.dream(10, source())
    again = cortex_network(dict(training.network.state_dict()))
    assert torch.equal(again(dreams), training.network(dreams))


def test_wrong_settings_are_refused() -> None:
    for wrong in ({"steps": 0}, {"cut": 1.0}, {"learning_rate": 0.0}):
        with pytest.raises(BadData, match="Expected steps"):
            student(taught(), **wrong)
