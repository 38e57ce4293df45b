"""Videos, frame by frame: files and cameras through PyAV (the extra `[video]`), and folders of frames beside masks.

One frame is held at a time. Large frames are reduced, and `notes` says so. A file is read by the format that its suffix
names, so that no playlist in disguise opens something else.
"""

import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reverie.errors import BadData, CorruptFile, MissingData
from reverie.streams.mask_file import Table, as_table, mask_of
from reverie.streams.picture_file import SUFFIXES, load, open_picture

__all__ = ["VIDEO_SUFFIXES", "Video", "VideoFrame", "video"]

_FORMATS = {
    **dict.fromkeys((".mp4", ".m4v", ".mov", ".3gp"), "mov"),
    **dict.fromkeys((".mkv", ".webm"), "matroska"),
    **dict.fromkeys((".mpg", ".mpeg"), "mpeg"),
    ".avi": "avi",
    ".gif": "gif",
    ".ts": "mpegts",
    ".ogv": "ogg",
    ".flv": "flv",
    ".y4m": "yuv4mpegpipe",
}
VIDEO_SUFFIXES = frozenset(_FORMATS)
_FRAMES = ("frames", "images", "jpegimages")
_MASKS = ("masks", "labels", "annotations")
_SIDE = 640
_LARGEST = 16_384  # pixels of a side, before it is reduced


class VideoFrame(NamedTuple):
    """One moment."""

    number: int
    """Its place in the video, from 0."""
    picture: NDArray[np.uint8]
    """Shape [h, w, 3]."""
    mask: NDArray[np.int64] | None
    """Shape [h, w]: the class of each pixel; None: it has no mask."""
    name: str


class Video:
    """What `video` gives: iterate over it, as often as you like; a camera gives other frames each time.

    Attributes
    ----------
    notes : tuple of str
        What a reader of the frames must know, such as that they were reduced. Known once the first frame was read.
    rate : float or None
        Frames a second, where it is said.
    """

    def __init__(
        self, path: Path, frames: list[Path] | None, masks: dict[str, Path], table: Table | None, side: int, every: int,
        start: int,
    ) -> None:  # fmt: skip
        self.path, self.rate = path, None if frames is not None else _rate(path)
        self.notes: tuple[str, ...] = ()
        self._frames, self._masks, self._table = frames, masks, table
        self._side, self._every, self._start = side, every, start

    def __iter__(self) -> Iterator[VideoFrame]:
        shape: tuple[int, ...] | None = None
        read = _of_folder(self._frames) if self._frames is not None else _of_file(self.path)
        palette: bytes | None = None
        for index, (name, picture) in enumerate(read):
            if index < self._start or (index - self._start) % self._every:
                continue
            given = picture() if callable(picture) else picture
            if shape is not None and given.shape != shape:
                raise BadData(
                    f"{name} has {given.shape[1]}×{given.shape[0]} pixels, the frames before it "
                    f"{shape[1]}×{shape[0]}. Expected frames of one size."
                )
            shape, mask = given.shape, None
            if (file := self._masks.get(name)) is not None:
                mask, palette = mask_of(file, self._table, palette, given.shape[:2])
            yield self._reduced(index, name, given, mask)

    def _reduced(self, index: int, name: str, picture: NDArray[np.uint8], mask: NDArray[np.int64] | None) -> VideoFrame:
        height, width = picture.shape[:2]
        share = self._side / max(height, width)
        if share >= 1:
            return VideoFrame(index, picture, mask, name)
        from PIL import Image

        size = max(1, round(width * share)), max(1, round(height * share))
        said = f"frames of {width}×{height} are reduced to {size[0]}×{size[1]}; side={max(height, width)} keeps them"
        if said not in self.notes:
            self.notes = (*self.notes, said)
        small = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX))
        if mask is not None:
            rows = (np.arange(size[1]) + 0.5) * height / size[1]
            columns = (np.arange(size[0]) + 0.5) * width / size[0]
            mask = mask[rows.astype(np.int64)][:, columns.astype(np.int64)]
        return VideoFrame(index, small, mask, name)


def video(
    path: Path | str,
    *,
    masks: Path | str | None = None,
    table: Mapping[Any, Any] | Path | str | None = None,
    side: int = _SIDE,
    every: int = 1,
    start: int = 0,
) -> Video:
    """A video file, a camera (`/dev/video0`), or a folder of frames in the order of their names.

    Parameters
    ----------
    path : path
        A folder may hold the frames, or a folder `frames` (`images`, `JPEGImages`) and beside it one of masks
        (`masks`, `labels`, `Annotations`).
    masks : path, optional
        A folder of masks that have the names of the frames; for a file, their numbers from 0 (`00012.png`). Frames
        without one have the mask None.
    table : mapping or path, optional
        From a colour (`(r, g, b)` or `"#rrggbb"`) to a class, for masks in colours; or a JSON file of one.
    side : int
        Frames whose longer side has more pixels are reduced to it.
    every : int
        Take each so many-th frame.
    start : int
        The first frame that is taken.

    Raises
    ------
    MissingData
        There is no such file, or no PyAV.
    BadData, CorruptFile
        No frames, a mask of another size, colours without a table; a torn file, once its end is reached.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from PIL import Image
    >>> with TemporaryDirectory() as folder:
    ...     for number in range(3):
    ...         Image.new("RGB", (32, 24), (number, 0, 0)).save(f"{folder}/{number}.png")
    ...     [frame.picture[0, 0, 0].item() for frame in video(folder)]
    [0, 1, 2]
    """
    path = Path(path)
    if side < 16 or every < 1 or start < 0:
        raise BadData(f"side is {side}, every {every}, start {start}. Expected 16 or more, 1 or more, 0 or more.")
    if not path.exists():
        raise MissingData(f"{path} is not there. Expected a video file, a camera, or a folder of frames.")
    frames: list[Path] | None = None
    if path.is_dir():
        inside, beside = _rooms(path)
        masks = beside if masks is None else masks
        frames = _pictures(inside)
        if not frames:
            raise BadData(
                f"{inside} holds no frames. Expected pictures ({', '.join(sorted(SUFFIXES))}) in the order of their "
                f"names, or folders {_FRAMES[0]}/ and {_MASKS[0]}/."
            )
    elif path.suffix.lower() not in _FORMATS and not _is_camera(path):
        raise BadData(f"{path} has the suffix {path.suffix!r}. Expected one of {', '.join(sorted(_FORMATS))}.")
    known = _masks_of(Path(masks), frames) if masks is not None else {}
    return Video(path, frames, known, as_table(table), side, every, start)


def _rooms(path: Path) -> tuple[Path, Path | None]:
    """Where the frames are, and the masks beside them."""
    inner = {entry.name.lower(): entry for entry in path.iterdir() if entry.is_dir()}
    frames = next((inner[name] for name in _FRAMES if name in inner), None)
    masks = next((inner[name] for name in _MASKS if name in inner), None)
    return (path, None) if frames is None else (frames, masks)


def _pictures(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise MissingData(f"{folder} is not a folder. Expected pictures in it.")
    found = [entry for entry in folder.iterdir() if entry.suffix.lower() in SUFFIXES and not entry.name.startswith(".")]
    return sorted(found, key=_in_order)


def _in_order(path: Path) -> list[Any]:
    """So that frame 10 comes after frame 9."""
    parts = re.split(r"(\d+)", path.name)
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts if part]


def _masks_of(folder: Path, frames: list[Path] | None) -> dict[str, Path]:
    """The mask of each frame that has one, by the frame's name."""
    found = _pictures(folder)
    if not found:
        raise BadData(f"{folder} holds no masks. Expected pictures that have the names of the frames.")
    if frames is None:
        if wrong := next((file.name for file in found if not file.stem.isdecimal()), None):
            raise BadData(f"The mask {folder / wrong} has no number. Expected those of the film's frames: 00000.png …")
        return {_numbered(int(file.stem)): file for file in found}
    by_stem = {file.stem: file for file in found}
    if not any(frame.stem in by_stem for frame in frames):
        raise BadData(
            f"No mask in {folder} has the name of a frame: there is {found[0].name}, and {frames[0].name} among the "
            "frames. Name the masks as the frames."
        )
    return {frame.name: by_stem[frame.stem] for frame in frames if frame.stem in by_stem}


def _numbered(number: int) -> str:
    return f"frame {number}"


def _of_folder(frames: list[Path]) -> Iterator[tuple[str, Any]]:
    for file in frames:

        def read(file: Path = file) -> NDArray[np.uint8]:
            with open_picture(file, str(file)) as picture:
                shown = load(picture, str(file), colour=True)
            if isinstance(shown, np.ndarray):  # deep grey levels
                low, high = float(shown.min()), float(shown.max())
                grey = ((shown - low) * (255 / (high - low) if high > low else 0)).astype(np.uint8)
                return np.repeat(grey[..., None], 3, 2)
            return np.asarray(shown)

        yield file.name, read


def _is_camera(path: Path) -> bool:
    return stat.S_ISCHR(path.stat().st_mode)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The container of a file or a camera."""
    try:
        import av
    except ImportError:
        raise MissingData(
            f"{path} is a video, which needs a package that is not installed. Run: pip install 'reverie[video]'; or "
            "give a folder of its frames."
        ) from None
    with ExitStack() as things:
        try:
            if _is_camera(path):
                container = av.open(str(path), format="v4l2")
            else:
                handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
                file = things.enter_context(os.fdopen(handle, "rb"))
                if not stat.S_ISREG(os.fstat(handle).st_mode):
                    raise CorruptFile(f"{path} is not a file. Expected a video.")
                container = av.open(file, format=_FORMATS[path.suffix.lower()])
            things.enter_context(container)
        except (av.FFmpegError, OSError) as error:
            raise CorruptFile(
                f"{path} cannot be read as a video ({type(error).__name__}): it is torn, or of another kind than its "
                "name says. Replace it."
            ) from None
        yield container


def _rate(path: Path) -> float | None:
    with _opened(path) as container:
        streams = container.streams.video
        if not streams:
            raise BadData(f"{path} holds no pictures, perhaps sound alone. Expected a video.")
        if max(streams[0].width, streams[0].height) > _LARGEST:
            raise BadData(
                f"{path} has {streams[0].width}×{streams[0].height} pixels. Expected at most {_LARGEST} a side."
            )
        said = streams[0].average_rate
        return float(said) if said else None


def _of_file(path: Path) -> Iterator[tuple[str, Any]]:
    with _opened(path) as container:
        import av

        stream = container.streams.video[0]
        stream.thread_count, count = 1, 0
        try:
            for frame in container.decode(stream):
                yield _numbered(count), lambda frame=frame: _upright(frame)
                count += 1
        except av.FFmpegError as error:
            raise CorruptFile(
                f"{path} is torn after frame {count} ({type(error).__name__}). What came before can be used: cut the "
                "file there, or replace it."
            ) from None
        if count == 0:
            raise CorruptFile(f"{path} holds no frame that can be read. Replace it.")
        if stream.frames and count < stream.frames:
            raise CorruptFile(f"{path} says that it has {stream.frames} frames, and {count} can be read: it is torn.")


def _upright(frame: Any) -> NDArray[np.uint8]:
    turned = round(getattr(frame, "rotation", 0) / 90) % 4
    picture = frame.to_ndarray(format="rgb24")
    return np.ascontiguousarray(np.rot90(picture, turned)) if turned else picture
