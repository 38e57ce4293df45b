"""One picture: opened within limits, upright, on white, as grey levels or colours; refused by name where it is torn.

Grey levels of more than eight bits (16-bit PNG and TIFF, int32, float) are kept as floats until they are scaled.
"""

import mmap
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from reverie.errors import BadData, CorruptFile, MissingData, ReverieError

__all__ = ["SUFFIXES", "fault_of", "has_colours", "is_deep", "load", "open_picture", "upright_size"]

_HEIF = {".heic", ".heif"}
SUFFIXES = {
    *(".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".avif"),
    *_HEIF,
}
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM", "AVIF")
_AVIF = (b"avif", b"avis")
_HEIC = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
_PIXELS = 50_000_000  # a picture of more is refused before it is decoded
_DEEP = {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}
_ORIENTATION = 0x0112
_TURNED = (5, 6, 7, 8)  # orientations whose width is the height of the file
_DARK = 64  # colours of 16 bits whose upper halves stay below this lose most of what they show


@contextmanager
def open_picture(source: Any, name: str) -> Iterator[Any]:
    """A picture whose head has been read: of a path, bytes, or a PIL image itself, which stays open.

    Raises
    ------
    MissingData, CorruptFile, BadData
        Not there; not a picture; too many pixels.
    """
    from PIL import Image

    with ExitStack() as files:
        picture = source if isinstance(source, Image.Image) else _opened(source, name, files)
        if picture.width * picture.height > _PIXELS:
            size = f"{picture.width}×{picture.height}"
            raise BadData(f"{name} has {size} pixels. Expected at most {_PIXELS}; reduce it.")
        yield picture


def is_deep(picture: Any) -> bool:
    """Whether its grey levels have more than eight bits."""
    return picture.mode in _DEEP


def upright_size(picture: Any) -> tuple[int, int]:
    """(width, height) as it is meant to be seen."""
    try:
        turned = picture.getexif().get(_ORIENTATION) in _TURNED
    except Exception:  # whatever is wrong with what a file says of itself
        turned = False
    return (picture.height, picture.width) if turned else picture.size


def has_colours(picture: Any, *, reduce: bool) -> bool:
    """Whether any pixel of a picture that may have colours is not grey; a JPEG may be decoded reduced."""
    if picture.mode in ("1", "L", "LA", "La", *_DEEP):
        return False
    if reduce:
        picture.draft(picture.mode, (64, 64))
    colours = np.asarray(_on_white(picture).convert("RGB"), dtype=np.int16)
    return bool((colours.max(axis=2) - colours.min(axis=2)).max() > 2)  # JPEG rounds greys by one or two


def load(picture: Any, name: str, *, colour: bool, size: tuple[int, int] | None = None) -> Any:
    """Decode: a PIL image in mode L or RGB, upright and on white; or its deep grey levels as floats [h, w].

    Parameters
    ----------
    size : tuple of int, optional
        (width, height) to which it will be brought: a JPEG is decoded at the smallest scale that is no smaller.
    """
    from PIL import ImageOps

    try:
        if size is not None:
            side = 2 * max(size)  # twice: the rest is averaged, as without
            picture.draft(picture.mode, (side, side))
        deep = is_deep(picture)
        sixteen = not deep and _says_sixteen_bits(picture)
        shown = ImageOps.exif_transpose(picture)
        if deep:
            return np.asarray(shown, dtype=np.float64 if shown.mode == "I" else np.float32)
        shown = _on_white(shown)
        if sixteen and max(high for _, high in shown.convert("RGB").getextrema()) < _DARK:
            raise BadData(
                f"{name} has colours of 16 bits and uses only the lower ones. Expected their whole range: multiply "
                "the values, or save it as grey levels of 16 bits."
            )
        return shown.convert("RGB" if colour else "L")
    except ReverieError:
        raise
    except Exception as error:  # the library raises a dozen kinds
        raise CorruptFile(f"{name} is torn ({type(error).__name__}). Replace or remove it.") from None


def _on_white(picture: Any) -> Any:
    """What is transparent shows white; modes without transparency stay as they are."""
    from PIL import Image

    if not picture.has_transparency_data:
        return picture
    drawn = picture.convert("RGBA")
    ground = Image.new("RGBA", drawn.size, "white")
    return Image.alpha_composite(ground, drawn).convert("LA" if picture.mode in ("LA", "La", "L") else "RGB")


def fault_of(source: Any, name: str) -> str | None:
    """What is wrong with a file, or None. PNG and JPEG are checked without being decoded."""
    try:
        with open_picture(source, name) as picture:
            if picture is source:
                return None
            if picture.format == "PNG":
                picture.verify()  # the checksums of all its parts
            elif picture.format not in ("JPEG", "MPO") or not _ends(source):
                picture.load()
    except MissingData as error:
        _, needs, command = str(error).partition("Run: ")
        return f"needs {command.split(';')[0]}" if needs else "not there, or a link to nothing"
    except CorruptFile:
        return "not a picture"
    except BadData as error:
        return str(error).removeprefix(f"{name} has ").split(";")[0]
    except Exception as error:  # the library raises a dozen kinds
        return f"torn: {type(error).__name__}"
    return None


def _opened(source: Path | bytes, name: str, files: ExitStack) -> Any:
    from PIL import Image

    Image.init()
    if _is_heif(source):
        _register_heif(name)
    formats = [kind for kind in (*_FORMATS, "HEIF") if kind in Image.OPEN]
    if "AVIF" not in formats and _brand(source) in _AVIF:
        raise MissingData(
            f"{name} is AVIF, which this build of Pillow does not read. Run: pip install --upgrade pillow; or save it "
            "as JPEG."
        )
    try:
        file = files.enter_context(_regular(source) if isinstance(source, Path) else BytesIO(source))
        return files.enter_context(Image.open(file, formats=formats))
    except FileNotFoundError:
        raise MissingData(f"{name} is not there. Check the name.") from None
    except Exception as error:  # the library raises a dozen kinds
        reason = type(error).__name__
        raise CorruptFile(f"{name} cannot be read as a picture ({reason}). Replace or remove it.") from None


def _regular(path: Path) -> Any:
    """A regular file, or a link to one: a pipe would wait for ever."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise CorruptFile(f"{path} is not a file. Expected a picture.")
    return os.fdopen(handle, "rb")


def _is_heif(source: Path | bytes) -> bool:
    if isinstance(source, Path):
        return source.suffix.lower() in _HEIF
    return _brand(source) in _HEIC


def _brand(source: Path | bytes) -> bytes:
    """What kind of AVIF or HEIC a file says to be."""
    if isinstance(source, Path):
        return b"avif" if source.suffix.lower() == ".avif" else b""
    return bytes(source[8:12]) if source[4:8] == b"ftyp" else b""


def _register_heif(name: str) -> None:
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        raise MissingData(
            f"{name} is HEIC, which needs a package that is not installed. Run: pip install 'reverie[photo]'; or "
            "save it as JPEG."
        ) from None
    register_heif_opener(thumbnails=False)


def _ends(source: Path | bytes) -> bool:
    """Whether a JPEG file reaches the mark of its end; a thumbnail's in the head does not count."""
    if isinstance(source, bytes):
        return _reaches_end(source)
    with _regular(source) as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return _reaches_end(data)


def _reaches_end(data: Any) -> bool:
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        kind = data[place + 1]
        if kind == 0xDA:  # the picture itself begins; no 0xFF 0xD9 is within
            return bool(data.find(b"\xff\xd9", place) >= 0)
        place += 1 if kind == 0xFF else 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return False


def _says_sixteen_bits(picture: Any) -> bool:
    """Whether a file of colours (or of grey with transparency) has 16 bits for each, of which the upper are read."""
    codec = picture.tile[0].args if getattr(picture, "tile", None) else None
    raw = codec[0] if isinstance(codec, tuple) else codec
    return isinstance(raw, str) and ";16" in raw
