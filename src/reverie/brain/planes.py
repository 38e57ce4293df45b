"""A tensor as the planes of its bytes, each deflated where that makes it smaller.

The high bytes of sums are nearly all alike, the low ones are like noise. So the first bytes of all numbers are put side
by side, then the second ones, and so on. Whole numbers of either sign are folded before: 0, −1, 1, −2 become 0, 1, 2,
3, so that small numbers have high bytes of zero. What is unpacked is the same to the last bit.
"""

import math
import zlib
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reverie.errors import CorruptFile

__all__ = ["bytes_said", "pack_planes", "unpack_planes"]

_CHUNK = 2**18  # numbers that are taken apart at once: they stay in the cache
_SAMPLE = 2**12  # bytes of each of the places where it is tried whether a plane is worth deflating
_PLACES = 8
_WORTH = 0.8  # of its size: a plane that would be larger is stored as it is, which takes no time
_KINDS = {
    str(kind).removeprefix("torch."): kind
    for kind in (
        *(torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64, torch.bool),
        *(torch.float16, torch.bfloat16, torch.float32, torch.float64),
    )
}
_SIGNED = ("int8", "int16", "int32", "int64")


def pack_planes(tensor: Tensor) -> tuple[dict[str, Any], list[Tensor]]:
    """Pack a tensor.

    Returns
    -------
    (dict, list of Tensor)
        `dtype`, `shape` and which planes are deflated; the planes, as bytes.

    Examples
    --------
    >>> how, planes = pack_planes(torch.arange(-5000, 5000, dtype=torch.int32))
    >>> how["dtype"], how["shape"], how["deflated"]
    ('int32', [10000], [True, True, True, True])
    >>> bool((unpack_planes(how, planes) == torch.arange(-5000, 5000)).all())
    True
    """
    kind = str(tensor.dtype).removeprefix("torch.")
    words = _words(tensor.contiguous())
    signed = kind in _SIGNED
    deflated = [_worth(plane) for plane in _planes(_sampled(words), signed)]
    makers = [zlib.compressobj(1, zlib.DEFLATED, -15, 9, zlib.Z_RLE) if one else None for one in deflated]
    parts = [bytearray(0 if maker else len(words)) for maker in makers]
    for start in range(0, len(words), _CHUNK):
        for plane, maker, part in zip(_planes(words[start : start + _CHUNK], signed), makers, parts, strict=True):
            if maker is None:
                part[start : start + len(plane)] = plane.data
            else:
                part += maker.compress(plane.data)
    for maker, part in zip(makers, parts, strict=True):
        if maker is not None:
            part += maker.flush()
    planes = [
        torch.frombuffer(part, dtype=torch.uint8) if part else torch.zeros(0, dtype=torch.uint8) for part in parts
    ]
    return {"dtype": kind, "shape": list(tensor.shape), "deflated": deflated}, planes


def bytes_said(how: Any) -> int:
    """The bytes of the tensor, by its description, which is checked; nothing is allocated.

    Raises
    ------
    CorruptFile
    """
    kind, shape = (how.get("dtype"), how.get("shape")) if isinstance(how, dict) else (None, None)
    if not isinstance(shape, list) or len(shape) > 8 or not isinstance(kind, str) or kind not in _KINDS:
        raise CorruptFile("A tensor is described as none can be.")
    if not all(isinstance(side, int) and 0 <= side < 2**48 for side in shape):
        raise CorruptFile(f"A tensor is said to have the shape {shape}.")
    return math.prod(shape) * _KINDS[kind].itemsize


def unpack_planes(how: dict[str, Any], planes: list[Tensor]) -> Tensor:
    """The tensor that `pack_planes` has packed.

    Raises
    ------
    CorruptFile
        The planes are not what the description says.
    """
    kind = _KINDS[how["dtype"]]
    width, count = kind.itemsize, bytes_said(how) // kind.itemsize
    deflated = how.get("deflated")
    if not isinstance(deflated, list) or len(deflated) != width or len(planes) != width:
        raise CorruptFile("A tensor has not as many planes as bytes in a number.")
    if count == 0:
        return torch.empty(how["shape"], dtype=kind)
    raw = [_plane(plane, bool(one), count) for plane, one in zip(planes, deflated, strict=True)]
    words = np.empty(count, dtype=f"<u{width}")
    signed = how["dtype"] in _SIGNED
    for start in range(0, count, _CHUNK):
        part = words[start : start + _CHUNK]
        into = part.view(np.uint8).reshape(-1, width)
        for index, plane in enumerate(raw):
            into[:, index] = plane[start : start + _CHUNK]
        if signed:
            part[:] = (part >> 1) ^ (0 - (part & 1)).astype(part.dtype)
    return torch.from_numpy(words.view(np.uint8)).view(kind).reshape(how["shape"])


def _words(tensor: Tensor) -> NDArray[Any]:
    """A tensor's numbers, as bits."""
    flat: NDArray[Any] = tensor.reshape(-1).view(torch.uint8).numpy()
    return flat.view(f"<u{tensor.element_size()}")


def _planes(words: NDArray[Any], signed: bool) -> NDArray[np.uint8]:
    """The bytes of numbers, plane by plane; those of signed numbers folded."""
    width = words.itemsize
    if signed:
        values = words.view(f"<i{width}")
        words = ((values << 1) ^ (values >> (8 * width - 1))).view(words.dtype)
    return np.ascontiguousarray(words.view(np.uint8).reshape(-1, width).T)


def _sampled(words: NDArray[Any]) -> NDArray[Any]:
    if len(words) <= _SAMPLE * _PLACES:
        return words
    starts = np.linspace(0, len(words) - _SAMPLE, _PLACES, dtype=np.int64).tolist()
    return np.concatenate([words[start : start + _SAMPLE] for start in starts])


def _worth(plane: NDArray[np.uint8]) -> bool:
    return len(zlib.compress(plane.tobytes(), 1)) < _WORTH * len(plane)


def _plane(data: Tensor, deflated: bool, count: int) -> NDArray[np.uint8]:
    """A plane of so many bytes, and never more."""
    stored: NDArray[np.uint8] = data.numpy()
    if data.dtype != torch.uint8 or data.ndim != 1:
        raise CorruptFile("A plane of a tensor is not of bytes.")
    if not deflated:
        if len(stored) != count:
            raise CorruptFile(f"A plane of a tensor has {len(stored)} bytes. Expected {count}.")
        return stored
    reader = zlib.decompressobj(-15)
    try:
        plain = reader.decompress(stored.data, count)
        rest = reader.decompress(reader.unconsumed_tail, 1) if not reader.eof else b""
    except zlib.error as error:
        raise CorruptFile(f"A plane of a tensor cannot be inflated ({error}).") from None
    if len(plain) != count or rest or not reader.eof or reader.unused_data:
        raise CorruptFile(f"A plane of a tensor does not inflate to {count} bytes.")
    return np.frombuffer(plain, dtype=np.uint8)
