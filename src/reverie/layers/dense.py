"""Dense layers whose randomness is passed in, and an output layer that grows with the classes."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

__all__ = ["Head", "Perceptron", "dense", "hidden_layers"]


def dense(n_in: int, n_out: int, generator: torch.Generator) -> nn.Linear:
    """A linear layer, weights and biases uniform in ±1/√n_in (LeCun's rule, torch's own default)."""
    layer: nn.Linear = nn.utils.skip_init(nn.Linear, n_in, n_out)
    bound = 1 / math.sqrt(n_in)
    nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
    nn.init.uniform_(layer.bias, -bound, bound, generator=generator)
    return layer


def hidden_layers(n_in: int, sizes: Sequence[int], generator: torch.Generator) -> nn.Sequential:
    """Dense layers of the given sizes, each followed by a rectifier."""
    layers: list[nn.Module] = []
    for size in sizes:
        layers += [dense(n_in, size, generator), nn.ReLU()]
        n_in = size
    return nn.Sequential(*layers)


class Head(nn.Module):
    """An output layer to which classes are added as they come; the old ones' weights stay as they are."""

    def __init__(self, n_in: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(0, n_in))
        self.bias = nn.Parameter(torch.empty(0))

    def grow(self, n_classes: int, generator: torch.Generator) -> None:
        """Add rows until there are `n_classes`."""
        missing = n_classes - self.weight.shape[0]
        if missing <= 0:
            return
        fresh = dense(self.weight.shape[1], missing, generator).to(self.weight.device)
        self.weight = nn.Parameter(torch.cat([self.weight.detach(), fresh.weight.detach()]))
        self.bias = nn.Parameter(torch.cat([self.bias.detach(), fresh.bias.detach()]))

    def forward(self, h: Float[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        return nn.functional.linear(h, self.weight, self.bias)


class Perceptron(nn.Module):
    """The network of the replay literature: flat input, hidden rectified layers, a head that grows.

    Parameters
    ----------
    n_in : int
        Number of inputs, all axes of a sample together.
    hidden : sequence of int
        Units in each hidden layer.
    """

    def __init__(self, n_in: int, hidden: Sequence[int], generator: torch.Generator) -> None:
        super().__init__()
        self.encoder = hidden_layers(n_in, hidden, generator)
        self.head = Head(hidden[-1] if hidden else n_in)

    def forward(self, x: Float[Tensor, "n *shape"]) -> Float[Tensor, "n k"]:
        logits: Tensor = self.head(self.encoder(x.flatten(1)))
        return logits
