"""Senses of arrays: pictures and vectors of numbers, and what can be read as one of them.

Pictures of files come in at the most common size of the first ones, at most 64 pixels a side. Columns of a table are
taken by their names.
"""

from collections.abc import Sized
from typing import Any

import numpy as np
import torch
from jaxtyping import Num
from torch import Tensor

from reverie.contracts import State
from reverie.errors import BadData
from reverie.senses.coded import CodedSense
from reverie.senses.made_up import made_up_pictures, made_up_vectors
from reverie.streams import Pictures, Table, as_pictures
from reverie.streams.pictures import common_size

__all__ = ["NumericSense", "form_of", "fractions", "grey_levels", "pictures_of"]

_FINE = (torch.float64, torch.int64, torch.int32)  # types whose vectors are taken in float64


class NumericSense(CodedSense):
    """A sense of arrays.

    Attributes
    ----------
    pixels : bool
        Whether samples are grey levels 0…255.
    levels : bool
        Whether samples are that, or the same as fractions of white.
    columns : list of str
        The names of a vector's numbers, where they have any.
    deep : tuple of float
        The levels of picture files that count as black and as white (`Pictures.levels`).
    """

    pixels = False
    levels = False

    def __init__(self, settings: Any = None, seed: int = 0, *, budget: int | None = None) -> None:
        super().__init__(settings, seed, budget=budget)
        self.columns: list[str] = []
        self.deep = (0.0, 255.0)

    def take(self, x: Any) -> Sized:
        if isinstance(x, str) or _sentences(x):
            if self.shape is not None:
                raise BadData(f"Given sentences. This brain takes {form_of(self.shape)}: give the same form.")
            raise BadData(f"Given sentences. The sense {self.name} takes numbers: give them, or use another sense.")
        x = pictures_of(x) or x if isinstance(x, list | tuple) else x
        if isinstance(x, Pictures):
            if len(x) == 0:
                raise BadData("There are no pictures. Expected at least one.")
            self._expect(self._shape_of(x))
            return x
        if isinstance(x, Table):
            found = x.numbers(self.columns or None)
            self._expect(tuple(found.shape[1:]))
            return x
        given = _array(x)
        self._expect(tuple(given.shape[1:]))
        return given

    def _expect(self, shape: tuple[int, ...]) -> None:
        if self.shape is not None and shape != self.shape:
            raise BadData(f"Given {form_of(shape)}. This brain takes {form_of(self.shape)}: give the same form.")

    def _shape_of(self, pictures: Pictures) -> tuple[int, ...]:
        if self.shape is not None:
            if len(self.shape) < 2:
                raise BadData(f"Given pictures. This brain takes {form_of(self.shape)}: give the same form.")
            return self.shape
        width, height = common_size(pictures)
        return (height, width, 3) if pictures.colour else (height, width)

    def see_first(self, samples: Any) -> Tensor:
        """Fix the form of samples from the first ones; these as numbers."""
        if isinstance(samples, Pictures):
            self.deep = samples.levels()
            self.shape = self._shape_of(samples)
        elif isinstance(samples, Table):
            self.columns = list(samples.names)
            self.shape = (len(self.columns),)
        else:
            self.shape = tuple(samples.shape[1:])
        given = NumericSense.numbers(self, samples)
        self.pixels = given.dtype == torch.uint8 and given.ndim > 2
        return self.numbers(samples)

    def numbers(self, samples: Any) -> Num[Tensor, "n *shape"]:
        assert self.shape is not None
        if isinstance(samples, Pictures):
            size, colour = (self.shape[1], self.shape[0]), len(self.shape) == 3
            return torch.from_numpy(samples.arrays(size, colour=colour, levels=self.deep))
        if isinstance(samples, Table):
            return _array(samples.numbers(self.columns))
        given: Tensor = samples
        return given

    def made_up(self, n: int, generator: torch.Generator) -> Tensor:
        assert self.shape is not None
        if len(self.shape) == 1:
            return made_up_vectors(n, self.shape[0], generator)
        pictures = made_up_pictures(n, self.shape, generator)
        return pictures if self.pixels else pictures.float() / 255

    def state_dict(self) -> State:
        more: State = {"pixels": self.pixels, "levels": self.levels}
        if self.columns:
            more["columns"] = self.columns
        if self.deep != (0.0, 255.0):
            more["deep"] = list(self.deep)
        return super().state_dict() | more

    def load_more(self, state: State) -> None:
        self.pixels, self.levels = bool(state["pixels"]), bool(state.get("levels"))
        self.columns = [str(name) for name in state.get("columns", [])]
        low, high = state.get("deep", (0.0, 255.0))
        self.deep = (float(low), float(high))


def form_of(shape: tuple[int, ...]) -> str:
    """What to call samples of a shape in a message.

    Examples
    --------
    >>> form_of((28, 28)), form_of((4,))
    ('samples of 28×28', 'vectors of 4 numbers')
    """
    if shape == ():
        return "sentences"
    if len(shape) == 1:
        return f"vectors of {shape[0]} numbers"
    return f"samples of {'×'.join(str(side) for side in shape)}"


def fractions(numbers: Tensor) -> Tensor:
    """Grey levels of pictures as fractions of white; other numbers as they are."""
    return numbers.float() / 255 if numbers.dtype == torch.uint8 and numbers.ndim > 2 else numbers


def grey_levels(x: Tensor) -> bool:
    """Whether these are whole numbers 0…255, or those divided by 255."""
    if x.dtype == torch.uint8:
        return True
    levels = x * 255
    return bool((levels >= 0).all() and (levels <= 255).all() and ((levels - levels.round()).abs() < 1e-3).all())


def _sentences(x: Any) -> bool:
    return isinstance(x, list | tuple) and len(x) > 0 and all(isinstance(item, str) for item in x)


def pictures_of(x: Any) -> Pictures | None:
    """Images of PIL, and arrays of pictures of different sizes, as Pictures; None where they are others.

    Examples
    --------
    >>> pictures_of([np.zeros((4, 6), np.uint8), np.zeros((5, 6), np.uint8)])
    Pictures(2)
    """
    if all(hasattr(one, "getbands") and hasattr(one, "size") for one in x):
        return Pictures(x) if len(x) else None
    shapes = {tuple(getattr(one, "shape", ())) for one in x}
    if len(shapes) > 1 and all(len(shape) in (2, 3) and 0 not in shape for shape in shapes):
        coloured = {len(shape) == 3 for shape in shapes}
        if coloured == {False} or all(shape[2] in (1, 3, 4) for shape in shapes if len(shape) == 3):
            return Pictures(x)
    return None


def _array(x: Any) -> Tensor:
    if isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
        raise BadData(
            "x is a masked array with masked cells. Fill them (x.filled(value)), drop their samples, or give them as a "
            "table with missing values (reverie.streams.Table): an array has no missing numbers."
        )
    try:
        given = x if isinstance(x, Tensor) else torch.from_numpy(_plain(np.ascontiguousarray(np.asarray(x))))
    except (TypeError, ValueError) as error:
        raise BadData(f"x is not an array of numbers ({error}). Expected samples along the first axis.") from None
    given = given.detach().cpu()
    given = given.float() if given.dtype == torch.bfloat16 else given  # a type that NumPy has not
    if given.ndim < 2 or 0 in given.shape or given.dtype in (torch.bool, torch.complex64, torch.complex128):
        raise BadData(
            f"x has shape {tuple(given.shape)} and type {given.dtype}. Expected sentences, or numbers [n, *shape] "
            "with n ≥ 1."
        )
    if given.ndim == 4:
        given = torch.from_numpy(np.ascontiguousarray(as_pictures(given.numpy())))
    if given.dtype == torch.uint8:
        return given
    fine = given.ndim == 2 and given.dtype in _FINE
    given = given.double() if fine else given.float()
    if not bool(torch.isfinite(given).all()):
        which = "NaN or infinity" if fine else "NaN, infinity, or numbers too large for float32"
        raise BadData(f"x contains {which}. Drop or impute those samples.")
    return given


def _plain(x: Any) -> Any:
    """Types that torch has: the machine's own order of bytes, and unsigned numbers of more bits as signed ones."""
    x = x.astype(x.dtype.newbyteorder("="), copy=False)
    return x.astype(np.int64) if x.dtype in (np.uint16, np.uint32, np.uint64) and x.size else x
