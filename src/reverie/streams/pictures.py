"""Pictures as they came: files, bytes, PIL images or arrays; decoded when they are asked for, and not before.

A phone's picture has twelve million pixels and a folder holds thousands, so that only what is being learned is in
memory. Pictures with grey levels of more than eight bits are deep: what these pictures show becomes 0…255 by one rule
(`levels`), which a brain keeps.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from reverie.errors import BadData, CorruptFile, ReverieError
from reverie.streams.bad_samples import readable
from reverie.streams.picture_arrays import compose
from reverie.streams.picture_file import fault_of, has_colours, is_deep, load, open_picture, upright_size

__all__ = ["Fit", "Pictures", "common_size"]

Fit = Literal["squash", "crop", "box"]
Levels = tuple[float, float]

_EIGHT = (0.0, 255.0)
_LARGEST = 64  # pixels of a side of the common size
_ASKED = 200  # pictures that tell of all whether there are colours, and which levels
_MEASURED = 2000  # and which size is the most common
_DEAD = 1e-4  # share of a picture's pixels, beside one, that may be dead


class Pictures(Sequence[Any]):
    """Pictures, each as it came. `[slice]` and `[list of int]` give Pictures; nothing is decoded before `arrays`.

    Parameters
    ----------
    items : iterable of path, bytes, PIL image, or array
        An array is [h, w], [h, w, 1], [h, w, 3] or [h, w, 4] (composed on white): uint8, or deep (uint16, int32,
        float).
    names : list of str, optional
        What to call each in an error.

    Examples
    --------
    >>> pictures = Pictures([np.zeros((4, 6), dtype=np.uint8), np.full((4, 6), 9, dtype=np.uint8)])
    >>> len(pictures), pictures.size, pictures.colour
    (2, (6, 4), False)
    >>> pictures[1:].arrays((3, 2), colour=False).tolist()
    [[[9, 9, 9], [9, 9, 9]]]
    """

    def __init__(self, items: Iterable[Any], *, names: Sequence[str] | None = None) -> None:
        self._items = [_taken(item, index) for index, item in enumerate(items)]
        if names is not None and len(names) != len(self._items):
            raise BadData(f"There are {len(self._items)} pictures and {len(names)} names. Give one for each.")
        self.names = [_called(item, i) for i, item in enumerate(self._items)] if names is None else list(names)

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, key: Any) -> "Pictures":
        if isinstance(key, slice):
            places: Sequence[int] = range(len(self))[key]
        else:
            wanted = [key] if isinstance(key, int | np.integer) else key
            places = [range(len(self))[int(place)] for place in wanted]
        part = Pictures([])
        part._items = [self._items[place] for place in places]
        part.names = [self.names[place] for place in places]
        return part

    def __repr__(self) -> str:
        return f"Pictures({len(self)})"

    @property
    def colour(self) -> bool:
        """Whether any of the first 200 has a pixel that is not grey."""
        return any(self._ask(place, _coloured) for place in range(min(len(self), _ASKED)))

    @property
    def size(self) -> tuple[int, int]:
        """The most common (width, height), as the pictures are meant to be seen; of two, the larger."""
        if not len(self):
            raise BadData("There are no pictures. Expected at least one.")
        sizes = Counter(self._ask(place, _size) for place in _spread(len(self), _MEASURED))
        size, _ = max(sizes.items(), key=lambda item: (item[1], item[0]))
        return int(size[0]), int(size[1])

    @property
    def pixels(self) -> int:
        """How many pixels all of them have, by what they say of themselves; nothing is decoded."""
        return sum(int(np.prod(self._ask(place, _size))) for place in range(len(self)))

    def levels(self) -> Levels:
        """(low, high): what becomes black, and what becomes white.

        (0, 255) for pictures of eight bits. For deep ones, the lowest and highest level that these pictures show (200
        of them, spread evenly); single pixels, which may be dead, do not count where others differ.

        Raises
        ------
        BadData
            Where some are deep and others are not.
        """
        places = _spread(len(self), _ASKED)
        deep = [self._ask(place, _deep) for place in places]
        if not any(deep):
            return _EIGHT
        if not all(deep):
            raise _mixture(self.names[places[deep.index(True)]], self.names[places[deep.index(False)]])
        shown = [_range_of(self._decoded(place, False, None)) for place in places]
        low, high = min(one[0] for one in shown), max(one[1] for one in shown)
        if low == high:
            low, high = min(one[2] for one in shown), max(one[3] for one in shown)
        return (low, high) if low < high else (low, low + 1.0)

    def arrays(
        self, size: tuple[int, int], *, colour: bool, fit: Fit = "squash", levels: Levels = _EIGHT
    ) -> NDArray[np.uint8]:
        """Decode: upright, transparency on white, at one size.

        Parameters
        ----------
        size : tuple of int
            (width, height).
        fit : {"squash", "crop", "box"}
            How another aspect ratio fits: squashed; the middle, cropped; or all of it within white margins.
        levels : tuple of float
            (low, high) of deep pictures, which become 0 and 255; what lies beyond is clipped.

        Returns
        -------
        array
            uint8, shape [n, height, width], or [n, height, width, 3] with colours.

        Raises
        ------
        CorruptFile
            A file is torn; its name is in the message.
        BadData
            A picture of eight bits where `levels` are those of deep ones, or the other way round.
        """
        if fit not in ("squash", "crop", "box"):
            raise BadData(f"fit is {fit!r}. Expected 'squash', 'crop' or 'box'.")
        found = np.empty((len(self), size[1], size[0], *((3,) if colour else ())), dtype=np.uint8)
        for place in range(len(self)):
            found[place] = self._array(place, size, colour, fit, (float(levels[0]), float(levels[1])))
        return found

    def faults(self) -> list[tuple[int, str]]:
        """(place, reason) of each that is torn, missing or too large; PNG and JPEG are not decoded for this."""
        found = [
            (place, fault_of(item, self.names[place]))
            for place, item in enumerate(self._items)
            if isinstance(item, Path | bytes)
        ]
        return [(place, reason) for place, reason in found if reason is not None]

    # one picture

    def _ask(self, place: int, question: Any) -> Any:
        item = self._items[place]
        if isinstance(item, np.ndarray):
            return question(item, None, False)
        name = self.names[place]
        with open_picture(item, name) as picture:
            try:
                return question(None, picture, picture is not item)
            except ReverieError:
                raise
            except Exception as error:  # the library raises a dozen kinds
                raise CorruptFile(f"{name} is torn ({type(error).__name__}). Replace or remove it.") from None

    def _decoded(self, place: int, colour: bool, size: tuple[int, int] | None) -> Any:
        """A PIL image of eight bits, or a deep array of floats, [h, w] or [h, w, 3]."""
        item, name = self._items[place], self.names[place]
        if isinstance(item, np.ndarray):
            return _of_array(item, colour)
        with open_picture(item, name) as picture:
            return load(picture, name, colour=colour, size=None if picture is item else size)

    def _array(self, place: int, size: tuple[int, int], colour: bool, fit: Fit, levels: Levels) -> NDArray[np.uint8]:
        shown = self._decoded(place, colour, size)
        if isinstance(shown, np.ndarray):
            whole = self._ask(place, _whole)
            if levels == _EIGHT and not (whole and shown.min() >= 0 and shown.max() <= 255):
                raise BadData(
                    f"{self.names[place]} has more than eight bits; the first pictures had eight. Expected one kind: "
                    "save it with eight bits, or put the deep pictures into a brain of their own."
                )
            return _deep_array(shown, size, colour, fit, levels)
        if levels != _EIGHT:
            raise BadData(
                f"{self.names[place]} has eight bits; the first pictures had more. Expected one kind: give the "
                "original, or put the pictures of eight bits into a brain of their own."
            )
        return np.asarray(_fitted(shown, size, fit, white=255), dtype=np.uint8)


def common_size(pictures: Pictures) -> tuple[int, int]:
    """The most common (width, height), reduced to 64 pixels a side."""
    width, height = pictures.size
    factor = min(1.0, _LARGEST / max(width, height))
    return max(1, round(width * factor)), max(1, round(height * factor))


def _taken(item: Any, index: int) -> Any:
    from PIL import Image

    if isinstance(item, str):
        return Path(item)
    if isinstance(item, bytearray | memoryview):
        return bytes(item)
    if isinstance(item, Path | bytes | Image.Image):
        return item
    array = item.detach().cpu().numpy() if hasattr(item, "detach") else np.asarray(item)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)) or 0 in array.shape:
        raise BadData(f"Picture {index} has shape {array.shape}. Expected [h, w], [h, w, 3] or [h, w, 4].")
    if array.dtype.kind not in "buif":
        raise BadData(f"Picture {index} has type {array.dtype}. Expected uint8, or levels as numbers.")
    return array.astype(np.uint8) * np.uint8(255) if array.dtype.kind == "b" else array


def _called(item: Any, index: int) -> str:
    return readable(str(item)) if isinstance(item, Path) else f"Picture {index}"


def _coloured(array: Any, picture: Any, own: bool) -> bool:
    if array is None:
        return has_colours(picture, reduce=own)
    return array.ndim == 3 and bool((array[..., 0] != array[..., 1]).any() or (array[..., 1] != array[..., 2]).any())


def _size(array: Any, picture: Any, own: bool) -> tuple[int, int]:
    return upright_size(picture) if array is None else (array.shape[1], array.shape[0])


def _deep(array: Any, picture: Any, own: bool) -> bool:
    return is_deep(picture) if array is None else array.dtype != np.uint8


def _whole(array: Any, picture: Any, own: bool) -> bool:
    return picture.mode != "F" if array is None else array.dtype.kind in "ui"


def _spread(total: int, most: int) -> list[int]:
    """At most so many places, evenly among all."""
    return list(range(total)) if total <= most else [place * total // most for place in range(most)]


def _mixture(deep: str, other: str) -> BadData:
    return BadData(
        f"{deep} has more than eight bits and {other} has eight. Expected one kind: save all of them alike, or put "
        "them into two brains."
    )


def _range_of(levels: NDArray[np.floating[Any]]) -> tuple[float, float, float, float]:
    """Low and high without single pixels, and those of all."""
    flat = levels[np.isfinite(levels)].astype(np.float64)
    if not len(flat):
        return 0.0, 0.0, 0.0, 0.0
    aside = min(1 + round(_DEAD * len(flat)), (len(flat) - 1) // 2)
    ordered = np.partition(flat, (aside, len(flat) - 1 - aside))
    return float(ordered[aside]), float(ordered[len(flat) - 1 - aside]), float(flat.min()), float(flat.max())


def _of_array(array: NDArray[Any], colour: bool) -> Any:
    from PIL import Image

    if array.ndim == 3 and array.shape[2] == 4:
        array = compose(array)
    if array.dtype != np.uint8:
        return array.astype(np.float32 if array.dtype.itemsize <= 2 or array.dtype == np.float32 else np.float64)
    return Image.fromarray(np.ascontiguousarray(array)).convert("RGB" if colour else "L")


def _deep_array(
    shown: NDArray[np.floating[Any]], size: tuple[int, int], colour: bool, fit: Fit, levels: Levels
) -> NDArray[np.uint8]:
    from PIL import Image

    low, high = levels
    scaled = np.nan_to_num((shown.astype(np.float64) - low) / (high - low), nan=0.0, posinf=1.0, neginf=0.0)
    scaled = (scaled.clip(0, 1) * 255).astype(np.float32)
    planes = [scaled] if scaled.ndim == 2 else [scaled[..., channel] for channel in range(3)]
    if not colour and len(planes) == 3:
        planes = [(0.299 * planes[0] + 0.587 * planes[1] + 0.114 * planes[2]).astype(np.float32)]
    drawn = [
        np.asarray(_fitted(Image.fromarray(np.ascontiguousarray(plane)), size, fit, white=255.0)) for plane in planes
    ]
    levelled = [np.rint(plane.clip(0, 255)).astype(np.uint8) for plane in drawn]
    if not colour:
        return np.asarray(levelled[0])
    return np.stack(levelled * (3 if len(levelled) == 1 else 1), axis=-1)


def _fitted(picture: Any, size: tuple[int, int], fit: Fit, *, white: float) -> Any:
    """At one size; PIL's bicubic filter averages where it makes smaller."""
    from PIL import Image

    if picture.size == size:
        return picture
    if fit == "squash":
        return picture.resize(size)
    ratios = (size[0] / picture.width, size[1] / picture.height)
    if fit == "crop":
        factor = max(ratios)
        width, height = size[0] / factor, size[1] / factor
        left, top = max(0.0, (picture.width - width) / 2), max(0.0, (picture.height - height) / 2)
        return picture.resize(
            size, box=(left, top, min(picture.width, left + width), min(picture.height, top + height))
        )
    factor = min(ratios)
    inner = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
    ground = Image.new(picture.mode, size, (255, 255, 255) if picture.mode == "RGB" else white)
    ground.paste(picture.resize(inner), ((size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2))
    return ground
