"""The exact memory against retraining, against scikit-learn, and against itself in another order."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

import reverie.memory
from reverie import checks
from reverie.checkpoint import state_bytes
from reverie.errors import BadData
from reverie.memory import AssociativeMemory


def codes(n: int, d: int, seed: int = 0, high: int = 128) -> torch.Tensor:
    return torch.randint(high, (n, d), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


def one_hot(n: int, k: int) -> torch.Tensor:
    return torch.nn.functional.one_hot(torch.arange(n) % k, k)


@pytest.mark.parametrize("check", checks.MEMORY_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("options", [{}, {"ridge": 0.5}, {"per_class": True}], ids=str)
def test_check(check, options):
    check(lambda: AssociativeMemory(**options))


def test_sums_of_whole_numbers_that_are_large_are_exact():
    source = torch.Generator().manual_seed(0)
    keys = torch.randint(0, 128, (5000, 4), generator=source, dtype=torch.uint8)
    values = torch.randint(0, 100_001, (5000, 1), generator=source)
    memory = AssociativeMemory()
    memory.write(keys, values)
    assert torch.equal(memory._sums.cross, (keys.long().T @ values).double())


@pytest.mark.parametrize("d", [5, 300])
def test_reads_the_ridge_regression_of_scikit_learn(d):
    generator = torch.Generator().manual_seed(1)
    keys, values = torch.randn(400, d, generator=generator), torch.randn(400, 3, generator=generator)
    mine = AssociativeMemory(ridge=2.5)
    mine.write(keys, values)
    theirs = Ridge(alpha=2.5).fit(keys.double().numpy(), values.double().numpy())
    np.testing.assert_allclose(mine.read(keys).numpy(), theirs.predict(keys.double().numpy()), atol=1e-8)
    weights, intercept = mine.mapping()
    np.testing.assert_allclose(weights.numpy(), theirs.coef_.T, atol=1e-8)
    np.testing.assert_allclose(intercept.numpy(), theirs.intercept_, atol=1e-8)


@pytest.mark.parametrize("d", [40, 260])
def test_integer_sums_are_the_same_to_the_last_bit_in_any_order_and_any_batches(d):
    keys, values = codes(700, d), one_hot(700, 4)
    order = torch.randperm(700, generator=torch.Generator().manual_seed(2))
    one, two = AssociativeMemory(), AssociativeMemory()
    one.write(keys, values)
    for part in order.split(13):
        two.write(keys[part], values[part])
    assert torch.equal(one.read(keys), two.read(keys))


def test_integer_sums_are_exact():
    """Sums beyond 2^24, where float32 products would round, equal those of whole numbers."""
    keys = torch.full((3000, 3), 255, dtype=torch.uint8)
    keys[::2, 1] = 254
    memory = AssociativeMemory()
    memory.write(keys, one_hot(3000, 2))
    whole = keys.long().T @ keys.long()
    upper = memory.state_dict()["upper"][0]
    row, column = torch.triu_indices(3, 3)
    assert torch.equal(upper.long(), whole[row, column])


@pytest.mark.parametrize("keys", [codes(500, 60), torch.randn(500, 60, generator=torch.Generator().manual_seed(3))])
def test_merging_halves_equals_one_pass(keys):
    values = one_hot(500, 5)
    whole, left, right = (AssociativeMemory() for _ in range(3))
    whole.write(keys, values)
    left.write(keys[:200], values[:200])
    right.write(keys[200:], values[200:])
    left.merge(right)
    torch.testing.assert_close(left.read(keys), whole.read(keys), atol=1e-8, rtol=0)


def test_merging_maps_columns():
    keys, values = codes(90, 10), one_hot(90, 3)
    whole, left, right = (AssociativeMemory(ridge=1.0) for _ in range(3))
    whole.write(keys, values)
    left.write(keys[:50], values[:50])
    right.write(keys[50:], values[50:][:, [2, 0, 1]])
    left.merge(right, [2, 0, 1])
    torch.testing.assert_close(left.read(keys), whole.read(keys), atol=1e-8, rtol=0)


@pytest.mark.parametrize("keys", [codes(500, 60), torch.randn(500, 60, generator=torch.Generator().manual_seed(4))])
def test_erasing_equals_never_having_seen(keys):
    values = one_hot(500, 5)
    without, erased = AssociativeMemory(), AssociativeMemory()
    without.write(keys[:350], values[:350])
    erased.write(keys, values)
    erased.erase(keys[350:], values[350:])
    torch.testing.assert_close(erased.read(keys), without.read(keys), atol=1e-8, rtol=0)


@pytest.mark.parametrize("keys", [codes(400, 30), torch.randn(400, 30, generator=torch.Generator().manual_seed(5))])
def test_forgetting_a_class_equals_never_having_seen_it(keys):
    values = one_hot(400, 4)
    without, forgot = AssociativeMemory(per_class=True), AssociativeMemory(per_class=True)
    stays = values[:, 1] == 0
    without.write(keys[stays], values[stays][:, [0, 2, 3]])
    forgot.write(keys, values)
    forgot.forget_column(1)
    torch.testing.assert_close(forgot.read(keys), without.read(keys), atol=1e-8, rtol=0)


def test_forgetting_a_class_without_its_sums_says_what_to_do():
    memory = AssociativeMemory()
    memory.write(codes(10, 4), one_hot(10, 2))
    with pytest.raises(BadData, match="per_class=True"):
        memory.forget_column(0)


@pytest.mark.parametrize("sign", [1, -1])
def test_small_writes_between_reads_follow_by_rank_and_agree_with_solving_anew(sign):
    keys, values = codes(600, 200), one_hot(600, 3)
    online, anew = AssociativeMemory(ridge=50.0), AssociativeMemory(ridge=50.0)
    for one in (online, anew):
        one.write(keys, values)
    change = AssociativeMemory.write if sign > 0 else AssociativeMemory.erase
    online.read(keys[:1])
    for start in range(0, 60, 5):
        part = slice(start, start + 5)
        change(online, keys[part], values[part])
        online.read(keys[:1])
        change(anew, keys[part], values[part])
    assert online._readout is not None and online._readout.inverse is not None, "it did not follow by rank"
    torch.testing.assert_close(online.read(keys), anew.read(keys), atol=1e-8, rtol=0)
    torch.testing.assert_close(online.novelty(keys), anew.novelty(keys), atol=1e-8, rtol=0)


def test_novelty_is_the_leverage_and_is_larger_where_nothing_was_written():
    generator = torch.Generator().manual_seed(6)
    keys = torch.randn(200, 4, generator=generator)
    keys[:, 3] *= 0.01
    memory = AssociativeMemory(ridge=1e-3)
    memory.write(keys, one_hot(200, 2))
    h = keys.double()
    centred = h - h.mean(0)
    inverse = torch.linalg.inv(centred.T @ centred + 1e-3 * torch.eye(4))
    expected = ((centred @ inverse) * centred).sum(1) + 1 / 200
    torch.testing.assert_close(memory.novelty(keys), expected)
    strange = torch.tensor([[0.0, 0.0, 0.0, 1.0]])
    assert memory.novelty(strange) > 10 * memory.novelty(keys).max()


def test_the_ridge_is_chosen_as_leave_one_out_would():
    """Generalised cross-validation lands within a factor of four of the best leave-one-out ridge."""
    generator = torch.Generator().manual_seed(8)
    keys = torch.randn(120, 60, generator=generator).double()
    values = keys[:, :3] + 2 * torch.randn(120, 3, generator=generator).double()
    memory = AssociativeMemory()
    memory.write(keys, values)
    memory.read(keys[:1])
    h, y = keys - keys.mean(0), values - values.mean(0)

    def leave_one_out(ridge: float) -> float:
        hat = h @ torch.linalg.solve(h.T @ h + ridge * torch.eye(60), h.T) + 1 / 120
        return float((((y - hat @ y) / (1 - hat.diagonal()[:, None])) ** 2).sum())

    grid = [10 ** (exponent / 4) for exponent in range(-8, 17)]
    best = min(grid, key=leave_one_out)
    assert memory._readout is not None
    assert best / 4 <= memory._readout.ridge <= best * 4


def test_an_empty_memory_says_so():
    with pytest.raises(BadData, match="empty"):
        AssociativeMemory().read(codes(1, 2))


def test_other_key_sizes_are_refused():
    memory = AssociativeMemory()
    memory.write(codes(3, 4), one_hot(3, 2))
    with pytest.raises(BadData, match="5 features, expected 4"):
        memory.write(codes(3, 5), one_hot(3, 2))


@pytest.mark.parametrize("per_class", [False, True])
@pytest.mark.parametrize("whole", [False, True])
def test_sixteen_bits_are_half_and_answer_alike(per_class, whole):
    source = torch.Generator().manual_seed(0)
    keys = torch.randint(0, 100, (400, 60), generator=source).to(torch.uint8)
    keys = keys if whole else keys.float() / 7
    labels = (keys[:, 0].float() * (1 if whole else 7) // 34).long()
    memory = AssociativeMemory(per_class=per_class)
    memory.write(keys, torch.nn.functional.one_hot(labels, 3))
    before, size = memory.read(keys), state_bytes(memory.state_dict())
    memory.halve()
    after = memory.read(keys)
    assert (after - before).abs().max() < 2e-3
    assert state_bytes(memory.state_dict()) < (0.7 if whole else 0.45) * size
    again = AssociativeMemory(per_class=per_class)
    again.load_state_dict(memory.state_dict())
    assert torch.equal(again.read(keys), after)
    memory.write(keys[:5], torch.nn.functional.one_hot(labels[:5], 3))  # widened again
    assert "upper" in memory.state_dict()
    if per_class:
        again.forget_column(1)
        third = AssociativeMemory(per_class=True)
        third.load_state_dict(again.state_dict())
        assert torch.equal(again.read(keys), third.read(keys))


def test_memories_that_are_imported_late_are_listed() -> None:
    assert {"AssociativeMemory", "WideMemory"} <= set(dir(reverie.memory))
    assert not hasattr(reverie.memory, "Memories")


def test_squared_errors_are_those_of_the_samples_for_any_read_out() -> None:
    source = torch.Generator().manual_seed(0)
    for keys in (torch.randint(500, 900, (60, 4), generator=source), torch.rand(60, 4, generator=source) + 100):
        values = torch.rand(60, 2, generator=source)
        memory = AssociativeMemory()
        memory.write(keys, values)
        weights, intercept = torch.rand(4, 2, generator=source).double(), torch.rand(2, generator=source).double()
        errors = values.double() - intercept - keys.double() @ weights
        assert torch.allclose(memory.squared_errors(weights, intercept), errors.square().sum(0), rtol=1e-8)
