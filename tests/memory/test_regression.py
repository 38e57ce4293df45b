"""Numbers read out of sums: against least squares on the samples themselves; and whether intervals cover."""

import numpy as np
import pytest
import torch

from reverie.memory import AssociativeMemory
from reverie.memory.regression import Regression

ALONE = torch.ones(1, 1, dtype=torch.float64)


def written(x: torch.Tensor, y: torch.Tensor, **options: float) -> AssociativeMemory:
    memory = AssociativeMemory(**options)
    memory.write(torch.cat([x, y], 1), torch.ones(len(x), 1))
    return memory


def test_values_and_deviations_are_those_of_the_samples() -> None:
    source = np.random.default_rng(0)
    x, new = source.integers(-50, 50, (40, 3)), source.integers(-50, 50, (7, 3))
    y = (x @ [3, -2, 1] + source.normal(0, 30, 40)).round().astype(int)[:, None]
    found = Regression(written(torch.from_numpy(x), torch.from_numpy(y), ridge=100.0), ALONE)(torch.from_numpy(new))
    centred, about = x - x.mean(0), new - x.mean(0)
    inverse = np.linalg.inv(centred.T @ centred + 100 * np.eye(3))
    hat = centred @ inverse @ centred.T
    rest = (y - y.mean())[:, 0] - hat @ (y - y.mean())[:, 0]
    left = 40 - 1 - np.trace(hat)
    variance = (rest @ rest) / left * (1 + 1 / 40 + np.einsum("ij,jk,ik->i", about, inverse, about))
    np.testing.assert_allclose(found.value[:, 0], y.mean() + about @ inverse @ centred.T @ (y - y.mean())[:, 0])
    np.testing.assert_allclose(found.deviation[:, 0], np.sqrt(variance))
    np.testing.assert_allclose(found.freedom, left)


def test_keys_that_are_not_whole_numbers_have_an_origin_and_give_the_same() -> None:
    source = np.random.default_rng(1)
    x = source.normal(1000, 1, (60, 2))
    y = x @ [1.0, 2.0] + source.normal(0, 0.1, 60)
    memory = written(torch.from_numpy(x), torch.from_numpy(y)[:, None], ridge=1e-6)
    inner = memory._sums
    assert inner is not None
    assert inner.origin is not None
    found = Regression(memory, ALONE)(torch.from_numpy(x))
    slope = np.linalg.lstsq(np.c_[np.ones(60), x - 1000], y, rcond=None)[0]
    np.testing.assert_allclose(found.value[:, 0], slope[0] + (x - 1000) @ slope[1:], rtol=1e-6)


@pytest.mark.parametrize(("n", "d"), [(300, 20), (60, 100)])
def test_intervals_cover_as_often_as_they_say(n: int, d: int) -> None:
    from scipy.special import stdtrit

    source = np.random.default_rng(2)
    inside: dict[float, list[float]] = {0.8: [], 0.9: [], 0.95: []}
    for _ in range(20):
        slope = source.normal(size=d)
        x, new = (source.normal(0, 20, (size, d)).round() for size in (n, 400))
        y, other = ((part @ slope + source.normal(0, 60, len(part))).round() for part in (x, new))
        memory = written(torch.from_numpy(x).int(), torch.from_numpy(y).int()[:, None])
        found = Regression(memory, ALONE)(torch.from_numpy(new).int())
        away = np.abs(other - found.value[:, 0].numpy()) / found.deviation[:, 0].numpy()
        for coverage, shares in inside.items():
            shares.append(float((away <= stdtrit(found.freedom[:, 0].numpy(), (1 + coverage) / 2)).mean()))
    for coverage, shares in inside.items():
        assert abs(np.mean(shares) - coverage) < 0.025, (coverage, np.mean(shares))


def test_too_few_samples_say_so() -> None:
    found = Regression(written(torch.tensor([[3]]), torch.tensor([[5]])), ALONE)(torch.tensor([[4]]))
    assert found.value.item() == 5
    assert found.deviation.item() == float("inf")


def test_each_number_has_a_ridge_of_its_own() -> None:
    source = np.random.default_rng(3)
    x = source.integers(-20, 20, (100, 30))
    y = np.stack([x @ np.arange(30), source.integers(-500, 500, 100)], 1)
    both = written(torch.from_numpy(x), torch.from_numpy(y))
    regression = Regression(both, torch.eye(2, dtype=torch.float64))
    alone = Regression(written(torch.from_numpy(x), torch.from_numpy(y[:, :1])), ALONE)
    keys = torch.from_numpy(x)
    torch.testing.assert_close(regression(keys).value[:, :1], alone(keys).value)
    clear, noise = regression.explained()
    assert clear > 0.999
    assert noise < 0.1
