import copy

import pytest
import torch
from torch import nn

from reverie.errors import BadData, UnknownName
from reverie.layers import sparse_linear, winners
from reverie.layers.sparse_linear import SET, PackedLinear, RigL, SparseLinear

WAYS = ["dense", "rows", "bags", "fastest"]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def task() -> tuple[torch.Tensor, torch.Tensor]:
    """Outputs that depend on three of thirty inputs each."""
    x = torch.randn(200, 30, generator=seeded())
    weight = torch.zeros(5, 30)
    for row in range(5):
        weight[row, torch.randperm(30, generator=seeded(row))[:3]] = 1.0
    return x, x @ weight.T


@pytest.mark.parametrize("density", [0.01, 0.1, 0.37, 1.0])
def test_as_many_synapses_as_asked_for(density):
    layer = SparseLinear(40, 25, density=density, generator=seeded())
    assert layer.synapses == round(density * 1000)
    assert bool((layer.weight[~layer.mask] == 0).all())


def test_the_product_is_that_of_the_masked_weight_and_gradients_stay_within_it():
    layer = SparseLinear(12, 7, density=0.3, generator=seeded())
    x = torch.randn(4, 3, 12, generator=seeded(1))
    torch.testing.assert_close(layer(x), x @ layer.weight.T + layer.bias)
    layer(x).square().sum().backward()
    assert bool((layer.weight.grad[~layer.mask] == 0).all())
    assert bool((layer.weight.grad[layer.mask] != 0).all())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("shape", [(1, 30), (9, 30), (2, 3, 30), (30,), (0, 30)])
def test_the_packed_layer_gives_the_same_in_every_way(way, shape):
    layer = SparseLinear(30, 20, density=0.1, generator=seeded())
    with torch.no_grad():
        layer.bias.uniform_(generator=seeded(3))
        layer.mask[4] = False  # an output without a synapse
        layer.weight.mul_(layer.mask)
        x = torch.randn(shape, generator=seeded(1))
        torch.testing.assert_close(layer.packed(way=way)(x), layer(x))


@pytest.mark.parametrize("winner", WAYS[:3])
def test_the_packed_layer_holds_its_synapses_only_unless_dense_pays(monkeypatch, winner):
    def measured(ways, operands, *size):  # every way runs once; which one wins is told, not timed
        assert [way(*operands).shape for way in ways.values()] == [(16, 300)] * len(ways)
        return winner

    monkeypatch.setattr(sparse_linear, "fastest", measured)
    layer = SparseLinear(400, 300, density=0.02, generator=seeded())
    packed = layer.packed()
    packed(torch.randn(16, 400, generator=seeded()))
    assert (packed._copy is None) == (winner != "dense")
    assert sum(part.numel() for part in packed.state_dict().values()) == 2 * layer.synapses + 301 + 300


@pytest.mark.parametrize("way", ["dense", "rows", "bags"])
@pytest.mark.parametrize("n", [1, 3])
def test_a_packed_layer_can_be_saved_loaded_copied_and_cast(way, n):
    one = SparseLinear(30, 20, density=0.1, generator=seeded()).packed(way=way)
    two = SparseLinear(30, 20, density=0.1, generator=seeded(1)).packed(way=way)
    x = torch.randn(n, 30, generator=seeded(2))
    assert not torch.allclose(one(x), two(x))
    two.load_state_dict(one.state_dict())  # what was made of the old numbers must not outlive them
    torch.testing.assert_close(two(x), one(x))
    other = copy.deepcopy(one)
    other.values.zero_()
    torch.testing.assert_close(other(x), one.bias.expand(n, 20))
    torch.testing.assert_close(two(x), one(x))
    torch.testing.assert_close(two.double()(x.double()).float(), one(x))


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_types_of_numbers_and_inference_mode(dtype):
    layer = SparseLinear(30, 20, density=0.1, generator=seeded()).to(dtype)
    for n in (1, 8):
        x = torch.randn(n, 30, generator=seeded(1)).to(dtype)
        with torch.inference_mode():
            torch.testing.assert_close(layer.packed()(x), layer(x))


def test_the_gradient_of_the_input_passes():
    layer = SparseLinear(30, 20, density=0.1, generator=seeded())
    x, same = (torch.randn(3, 30, generator=seeded(1)).requires_grad_() for _ in range(2))
    layer.packed()(x).square().sum().backward()
    layer(same).square().sum().backward()
    torch.testing.assert_close(x.grad, same.grad)


def test_layers_of_other_sizes_are_measured_apart(monkeypatch):
    monkeypatch.setattr(winners, "_remembered", {})
    for n_out in (10, 20):
        SparseLinear(20, n_out, density=20 / n_out / 20, generator=seeded()).packed()(torch.ones(2, 20))
    assert len(winners._remembered) == 2


@pytest.mark.parametrize("policy", [SET(), SET(0.0), SET(1.0), RigL(), RigL(0.0), RigL(1.0)])
@pytest.mark.parametrize("density", [0.05, 0.5, 1.0])
def test_rewiring_never_changes_the_density(policy, density):
    generator = seeded()
    layer = SparseLinear(30, 20, density=density, watch=True, generator=generator)
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.1)
    for step in range(5):
        optimizer.zero_grad()
        layer(torch.randn(8, 30, generator=seeded(step))).square().mean().backward()
        optimizer.step()
        before = layer.mask.clone()
        moved = layer.rewire(policy, generator=generator)
        assert layer.synapses == round(density * 600)
        assert int((layer.mask & ~before).sum()) <= moved <= layer.synapses
        assert bool((layer.weight[~layer.mask] == 0).all())
        assert bool((layer.weight[layer.mask & ~before] == 0).all())


def test_set_takes_the_weakest_of_each_sign_and_draws_from_its_generator_alone():
    layer = SparseLinear(20, 20, density=0.5, generator=seeded())
    weight, mask = layer.weight.detach().clone(), layer.mask.clone()
    gone = SET(0.2).leaving(layer.weight, layer.mask)
    values = weight.flatten()
    for sign in (1, -1):
        mine = torch.sort(sign * values[values * sign > 0]).values
        expected = mine[: round(0.2 * len(mine))]
        torch.testing.assert_close((sign * values[gone])[values[gone] * sign > 0].sort().values, expected)
    torch.manual_seed(0)
    state = torch.get_rng_state()
    other = copy.deepcopy(layer)
    assert layer.rewire(SET(0.2), generator=seeded(5)) == len(gone)
    other.rewire(SET(0.2), generator=seeded(5))
    assert torch.equal(layer.mask, other.mask) and not torch.equal(layer.mask, mask)
    assert torch.equal(state, torch.get_rng_state())


def test_rigl_grows_where_the_gradient_is_largest():
    layer = SparseLinear(20, 10, density=0.2, watch=True, generator=seeded())
    x, target = torch.randn(16, 20, generator=seeded(1)), torch.randn(16, 10, generator=seeded(2))
    (layer(x) - target).square().sum().backward()
    dense = (layer.weight * layer.mask).detach().requires_grad_()
    (nn.functional.linear(x, dense, layer.bias.detach()) - target).square().sum().backward()
    torch.testing.assert_close(layer.gradient, dense.grad)
    weight = layer.weight.detach()
    strongest = [(abs(float(weight[row, column])), (row, column)) for row, column in layer.mask.nonzero().tolist()]
    kept = {place for _, place in sorted(strongest)[12:]}  # 0.3 of 40 go
    free = [(abs(float(dense.grad[row, column])), (row, column)) for row in range(10) for column in range(20)]
    grown = {place for _, place in sorted(one for one in free if one[1] not in kept)[-12:]}
    assert layer.rewire(RigL(0.3), generator=seeded()) == 12
    assert {tuple(place) for place in layer.mask.nonzero().tolist()} == kept | grown


def test_the_share_falls_as_a_half_cosine():
    policy = RigL(0.4)
    shares = [policy.annealed(step, 100).share for step in (0, 50, 100, 200)]
    assert shares == pytest.approx([0.4, 0.2, 0.0, 0.0])


def test_rewiring_finds_the_inputs_that_matter():
    x, y = task()

    def error(policy: SET | RigL | None) -> float:
        generator = seeded(7)
        layer = SparseLinear(30, 5, density=0.2, watch=True, generator=generator)
        optimizer = torch.optim.Adam(layer.parameters(), lr=0.03)
        for step in range(300):
            optimizer.zero_grad()
            loss = (layer(x) - y).square().mean()
            loss.backward()
            optimizer.step()
            if policy is not None and step % 20 == 19 and step < 250:
                layer.rewire(policy, generator=generator)
        return float(loss.detach())

    fixed, evolved, rigged = error(None), error(SET()), error(RigL())
    assert rigged < 0.1 * fixed
    assert evolved < 0.7 * fixed


def test_bad_input_is_refused():
    for density in (0.0, -0.5, 1.5, float("nan"), 1e-6):
        with pytest.raises(BadData, match="density is"):
            SparseLinear(10, 10, density=density, generator=seeded())
    layer = SparseLinear(10, 10, density=0.5, generator=seeded())
    with pytest.raises(BadData, match="Set `watch`"):
        layer.rewire(RigL(), generator=seeded())
    for policy in (SET(1.5), SET(-0.1)):
        with pytest.raises(BadData, match="share is"):
            layer.rewire(policy, generator=seeded())
    with pytest.raises(BadData, match="Step -1"):
        RigL().annealed(-1, 10)
    with pytest.raises(BadData, match="Expected 10"):
        layer.packed()(torch.zeros(2, 9))
    with pytest.raises(UnknownName, match="rows"):
        layer.packed(way="row")
    with torch.no_grad():
        layer.weight[0, 0] = float("nan")
    with pytest.raises(BadData, match="NaN"):
        layer.rewire(SET(), generator=seeded())
    assert isinstance(layer.packed(), PackedLinear)
