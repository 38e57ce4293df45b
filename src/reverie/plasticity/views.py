"""How a layer shows its synapses: whatever it is, as matrices of activity and weights.

A dense layer's rows are its samples. A convolution sees a patch at each place, and the same synapses are at work at
all places: its rows are the places of all samples, its weights one row for each filter. A sequence has one view for
each step, because synapses live in time. With this, a rule is written once.
"""

from collections.abc import Iterator

import torch
from jaxtyping import Shaped
from torch import Tensor, nn

from reverie.contracts import SynapseView
from reverie.errors import BadData
from reverie.layers import Head, SpikingConv, SpikingDense

__all__ = ["steps", "synapses"]


def synapses(
    layer: nn.Module, pre: Shaped[Tensor, "n *pre_shape"], post: Shaped[Tensor, "n_post *post_shape"]
) -> SynapseView:
    """The synapses of a layer at one moment.

    Parameters
    ----------
    layer : nn.Linear, nn.Conv2d, Head, SpikingDense or SpikingConv
    pre, post : Tensor
        What the layer was given and what came of it: [n, n_in] and [n, n_out], or pictures [n, channels, height,
        width]. Spikes may be of any type; `post` may be what neurons made of the layer's output.

    Returns
    -------
    SynapseView
        Its weights are the layer's own, and follow when the layer changes; `commit` writes into the layer.

    Examples
    --------
    >>> layer = nn.Conv2d(1, 4, kernel_size=3)
    >>> view = synapses(layer, torch.rand(2, 1, 8, 8), torch.rand(2, 4, 6, 6))
    >>> view.pre.shape, view.post.shape, view.weight.shape
    (torch.Size([72, 9]), torch.Size([72, 4]), torch.Size([4, 9]))
    """
    if isinstance(layer, nn.Conv2d | SpikingConv):
        return _convolution(layer if isinstance(layer, nn.Conv2d) else layer.conv, pre, post)
    if not isinstance(layer, nn.Linear | Head | SpikingDense):
        raise BadData(
            f"A {type(layer).__name__} has no view of its synapses. Expected nn.Linear, nn.Conv2d, Head, SpikingDense "
            "or SpikingConv: give the layer inside that holds the weights, or make a SynapseView from matrices."
        )
    weight = layer.weight.detach()
    _expect(pre, ("n", weight.shape[1]), "pre")
    _expect(post, (len(pre), weight.shape[0]), "post")
    return SynapseView(_activity(pre, weight), _activity(post, weight), weight, lambda new: _write(layer.weight, new))


def steps(
    layer: nn.Module, pre: Shaped[Tensor, "time *pre_shape"], post: Shaped[Tensor, "time_post *post_shape"]
) -> Iterator[SynapseView]:
    """The synapses of a layer step by step through a sequence [T, n, …]: one view for each step.

    Examples
    --------
    >>> spikes = torch.rand(10, 2, 5) < 0.3
    >>> views = list(steps(nn.Linear(5, 3), spikes, torch.rand(10, 2, 3) < 0.3))
    >>> len(views), views[0].pre.shape
    (10, torch.Size([2, 5]))
    """
    if len(pre) != len(post) or len(pre) == 0:
        raise BadData(
            f"pre has {len(pre)} steps and post {len(post)}. Expected as many, at least one: time is the first axis."
        )
    for before, after in zip(pre.unbind(), post.unbind(), strict=True):
        yield synapses(layer, before, after)


def _convolution(layer: nn.Conv2d, pre: Tensor, post: Tensor) -> SynapseView:
    if layer.groups != 1 or layer.padding_mode != "zeros" or isinstance(layer.padding, str):
        raise BadData(
            f"nn.Conv2d has groups={layer.groups}, padding={layer.padding!r}, padding_mode={layer.padding_mode!r}. "
            "Expected one group and a number of zeros as padding: its weights are then one matrix."
        )
    weight = layer.weight.detach().flatten(1)
    _expect(pre, ("n", layer.in_channels, "height", "width"), "pre")
    sides = [
        (side + 2 * pad - gap * (kernel - 1) - 1) // stride + 1
        for side, pad, gap, kernel, stride in zip(
            pre.shape[2:], layer.padding, layer.dilation, layer.kernel_size, layer.stride, strict=True
        )
    ]
    _expect(post, (len(pre), layer.out_channels, *sides), "post")
    patches = nn.functional.unfold(
        _activity(pre, weight), layer.kernel_size, layer.dilation, layer.padding, layer.stride
    )
    return SynapseView(
        patches.transpose(1, 2).flatten(0, 1),
        _activity(post, weight).flatten(2).transpose(1, 2).flatten(0, 1),
        weight,
        lambda new: _write(layer.weight, new.view_as(layer.weight)),
    )


def _expect(given: Tensor, shape: tuple[int | str, ...], side: str) -> None:
    fits = given.dim() == len(shape) and all(
        isinstance(wanted, str) or size == wanted for size, wanted in zip(given.shape, shape, strict=True)
    )
    if not fits or given.numel() == 0:
        wanted = ", ".join(str(size) for size in shape)
        raise BadData(
            f"{side} has shape {tuple(given.shape)}. Expected [{wanted}], not empty; for a sequence [time, n, …], take "
            "`steps` in the place of `synapses`."
        )


def _activity(given: Tensor, weight: Tensor) -> Tensor:
    activity = given.detach().to(weight.dtype)
    if not torch.isfinite(activity).all():
        raise BadData("The activity holds NaN or infinity. Expected finite numbers: look at the layer before this one.")
    return activity


@torch.no_grad()
def _write(parameter: Tensor, new: Tensor) -> None:
    if new.data_ptr() != parameter.data_ptr() or new.stride() != parameter.stride():  # else they are the layer's own
        parameter.copy_(new)
