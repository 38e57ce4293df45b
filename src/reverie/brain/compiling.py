"""What senses that have been compiled see differently at a glance, found without any picture that was learned.

Pictures are made up: noise of as much power in every octave, as in photographs, of any brightness and contrast.

Reference: Field, 1987, JOSA A 4 (the amplitude of natural scenes falls as one over the frequency).
"""

import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn.functional import interpolate

from reverie.brain.senses import Senses

__all__ = ["distortion", "made_up_pictures"]

_PICTURES = 200


def distortion(senses: Senses, generator: torch.Generator) -> Float[Tensor, "n d"]:
    """By how much a glance at pictures of noise differs from their keys."""
    assert senses.shape is not None
    pictures = made_up_pictures(_PICTURES, senses.shape, generator)
    return senses.glance(pictures).float() - senses.keys(pictures).float()


def made_up_pictures(n: int, shape: tuple[int, ...], generator: torch.Generator) -> UInt8[Tensor, "n *shape"]:
    """Grey levels, or colours that mostly go together."""
    height, width, colours = (*shape, 1)[:3]
    seen, side = torch.zeros(n, colours, height, width), 2
    while side <= max(height, width):
        grey = torch.randn(n, 1, side, side, generator=generator)
        coloured = torch.randn(n, colours, side, side, generator=generator)
        seen += interpolate(grey + 0.3 * coloured, (height, width), mode="bilinear", align_corners=False)
        side *= 2
    seen = seen / seen.std((1, 2, 3), keepdim=True)
    contrast = 10 + 60 * torch.rand(n, 1, 1, 1, generator=generator)
    brightness = 255 * torch.rand(n, 1, 1, 1, generator=generator)
    levels = (brightness + contrast * seen).round().clamp(0, 255).to(torch.uint8)
    return levels.movedim(1, -1).reshape(n, *shape)
