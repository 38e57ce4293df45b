"""Pictures of a user's own as classes: a folder of class folders, brought to one size."""

from pathlib import Path

import numpy as np
import torch

from reverie.errors import BadData
from reverie.meta.episodes import Classes
from reverie.streams import Pictures, read_samples

__all__ = ["read_classes"]


def read_classes(folder: str | Path, size: int) -> tuple[Classes, list[str]]:
    """Read class folders; the names of the classes are given beside.

    Parameters
    ----------
    size : int
        Pixels on a side.

    Raises
    ------
    BadData
        Not pictures in class folders; a class with one picture.
    """
    read = read_samples(folder, part="train")
    if not isinstance(read.x, Pictures) or read.y is None:
        raise BadData(f"{folder} holds no pictures in class folders. Expected CLASS/PICTURE for each class.")
    labels = np.asarray(read.y)
    names = sorted({str(label) for label in labels.tolist()})
    pictures = torch.from_numpy(read.x.arrays((size, size), colour=read.x.colour, levels=read.x.levels()))
    classes = [pictures[np.flatnonzero(labels == name)] for name in names]
    few = [name for name, one in zip(names, classes, strict=True) if len(one) < 2]
    if few:
        raise BadData(
            f"These classes have one picture: {', '.join(few[:10])}. Expected two at least, or leave them out."
        )
    return Classes(classes), names
