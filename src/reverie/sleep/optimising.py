"""The state of an optimiser, so that a training that was stopped goes on as if it had not been."""

import torch
from torch import Tensor, nn

from reverie.contracts import State

__all__ = ["load_optimiser", "need_shape", "optimiser_state"]


def optimiser_state(optimiser: torch.optim.Optimizer) -> State:
    """What it remembers of each parameter: steps, and moments of the gradients."""
    return {str(index): dict(state) for index, state in optimiser.state_dict()["state"].items()}


def load_optimiser(optimiser: torch.optim.Optimizer, parameters: list[nn.Parameter], state: State) -> None:
    """Put back what `optimiser_state` gave.

    Parameters
    ----------
    parameters : list of Parameter
        Those that it changes, in their order.

    Raises
    ------
    ValueError, KeyError, TypeError
        It is the state of other parameters.
    """
    own = optimiser.state_dict()
    own["state"] = {int(index): dict(moments) for index, moments in state.items()}
    optimiser.load_state_dict(own)
    for parameter, moments in zip(parameters, own["state"].values(), strict=bool(own["state"])):
        need_shape(moments["exp_avg"], parameter.shape)
        need_shape(moments["exp_avg_sq"], parameter.shape)
        float(moments["step"])


def need_shape(value: Tensor, shape: torch.Size) -> None:
    """Refuse a tensor of another shape.

    Raises
    ------
    ValueError
        It has another one.
    """
    if value.shape != shape:
        raise ValueError(f"a tensor of {tuple(value.shape)} where {tuple(shape)} was expected")
