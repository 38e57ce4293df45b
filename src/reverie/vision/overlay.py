"""Masks to look at: painted over frames, as a moving picture, and as files that others read."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from reverie.errors import BadData, MissingData
from reverie.files import replace_file

__all__ = ["colours", "moving_picture", "painted", "write_mask"]

_SHARE = 0.55  # of the picture in what is painted
_MOST = 400  # frames of a GIF, which has to be held
_GIF_SIDE = 320


class _Taking(Protocol):
    def __call__(self, picture: NDArray[np.uint8]) -> None: ...


def colours(count: int = 256) -> NDArray[np.uint8]:
    """Colours of labels, [count, 3], as Pascal VOC and DAVIS have them: 0 is black, 1 dark red, 2 dark green.

    Examples
    --------
    >>> colours(4).tolist()
    [[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0]]
    """
    labels = np.arange(count)
    found = np.zeros((count, 3), np.uint8)
    for bit in range(8):
        for channel in range(3):
            found[:, channel] |= (((labels >> (3 * bit + channel)) & 1) << (7 - bit)).astype(np.uint8)
    return found


def painted(frame: NDArray[np.uint8], mask: NDArray[Any]) -> NDArray[np.uint8]:
    """The frame with the colours of its labels laid over it; 0 stays as it is.

    Examples
    --------
    >>> painted(np.full((1, 2, 3), 100, np.uint8), np.array([[0, 1]])).tolist()
    [[[100, 100, 100], [170, 55, 55]]]
    """
    bright = (colours().astype(np.float32) * (255 / 128)).clip(0, 255)
    over = _SHARE * frame + (1 - _SHARE) * bright[mask % 256]
    found: NDArray[np.uint8] = np.where((mask == 0)[..., None], frame, over.round()).astype(np.uint8)
    return found


def write_mask(path: Path, mask: NDArray[Any]) -> None:
    """Write labels as a PNG: with a palette where all are below 256, else of sixteen bits.

    Raises
    ------
    BadData
        A label is negative or too large.
    """
    from PIL import Image

    if int(mask.min()) < 0 or int(mask.max()) >= 2**16:
        raise BadData(f"A mask has labels {int(mask.min())} to {int(mask.max())}. Expected 0 to 65535.")
    small = int(mask.max()) < 256
    picture = Image.fromarray(mask.astype(np.uint8 if small else np.uint16))
    if small:
        picture.putpalette(colours().reshape(-1).tolist())
    data = BytesIO()
    picture.save(data, "PNG")
    replace_file(path, data.getvalue())


@contextmanager
def moving_picture(path: Path, *, rate: float | None = None) -> Iterator[_Taking]:
    """Take pictures one by one, and write a GIF or an MP4 of them; it is there when the block is left.

    Parameters
    ----------
    rate : float, optional
        Frames a second.

    Raises
    ------
    BadData
        The suffix is another one; a GIF of too many frames.
    MissingData
        An MP4 needs PyAV, which is not installed.
    """
    rate = min(max(rate or 10.0, 1.0), 60.0)
    if path.suffix.lower() == ".gif":
        pictures: list[Any] = []
        yield lambda picture: _keep(picture, pictures)
        if pictures:
            data = BytesIO()
            shown = max(20, round(1000 / rate))
            pictures[0].save(data, "GIF", save_all=True, append_images=pictures[1:], duration=shown, loop=0)
            replace_file(path, data.getvalue())
        return
    if path.suffix.lower() != ".mp4":
        raise BadData(f"{path} has the suffix {path.suffix!r}. Expected .gif or .mp4.")
    try:
        import av
    except ImportError:
        raise MissingData(
            f"{path} is an MP4, which needs a package that is not installed. Run: pip install 'reverie[video]'; or "
            "write a .gif."
        ) from None
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with av.open(str(new), "w", format="mp4") as container:
            film = _Film(container, rate)
            yield film.take
            film.close()
        if film.stream is not None:
            os.replace(new, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(new)


class _Film:
    """An MP4 that is being written."""

    def __init__(self, container: Any, rate: float) -> None:
        self.container, self.rate = container, rate
        self.stream: Any = None

    def take(self, picture: NDArray[np.uint8]) -> None:
        from fractions import Fraction

        import av

        height, width = (side - side % 2 for side in picture.shape[:2])  # the codec wants even sides
        if self.stream is None:
            codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
            self.stream = self.container.add_stream(codec, rate=Fraction(self.rate).limit_denominator(1000))
            self.stream.width, self.stream.height, self.stream.pix_fmt = width, height, "yuv420p"
            self.stream.thread_count = 1
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture[:height, :width]), format="rgb24")
        self.container.mux(self.stream.encode(frame))

    def close(self) -> None:
        if self.stream is not None:
            self.container.mux(self.stream.encode())


def _keep(picture: NDArray[np.uint8], pictures: list[Any]) -> None:
    from PIL import Image

    if len(pictures) >= _MOST:
        raise BadData(f"A GIF of more than {_MOST} frames would be large. Write an .mp4, or take fewer frames.")
    shown = Image.fromarray(picture)
    shown.thumbnail((_GIF_SIDE, _GIF_SIDE))
    pictures.append(shown.quantize(64))
