"""Sleep replay consolidation: noise drives the network as a spiking one, and a local Hebbian rule mends it.

In sleep every dense layer's units become leaky integrate-and-fire neurons. The input layer fires at random, in a window
of the mean of all that was seen. Whenever a neuron fires, its synapses change::

    w ← w + η₊ g(w)   from inputs that fired,    w ← w − η₋ g(w)   from those that did not,    g(w) = 2 / (1 + e^{w/w₀})

Strong positive synapses stay as they are (g → 0), others move freely. Afterwards the network is a ReLU network again.
No sample is needed: only the mean of the inputs, and how lively each layer became.

Reference: Tadros, Krishnan, Ramyaa, Bazhenov, 2022, Nature Communications 13:7742. The numbers are those of the
authors' class-incremental MNIST experiment, found there by a genetic algorithm for a 784–1200–1200–10 network.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from reverie.errors import BadData
from reverie.layers import linear_layers

__all__ = ["NoiseReplay"]


@dataclass(frozen=True)
class NoiseReplay:
    """A night of noise.

    Parameters
    ----------
    steps : int
        Of one millisecond each.
    rate : float
        Of an input neuron whose mean is 1, in Hz.
    increase, decrease : float
        η₊ and η₋.
    softness : float
        w₀.
    gain : float
        By which synapses are stronger in sleep, beside what scales each layer's liveliest activity to one.
    thresholds : tuple of float
        Of the neurons of each layer.
    decay : float
        Of the membrane in one step, 0…1.
    window : float
        Side of the window that is seen at a time, as a share of the picture's; of inputs that are no picture, the share
        of them that is its square.
    """

    steps: int = 15_000
    rate: float = 239.5
    increase: float = 0.032
    decrease: float = 0.00334
    softness: float = 0.001
    gain: float = 55.9
    thresholds: tuple[float, ...] = (14.5, 44.6, 38.0)
    decay: float = 0.999
    window: float = 11 / 28

    @torch.no_grad()
    def sleep(
        self,
        network: nn.Module,
        mean: Float[Tensor, "*shape"],
        lively: list[float],
        *,
        generator: torch.Generator,
    ) -> list[float]:
        """Change the network's weights in place; each layer's firing rate, in spikes per neuron and step.

        Parameters
        ----------
        network : Module
            Dense layers with a ReLU between them; biases take no part.
        mean : shape of a sample
            Of all inputs so far, in 0…1.
        lively : list of float
            Each layer's liveliest activity so far (`reverie.layers.liveliest`).
        """
        layers = linear_layers(network)
        if not len(layers) == len(lively) == len(self.thresholds):
            raise BadData(
                f"The network has {len(layers)} dense layers, {len(lively)} activities and {len(self.thresholds)} "
                "thresholds were given. Give one of each for every layer."
            )
        if not (float(mean.min()) >= 0 and float(mean.max()) <= 1):
            raise BadData("The mean of the inputs is not within 0…1. Scale the inputs: it is a probability of spikes.")
        weights = [layer.weight for layer in layers]
        gains = self._gains(weights, lively)
        membranes = [torch.zeros(len(weight)) for weight in weights]
        fired = [0.0] * len(weights)
        for _ in range(self.steps):
            spikes = self._noise(mean, generator)
            for place, (weight, gain, bar) in enumerate(zip(weights, gains, self.thresholds, strict=True)):
                spikes = self._step(weight, spikes, membranes[place], gain, bar)
                fired[place] += float(spikes.sum())
        return [count / self.steps / len(weight) for count, weight in zip(fired, weights, strict=True)]

    def _gains(self, weights: list[Tensor], lively: list[float]) -> list[float]:
        """What brings each layer's liveliest unit to one, the layers before it being so scaled, times the gain."""
        gains, before = [], 1.0
        for weight, most in zip(weights, lively, strict=True):
            factor = max(float(weight.max()), most, 1e-9) / before
            gains.append(self.gain / factor)
            before = factor
        return gains

    def _noise(self, mean: Tensor, generator: torch.Generator) -> Tensor:
        """Spikes of the input layer in one step, within a window at a random place."""
        seen = torch.zeros_like(mean)
        if mean.ndim >= 2:
            sides = [max(1, round(self.window * side)) for side in mean.shape[:2]]
            top, left = (
                int(torch.randint(whole - side + 1, (), generator=generator))
                for whole, side in zip(mean.shape[:2], sides, strict=True)
            )
            where = (slice(top, top + sides[0]), slice(left, left + sides[1]))
            seen[where] = mean[where]
        else:
            chosen = torch.rand(mean.shape, generator=generator) < self.window**2
            seen[chosen] = mean[chosen]
        chance = 2 * self.rate * 1e-3 * seen.flatten()
        return (torch.rand(chance.shape, generator=generator) < chance).to(mean.dtype)

    def _step(self, weight: Tensor, pre: Tensor, membrane: Tensor, gain: float, bar: float) -> Tensor:
        """One layer's spikes in one step; its weights and membrane change in place."""
        active = pre.nonzero().flatten()
        membrane.mul_(self.decay)
        if len(active):
            membrane.add_(weight[:, active].sum(1), alpha=gain)
        post = membrane >= bar
        cells = post.nonzero().flatten()
        if len(cells):
            before = weight[cells]
            freedom = 2 * torch.sigmoid(-before / self.softness)
            weight[cells] = before + torch.where(pre > 0, self.increase, -self.decrease) * freedom
            membrane[cells] = 0
        return post.to(pre.dtype)
