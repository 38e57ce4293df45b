"""Layers of spiking neurons: synapses and cells together, a sequence [T, B, …] in one call, state in and state out.

A dense layer skips what is silent where that pays (`event_linear`). The synapses of one input lie side by side in
memory, so that an event reads them in one piece.
"""

import ctypes
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from reverie import native
from reverie.errors import BadData
from reverie.functional import NeuronState, event_linear
from reverie.layers.dense import dense
from reverie.layers.neurons import SpikingNeurons, lif

__all__ = ["DenseStepper", "RecurrentState", "SpikingConv", "SpikingDense", "SpikingRecurrent"]


class SpikingDense(nn.Module):
    """Dense synapses onto spiking neurons.

    Parameters
    ----------
    n_in, n_out : int
    neurons : SpikingNeurons, optional
        Leaky integrate-and-fire unless said.
    precision : {"float32", "bfloat16"}
        Of the product in learning and in sequences. bfloat16 is exact for spikes; synapses are rounded to eight bits.
    generator : torch.Generator
        Source of the weights.

    Examples
    --------
    >>> layer = SpikingDense(4, 3, generator=torch.Generator().manual_seed(0))
    >>> spikes, state = layer(torch.ones(5, 2, 4))
    >>> spikes.shape, state.membrane.shape
    (torch.Size([5, 2, 3]), torch.Size([2, 3]))
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        neurons: SpikingNeurons | None = None,
        *,
        precision: str = "float32",
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        if precision not in ("float32", "bfloat16"):
            raise BadData(f"precision is {precision!r}. Expected 'float32' or 'bfloat16'.")
        drawn = dense(n_in, n_out, generator)
        self.weight = nn.Parameter(drawn.weight.detach().t().contiguous().t())
        self.bias = nn.Parameter(drawn.bias.detach())
        self.neurons = neurons if neurons is not None else lif()
        self.precision = precision

    def forward(
        self, x: Float[Tensor, "t *b_i"], state: NeuronState | None = None
    ) -> tuple[Float[Tensor, "t *b_o"], NeuronState]:
        """Spikes of a sequence, and the state after it."""
        if x.ndim != 3 or x.shape[-1] != self.weight.shape[1]:
            raise BadData(
                f"x has shape {tuple(x.shape)}. Expected [time, batch, {self.weight.shape[1]}]: time comes first."
            )
        out: tuple[Tensor, NeuronState] = self.neurons(self.current(x), state)
        return out

    def current(self, x: Float[Tensor, "*n i"]) -> Float[Tensor, "*n o"]:
        """What the synapses carry."""
        if self.precision == "bfloat16":
            narrow = self.bias.bfloat16(), self.weight.bfloat16()
            return torch.nn.functional.linear(x.bfloat16(), narrow[1], narrow[0]).float()
        return event_linear(x, self.weight, self.bias)

    def stepper(self) -> "DenseStepper":
        """This layer for one sample whose steps come one by one, as a device takes them from a sensor."""
        return DenseStepper(self)


class DenseStepper:
    """A dense layer as it is now, for one sample whose steps come one by one: no gradients, microseconds a step.

    Parameters
    ----------
    layer : SpikingDense
        Its neurons have a constant decay, no synaptic current and no adaptation.

    Attributes
    ----------
    membrane : Tensor, shape [o]
        The state; zero it to begin anew.

    Examples
    --------
    >>> step = SpikingDense(4, 3, generator=torch.Generator().manual_seed(0)).stepper()
    >>> step(torch.ones(4)).shape
    torch.Size([3])
    """

    def __init__(self, layer: SpikingDense) -> None:
        cell = layer.neurons
        if cell.alpha or cell.kappa or cell.learn_decay:
            raise BadData(
                "A stepper is for neurons with a constant decay, no synaptic current and no adaptation. Call the layer."
            )
        self._cell, self._shape = cell, layer.weight.shape[1:]
        self._out: Tensor | None = None
        self._columns = layer.weight.detach().t().contiguous()
        self._bias = layer.bias.detach().contiguous()
        self.membrane = torch.zeros_like(self._bias)
        self._run = None
        if native.usable(self._columns, self._bias):
            room = self._shape[0] + native.EVENT_SLACK
            self._room = torch.empty(room, dtype=torch.int32), torch.empty(room)
            self._form = native.Stepper(
                self._shape[0],
                len(self._bias),
                self._columns.data_ptr(),
                self._bias.data_ptr(),
                cell.beta,
                cell.threshold,
                cell.reset == "hard",
                self.membrane.data_ptr(),
                self._room[0].data_ptr(),
                self._room[1].data_ptr(),
                None,
            )
            self._run, self._place = native.event_step(), ctypes.addressof(self._form)

    def __call__(self, x: Float[Tensor, " i"], *, out: Float[Tensor, " o"] | None = None) -> Float[Tensor, " o"]:
        """The spikes of one step; written to `out` where that is given, which saves a part of the time."""
        if x.shape != self._shape or x.dtype != torch.float32:
            raise BadData(f"x has shape {tuple(x.shape)} and type {x.dtype}. Expected {list(self._shape)}, float32.")
        if out is None:
            out = torch.empty_like(self.membrane)
        if out is not self._out:  # looked at once, not at every step
            if out.shape != self.membrane.shape or out.dtype != torch.float32 or not out.is_contiguous():
                raise BadData(f"out is not fit. Expected [{len(self.membrane)}], float32, contiguous.")
            self._out = out
            if self._run is not None:
                self._form.spikes, self._written = out.data_ptr(), out.untyped_storage()  # kept while it is written to
        if self._run is not None and x.is_contiguous():
            self._run(self._place, x.data_ptr())
            return out
        with torch.no_grad():
            before = NeuronState.zeros(self.membrane[None])._replace(membrane=self.membrane[None])
            spikes, after = self._cell(event_linear(x[None, None], self._columns.t(), self._bias), before)
            self.membrane.copy_(after.membrane[0])
            return out.copy_(spikes[0, 0])


class SpikingConv(nn.Module):
    """A convolution onto spiking neurons: [T, B, C, H, W] to [T, B, C', H', W'].

    Parameters
    ----------
    n_in, n_out, kernel, stride, padding : int
    neurons : SpikingNeurons, optional
    generator : torch.Generator
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        kernel: int,
        neurons: SpikingNeurons | None = None,
        *,
        stride: int = 1,
        padding: int = 0,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        flat = dense(n_in * kernel * kernel, n_out, generator)
        self.conv = nn.utils.skip_init(nn.Conv2d, n_in, n_out, kernel, stride=stride, padding=padding)
        with torch.no_grad():
            self.conv.weight.copy_(flat.weight.view_as(self.conv.weight))
            self.conv.bias.copy_(flat.bias)
        self.neurons = neurons if neurons is not None else lif()

    def forward(
        self, x: Float[Tensor, "t b *picture"], state: NeuronState | None = None
    ) -> tuple[Float[Tensor, "t b k p q"], NeuronState]:
        """Spikes of a sequence, and the state after it."""
        if x.ndim != 5:
            raise BadData(f"x has shape {tuple(x.shape)}. Expected [time, batch, channels, height, width].")
        current = self.conv(x.flatten(0, 1)).unflatten(0, x.shape[:2])
        out: tuple[Tensor, NeuronState] = self.neurons(current, state)
        return out


class RecurrentState(NamedTuple):
    """The neurons' state, and their last spikes."""

    neurons: NeuronState
    spikes: Float[Tensor, "b o"]


class SpikingRecurrent(nn.Module):
    """A dense layer whose neurons also hear each other's last spikes.

    Parameters
    ----------
    n_in, n_out : int
    neurons : SpikingNeurons, optional
    generator : torch.Generator
    """

    def __init__(
        self, n_in: int, n_out: int, neurons: SpikingNeurons | None = None, *, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.feed = SpikingDense(n_in, n_out, neurons, generator=generator)
        self.recurrent = nn.Parameter(dense(n_out, n_out, generator).weight.detach())

    def forward(
        self, x: Float[Tensor, "t b i"], state: RecurrentState | None = None
    ) -> tuple[Float[Tensor, "t b o"], RecurrentState]:
        """Spikes of a sequence, and the state after it."""
        current = self.feed.current(x)
        state = state or RecurrentState(NeuronState.zeros(current[0]), torch.zeros_like(current[0]))
        inner, last = state
        spikes = []
        for now in current.unbind():
            fired, inner = self.feed.neurons((now + event_linear(last, self.recurrent))[None], inner)
            last = fired[0]
            spikes.append(last)
        return torch.stack(spikes), RecurrentState(inner, last)
