"""Pictures from files: refused before they are decoded where they are too large, and brought to one size."""

from collections import Counter
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reverie.errors import BadData, CorruptFile, MissingData

__all__ = ["SUFFIXES", "class_folders", "common_size", "count_pixels", "read_picture"]

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"}
_LARGEST = 64  # pixels of a side to which larger pictures are reduced
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
_PIXELS = 50_000_000  # a picture of more is refused before it is decoded


def class_folders(folder: Path) -> list[tuple[str, Path]]:
    """(class, picture) of every picture in the class folders, in a fixed order."""
    found = [
        (inner.name, file)
        for inner in sorted(folder.iterdir())
        if inner.is_dir() and not inner.name.startswith(".")
        for file in sorted(inner.iterdir())
        if file.suffix.lower() in SUFFIXES and not file.name.startswith(".")
    ]
    if not found:
        raise BadData(f"{folder} holds no class folders with pictures. Expected {folder.name}/CLASS/PICTURE.png.")
    return found


def count_pixels(files: Sequence[BytesIO]) -> int:
    """How many pixels all of them have, by what they say of themselves; nothing is decoded."""
    total = 0
    for number, file in enumerate(files, 1):
        with _open(file, f"Picture {number}") as picture:
            total += picture.width * picture.height
        file.seek(0)
    return total


def common_size(files: Sequence[Path | BytesIO]) -> tuple[tuple[int, int], bool]:
    """The most frequent (width, height), reduced to 64 pixels a side, and whether any picture has colour."""
    sizes: Counter[tuple[int, int]] = Counter()
    colour = False
    for file in files:
        with _open(file, str(file) if isinstance(file, Path) else "A picture") as picture:
            sizes[picture.size] += 1
            colour = colour or picture.mode not in ("1", "L", "I", "I;16", "F", "LA")
        if isinstance(file, BytesIO):
            file.seek(0)
    (width, height), _ = max(sizes.items(), key=lambda item: (item[1], item[0]))
    factor = min(1.0, _LARGEST / max(width, height))
    return (max(1, round(width * factor)), max(1, round(height * factor))), colour


def read_picture(file: Path | BytesIO, size: tuple[int, int], colour: bool, *, name: str = "") -> NDArray[np.uint8]:
    """A picture as grey levels [height, width], or colours [height, width, 3].

    Parameters
    ----------
    size : tuple of int
        (width, height) to which it is brought.
    name : str
        What to call it in an error; the path where none is given.
    """
    name = name or str(file)
    with _open(file, name) as picture:
        try:
            shown = picture.convert("RGB" if colour else "L")
        except Exception as error:  # the library raises a dozen kinds
            raise CorruptFile(f"{name} is torn ({type(error).__name__}). Replace or remove it.") from None
        return np.asarray(shown if shown.size == size else shown.resize(size), dtype=np.uint8)


def _open(file: Path | BytesIO, name: str) -> Any:
    from PIL import Image

    try:
        picture = Image.open(file, formats=_FORMATS)
    except FileNotFoundError:
        raise MissingData(f"{name} is not there. Check the name.") from None
    except Exception as error:  # the library raises a dozen kinds
        raise CorruptFile(
            f"{name} cannot be read as a picture ({type(error).__name__}). Replace or remove it."
        ) from None
    if picture.width * picture.height > _PIXELS:
        picture.close()
        raise BadData(f"{name} has {picture.width}×{picture.height} pixels. Expected at most {_PIXELS}; reduce it.")
    return picture
