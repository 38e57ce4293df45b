"""From a ReLU network to a spiking one: rates take the place of activities.

Each layer's weights are scaled by the liveliest activity a_l that data evoke, so that no neuron would have to fire more
than once in a step::

    w_l ← w_l a_{l−1} / a_l,      b_l ← b_l / a_l,      soft reset, no leak

After T steps a neuron's rate differs from its activity / a_l by about 1 / T.

References: Diehl et al., 2015, IJCNN (weights balanced by data); Rueckauer et al., 2017, Frontiers in Neuroscience 11
(soft reset, percentiles).
"""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from reverie.errors import BadData
from reverie.functional import integrate_and_fire

__all__ = ["RateNetwork", "linear_layers", "liveliest", "to_spiking"]


def linear_layers(network: nn.Module) -> list[nn.Linear]:
    """The dense layers of a network that is dense layers with a ReLU between any two, and perhaps behind the last.

    Raises
    ------
    BadData
        Where there is something else in it.
    """
    parts = [part for part in network.modules() if not isinstance(part, nn.Sequential)]
    parts = [part for part in parts if not isinstance(part, nn.Flatten | nn.Dropout)]
    found = [part for part in parts if isinstance(part, nn.Linear)]
    between = [type(part).__name__ for part in parts if not isinstance(part, nn.Linear)]
    alternate = all(isinstance(one, nn.Linear) != isinstance(two, nn.Linear) for one, two in pairwise(parts))
    if not found or not alternate or not isinstance(parts[0], nn.Linear) or set(between) - {"ReLU"}:
        names = [type(part).__name__ for part in parts]
        raise BadData(f"The network is {names}. Expected Linear layers with a ReLU between them, in a Sequential.")
    return found


@torch.no_grad()
def liveliest(network: nn.Module, x: Float[Tensor, "n *shape"], *, quantile: float = 1.0) -> list[float]:
    """How lively each dense layer's rectified activity becomes, at most or at a quantile of what `x` evokes."""
    found, h = [], x.flatten(1)
    for layer in linear_layers(network):
        h = layer(h).clamp(min=0)
        if quantile < 1:
            found.append(float(h.flatten().kthvalue(max(1, round(quantile * h.numel()))).values))
        else:
            found.append(float(h.max()))
    return [max(each, 1e-9) for each in found]


class RateNetwork(nn.Module):
    """Dense layers of integrate-and-fire neurons; made by `to_spiking`."""

    def __init__(self, weights: list[Tensor], biases: list[Tensor]) -> None:
        super().__init__()
        self.weights, self.biases = nn.ParameterList(weights), nn.ParameterList(biases)

    @torch.no_grad()
    def forward(self, x: Float[Tensor, "n *shape"], steps: int) -> tuple[Float[Tensor, "n k"], float]:
        """Membrane sums of the last layer over `steps`, and how many spikes there were per sample.

        The input is a constant current; the first layer turns it into spikes, the last one only sums.
        """
        layers = list(zip(self.weights, self.biases, strict=True))
        current = torch.nn.functional.linear(x.flatten(1), *layers[0]).expand(steps, -1, -1)
        fired = 0.0
        for weight, bias in layers[1:]:
            spikes, _ = integrate_and_fire(current, beta=1.0)
            fired += float(spikes.sum())
            current = torch.nn.functional.linear(spikes, weight, bias)
        return current.sum(0), fired / len(x)


def to_spiking(network: nn.Module, x: Float[Tensor, "n *shape"], *, quantile: float = 0.999) -> RateNetwork:
    """The spiking network of a ReLU network, balanced on samples `x` (not kept)."""
    scales = [1.0, *liveliest(network, x, quantile=quantile)]
    weights, biases = [], []
    for layer, (before, after) in zip(linear_layers(network), pairwise(scales), strict=True):
        weights.append(layer.weight.detach() * before / after)
        biases.append(layer.bias.detach() / after if layer.bias is not None else torch.zeros(len(layer.weight)))
    return RateNetwork(weights, biases)
