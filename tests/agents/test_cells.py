import pytest
import torch

from reverie.agents import StateCells
from reverie.agents.cells import UNIT
from reverie.errors import BadData, CorruptFile


def _cells(seed: int = 0, **given: object) -> StateCells:
    states = torch.tensor([[0.0, 10.0], [1.0, 30.0], [0.5, 20.0]])
    return StateCells.formed(
        states,
        width=6,
        octaves=1.0,
        generator=torch.Generator().manual_seed(seed),
        **given,  # type: ignore[arg-type]
    )


def test_keys_are_the_state_and_rectified_cells_in_whole_steps() -> None:
    cells = _cells()
    states = torch.tensor([[0.25, 15.0]])
    z = (states - cells.centre) / cells.spread
    expected = torch.cat([z, (z @ cells.projection + cells.threshold).clamp_min(0)], 1) / UNIT
    assert torch.equal(cells.keys(states), expected.round().to(torch.int32))
    assert cells.keys(states).shape == (1, cells.width)


def test_a_sense_with_far_bounds_gets_cells_of_wider_scales() -> None:
    near = _cells(furthest=torch.tensor([torch.inf, torch.inf])).projection.norm(dim=1)
    far = _cells(furthest=torch.tensor([torch.inf, 5000.0])).projection.norm(dim=1)
    assert float(far[1]) < 0.5 * float(near[1])
    assert float(far[0]) == pytest.approx(float(near[0]))


def test_a_sense_that_does_not_move_is_no_division_by_zero() -> None:
    cells = StateCells.formed(
        torch.tensor([[1.0], [1.0]]), width=2, octaves=1.0, generator=torch.Generator().manual_seed(0)
    )
    assert int(cells.keys(torch.tensor([[2.0]])).abs().max()) <= 128 * 1024


def test_one_state_is_too_few() -> None:
    with pytest.raises(BadData, match="2 states or more"):
        StateCells.formed(torch.ones(1, 2), width=2, octaves=1.0, generator=torch.Generator())


def test_a_state_comes_back_and_a_broken_one_is_refused() -> None:
    cells = _cells()
    again = StateCells.from_state(cells.state_dict())
    assert torch.equal(again.keys(torch.ones(2, 2)), cells.keys(torch.ones(2, 2)))
    for broken in ({}, cells.state_dict() | {"spread": torch.ones(3)}, cells.state_dict() | {"centre": "no"}):
        with pytest.raises(CorruptFile):
            StateCells.from_state(broken)
