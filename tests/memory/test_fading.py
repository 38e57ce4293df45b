"""A memory whose sums fade, against weighted least squares written out, and through changes of the world."""

import pytest
import torch
from torch import Tensor

from reverie import checks
from reverie.errors import BadData
from reverie.memory import AssociativeMemory

RIDGE, DECAY = 0.03, 0.9


def drawn(n: int, d: int = 4, k: int = 2, seed: int = 0) -> tuple[Tensor, Tensor]:
    source = torch.Generator().manual_seed(seed)
    return (
        5 + torch.randn(n, d, generator=source, dtype=torch.float64),
        torch.randn(n, k, generator=source, dtype=torch.float64),
    )


def slow(keys: Tensor, values: Tensor, at: Tensor, decay: float = DECAY) -> Tensor:
    """min Σ_i w_i ‖y_i − b − Wᵀh_i‖² + λ‖W‖² with w_i = decay^(n − 1 − i), solved as it is written."""
    n, d = keys.shape
    weights = torch.tensor([decay ** (n - 1 - i) for i in range(n)], dtype=torch.float64)
    h = torch.cat([keys, torch.ones(n, 1, dtype=torch.float64)], 1)
    shrunk = torch.diag(torch.tensor([RIDGE] * d + [0.0], dtype=torch.float64))
    w = torch.linalg.solve(h.T @ (weights[:, None] * h) + shrunk, h.T @ (weights[:, None] * values))
    return torch.cat([at, torch.ones(len(at), 1, dtype=torch.float64)], 1) @ w


ORDERED = {"order_does_not_matter"}  # it does: what came last weighs most
LASTING = [check for check in checks.MEMORY_CHECKS if check.__name__ not in ORDERED]


@pytest.mark.parametrize("check", LASTING, ids=lambda check: check.__name__)
def test_check(check):
    check(lambda: AssociativeMemory(ridge=0.5, decay=0.999))


def test_order_matters():
    with pytest.raises(checks.CheckFailed):
        checks.order_does_not_matter(lambda: AssociativeMemory(ridge=0.5, decay=0.999))


@pytest.mark.parametrize("batch", [1, 7, 60])
def test_reads_the_weighted_least_squares_in_batches_of_any_size(batch):
    (keys, values), (at, _) = drawn(60), drawn(9, seed=1)
    memory = AssociativeMemory(ridge=RIDGE, decay=DECAY)
    for start in range(0, 60, batch):
        memory.write(keys[start : start + batch], values[start : start + batch])
        memory.read(at)
    torch.testing.assert_close(memory.read(at), slow(keys, values, at), rtol=1e-9, atol=1e-9)
    assert memory.samples == pytest.approx((1 - DECAY**60) / (1 - DECAY))


def test_whole_number_keys_and_labels_fade_too():
    source = torch.Generator().manual_seed(3)
    keys = torch.randint(0, 100, (30, 3), generator=source, dtype=torch.uint8)
    columns = torch.randint(0, 3, (30,), generator=source)
    values = torch.nn.functional.one_hot(columns, 3)
    one, two = (AssociativeMemory(ridge=RIDGE, decay=DECAY) for _ in range(2))
    one.write(keys, values)
    two.write_labels(keys, columns)
    expected = slow(keys.double(), values.double(), keys.double())
    torch.testing.assert_close(one.read(keys), expected, rtol=1e-8, atol=1e-8)
    assert torch.equal(two.read(keys), one.read(keys))


def test_decay_one_is_the_memory_that_does_not_fade_to_the_last_bit():
    keys, values = drawn(50)
    plain, same = AssociativeMemory(ridge=RIDGE), AssociativeMemory(ridge=RIDGE, decay=1)
    for memory in (plain, same):
        memory.write(keys[:30], values[:30])
        memory.write(keys[30:], values[30:])
    assert torch.equal(plain.read(keys), same.read(keys))
    assert "decay" not in same.state_dict()


def test_follows_a_world_that_changes_where_lasting_sums_keep_the_mean_of_both():
    keys, _ = drawn(600)
    old, new = keys @ torch.ones(4, 1, dtype=torch.float64), keys @ torch.full((4, 1), -2.0, dtype=torch.float64)
    fading, lasting = AssociativeMemory(ridge=RIDGE, decay=DECAY), AssociativeMemory(ridge=RIDGE)
    for memory in (fading, lasting):
        memory.write(keys[:300], old[:300])
        memory.write(keys[300:400], new[300:400])
    away = [float((memory.read(keys[400:]) - new[400:]).abs().mean()) for memory in (fading, lasting)]
    assert away[0] < 0.05 < 5 < away[1]


def test_a_long_run_along_one_direction_does_not_wind_up():
    """Covariance-form least squares would divide by 0.9⁵⁰⁰⁰⁰ here."""
    keys, values = drawn(200)
    memory = AssociativeMemory(ridge=RIDGE, decay=DECAY)
    memory.write(keys, values)
    along = torch.linspace(0, 1, 5000, dtype=torch.float64)[:, None] * torch.tensor([[1.0, 0, 0, 0]]).double()
    for _ in range(10):
        memory.write(along, along[:, :1] * 3)
    weights, _ = memory.mapping()
    assert float(weights[1:].abs().max()) < 1e-6  # the other directions are forgotten, and quiet
    assert float((memory.read(along[-50:])[:, 0] - 3 * along[-50:, 0]).abs().max()) < 0.2
    sums = memory._sums
    assert float(sums.grams[0][1:, 1:].abs()[sums.grams[0][1:, 1:] != 0].min()) > 1e-300  # and no number is so small
    memory.write(keys, values)  # a direction that had faded is learned at once, and not refused
    torch.testing.assert_close(memory.read(keys[-5:]), slow(keys, values, keys[-5:]), rtol=1e-2, atol=1e-2)


def test_goes_on_from_its_state_to_the_same_numbers():
    keys, values = drawn(40)
    whole, first = (AssociativeMemory(ridge=RIDGE, decay=DECAY) for _ in range(2))
    whole.write(keys[:20], values[:20])
    first.write(keys[:20], values[:20])
    state = first.state_dict()
    assert state["decay"] == DECAY
    second = first.another()
    second.load_state_dict(state)
    whole.write(keys[20:], values[20:])
    second.write(keys[20:], values[20:])
    assert torch.equal(whole.read(keys), second.read(keys))
    with pytest.raises(BadData, match=r"fade by 0.9, .*decay=0.9"):
        AssociativeMemory(ridge=RIDGE).load_state_dict(state)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"decay": 0.9}, "need a given ridge"),
        ({"decay": 0.9, "ridge": "gcv"}, "need a given ridge"),
        ({"decay": 0.9, "ridge": 0.0}, "need a given ridge"),
        ({"decay": 0.9, "ridge": 0.1, "per_class": True}, "Sums per class and sketches do not fade"),
        ({"decay": 0.9, "ridge": 0.1, "sketch_bytes": 1000}, "sketches do not fade"),
        ({"decay": 0.0, "ridge": 0.1}, "decay is 0"),
        ({"decay": 1.5, "ridge": 0.1}, "decay is 1.5"),
        ({"decay": float("nan"), "ridge": 0.1}, "decay is nan"),
    ],
)
def test_refuses_what_cannot_fade(options, message):
    with pytest.raises(BadData, match=message):
        AssociativeMemory(**options)


def test_refuses_to_take_away_what_has_faded_and_to_merge_another_pace():
    keys, values = drawn(10)
    memory, other = AssociativeMemory(ridge=RIDGE, decay=DECAY), AssociativeMemory(ridge=RIDGE, decay=0.5)
    memory.write(keys, values)
    other.write(keys, values)
    with pytest.raises(BadData, match="nothing can be erased"):
        memory.erase(keys, values)
    with pytest.raises(BadData, match="same decay"):
        memory.merge(other)
    with pytest.raises(BadData, match="wipe out"):
        memory.write(torch.full((1, 4), 1e12, dtype=torch.float64), values[:1])
