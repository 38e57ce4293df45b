"""Layers in a row, those with a state and those without: a sequence and all states go in, and come out."""

from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from reverie.layers.neurons import Izhikevich, LeakyIntegrator, SpikingNeurons
from reverie.layers.spiking import SpikingConv, SpikingDense, SpikingRecurrent

__all__ = ["SpikingSequence"]

_WITH_STATE = (SpikingDense, SpikingConv, SpikingRecurrent, SpikingNeurons, LeakyIntegrator, Izhikevich)


class SpikingSequence(nn.Module):
    """Layers in a row. Those without a state (`nn.Linear`, `nn.Conv2d`, …) see every step as a sample of its own.

    Parameters
    ----------
    *layers : Module

    Examples
    --------
    >>> import torch
    >>> from reverie.layers import LeakyIntegrator, lif
    >>> network = SpikingSequence(nn.Linear(4, 3), lif(), nn.Linear(3, 2), LeakyIntegrator())
    >>> out, states = network(torch.ones(5, 1, 4))
    >>> out.shape, [state is None for state in states]
    (torch.Size([5, 1, 2]), [True, False, True, False])
    """

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Float[Tensor, "t b *shape"], states: list[Any] | None = None) -> tuple[Tensor, list[Any]]:
        """The last layer's output [t, b, …], and every layer's state (None where it has none)."""
        after: list[Any] = []
        for layer, state in zip(self.layers, states or [None] * len(self.layers), strict=True):
            if isinstance(layer, _WITH_STATE):
                x, state = layer(x, state)
            else:
                x = layer(x.flatten(0, 1)).unflatten(0, x.shape[:2])
            after.append(state)
        return x, after
