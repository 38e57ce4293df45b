"""What is at each place of a frame: a key of spike counts for every pixel.

At several scales, filters of a visual cortex look at the patch around each place (`reverie.layers.cortex`); their
on-cells and off-cells are pooled over the neighbours. Beside them stand the means and spreads of the three colours over
growing surrounds, the colours some way up, down, left and right of it, and the place itself::

    simple cells    a_k = f_k · whiten(normalise(patch)),    on max(a_k − θ, 0),  off max(−a_k − θ, 0)
    key             spikes( W u + b ),  u the features on the unit sphere       (`reverie.layers.expansion`)

The filters have grown, by competitive Hebbian learning, on pictures of dead leaves (`leaves`): no data was needed, and
two senses of the same settings are the same, so that memories over them can be merged.

Reference: Coates, Lee, Ng, 2011, AISTATS (one layer of whitened k-means features).
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.nn import functional as F

from reverie.contracts import State
from reverie.errors import BadData, CorruptFile
from reverie.functional import CONTRAST_FLOOR
from reverie.layers import Expansion, VisualCortex
from reverie.plasticity import CompetitiveHebb, develop
from reverie.vision.frames import Frame, need_frame, tensor_of
from reverie.vision.leaves import dead_leaves

__all__ = ["DenseSense"]

_SCALES = (1, 2, 4, 8)  # pixels of the frame in one of the picture that the filters see
_SURROUNDS = (1, 3, 7, 15, 31)  # sides of the squares over which colours are averaged, in pixels
_LOOKS = ((-0.12, 0.0), (-0.3, 0.0), (0.12, 0.0), (0.3, 0.0), (0.0, -0.12), (0.0, 0.12))  # in heights of the frame
_LOOK = 7  # side of the square that is looked at there
_MOST = 4096  # filters, and inputs of a key
_LARGEST_PATCH = 11
_ROWS = 4096  # pixels whose keys are made at once
_THRESHOLD = 0.25
_GROUPS = {"filters": 1.0, "colours": 1.0, "looks": 0.5, "place": 0.5}  # shares of the energy of a feature vector


class Grown(NamedTuple):
    """What development leaves: filters with their whitening, and the means and scales of features."""

    kernel: Float[Tensor, "k 3 side side"]
    bias: Float[Tensor, " k"]
    mean: Float[Tensor, " f"]
    scale: Float[Tensor, " f"]


class DenseSense(nn.Module):
    """Frames to keys, one for each pixel, row by row.

    Parameters
    ----------
    filters : int
        Simple cells that see the same patch.
    patch : int
        Side of a patch, in pixels of its scale.
    width : int
        Inputs of a key.
    seed : int
        Of the pictures that filters grow on, and of the expansion.

    Raises
    ------
    BadData
        A number is too small or too large.

    Examples
    --------
    >>> sense = DenseSense(filters=4, width=32)
    >>> keys = sense(torch.zeros(20, 30, 3, dtype=torch.uint8))
    >>> keys.shape, keys.dtype
    (torch.Size([600, 32]), torch.uint8)
    """

    kernel: Tensor
    bias: Tensor
    mean: Tensor
    scale: Tensor

    def __init__(self, *, filters: int = 32, patch: int = 5, width: int = 1500, seed: int = 0) -> None:
        super().__init__()
        if not 1 <= filters <= _MOST or not 2 <= patch <= _LARGEST_PATCH or not 2 <= width <= _MOST:
            raise BadData(
                f"filters is {filters}, patch {patch}, width {width}. Expected 1 to {_MOST} filters, patches of 2 to "
                f"{_LARGEST_PATCH} pixels a side, and keys of 2 to {_MOST} inputs."
            )
        self.settings = {"filters": filters, "patch": patch, "width": width, "seed": seed}
        self.patch, self.width = patch, width
        for name, value in _grown(filters, patch, seed)._asdict().items():
            self.register_buffer(name, value.clone())
        self.expansion = Expansion(len(self.mean), width, generator=torch.Generator().manual_seed(seed + 1))

    def forward(self, frame: Frame) -> UInt8[Tensor, "n width"]:
        return torch.cat(list(self.keys_of(self.features(frame))))

    @torch.no_grad()
    def features(self, frame: Frame) -> Float[Tensor, "n f"]:
        """What the expansion is given."""
        found = _features(_levels(frame), self.kernel, self.bias, self.patch)
        return found.sub_(self.mean).mul_(self.scale)

    def keys_of(self, features: Float[Tensor, "n f"]) -> Iterator[UInt8[Tensor, "m width"]]:
        """Keys of features, some thousand at a time: those of a frame need not be there at once."""
        for rows in features.split(_ROWS):
            yield self.expansion(rows)

    def same_as(self, other: "DenseSense") -> bool:
        """Whether the other one makes the same keys."""
        mine, others = self.state_dict(), other.state_dict()
        return self.settings == other.settings and all(torch.equal(value, others[name]) for name, value in mine.items())

    def state(self) -> State:
        """Its settings and all its numbers: what another machine grows may differ in the last bit."""
        return {"settings": dict(self.settings), "numbers": dict(self.state_dict())}

    @classmethod
    def of(cls, state: State) -> "DenseSense":
        """The sense that a state is of.

        Raises
        ------
        CorruptFile
            The state is not that of a sense.
        """
        try:
            sense = cls(**{name: int(state["settings"][name]) for name in ("filters", "patch", "width", "seed")})
            numbers = {str(name): value for name, value in state["numbers"].items()}
            if not all(bool(value.isfinite().all()) for value in numbers.values()):
                raise ValueError("numbers that are not finite")
            sense.load_state_dict(numbers)
        except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            raise CorruptFile(f"This is not the state of a dense sense ({error}). Restore a copy.") from None
        return sense


@lru_cache(maxsize=4)
def _grown(filters: int, patch: int, seed: int) -> Grown:
    generator = torch.Generator().manual_seed(seed)
    pictures = dead_leaves(12, 120, 160, generator=generator)
    cortex = VisualCortex((120, 160, 3), filters=filters, patch=patch, grid=1, generator=generator)
    develop(cortex, pictures, rule=CompetitiveHebb(), patches=30_000, epochs=3, generator=generator)
    matrix = cortex.whitening @ cortex.filters.T  # inputs, by row, column and colour, × filters
    kernel = matrix.T.reshape(filters, patch, patch, 3).permute(0, 3, 1, 2).contiguous()
    bias = -cortex.mean @ matrix
    some = torch.cat([_features(_levels(picture), kernel, bias, patch) for picture in pictures[:6]])
    parts = [("filters", 8 * filters), ("colours", 6 * len(_SURROUNDS)), ("looks", 3 * len(_LOOKS)), ("place", 5)]
    weights = torch.cat([torch.full((n,), (_GROUPS[name] / n) ** 0.5) for name, n in parts])
    return Grown(kernel, bias, some.mean(0), 2 * weights / some.std(0).clamp_min(1e-6))


def _levels(frame: Frame) -> Float[Tensor, "3 h w"]:
    """A frame as levels 0…1."""
    need_frame(frame)
    return tensor_of(frame).permute(2, 0, 1).float() / 255


def _features(x: Tensor, kernel: Tensor, bias: Tensor, patch: int) -> Tensor:
    _, height, width = x.shape
    parts = [_textures(x, scale, kernel, bias, patch) for scale in _SCALES]
    colours = []
    for side in _SURROUNDS:
        mean = _box(x, side)
        spread = (_box(x.square(), side) - mean.square()).clamp_min(0).sqrt() if side > 1 else _gradient(x)
        colours += [mean, spread]
        if side == _LOOK:
            seen = mean
    parts += colours
    parts += [_shifted(seen, round(down * height), round(across * height)) for down, across in _LOOKS]
    y = torch.linspace(-1, 1, height)[:, None].expand(height, width)
    z = torch.linspace(-1, 1, width).expand(height, width)
    parts.append(torch.stack([y, z, y * y, z * z, y * z]))
    return torch.cat(parts).flatten(1).T


def _textures(x: Tensor, scale: int, kernel: Tensor, bias: Tensor, patch: int) -> Tensor:
    """On-cells and off-cells at one scale, pooled, at the frame's size."""
    _, height, width = x.shape
    small = F.avg_pool2d(x[None], scale, ceil_mode=True) if scale > 1 else x[None]
    before, after = (patch - 1) // 2, patch // 2
    seen = F.pad(small, (before, after, before, after), mode="replicate")
    mean = F.avg_pool2d(seen, patch, stride=1).mean(1, keepdim=True)
    energy = F.avg_pool2d(seen.square(), patch, stride=1).mean(1, keepdim=True)
    gain = ((energy - mean.square()).clamp_min(0) + CONTRAST_FLOOR).rsqrt()
    sums = kernel.sum((1, 2, 3))[:, None, None]
    simple = (F.conv2d(seen, kernel) - mean * sums) * gain + bias[:, None, None]
    cells = torch.cat([(simple - _THRESHOLD).clamp_min(0), (-simple - _THRESHOLD).clamp_min(0)], 1)
    cells = F.avg_pool2d(F.pad(cells, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    if scale > 1:
        cells = F.interpolate(cells, scale_factor=scale, mode="bilinear", align_corners=False)
    return cells[0, :, :height, :width]


def _box(x: Tensor, side: int) -> Tensor:
    """Means over squares; at the border, over the part of them that is in the frame."""
    return F.avg_pool2d(x[None], side, stride=1, padding=side // 2, count_include_pad=False)[0] if side > 1 else x


def _gradient(x: Tensor) -> Tensor:
    padded = F.pad(x[None], (1, 1, 1, 1), mode="replicate")[0]
    return (
        (padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]).square() + (padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]).square()
    ).sqrt()


def _shifted(x: Tensor, down: int, across: int) -> Tensor:
    """What is so far down and to the right of each place, or at the border on the way there."""
    _, height, width = x.shape
    rows = (torch.arange(height) + down).clamp_(0, height - 1)
    columns = (torch.arange(width) + across).clamp_(0, width - 1)
    return x[:, rows][:, :, columns]
