"""The tensors of a snapshot, packed: by themselves, or as what differs from those of a newer one.

Each tensor is described by how it was packed (`how`)::

    plain   small: as it is
    whole   the planes of its bytes, see `reverie.brain.planes`
    same    that of the newer snapshot
    minus   whole numbers, less those of the newer one (they wrap around), in planes; rows beyond those as they are
    runs    stretches of the newer one, and in planes what lies between them, see `reverie.brain.runs`

Descriptions and packed bytes may be a stranger's. Before a tensor is made, the bytes that all of them would have are
compared with the bytes that were read.
"""

import hashlib
from typing import Any

import numpy as np
import torch
from torch import Tensor

from reverie.brain.planes import bytes_said, pack_planes, unpack_planes
from reverie.brain.runs import common_runs, copied
from reverie.errors import CorruptFile

__all__ = ["Packed", "digest_of", "pack_difference", "pack_whole", "unpack"]

_SMALL = 4096  # bytes up to which a tensor is left as it is
_FREE, _TIMES = 512 * 2**20, 20  # bytes that may be unpacked: so many, and so many times what was read
_WHOLE = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)

Tensors = dict[str, Tensor]
Packed = tuple[dict[str, Any], Tensors]
"""How each tensor was packed, and what it was packed to."""


def pack_whole(tensors: Tensors) -> Packed:
    """Pack tensors by themselves.

    Examples
    --------
    >>> tensors = {"0": torch.arange(5000), "1": torch.ones(3)}
    >>> how, packed = pack_whole(tensors)
    >>> how["0"]["way"], how["1"]["way"], sum(part.numel() for part in packed.values()) < 20000
    ('whole', 'plain', True)
    >>> digest_of(unpack(how, packed)) == digest_of(tensors)
    True
    """
    made = _Packing()
    for name, tensor in tensors.items():
        made.add(name, tensor)
    return made.done(tensors)


def pack_difference(tensors: Tensors, newer: Tensors, names: dict[str, str]) -> Packed:
    """Pack tensors as what differs from newer ones.

    Parameters
    ----------
    names : dict
        Of each tensor, the name of the newer one that it is compared with, where there is one.

    Examples
    --------
    >>> old, new = {"0": torch.arange(50_000)}, {"7": torch.arange(50_000) + 3}
    >>> how, packed = pack_difference(old, new, {"0": "7"})
    >>> how["0"]["way"], sum(part.numel() for part in packed.values()) < 2500
    ('minus', True)
    >>> torch.equal(unpack(how, packed, new)["0"], old["0"])
    True
    """
    made = _Packing()
    for name, tensor in tensors.items():
        made.add_difference(name, tensor, names.get(name, ""), newer.get(names.get(name, "")))
    return made.done(tensors)


def unpack(how: Any, packed: Tensors, newer: Tensors | None = None, *, read: int = 0) -> Tensors:
    """The tensors again.

    Parameters
    ----------
    newer : dict, optional
        Tensors of the newer snapshot, where these are what differs from it.
    read : int
        Bytes that were read for `newer`.

    Raises
    ------
    CorruptFile
        The descriptions are not such as are written here, or do not fit the bytes.
    """
    newer = newer or {}
    read += _bytes(packed)
    if not isinstance(how, dict):
        raise CorruptFile("Tensors are described as none can be.")
    said = sum(bytes_said(one) for one in how.values())
    if said > _FREE + _TIMES * read:
        raise CorruptFile(f"Tensors would be unpacked to {said} bytes, of {read}. Expected no such file.")
    try:
        return {name: _unpacked(name, one, packed, newer) for name, one in how.items()}
    except (KeyError, TypeError, ValueError, RuntimeError, IndexError) as error:
        raise CorruptFile(f"Tensors are described as none can be ({type(error).__name__}: {error}).") from None


def digest_of(tensors: Tensors) -> str:
    """SHA-256 of tensors: names, types, shapes and numbers."""
    digest = hashlib.sha256()
    for name, tensor in tensors.items():
        digest.update(f"{name} {tensor.dtype} {list(tensor.shape)};".encode())
        digest.update(_bits(tensor.contiguous(), 1).data)
    return digest.hexdigest()


class _Packing:
    """What has been packed so far."""

    def __init__(self) -> None:
        self.how: dict[str, Any] = {}
        self.packed: Tensors = {}

    def add(self, name: str, tensor: Tensor) -> None:
        """By itself."""
        if tensor.numel() * tensor.element_size() <= _SMALL:
            self._plain(name, tensor)
        else:
            self.how[name] = {"way": "whole"} | self._planes(name, tensor)

    def add_difference(self, name: str, tensor: Tensor, of: str, newer: Tensor | None) -> None:
        alike = newer is not None and newer.dtype == tensor.dtype and newer.ndim == tensor.ndim
        if not alike or newer is None or tensor.numel() * tensor.element_size() <= _SMALL:
            self.add(name, tensor)
        elif newer.shape == tensor.shape and _same(newer, tensor):
            self.how[name] = {"way": "same", "of": of, **_form(tensor)}
        elif tensor.dtype in _WHOLE and newer.shape[1:] == tensor.shape[1:]:
            self.how[name] = {"way": "minus", "of": of} | self._planes(name, _moved(tensor, newer, -1))
        elif tensor.element_size() in (4, 8):
            width = tensor.element_size()
            words = _bits(tensor, width)
            runs = common_runs(words, _bits(newer, width))
            left = np.ones(len(words), dtype=bool)
            for start, _, length in runs:
                left[start : start + length] = False
            rest = torch.from_numpy(words[left].view(np.uint8)).view(tensor.dtype)
            self.how[name] = {"way": "runs", "of": of, "runs": runs, "rest": self._planes(name, rest), **_form(tensor)}
        else:
            self.add(name, tensor)

    def done(self, tensors: Tensors) -> Packed:
        """What has been packed; where it could not be unpacked within the bounds, all as it is."""
        if _bytes(tensors) > _FREE + _TIMES * _bytes(self.packed):
            self.how, self.packed = {}, {}
            for name, tensor in tensors.items():
                self._plain(name, tensor)
        return self.how, self.packed

    def _plain(self, name: str, tensor: Tensor) -> None:
        self.how[name] = {"way": "plain", **_form(tensor)}
        self.packed[name] = tensor

    def _planes(self, name: str, tensor: Tensor) -> dict[str, Any]:
        described, planes = pack_planes(tensor)
        self.packed |= {f"{name}.{index}": plane for index, plane in enumerate(planes)}
        return described


def _unpacked(name: str, how: dict[str, Any], packed: Tensors, newer: Tensors) -> Tensor:
    way = how["way"]
    if way == "plain":
        found = packed[name]
    elif way == "whole":
        found = unpack_planes(how, _planes_of(name, how, packed))
    elif way == "same":
        found = newer[how["of"]]
    elif way == "minus":
        found = _moved(unpack_planes(how, _planes_of(name, how, packed)), newer[how["of"]], +1)
    elif way == "runs":
        found = _copied(name, how, packed, newer[how["of"]])
    else:
        raise CorruptFile(f"A tensor was packed as {way!r}, which is no way.")
    if _form(found) != {"dtype": how["dtype"], "shape": how["shape"]}:
        raise CorruptFile("A tensor is of another form than it is described as.")
    return found


def _copied(name: str, how: dict[str, Any], packed: Tensors, newer: Tensor) -> Tensor:
    rest = how["rest"]
    count = bytes_said(how) // newer.element_size()
    bytes_said(rest)
    if rest["dtype"] != how["dtype"] or _form(newer)["dtype"] != how["dtype"] or newer.element_size() not in (4, 8):
        raise CorruptFile("A tensor is of another type than its stretches.")
    end = total = 0
    for start, there, length in how["runs"]:
        if not (end <= start and there >= 0 and length > 0 and there + length <= newer.numel()):
            raise CorruptFile("A tensor has stretches that are none.")
        end, total = start + length, total + length
    if end > count or rest["shape"] != [count - total]:
        raise CorruptFile("A tensor has stretches that are none.")
    between = unpack_planes(rest, _planes_of(name, rest, packed))
    width = newer.element_size()
    made = copied(how["runs"], _bits(between, width), _bits(newer, width), count)
    return torch.from_numpy(made.view(np.uint8)).view(newer.dtype).reshape(how["shape"])


def _planes_of(name: str, how: dict[str, Any], packed: Tensors) -> list[Tensor]:
    return [packed[f"{name}.{index}"] for index in range(len(how["deflated"]))]


def _moved(tensor: Tensor, by: Tensor, sign: int) -> Tensor:
    """The tensor, more or less another one, as far as both go; whole numbers wrap around."""
    if by.dtype != tensor.dtype or by.ndim != tensor.ndim or by.shape[1:] != tensor.shape[1:]:
        raise CorruptFile("A tensor differs from one of another form.")
    moved = tensor.clone().reshape(-1)
    count = min(len(moved), by.numel())
    moved[:count].add_(by.reshape(-1)[:count], alpha=sign)
    return moved.reshape(tensor.shape)


def _same(one: Tensor, other: Tensor) -> bool:
    """To the last bit."""
    return bool(np.array_equal(_bits(one, 1), _bits(other, 1)))


def _bits(tensor: Tensor, width: int) -> Any:
    return tensor.contiguous().reshape(-1).view(torch.uint8).numpy().view(f"<u{width}")


def _form(tensor: Tensor) -> dict[str, Any]:
    return {"dtype": str(tensor.dtype).removeprefix("torch."), "shape": list(tensor.shape)}


def _bytes(tensors: Tensors) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
