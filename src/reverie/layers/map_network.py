"""A small convolutional network on the map of a cortex: two layers at all places, two at half of them, one read-out.

The layers are 64, 96, 128 and 128 maps of 3 × 3 connections, each normalised over the batch; the read-out sees the mean
of the last maps over the places.

Reference: Simonyan & Zisserman, 2015, ICLR (layers of 3 × 3 connections); Ioffe & Szegedy, 2015, ICML.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

__all__ = ["MapNetwork"]

_UNITS = (64, 96, 128, 128)
_HALVED = 2  # after so many layers the places are halved
_SMALLEST = 4  # places a side from which on they are


class MapNetwork(nn.Module):
    """Maps to logits.

    Parameters
    ----------
    components : int
        Of a map.
    classes : int
    generator : torch.Generator
        Source of the first weights.

    Examples
    --------
    >>> network = MapNetwork(20, 3, torch.Generator().manual_seed(0))
    >>> network(torch.zeros(2, 20, 7, 7)).shape
    torch.Size([2, 3])
    """

    def __init__(self, components: int, classes: int, generator: torch.Generator) -> None:
        super().__init__()
        before, layers = components, []
        for units in _UNITS:
            layer = nn.utils.skip_init(nn.Conv2d, before, units, 3, padding=1, bias=False)
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
            layer.weight.data = layer.weight.data.contiguous(memory_format=torch.channels_last)  # sooner
            layers.append(layer)
            before = units
        self.layers = nn.ModuleList(layers)
        self.norms = nn.ModuleList([nn.BatchNorm2d(units) for units in _UNITS])
        self.head = nn.utils.skip_init(nn.Linear, before, classes)
        nn.init.normal_(self.head.weight, std=before**-0.5, generator=generator)
        nn.init.zeros_(self.head.bias)

    def forward(self, maps: Float[Tensor, "n c side side"]) -> Float[Tensor, "n k"]:
        x = maps.contiguous(memory_format=torch.channels_last)
        for place, (layer, norm) in enumerate(zip(self.layers, self.norms, strict=True)):
            if place == _HALVED and x.shape[-1] >= _SMALLEST:
                x = nn.functional.max_pool2d(x, 2, ceil_mode=True)
            x = torch.relu(norm(layer(x)))
        found: Tensor = self.head(x.mean((2, 3)))
        return found
