import torch

from reverie.agents import Actor, Dreaming, StateCells, WorldModel
from reverie.agents.dreams import dream, dreamt_return

HOW = Dreaming(lives=8, steps=100, passes=3, longest=30)


def _walk(ended_at: float | None) -> WorldModel:
    """A line: deed 1 goes right by 0.2, deed 0 goes left; each step costs one."""
    generator = torch.Generator().manual_seed(0)
    states = torch.rand(300, 1, generator=generator) * 2 - 1
    deeds = torch.randint(2, (300,), generator=generator)
    nexts = states + 0.2 * (2.0 * deeds[:, None] - 1)
    world = WorldModel(StateCells.formed(states, width=8, octaves=1.0, generator=generator), 2)
    world.begin(states[:20] * 0.1)
    ended = nexts[:, 0] > ended_at if ended_at is not None else torch.zeros(300, dtype=torch.bool)
    world.observe(states, deeds, -torch.ones(300), nexts, ended)
    return world


def _actor(world: WorldModel) -> Actor:
    return Actor(world.low, world.high, 2, cells=60, winners=5, generator=torch.Generator().manual_seed(1))


def test_a_night_finds_the_way_to_the_end_of_what_costs() -> None:
    world = _walk(ended_at=0.8)
    actor, night = dream(world, _actor(world), HOW, torch.Generator().manual_seed(2))
    assert night.after > night.before
    assert not night.curious
    assert torch.equal(actor.habits(torch.tensor([[-0.5], [0.0], [0.5]])), torch.ones(3, dtype=torch.int64))


def test_a_night_changes_no_sum_of_the_world() -> None:
    world = _walk(ended_at=0.8)
    before = world.ending._need().cross.clone()
    dream(world, _actor(world), HOW, torch.Generator().manual_seed(2))
    assert torch.equal(world.ending._need().cross, before)


def test_where_nothing_matters_it_dreams_of_leaving_what_it_knows() -> None:
    world = _walk(ended_at=None)
    actor, night = dream(world, _actor(world), HOW, torch.Generator().manual_seed(2))
    assert night.curious
    near_edges = actor.habits(torch.tensor([[-1.0], [1.0]]))
    assert near_edges.tolist() == [0, 1]


def test_a_worse_habit_is_not_taken() -> None:
    world = _walk(ended_at=0.8)
    actor = _actor(world)
    actor.habit = torch.stack([-torch.ones(60), torch.ones(60)], 1)  # always to the right: nothing is better
    best = dreamt_return(world.settled(), actor, actor.habit, torch.zeros(4, 1), 30)
    actor.choices = -20 * actor.habit  # what the passes start from is as wrong as can be
    after, night = dream(
        world, actor, Dreaming(lives=8, steps=2, passes=1, longest=30), torch.Generator().manual_seed(2)
    )
    assert torch.equal(after.habits(torch.zeros(1, 1)), torch.ones(1, dtype=torch.int64))
    assert night.after >= night.before
    assert float(best.mean()) > -10


def test_the_same_generator_is_the_same_night() -> None:
    world = _walk(ended_at=0.8)
    nights = [dream(world, _actor(world), HOW, torch.Generator().manual_seed(4)) for _ in range(2)]
    assert torch.equal(nights[0][0].choices, nights[1][0].choices)
    assert nights[0][1] == nights[1][1]


def test_leaving_what_is_known_is_no_way_to_save_costs() -> None:
    world = _walk(ended_at=None)
    actor = _actor(world)
    left, still = (torch.stack([torch.full((60,), sign), torch.full((60,), -sign)], 1) for sign in (1.0, -1.0))
    starts = torch.tensor([[-0.9], [-0.5]])
    assert dreamt_return(world.settled(), actor, left, starts, 30).tolist() == [-30.0, -30.0]
    assert dreamt_return(world.settled(), actor, still, starts, 30).tolist() == [-30.0, -30.0]
