import pytest
import torch
from torch import Tensor

from reverie.agents import StateCells, WorldModel
from reverie.errors import BadData, CorruptFile


def _world(seed: int = 0, vectors: Tensor | None = None) -> WorldModel:
    shown = torch.randn(50, 2 if vectors is None else 3, generator=torch.Generator().manual_seed(1))
    cells = StateCells.formed(shown, width=12, octaves=1.0, generator=torch.Generator().manual_seed(seed))
    return WorldModel(cells, 2, vectors)


def _steps(n: int, seed: int = 0) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """A body that deed 0 moves left and deed 1 moves right; the first sense beyond one is the end."""
    generator = torch.Generator().manual_seed(seed)
    states = torch.rand(n, 2, generator=generator) * 2 - 1
    deeds = torch.randint(2, (n,), generator=generator)
    nexts = states + 0.2 * torch.stack([2.0 * deeds - 1, states[:, 0]], 1)
    return states, deeds, -nexts[:, 1], nexts, nexts[:, 0] > 1


def test_what_is_dreamt_is_what_comes() -> None:
    world = _world()
    world.begin(torch.zeros(1, 2))
    world.observe(*_steps(400))
    states, deeds, rewards, nexts, _ = _steps(100, seed=1)
    came = world.settled().step(states, deeds)
    assert torch.allclose(came.states, nexts, atol=0.01)
    assert torch.allclose(came.rewards, rewards.clamp(world.least, world.most), atol=0.01)


def test_ends_are_foreseen() -> None:
    world = _world()
    world.begin(torch.zeros(1, 2))
    world.observe(*_steps(600))
    states, deeds, _, _, ended = _steps(300, seed=1)
    assert bool(ended.any())
    assert float((world.settled().step(states, deeds).ended == ended).float().mean()) > 0.9


def test_without_an_end_nothing_ends() -> None:
    world = _world()
    world.begin(torch.zeros(1, 2))
    states, deeds, rewards, nexts, ended = _steps(50)
    world.observe(states, deeds, rewards, nexts, torch.zeros_like(ended))
    assert not bool(world.settled().step(states, deeds).ended.any())
    assert world.varied  # for rewards differed


def test_vectors_are_a_part_of_the_key() -> None:
    vectors = torch.tensor([[-1.0], [1.0]])
    world = _world(vectors=vectors)
    world.begin(torch.zeros(1, 2))
    world.observe(*_steps(400))
    states, deeds, _, nexts, _ = _steps(50, seed=1)
    assert len(world.memories) == 1
    assert torch.allclose(world.settled().step(states, deeds).states, nexts, atol=0.02)


def test_a_deed_never_done_changes_nothing_and_brings_the_least() -> None:
    world = _world()
    world.begin(torch.zeros(1, 2))
    states, _, rewards, nexts, ended = _steps(50)
    world.observe(states, torch.zeros(50, dtype=torch.int64), rewards, nexts, ended)
    came = world.settled().step(states, torch.ones(50, dtype=torch.int64))
    assert torch.equal(came.states, states)
    assert torch.allclose(came.rewards, torch.full((50,), world.least))


def test_order_and_merging_change_no_bit() -> None:
    steps = _steps(120)
    whole, first, second = _world(), _world(), _world()
    whole.observe(*[part.flip(0) for part in steps])
    first.observe(*[part[:70] for part in steps])
    second.observe(*[part[70:] for part in steps])
    for world, start in ((whole, steps[0][:4]), (first, steps[0][:1]), (second, steps[0][1:4])):
        world.begin(start)
    first.merge(second)
    for mine, theirs in zip([*first.memories, first.ending], [*whole.memories, whole.ending], strict=True):
        a, b = mine._need(), theirs._need()
        assert a.n == b.n
        assert torch.equal(a.cross, b.cross)
        assert torch.equal(a.grams[0], b.grams[0])  # type: ignore[arg-type]
    assert torch.equal(first._begun, whole._begun)
    assert (first.ends, first.least, first.most) == (whole.ends, whole.least, whole.most)


def test_worlds_of_other_cells_do_not_merge() -> None:
    with pytest.raises(BadData, match="other cells"):
        _world(0).merge(_world(1))


def test_beginnings_are_near_those_that_were_seen() -> None:
    world = _world()
    seen = torch.tensor([3.0, -1.0]) + 0.1 * torch.randn(200, 2, generator=torch.Generator().manual_seed(0))
    world.begin(seen)
    world.observe(*_steps(20))
    dreamt = world.settled().begin(2000, torch.Generator().manual_seed(1))
    assert torch.allclose(dreamt.mean(0), seen.mean(0), atol=0.02)
    assert torch.allclose(dreamt.std(0), seen.std(0), atol=0.02)


def test_no_beginning_is_said() -> None:
    world = _world()
    world.observe(*_steps(20))
    with pytest.raises(BadData, match="begun"):
        world.settled()


def test_a_state_comes_back_and_a_broken_one_is_refused() -> None:
    world, again = _world(), _world()
    world.begin(torch.zeros(1, 2))
    world.observe(*_steps(60))
    again.load_state_dict(world.state_dict())
    states, deeds, *_ = _steps(10, seed=2)
    for mine, theirs in zip(again.settled().step(states, deeds), world.settled().step(states, deeds), strict=True):
        assert torch.equal(mine, theirs)
    for broken in (
        {},
        world.state_dict() | {"memories": []},
        world.state_dict() | {"low": torch.zeros(5)},
        world.state_dict() | {"memories": [{}, {"n": 3}]},
    ):
        with pytest.raises(CorruptFile):
            _world().load_state_dict(broken)
