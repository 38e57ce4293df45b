"""Masks as pictures: an index or a palette's index for each pixel, or colours by a table of classes.

A picture of two levels, 0 and 255, is read as 0 and 1. Indexes into palettes mean the same class only where all masks
have the same palette: another one is refused.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reverie.errors import BadData, CorruptFile
from reverie.streams.picture_file import open_picture
from reverie.untrusted import parse_json, read_text

__all__ = ["Table", "as_table", "mask_of"]

Table = dict[int, int]
"""From a colour, as 65536 r + 256 g + b, to a class."""


def as_table(given: Mapping[Any, Any] | Path | str | None) -> Table | None:
    """A table of classes, checked.

    Examples
    --------
    >>> as_table({"#000001": 3, (0, 1, 0): 4})
    {1: 3, 256: 4}
    """
    if given is None:
        return None
    entries: Any = given
    if not isinstance(given, Mapping):
        try:
            entries = parse_json(read_text(Path(given), what="table of classes"))
        except ValueError as error:
            raise CorruptFile(f"{given} is not a table of classes in JSON ({error}).") from None
    if not isinstance(entries, Mapping) or not entries:
        raise BadData("A table of classes is empty, or no table. Expected colours and their classes: {'#804020': 3}.")
    return {_colour(colour): _class(entry, colour) for colour, entry in entries.items()}


def mask_of(
    file: Path, table: Table | None, palette: bytes | None, size: tuple[int, ...]
) -> tuple[NDArray[np.int64], bytes | None]:
    """The classes [h, w] that a picture says, and its palette.

    Parameters
    ----------
    palette : bytes or None
        That of the masks before.
    size : tuple of int
        Height and width of the frame.

    Raises
    ------
    MissingData, CorruptFile
        The picture is not there, or torn.
    BadData
        It has another size than its frame, colours without a table or that are not in it, or another palette.
    """
    with open_picture(file, str(file)) as picture:
        if (picture.height, picture.width) != tuple(size):
            raise BadData(
                f"The mask {file} has {picture.width}×{picture.height} pixels, its frame {size[1]}×{size[0]}. Expected "
                "the same size."
            )
        try:
            picture.load()
        except Exception as error:  # the library raises a dozen kinds
            raise CorruptFile(f"The mask {file} is torn ({type(error).__name__}). Replace or remove it.") from None
        if table is not None:
            return _by_table(np.asarray(picture.convert("RGB")), table, file), palette
        if picture.mode == "P":
            return _by_palette(picture, palette, file)
        levels = np.asarray(picture)
    if levels.ndim == 3 and levels.shape[2] in (3, 4) and bool((levels[..., :3] == levels[..., :1]).all()):
        levels = levels[..., 0]  # grey levels, saved as colours
    if levels.ndim != 2 or levels.dtype.kind == "f":
        raise BadData(
            f"The mask {file} is a picture in {'colours' if levels.ndim == 3 else 'numbers that are not whole'}. "
            "Expected the class of each pixel; or give a table from colours to classes: table={'#804020': 3, …}."
        )
    classes = levels.astype(np.int64)
    if levels.dtype == np.uint8 and set(np.unique(levels).tolist()) == {0, 255}:
        classes //= 255
    return classes, palette


def _by_palette(picture: Any, before: bytes | None, file: Path) -> tuple[NDArray[np.int64], bytes]:
    classes = np.asarray(picture).astype(np.int64)
    colours = bytes(picture.getpalette() or ())
    known = before if before is not None else colours
    used = np.unique(classes).tolist()
    if any(
        colours[3 * c : 3 * c + 3] != known[3 * c : 3 * c + 3] for c in used if 3 * c < min(len(colours), len(known))
    ):
        raise BadData(
            f"The mask {file} has another palette than those before it, so that its numbers stand for other classes. "
            "Expected one palette; or give a table from colours to classes: table={'#804020': 3, …}."
        )
    return classes, max(known, colours, key=len)


def _by_table(colours: NDArray[np.uint8], table: Table, file: Path) -> NDArray[np.int64]:
    codes = colours.astype(np.int64) @ np.array([65536, 256, 1])
    present, inverse = np.unique(codes, return_inverse=True)
    unknown = [code for code in present.tolist() if code not in table]
    if unknown:
        shown = ", ".join(f"#{code:06x}" for code in unknown[:5])
        raise BadData(
            f"The mask {file} has {len(unknown)} colours that are not in the table: {shown}. Expected those of the "
            "table alone; give pixels without a class the class 255. A mask saved as JPEG has lost its colours: "
            "save it as PNG."
        )
    found: NDArray[np.int64] = np.array([table[code] for code in present.tolist()])[inverse].reshape(codes.shape)
    return found


def _colour(given: Any) -> int:
    if isinstance(given, str) and re.fullmatch(r"#?[0-9a-fA-F]{6}", given):
        return int(given.removeprefix("#"), 16)
    if isinstance(given, str):
        given = [int(part) for part in given.split(",") if part.strip().isdecimal()]
    if isinstance(given, tuple | list) and len(given) == 3 and all(0 <= int(level) <= 255 for level in given):
        red, green, blue = (int(level) for level in given)
        return 65536 * red + 256 * green + blue
    raise BadData(f"A table has the colour {given!r}. Expected '#rrggbb', 'r,g,b' or (r, g, b), levels of 0…255.")


def _class(given: Any, colour: Any) -> int:
    if isinstance(given, bool) or not isinstance(given, int | np.integer) or not 0 <= given < 2**31:
        raise BadData(f"A table has the class {given!r} for {colour!r}. Expected a whole number, 0 or more.")
    return int(given)
