"""Samples as arrays of one shape, for what takes nothing else: pictures at one size, tables as vectors."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reverie.errors import BadData
from reverie.streams.pictures import Pictures
from reverie.streams.sounds import Sounds
from reverie.streams.table import Table

__all__ = ["common_size", "plain_form"]

_LARGEST = 64  # pixels of a side to which larger pictures are reduced


def common_size(pictures: Pictures) -> tuple[int, int]:
    """The most common (width, height), reduced to 64 pixels a side."""
    width, height = pictures.size
    factor = min(1.0, _LARGEST / max(width, height))
    return max(1, round(width * factor)), max(1, round(height * factor))


def plain_form(x: Any, shape: tuple[int, ...] | None) -> NDArray[np.generic] | list[str]:
    """Samples as arrays or sentences.

    Parameters
    ----------
    x : Pictures, Table, Sounds, array or list of str
    shape : tuple of int, optional
        Of a sample, where that is known: (height, width) or (height, width, 3) for pictures, () for sentences. Else
        pictures get their most common size, of at most 64 pixels a side.

    Raises
    ------
    BadData
        Samples that have no such form: recordings, tables with words or missing cells.
    """
    if isinstance(x, Pictures):
        if shape is None:
            return x.arrays(common_size(x), colour=x.colour, levels=x.levels())
        if len(shape) not in (2, 3):
            raise BadData("Given pictures. This brain takes vectors of numbers or sentences: give the same form.")
        return x.arrays((shape[1], shape[0]), colour=len(shape) == 3, levels=x.levels())
    if isinstance(x, Table):
        if shape == () and len(x.names) == 1:
            return ["" if value is None else str(value) for value in x.columns[x.names[0]]]
        return x.numbers()
    if isinstance(x, Sounds):
        raise BadData("Given recordings. This brain takes pictures, vectors of numbers or sentences.")
    found: NDArray[np.generic] | list[str] = x
    return found
