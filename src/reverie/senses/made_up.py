"""Samples of no meaning, to measure times on, and what senses that have been compiled see differently at a glance.

Pictures are noise of as much power in every octave, as in photographs, of any brightness and contrast; vectors are
noise of any length, for an expansion is told their direction and little else.

Reference: Field, 1987, JOSA A 4 (the amplitude of natural scenes falls as one over the frequency).
"""

import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn.functional import interpolate, normalize

__all__ = ["made_up_pictures", "made_up_sentences", "made_up_vectors"]

_WORDS = 500


def made_up_vectors(n: int, inputs: int, generator: torch.Generator) -> Float[Tensor, "n inputs"]:
    """Of any direction, and of any length from a hundredth to a hundred."""
    length = 10 ** (4 * torch.rand(n, 1, generator=generator) - 2)
    return length * normalize(torch.randn(n, inputs, generator=generator))


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


def made_up_sentences(n: int, generator: torch.Generator) -> list[str]:
    """Eight words each."""
    words = torch.randint(0, _WORDS, (n, 8), generator=generator).tolist()
    return [" ".join(f"word{word}" for word in sentence) for sentence in words]
