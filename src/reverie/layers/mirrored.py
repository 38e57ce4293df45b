"""One code for a picture and its mirror image.

Where things are as likely seen the other way round, what is learned of a picture holds for its mirror image::

    c(x) = (e(x) + e(x mirrored)) / 2, rounded up,     so that c(x) = c(x mirrored)

A read-out of c is what ridge regression finds when it learns each picture both ways with filters of which each has its
mirror image: but from half as many inputs and half as many samples.

Reference: Haasdonk & Burkhardt, 2007, Machine Learning 68 (invariance by integration over a group).
"""

import torch
from jaxtyping import Num, UInt8
from torch import Tensor, nn

__all__ = ["Mirrored"]


class Mirrored(nn.Module):
    """The mean of an encoder's spike counts of a picture and of its mirror image.

    Parameters
    ----------
    encoder : Module
        Pictures [n, height, width, …] to spike counts 0…127, such as `VisualCortex` or `IntegerCortex`.

    Examples
    --------
    >>> from reverie.layers import VisualCortex
    >>> source = torch.Generator().manual_seed(0)
    >>> both, pictures = Mirrored(VisualCortex((8, 8), filters=5, patch=3, generator=source)), torch.rand(2, 8, 8)
    >>> bool((both(pictures) == both(pictures.flip(2))).all())
    True
    """

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    @torch.no_grad()
    def forward(self, x: Num[Tensor, "n height width *colours"]) -> UInt8[Tensor, "n d"]:
        code: Tensor = (self.encoder(x) + self.encoder(x.flip(2)) + 1) >> 1
        return code
