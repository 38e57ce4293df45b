"""A code of a few hundred bytes for what a visual cortex sees of a picture: a trace, from which a network can learn.

    picture → map of spike counts, g × g places of 2K cells     filters, each with its mirror image, pooled
            → components of the cells                           Karhunen-Loève transform; each even or odd when mirrored
            → coefficients of a component's places              Karhunen-Loève transform of its own
            → whole numbers of 0…6 bits each                    bits go where they lessen the error most

All of it is fitted on the first pictures and fixed then. From the spike counts on it is kept in whole numbers and
computed in them, so that equal spike counts have the same code on every machine. `decode` gives the components at the
places, without what the code has dropped; mirrored, a map is flipped, and its odd components change their sign.

References: Huang & Schultheiss, 1963, IEEE Transactions on Communications Systems 11 (block quantisation); Max, 1960,
IRE Transactions on Information Theory 6 (levels of a quantiser).
"""

import hashlib
import math

import numpy as np
import torch
from jaxtyping import Float, Int64, Num, UInt8
from torch import Tensor, nn

from reverie.contracts import State
from reverie.errors import BadData, CorruptFile
from reverie.layers.cortex import VisualCortex

__all__ = ["LARGEST_TRACE", "TraceCode"]

LARGEST_TRACE = 4096
"""No code has more bytes."""

_GRID = 7  # places a side, at most
_FILTERS = 64  # and as many mirror images
_COMPONENTS = 128
_PLACE = 8  # bytes a place, at most
_SMALLER = 4  # times: a code has no more bytes than the picture divided by this, and no fewer than _FEWEST
_FEWEST = 32
_UNIT = 127  # largest entry of a transform
_STEPS = 1024  # in which levels are kept, to a standard deviation
_SHRUNK = 50  # samples that what all components share counts for
_FACTORS = (1.0, 0.5, 0.1762, 0.0545, 0.0154, 0.00414, 0.00107)  # error of Laplace's distribution with 0…6 bits
_ROUNDS = 30  # of finding levels
_BLOCK = 500  # pictures at once


class TraceCode(nn.Module):
    """Pictures to codes, and codes to maps. Made by `TraceCode.of`.

    Attributes
    ----------
    cortex : VisualCortex
        Makes the map: 64 filters of a brain's cortex, then their mirror images, pooled over a finer grid.
    centre : UInt8[Tensor, "places cells"]
        Its mean.
    across : Int8[Tensor, "cells c"]
        Cells to components.
    sign : Int8[Tensor, " c"]
        1 for those that are even when mirrored, −1 for odd ones.
    along : Int8[Tensor, "c places places"]
        Places of a component to coefficients, for each component.
    spread : Int32[Tensor, " j"]
        Standard deviation of the coefficients, place by place of each component, in their own units.
    bits : UInt8[Tensor, " j"]
        How many each of these has.
    levels : Int64[Tensor, "7 64"]
        Of coefficients with so many bits, in 1024ths of their deviation.

    Examples
    --------
    >>> source = torch.Generator().manual_seed(0)
    >>> cortex = VisualCortex((12, 12), filters=5, patch=3, generator=source)
    >>> pictures = torch.randint(256, (40, 12, 12), dtype=torch.uint8, generator=source)
    >>> code = TraceCode.of(cortex, pictures[:20])
    >>> code(pictures).shape, code.decode(code(pictures)).shape
    (torch.Size([40, 36]), torch.Size([40, 20, 7, 7]))
    """

    centre: Tensor
    across: Tensor
    sign: Tensor
    along: Tensor
    spread: Tensor
    bits: Tensor
    levels: Tensor

    def __init__(self, cortex: VisualCortex, parts: dict[str, Tensor]) -> None:
        super().__init__()
        self.cortex = cortex
        for name in _PARTS:
            self.register_buffer(name, parts[name])
        self._tables: tuple[Tensor, Tensor] | None = None

    @classmethod
    def of(cls, sight: VisualCortex, first: Num[Tensor, "n *shape"], *, size: int | None = None) -> "TraceCode":
        """Fit a code on pictures.

        Parameters
        ----------
        sight : VisualCortex
            Its first 64 filters are taken.
        first : Tensor
            Pictures, as few as one. They should not be coded later: a network would learn that their error is smaller.
        size : int, optional
            Bytes of a code. None: eight for each place, at most a quarter of the pixels' bytes.
        """
        cortex = _mirrored_cortex(sight, first)
        cells = 2 * len(cortex.filters)
        maps = torch.cat([_maps(cortex, part) for part in first.split(_BLOCK)]).double()
        places = maps.shape[1]
        if size is None:
            size = min(_PLACE * places, max(_FEWEST, math.prod(sight.shape) // _SMALLER))
        both = torch.cat([maps, _flipped(maps, cortex.grid)[..., _twins(cells)]])
        centre = both.mean(0).round()
        away = both - centre
        across, sign = _components(away.reshape(-1, cells))
        seen = (away @ across.double() / _UNIT).round()  # n, places, c
        along = _spatial(seen)
        found = torch.einsum("npc,cpq->ncq", seen, along.double()).flatten(1) / _UNIT
        found = found.round()
        spread = found.square().mean(0).sqrt().round().clamp_min(1).long()
        error = _error_of(across, along)
        bits = _share_out(spread.double().square() * error, 8 * size)
        levels = torch.stack([_levels(found, spread, bits, depth) for depth in range(len(_FACTORS))])
        parts = dict(
            zip(_PARTS, (centre.to(torch.uint8), across, sign, along, spread.int(), bits, levels), strict=True)
        )
        return cls(cortex, parts)

    @classmethod
    def from_state(cls, state: State, shape: tuple[int, ...]) -> "TraceCode":
        """The code that `state_dict` told of, for pictures of a shape.

        Raises
        ------
        CorruptFile
            Its parts do not fit one another.
        """
        try:
            cortex = state["cortex.filters"]
            side = round((cortex.shape[1] / math.prod(shape[2:])) ** 0.5)
            grid = math.isqrt(len(state["centre"]))
            made = _unformed(shape, len(cortex), side, grid, _number(state["threshold"]))
            code = cls(made, {name: state[name].clone() for name in _PARTS})
            made.load_state_dict({name: state[f"cortex.{name}"] for name in made.state_dict()})
            code.expect_sound()
        except (KeyError, TypeError, ValueError, RuntimeError, AttributeError, IndexError, BadData) as error:
            raise CorruptFile(f"It holds a code of traces that is none ({type(error).__name__}: {error}).") from None
        return code

    def state(self) -> State:
        """For keeping."""
        return {**self.state_dict(), "threshold": self.cortex.threshold}

    def expect_sound(self) -> None:
        """Refuse parts that do not fit one another."""
        places, cells = self.centre.shape
        c = len(self.sign)
        depths = len(_FACTORS)
        sound = (
            places == self.cortex.grid**2
            and cells == 2 * len(self.cortex.filters)
            and cells % 4 == 0
            and self.across.shape == (cells, c)
            and self.along.shape == (c, places, places)
            and self.spread.shape == self.bits.shape == (c * places,)
            and self.levels.shape == (depths, 2 ** (depths - 1))
            and [getattr(self, name).dtype for name in _PARTS] == _TYPES
            and int(self.bits.max()) < depths
            and 0 < self.code_bytes <= LARGEST_TRACE
            and bool((self.spread > 0).all())
            and int(self.levels.abs().max()) < 2**20
            and bool((self.levels.diff(dim=1) >= 0).all())
            and all(bool(torch.isfinite(part).all()) for part in self.cortex.buffers())
        )
        if not sound:
            raise ValueError("its parts do not fit one another")

    @property
    def grid(self) -> int:
        """Places a side."""
        return self.cortex.grid

    @property
    def code_bytes(self) -> int:
        """Bytes of a code."""
        return -(-int(self.bits.sum()) // 8)

    @property
    def components(self) -> int:
        """Of a map."""
        return len(self.sign)

    @property
    def bytes(self) -> int:
        """Of all that a code depends on."""
        return sum(value.numel() * value.element_size() for value in self.state_dict().values())

    @property
    def digest(self) -> str:
        """SHA-256 of all that a code depends on."""
        found = hashlib.sha256()
        for name, value in sorted(self.state_dict().items()):
            found.update(f"{name} {value.dtype} {list(value.shape)};".encode())
            found.update(value.contiguous().numpy().tobytes())
        return found.hexdigest()

    @torch.no_grad()
    def forward(self, x: Num[Tensor, "n *shape"]) -> UInt8[Tensor, "n size"]:
        """The codes of pictures."""
        return torch.cat([self._code(part) for part in x.split(_BLOCK)])

    def _code(self, x: Num[Tensor, "n *shape"]) -> UInt8[Tensor, "n size"]:
        away = _maps(self.cortex, x).float() - self.centre
        seen = (away @ self.across.float()).div_(_UNIT).round_()  # whole numbers below 2²⁴: exact
        at = seen.permute(2, 1, 0).double().contiguous()  # c, places, n
        values = torch.bmm(self.along.double().transpose(1, 2), at).div_(_UNIT).round_().flatten(0, 1)  # j, n
        bounds, _ = self._made()
        planes = np.zeros((len(x), 8 * self.code_bytes), dtype=np.uint8)
        start = 0
        for depth in range(1, len(_FACTORS)):
            of = (self.bits == depth).nonzero().flatten()
            if len(of):
                index = torch.searchsorted(bounds[of, : 2**depth - 1], values[of] * (2 * _STEPS))
                digits = (index.T.numpy()[..., None] >> np.arange(depth)) & 1
                planes[:, start : start + depth * len(of)] = digits.reshape(len(x), -1)
                start += depth * len(of)
        return torch.from_numpy(np.packbits(planes, axis=1))

    @torch.no_grad()
    def decode(self, codes: UInt8[Tensor, "n size"]) -> Float[Tensor, "n c side side"]:
        """Components at the places, in units of a typical one."""
        n, planes, start = len(codes), np.unpackbits(codes.contiguous().numpy(), axis=1), 0
        _, values = self._made()
        found = torch.zeros(len(self.bits), n)
        for depth in range(1, len(_FACTORS)):
            of = (self.bits == depth).nonzero().flatten()
            if len(of):
                digits = planes[:, start : start + depth * len(of)].reshape(n, len(of), depth).astype(np.int64)
                index = torch.from_numpy((digits << np.arange(depth)).sum(2).T)
                found[of] = values[of].gather(1, index)
                start += depth * len(of)
        places = self.along.shape[1]
        size = self.along.float().square().sum(1, keepdim=True) / _UNIT
        back = (self.along.float() / size).transpose(1, 2)  # the rows of a transform are nearly orthogonal
        seen = torch.bmm(found.view(self.components, places, n).transpose(1, 2), back)  # c, n, places
        scale = self.across.float().square().sum(0).sqrt() / _UNIT
        seen = seen / scale[:, None, None]
        unit = (seen.new_tensor(self._typical())).clamp_min(1e-6)
        return (seen / unit).transpose(0, 1).reshape(n, self.components, self.grid, self.grid).contiguous()

    def mirrored(self, maps: Float[Tensor, "n c side side"]) -> Float[Tensor, "n c side side"]:
        """What `decode` would give of the mirror images."""
        return maps.flip(3) * self.sign.to(maps.dtype)[:, None, None]

    def _typical(self) -> float:
        """Deviation of a component at a place, on average over the map."""
        size = self.along.double().square().sum(1).sqrt() / _UNIT
        across = self.across.double().square().sum(0).sqrt() / _UNIT
        power = (self.spread.double().view(size.shape) / size).square().mean(1) / across.square()
        return float(power.mean().sqrt())

    def _made(self) -> tuple[Tensor, Tensor]:
        """Bounds between levels [j, 63], in 2048ths of a unit, and the levels themselves [j, 64]."""
        if self._tables is None:
            levels = self.levels[self.bits.long()]
            spread = self.spread.long()[:, None]
            bounds = (levels[:, :-1] + levels[:, 1:]) * spread
            self._tables = bounds.double(), (levels * spread).float() / _STEPS
        return self._tables


_PARTS = ("centre", "across", "sign", "along", "spread", "bits", "levels")
_TYPES = [torch.uint8, torch.int8, torch.int8, torch.int8, torch.int32, torch.uint8, torch.int64]


def _unformed(shape: tuple[int, ...], filters: int, patch: int, grid: int, threshold: float) -> VisualCortex:
    source = torch.Generator().manual_seed(0)
    return VisualCortex(shape, filters=filters, patch=patch, grid=grid, threshold=threshold, generator=source)


def _number(value: float) -> float:
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"a threshold of {value!r}")
    return float(value)


def _mirrored_cortex(sight: VisualCortex, pictures: Tensor) -> VisualCortex:
    """A cortex with some of the filters, each followed by its mirror image; it pools over a fine grid."""
    kernel = (sight.whitening @ sight.filters[:_FILTERS].T).T
    form = (-1, sight.patch, sight.patch, *sight.shape[2:])
    kernel = torch.cat([kernel, kernel.view(form).flip(2).reshape(kernel.shape)])
    mean = sight.mean.view(form[1:])
    grid = min(_GRID, *(side - sight.patch + 1 for side in sight.shape[:2]))
    made = _unformed(sight.shape, len(kernel), sight.patch, grid, sight.threshold)
    made.filters.copy_(kernel)
    made.mean.copy_(((mean + mean.flip(1)) / 2).flatten())
    made.rescale(pictures[:_BLOCK])
    half = len(kernel) // 2
    made.gain.copy_(((made.gain[:half] + made.gain[half:]) / 2).repeat(2))
    return made


def _maps(cortex: VisualCortex, x: Tensor) -> UInt8[Tensor, "n places cells"]:
    found: Tensor = cortex(x)
    return found.view(len(x), cortex.grid**2, -1)


def _flipped(maps: Float[Tensor, "n places cells"], grid: int) -> Float[Tensor, "n places cells"]:
    return maps.view(len(maps), grid, grid, -1).flip(2).reshape(maps.shape)


def _twins(cells: int) -> Int64[Tensor, " cells"]:
    """Of each cell, the one of the mirrored filter: on-cells [filters, mirrored], then off-cells."""
    quarter = torch.arange(cells).view(2, 2, cells // 4)
    return quarter.flip(1).flatten()


def _components(away: Float[Tensor, "m cells"]) -> tuple[Tensor, Tensor]:
    """The strongest components of the cells, the even and the odd ones apart; and their signs."""
    cells = away.shape[1]
    covariance = away.T @ away / len(away)
    quarter = torch.eye(cells, dtype=torch.float64).view(cells, 2, 2, cells // 4)
    found = []
    for sign in (1, -1):
        basis = ((quarter[:, :, 0] + sign * quarter[:, :, 1]) / 2**0.5).flatten(1)  # cells, cells / 2
        values, turned = torch.linalg.eigh(basis.T @ covariance @ basis)
        found.append((values, basis @ turned, torch.full((len(values),), sign, dtype=torch.int8)))
    values, directions, signs = (torch.cat(parts, -1) for parts in zip(*found, strict=True))
    order = values.argsort(descending=True, stable=True)[:_COMPONENTS]
    return _whole(directions[:, order]), signs[order]


def _spatial(seen: Float[Tensor, "n places c"]) -> Tensor:
    """The transform of each component's places, shrunk to what is common to all where there are few samples."""
    by_component = seen.permute(2, 1, 0)
    own = by_component @ by_component.transpose(1, 2) / len(seen)
    power = own.diagonal(dim1=1, dim2=2).sum(1)
    shared = own.sum(0) / power.sum().clamp_min(1e-12)
    weight = len(seen) / (len(seen) + _SHRUNK)
    _, turned = torch.linalg.eigh(weight * own + (1 - weight) * power[:, None, None] * shared)
    return torch.stack([_whole(one.flip(1)) for one in turned])


def _whole(matrix: Float[Tensor, "d k"]) -> Tensor:
    """Columns in eight bits, each as large as it can be."""
    largest = matrix.abs().amax(0).clamp_min(1e-12)
    found: Tensor = (_UNIT * matrix / largest).round().to(torch.int8)
    return found


def _error_of(across: Tensor, along: Tensor) -> Float[Tensor, " j"]:
    """What an error of one, squared, of each coefficient is in the map."""
    cells = across.double().square().sum(0) / _UNIT**2
    places = along.double().square().sum(1) / _UNIT**2
    return (1 / (places * cells[:, None])).flatten()


def _share_out(power: Float[Tensor, " j"], total: int) -> UInt8[Tensor, " j"]:
    """How many bits each coefficient gets: each bit goes where it lessens the squared error most."""
    factors = torch.tensor(_FACTORS, dtype=torch.float64)
    gains = power[:, None] * (factors[:-1] - factors[1:])
    chosen = torch.zeros(gains.numel(), dtype=torch.bool)
    chosen[gains.flatten().topk(min(total, gains.numel())).indices] = True
    return chosen.view(gains.shape).sum(1).to(torch.uint8)


def _levels(found: Float[Tensor, "n j"], spread: Tensor, bits: Tensor, depth: int) -> Int64[Tensor, " most"]:
    """Levels for the coefficients with `depth` bits: those with the least squared error, by Lloyd's rounds."""
    most, count = 2 ** (len(_FACTORS) - 1), 2**depth
    of = bits == depth
    if depth == 0 or not bool(of.any()):
        return torch.zeros(most, dtype=torch.int64)
    values = (found[:, of] / spread[of]).flatten().sort().values
    values = values[:: max(1, len(values) // 100_000)].contiguous()
    levels = torch.quantile(values, (torch.arange(count, dtype=torch.float64) + 0.5) / count)
    for _ in range(_ROUNDS):
        at = torch.bucketize(values, (levels[1:] + levels[:-1]) / 2)
        sums = torch.zeros(count, dtype=torch.float64).index_add_(0, at, values)
        there = torch.bincount(at, minlength=count)
        levels = torch.where(there > 0, sums / there.clamp_min(1), levels).sort().values
    whole = (_STEPS * levels).round().long()
    return torch.cat([whole, whole[-1:].expand(most - count)])
