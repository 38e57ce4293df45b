import pytest
import torch
from torch import nn

from reverie.sleep.optimising import load_optimiser, optimiser_state


def _trained(steps: int) -> tuple[nn.Linear, torch.optim.Adam]:
    layer = nn.Linear(3, 2)
    with torch.no_grad():
        layer.weight.fill_(0.5)
        layer.bias.zero_()
    optimiser = torch.optim.Adam(layer.parameters(), lr=0.1)
    _go_on(layer, optimiser, steps)
    return layer, optimiser


def _go_on(layer: nn.Linear, optimiser: torch.optim.Adam, steps: int) -> None:
    for _ in range(steps):
        optimiser.zero_grad()
        layer(torch.ones(1, 3)).square().sum().backward()
        optimiser.step()


def test_a_training_that_was_stopped_goes_on_alike() -> None:
    whole, _ = _trained(7)
    stopped, optimiser = _trained(4)
    layer, again = _trained(0)
    layer.load_state_dict(stopped.state_dict())
    load_optimiser(again, list(layer.parameters()), optimiser_state(optimiser))
    _go_on(layer, again, 3)
    assert torch.equal(layer.weight, whole.weight)


def test_moments_of_other_parameters_are_refused() -> None:
    _, optimiser = _trained(2)
    layer, again = _trained(0)
    state = optimiser_state(optimiser)
    state["0"]["exp_avg"] = torch.zeros(5)
    with pytest.raises(ValueError, match="was expected"):
        load_optimiser(again, list(layer.parameters()), state)
