"""Frames and masks as they are given: checked, and brought to the size that is worked at."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from reverie.errors import BadData

__all__ = ["Frame", "Mask", "as_mask", "need_frame", "resized", "tensor_of", "working_size"]

Frame = NDArray[Any] | Tensor
"""Shape [height, width, 3], uint8."""
Mask = NDArray[Any] | Tensor
"""Shape [height, width], whole numbers."""

_LEAST = 16  # pixels of a side


def need_frame(frame: Frame) -> None:
    """Refuse what is no frame.

    Raises
    ------
    BadData
        It has another shape or type, or a side of less than sixteen pixels.
    """
    kind = str(frame.dtype).removeprefix("torch.")
    if frame.ndim != 3 or frame.shape[2] != 3 or kind != "uint8" or min(frame.shape[:2]) < _LEAST:
        raise BadData(
            f"A frame has shape {list(frame.shape)} and type {kind}. Expected [height, width, 3] of uint8, each side "
            f"of {_LEAST} pixels or more."
        )


def tensor_of(frame: Frame) -> Tensor:
    """A frame as a tensor; an array is copied, for it may be one that cannot be written to."""
    return frame if isinstance(frame, Tensor) else torch.from_numpy(np.array(frame))


def as_mask(mask: Mask, height: int, width: int, ignore: int | None) -> NDArray[np.int64]:
    """A mask as labels.

    Raises
    ------
    BadData
        Its size is another one than the frame's; it has colours or numbers that are not whole; it seems to be black
        and white where white stands for pixels without a label.
    """
    given = np.asarray(mask)
    if given.ndim == 3:
        raise BadData(
            f"A mask has shape {list(given.shape)}, as pictures in colours have. Expected the class of each pixel, "
            f"shape [{height}, {width}]. Read coloured masks by a table of classes (`reverie.streams.video`)."
        )
    if given.shape != (height, width):
        raise BadData(
            f"A mask has shape {list(given.shape)}, its frame {height} × {width} pixels. Expected the same size."
        )
    if given.dtype.kind not in "bui" and not (given.dtype.kind == "f" and bool((given == np.round(given)).all())):
        raise BadData(f"A mask has type {given.dtype}. Expected whole numbers: the class of each pixel.")
    labels = given.astype(np.int64)
    if ignore == 255 and 255 in labels and set(np.unique(labels).tolist()) == {0, 255}:
        raise BadData(
            "A mask holds 0 and 255 alone, and 255 is the value of pixels without a label. Expected classes: give "
            "mask > 0, or choose another value with ignore=…"
        )
    return labels


def working_size(height: int, width: int, side: int) -> tuple[int, int]:
    """Height and width of a frame whose longer side is `side` pixels at most.

    Examples
    --------
    >>> working_size(2160, 3840, 320), working_size(120, 214, 320)
    ((180, 320), (120, 214))
    """
    share = min(1.0, side / max(height, width))
    return max(1, round(height * share)), max(1, round(width * share))


def resized(picture: Any, size: tuple[int, ...]) -> Any:
    """A frame (averaged) or labels (the nearest pixel's) at another size; as they are where it is the same."""
    height, width = size
    if tuple(picture.shape[:2]) == (height, width):
        return picture
    if picture.ndim == 2:
        rows = (np.arange(height) + 0.5) * picture.shape[0] / height
        columns = (np.arange(width) + 0.5) * picture.shape[1] / width
        return picture[rows.astype(np.int64)][:, columns.astype(np.int64)]
    x = tensor_of(picture).permute(2, 0, 1)[None].float()
    found = interpolate(x, size=(height, width), mode="area")[0].permute(1, 2, 0)
    return found.round_().to(torch.uint8)
