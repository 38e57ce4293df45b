import numpy as np
import pytest
import torch

from reverie.functional import Running, bounded_step, sparse_weights


@pytest.mark.parametrize(("error", "size"), [(0.1, 0.01), (0.1, 30.0), (-7.0, 3.0)])
def test_a_step_is_bounded_as_the_paper_has_it(error: float, size: float) -> None:
    rate, kappa = 0.5, 3.0
    reach = rate * kappa * max(abs(error), 1.0) * size
    assert bounded_step(error, size, rate=rate, kappa=kappa) == pytest.approx(min(rate / reach, rate))


def test_a_linear_value_is_not_overshot() -> None:
    w, x = torch.zeros(4), torch.tensor([3.0, -5.0, 2.0, 1.0])
    for target in (10.0, -0.3):
        error = target - float(w @ x)
        moved = w + bounded_step(error, float(x.abs().sum()), kappa=2.0) * error * x
        after = target - float(moved @ x)
        assert abs(after) <= abs(error) * 11  # ‖x‖² ≤ ‖x‖₁ · max|x|: far from what a step of 1 would do
        assert abs(target - float((w + error * x) @ x)) > 30 * abs(error)


def test_each_neuron_has_few_weights() -> None:
    weights = sparse_weights(50, 20, torch.Generator().manual_seed(0), sparsity=0.8)
    assert (weights != 0).sum(1).tolist() == [4] * 50
    assert float(weights.abs().max()) <= 20**-0.5
    assert len({tuple(row.nonzero()[:, 0].tolist()) for row in weights}) > 20  # not the same for all
    few = sparse_weights(5, 3, torch.Generator().manual_seed(0))
    assert (few != 0).sum(1).tolist() == [1] * 5


def test_running_numbers_are_those_of_all() -> None:
    x = torch.from_numpy(np.random.default_rng(0).normal(5, 3, (40, 2)).astype(np.float32))
    seen = Running.none(2)
    assert seen.variance.tolist() == [1.0, 1.0]
    for row in x:
        seen = seen.after(row)
    assert torch.allclose(seen.mean.float(), x.mean(0), atol=1e-5)
    assert torch.allclose(seen.variance.float(), x.var(0), rtol=1e-5)
    assert torch.allclose(seen.scaled(x).std(0), torch.ones(2), atol=1e-4)
