"""The network of a meta-trained sense: four small convolutions, and the frozen mean of some of them."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Num
from torch import Tensor, nn
from torch.nn.functional import interpolate, normalize

from reverie.errors import BadData

__all__ = ["LARGEST", "MetaSense", "Pictured", "as_channels", "checked_widths"]

WIDTHS = (32, 64, 128, 128)
LARGEST = 4096
"""Features of a convolution, and pixels on a side, at most."""


def checked_widths(widths: Sequence[int]) -> tuple[int, ...]:
    """Features of each of the four convolutions.

    Raises
    ------
    BadData
        Not four numbers 1…4096.
    """
    if len(widths) != 4 or not all(0 < width <= LARGEST for width in widths):
        raise BadData(f"widths is {tuple(widths)}. Expected four numbers 1…{LARGEST}, one for each convolution.")
    return tuple(widths)


class Pictured(nn.Module):
    """Four 3 × 3 convolutions with batch normalisation; three halve the picture. About 0.2 million weights.

    Parameters
    ----------
    channels : int
        1 for grey pictures, 3 for colours.
    widths : tuple of int
        Features of each of the four convolutions.
    """

    def __init__(self, channels: int = 1, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        self.channels, self.widths = channels, checked_widths(widths)
        parts: list[nn.Module] = []
        before = channels
        for place, width in enumerate(self.widths):
            parts += [nn.Conv2d(before, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            if place < 3:
                parts.append(nn.MaxPool2d(2))
            before = width
        self.body = nn.Sequential(*parts)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d"]:
        features: Tensor = self.body(x).flatten(1)
        return features


class MetaSense(nn.Module):
    """Frozen networks side by side; a key is their normalised features, one after the other.

    Parameters
    ----------
    networks : sequence of Pictured
    size : tuple of int
        Height and width of the pictures that they were trained on; others are brought to it.

    Examples
    --------
    >>> sense = MetaSense([Pictured(widths=(4, 4, 4, 4))], (28, 28))
    >>> sense(torch.rand(5, 20, 30)).shape
    torch.Size([5, 36])
    """

    def __init__(self, networks: Sequence[Pictured], size: tuple[int, int]) -> None:
        super().__init__()
        if not networks:
            raise BadData("There are no networks. Expected one at least.")
        self.networks, self.size = nn.ModuleList(networks), (int(size[0]), int(size[1]))
        self.eval().requires_grad_(False)

    @property
    def channels(self) -> int:
        """Of the pictures: 1 or 3."""
        first = self.networks[0]
        assert isinstance(first, Pictured)
        return first.channels

    def train(self, mode: bool = True) -> "MetaSense":
        """It stays frozen, whatever it is told."""
        return super().train(False)

    def forward(self, x: Num[Tensor, "n *shape"]) -> Float[Tensor, "n d"]:
        x = as_channels(x, self.channels)
        if tuple(x.shape[2:]) != self.size:
            x = interpolate(x, self.size, mode="bilinear", antialias=True, align_corners=False)
        return torch.cat([normalize(network(x), dim=1) for network in self.networks], 1)


def as_channels(x: Num[Tensor, "n *shape"], channels: int) -> Float[Tensor, "n c h w"]:
    """Pictures as networks take them: fractions, channels first, dark ink as it is.

    Raises
    ------
    BadData
        What is no picture.
    """
    x = x.float() / 255 if x.dtype == torch.uint8 else x.float()
    if x.ndim == 3:
        x = x[:, None]
    elif x.ndim == 4 and x.shape[3] in (1, 3) and x.shape[1] not in (1, 3):
        x = x.permute(0, 3, 1, 2)
    if x.ndim != 4 or x.shape[1] not in (1, 3):
        raise BadData(f"A sample has the shape {tuple(x.shape[1:])}. Expected a picture, [h, w] or [h, w, 3].")
    if x.shape[1] == channels:
        return x
    return x.mean(1, keepdim=True) if channels == 1 else x.expand(-1, 3, -1, -1)
