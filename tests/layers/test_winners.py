from types import SimpleNamespace

import pytest
import torch

from reverie.errors import BadData, UnknownName
from reverie.functional.winners import code_product, code_to_dense, k_winners
from reverie.layers import winners as module
from reverie.layers.winners import CodeLinear, KWinners, SparseCode, fastest


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("shape", [(1, 50), (7, 50)])
@pytest.mark.parametrize("k", [1, 5, 50])
def test_winners_are_the_largest_and_nothing_else_is_active(shape, k):
    x = torch.randn(shape, generator=seeded())
    dense = KWinners(50, k)(x).to_dense()
    expected = torch.where(x >= x.sort(dim=1, descending=True).values[:, k - 1 : k], x, 0.0)
    assert torch.equal(dense, expected)


@pytest.mark.parametrize("way", ["dense", "indices", "fastest"])
def test_every_way_gives_the_product_with_the_dense_code(way):
    code = KWinners(60, 6)(torch.randn(9, 60, generator=seeded()))
    weight = torch.randn(60, 11, generator=seeded(1))
    bias = torch.randn(11, generator=seeded(2))
    torch.testing.assert_close(code.product(weight, way=way), code.to_dense() @ weight)
    torch.testing.assert_close(code.product(weight, bias, way=way), code.to_dense() @ weight + bias)


def test_values_at_the_same_place_add_up_in_both_ways():
    code = SparseCode(torch.tensor([[1, 1]]), torch.tensor([[2.0, 3.0]]), 2)
    weight = torch.tensor([[1.0], [10.0]])
    assert code.product(weight, way="dense").item() == code.product(weight, way="indices").item() == 50


@pytest.mark.parametrize("way", ["dense", "indices"])
def test_gradients_reach_the_winners_only_and_are_right(way):
    x = torch.randn(4, 20, generator=seeded(), dtype=torch.float64).requires_grad_()
    weight = torch.randn(20, 3, generator=seeded(1), dtype=torch.float64).requires_grad_()
    code = KWinners(20, 3)(x)
    code.product(weight, way=way).square().sum().backward()
    lost = torch.ones(4, 20, dtype=torch.bool).scatter_(1, code.indices, False)
    assert x.grad is not None and weight.grad is not None
    assert bool((x.grad[lost] == 0).all()) and bool((x.grad[~lost] != 0).all())
    silent = lost.all(0)
    assert bool((weight.grad[silent] == 0).all())
    bias = torch.randn(3, generator=seeded(2), dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda x, w, b: KWinners(20, 3)(x).product(w, b, way=way), (x, weight, bias))


def test_the_faster_way_is_taken_remembered_and_the_first_one_in_doubt(monkeypatch):
    monkeypatch.setattr(module, "_remembered", {})
    calls = {"quick": 0, "slow": 0}
    clock = [0.0]  # of this test alone: a busy machine changes nothing
    monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: clock[0]))

    def quick(x):
        calls["quick"] += 1
        clock[0] += 0.001
        return x + 1

    def slow(x):
        calls["slow"] += 1
        clock[0] += 0.002
        return x + 1

    x = torch.zeros(5, 3)
    assert fastest({"slow": slow, "quick": quick}, (x,), 3) == "quick"
    before = dict(calls)
    assert (
        fastest({"slow": slow, "quick": quick}, (torch.zeros(8, 3),), 3) == "quick"
    )  # 5 and 8 rows: the same power of two
    assert calls == before
    assert fastest({"slow": slow, "quick": quick}, (torch.zeros(9, 3),), 3) == "quick"
    assert calls["slow"] == 2 * before["slow"]
    assert fastest({"slow": slow, "also slow": slow}, (x,), 3) == "slow"


def test_a_way_that_torch_does_not_offer_is_left_out(monkeypatch):
    monkeypatch.setattr(module, "_remembered", {})

    def absent(x):
        raise NotImplementedError("no such product")

    assert fastest({"here": torch.neg, "absent": absent}, (torch.zeros(2, 3),)) == "here"
    with pytest.raises(NotImplementedError):
        fastest({"absent": absent, "here": torch.neg}, (torch.zeros(2, 3),))


def test_measuring_leaves_no_gradient_behind(monkeypatch):
    monkeypatch.setattr(module, "_remembered", {})
    layer = CodeLinear(30, 4, generator=seeded())
    x = torch.rand(2, 30, generator=seeded(1)).requires_grad_()
    y = layer(KWinners(30, 3)(x))
    assert layer.weight.grad is None and x.grad is None
    assert len(module._remembered) == 1
    y.sum().backward()
    with torch.no_grad():
        layer(KWinners(30, 3)(x))
    assert len(module._remembered) == 2  # with and without gradients is measured apart


@pytest.mark.parametrize(("n", "k"), [(1, 10), (1, 500), (32, 10), (32, 500)])
def test_every_way_of_a_product_gives_the_same(n, k):
    """How near the dispatch comes to the better way is measured in `benchmarks/sparsity.py`."""
    code = KWinners(1000, k)(torch.rand(n, 1000, generator=seeded()))
    weight = torch.randn(1000, 500, generator=seeded(1))
    dense, indices, fastest_ = (code.product(weight, way=way) for way in ("dense", "indices", "fastest"))
    torch.testing.assert_close(indices, dense, rtol=1e-4, atol=1e-4)
    assert torch.equal(fastest_, dense) or torch.equal(fastest_, indices)


def test_boosting_gives_every_unit_its_turn_and_is_off_by_default():
    x = torch.rand(4000, 40, generator=seeded()) + torch.linspace(0, 0.5, 40)
    plain, boosted = KWinners(40, 4), KWinners(40, 4, boost=10.0)
    for batch in x.split(20):
        plain(batch)
        code = boosted(batch)
        assert torch.equal(code.values, batch.gather(1, code.indices))
    assert bool((plain.duty == 0.1).all())
    entropy = []
    for layer in (plain.eval(), boosted.eval()):
        duty = boosted.duty.clone()
        share = layer(x).indices.flatten().bincount(minlength=40) / x.shape[0] / 4
        assert torch.equal(boosted.duty, duty)  # nothing is learned outside training
        entropy.append(float(torch.special.entr(share).sum()))
    assert entropy[1] > entropy[0] + 0.4


def test_a_code_layer_learns_like_a_dense_one():
    x, y = torch.rand(64, 50, generator=seeded()), torch.rand(64, 2, generator=seeded(1))
    ends = []
    for way in ("dense", "indices"):
        layer = CodeLinear(50, 2, way=way, generator=seeded(2))
        optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
        for _ in range(20):
            optimizer.zero_grad()
            (layer(KWinners(50, 5)(x)) - y).square().mean().backward()
            optimizer.step()
        ends.append(layer.weight.detach())
    torch.testing.assert_close(*ends)


def test_other_types_of_numbers():
    for dtype in (torch.float64, torch.bfloat16):
        code = KWinners(60, 6)(torch.randn(9, 60, generator=seeded()).to(dtype))
        weight = torch.randn(60, 11, generator=seeded(1)).to(dtype)
        torch.testing.assert_close(code.product(weight), code.to_dense() @ weight, atol=0.05, rtol=0.05)
    with pytest.raises(RuntimeError):  # what is wrong with the types is not called a wrong index
        code_product(torch.tensor([[1]]), torch.ones(1, 1), torch.ones(3, 2, dtype=torch.float64))


def test_an_empty_batch_is_an_empty_product():
    assert KWinners(8, 2)(torch.zeros(0, 8)).product(torch.ones(8, 3)).shape == (0, 3)
    assert KWinners(8, 2, boost=1.0)(torch.zeros(0, 8)).to_dense().shape == (0, 8)


def test_bad_input_is_refused():
    with pytest.raises(BadData, match="k is 9 for 8 units"):
        KWinners(8, 9)
    with pytest.raises(BadData, match="boost is -1"):
        KWinners(8, 2, boost=-1.0)
    with pytest.raises(BadData, match="boost is nan"):
        KWinners(8, 2, boost=float("nan"))
    with pytest.raises(BadData, match="k is 0"):
        k_winners(torch.rand(2, 3), 0)
    with pytest.raises(BadData, match="NaN"):
        KWinners(3, 1)(torch.tensor([[0.0, float("nan"), 1.0]]))
    with pytest.raises(BadData, match="NaN"):
        KWinners(3, 1, boost=1.0)(torch.tensor([[0.0, float("nan"), 1.0]]))
    with pytest.raises(BadData, match="A sample has 4 values"):
        KWinners(3, 1)(torch.zeros(1, 4))
    with pytest.raises(BadData, match="Weights have 4 rows"):
        KWinners(3, 1)(torch.zeros(1, 3)).product(torch.zeros(4, 2))
    with pytest.raises(UnknownName, match="dense"):
        KWinners(3, 1)(torch.zeros(1, 3)).product(torch.zeros(3, 2), way="dens")
    with pytest.raises(UnknownName, match="fastest"):
        CodeLinear(3, 1, way="fast", generator=seeded())
    with pytest.raises(BadData, match="2 units"):
        SparseCode(torch.zeros(1, 3, dtype=torch.int64), torch.zeros(1, 3), 2)
    for index in (-1, 5):
        place, value = torch.tensor([[0, index]]), torch.ones(1, 2)
        with pytest.raises(BadData, match="Indices run from"):
            code_product(place, value, torch.ones(5, 2))
        with pytest.raises(BadData, match="Indices run from"):
            code_to_dense(place, value, 5)
