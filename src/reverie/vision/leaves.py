"""Pictures that no camera has taken: dead leaves, discs of random size, colour and texture that lie over each other.

Their edges, contrasts and power spectrum are those of natural scenes, because they have what makes these: objects of
all sizes that hide each other. Filters that grow on them need no data and are the same everywhere.

Reference: Lee, Mumford, Huang, 2001, International Journal of Computer Vision 41; the radius r has the density r⁻³.
"""

import torch
from jaxtyping import UInt8
from torch import Tensor

__all__ = ["dead_leaves"]

_LEAVES = 400
_LEAST, _LARGEST = 3.0, 60.0  # radii, in pixels


def dead_leaves(n: int, height: int, width: int, *, generator: torch.Generator) -> UInt8[Tensor, "n height width 3"]:
    """Pictures of leaves, of which the first fallen lie lowest.

    Examples
    --------
    >>> dead_leaves(2, 24, 32, generator=torch.Generator().manual_seed(0)).shape
    torch.Size([2, 24, 32, 3])
    """
    found = torch.empty(n, height, width, 3)
    down, across = torch.arange(height)[:, None], torch.arange(width)[None]
    for picture in found:
        picture[:] = torch.rand(3, generator=generator)
        share = torch.rand(_LEAVES, generator=generator)
        radii = (_LEAST**-2 - share * (_LEAST**-2 - _LARGEST**-2)) ** -0.5
        places = torch.rand(_LEAVES, 2, generator=generator) * torch.tensor([height, width])
        light = torch.rand(_LEAVES, 1, generator=generator)
        colours = (light + 0.12 * torch.randn(_LEAVES, 3, generator=generator)).clamp(0, 1)
        slopes = 0.3 * torch.randn(_LEAVES, 2, generator=generator) / radii[:, None]
        rough = 0.08 * torch.rand(_LEAVES, generator=generator)
        for radius, (y, x), colour, (dy, dx), grain in zip(radii, places, colours, slopes, rough, strict=True):
            top, left = max(0, int(y - radius)), max(0, int(x - radius))
            part = (slice(top, int(y + radius) + 2), slice(left, int(x + radius) + 2))
            v, u = down[part[0]] - y, across[:, part[1]] - x
            inside = v.square() + u.square() <= radius**2
            shade = dy * v + dx * u + grain * torch.randn(inside.shape, generator=generator)
            picture[part][inside] = (colour + 0.3 * shade[..., None])[inside]
    return (found.clamp_(0, 1) * 255).round_().to(torch.uint8)
