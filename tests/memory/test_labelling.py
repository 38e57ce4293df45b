"""Labels that are read out of sums: probabilities and thresholds with known answers."""

import math

import torch

from reverie.memory import AssociativeMemory
from reverie.memory.labelling import Labelling


def simulated(n: int, apart: list[float], share: list[float], seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """One input for each label: normal, `apart` deviations further on with the label than without."""
    source = torch.Generator().manual_seed(seed)
    y = (torch.rand(n, len(apart), generator=source) < torch.tensor(share)).long()
    h = torch.randn(n, len(apart), generator=source) + y * torch.tensor(apart)
    return (64 * h).round().long(), y


def learned(keys: torch.Tensor, y: torch.Tensor) -> Labelling:
    memory = AssociativeMemory()
    memory.write(torch.cat([keys, y], 1), torch.ones(len(keys), 1))
    return Labelling(memory, y.shape[1])


def test_probabilities_are_those_of_bayes_rule() -> None:
    apart, share = [2.0, 1.0, 3.0], [0.3, 0.5, 0.1]
    keys, y = simulated(20000, apart, share)
    found = learned(keys[:10000], y[:10000])
    assert found.counts.tolist() == y[:10000].sum(0).tolist()
    h = keys[10000:].double() / 64
    right = torch.stack(
        [
            torch.sigmoid(d * (h[:, j] - d / 2) + math.log(p / (1 - p)))
            for j, (d, p) in enumerate(zip(apart, share, strict=True))
        ],
        1,
    )
    assert float((found(keys[10000:]) - right).abs().mean()) < 0.01


def test_the_threshold_has_the_f1_that_is_expected_and_no_other_has_more() -> None:
    keys, y = simulated(20000, [1.5, 1.0, 2.5], [0.2, 0.4, 0.05])
    found = learned(keys[:10000], y[:10000])
    probability, there = found(keys[10000:]), y[10000:].bool()

    def f1(threshold: float) -> float:
        given = probability >= threshold
        return float(2 * (given & there).sum() / (given.sum() + there.sum()))

    assert abs(f1(found.threshold) - found.expected) < 0.01
    assert f1(found.threshold) > max(f1(step / 20) for step in range(1, 20)) - 0.005
    assert abs(found.threshold - found.expected / 2) < 0.02  # half of the best F1


def test_what_tells_nothing_has_the_probability_of_its_share() -> None:
    source = torch.Generator().manual_seed(1)
    keys = torch.randint(0, 100, (300, 40), generator=source)
    y = (torch.rand(300, 1, generator=source) < 0.2).long()
    found = learned(keys, y)
    probability = found(torch.randint(0, 100, (500, 40), generator=source))
    assert abs(float(probability.mean()) - float(y.double().mean())) < 0.02
    assert float(probability.std()) < 0.05  # forty inputs fit three hundred samples in part: that is not believed


def test_labels_of_all_or_of_none() -> None:
    keys = torch.arange(12).reshape(6, 2)
    found = learned(keys, torch.tensor([[1, 0]] * 6))
    probability = found(keys)
    assert bool((probability[:, 0] > 0.9).all())
    assert bool((probability[:, 1] < 0.1).all())
    assert learned(keys[:1], torch.tensor([[1, 0]]))(keys).isfinite().all()
