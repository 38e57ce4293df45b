"""What clients send and get. Everything is bounded, and nothing that is not expected is accepted."""

import base64
import binascii
from typing import Annotated, Any, Literal
from urllib.parse import unquote

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, StrictInt, StrictStr, model_validator

from reverie.errors import BadData, CorruptFile
from reverie.streams.pictures import Pictures as Files

__all__ = [
    "Brain",
    "Correct",
    "Corrected",
    "Forget",
    "Labelled",
    "Learned",
    "Numbers",
    "Predicted",
    "Problem",
    "Question",
    "Rename",
    "Rollback",
    "Version",
    "samples_of",
    "whole",
]

_LETTERS_OF_URLS = str.maketrans("-_", "+/")
_ROWS = 1000  # samples in a request
_KEYS = 20  # of an object
_COLUMNS, _CELL = 500, 1000  # of a row; letters of a cell, or of a column's name
_SIDE = 20_000  # numbers in a vector, letters in a sentence


def whole(value: Any) -> Any:
    """JSON has one kind of number: 3.0 is a whole one, true and "3" are none."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[StrictInt, Field(ge=-(2**53), le=2**53), BeforeValidator(whole)]
Label = Annotated[StrictStr, Field(min_length=1, max_length=200)] | Whole
Name = Annotated[StrictStr, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}$")]


def _few(value: Any) -> Any:
    """Refuse what is far too long at once: an error for each of a million parts would hold everybody up."""
    if isinstance(value, list) and len(value) > _ROWS:
        raise ValueError(f"at most {_ROWS}")
    return value


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _few_keys(cls, value: Any) -> Any:
        if isinstance(value, dict) and len(value) > _KEYS:
            raise ValueError(f"at most {_KEYS} keys")
        return value


class Texts(_Form):
    """Sentences."""

    texts: Annotated[
        list[Annotated[StrictStr, Field(min_length=1, max_length=_SIDE)]],
        Field(min_length=1, max_length=_ROWS),
        BeforeValidator(_few),
    ]


class Pictures(_Form):
    """Pictures: PNG, JPEG, GIF, WebP, AVIF, BMP, TIFF or PPM files in base64. They are brought to the brain's size."""

    pictures: Annotated[list[StrictStr], Field(min_length=1, max_length=_ROWS), BeforeValidator(_few)]


class Vectors(_Form):
    """Feature vectors, all of one length."""

    vectors: Annotated[
        list[Annotated[list[FiniteFloat], Field(min_length=1, max_length=_SIDE)]],
        Field(min_length=1, max_length=_ROWS),
        BeforeValidator(_few),
    ]


def _narrow(value: Any) -> Any:
    """Refuse rows of far too many columns at once."""
    if isinstance(value, list) and any(isinstance(row, dict) and len(row) > _COLUMNS for row in value):
        raise ValueError(f"at most {_COLUMNS} columns")
    return _few(value)


Cell = Annotated[StrictStr, Field(max_length=_CELL)] | FiniteFloat | bool | None


class Rows(_Form):
    """Rows of a table: the columns by their names, null where a cell is empty."""

    rows: Annotated[
        list[Annotated[dict[Annotated[StrictStr, Field(min_length=1, max_length=_CELL)], Cell], Field(min_length=1)]],
        Field(min_length=1, max_length=_ROWS),
        BeforeValidator(_narrow),
    ]


Samples = Texts | Pictures | Vectors | Rows


Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Share = Annotated[Number, Field(gt=0, lt=1)]
Several = Annotated[list[Number], Field(min_length=1, max_length=_KEYS)]


class Question(_Form):
    """Samples to recognise, and who shall answer.

    With a coverage, sets of labels are told, so large a share of which holds the right one. Of numbers it is the share
    that lies between the limits (0.9).
    """

    samples: Samples
    by: Literal["memory", "cortex"] = "memory"
    coverage: Share | None = None


class Labelled(_Form):
    """Samples to learn. Without labels, what is new becomes a class. With a name, it can be forgotten by it.

    A brain of numbers is given `numbers` in place of labels: one for each sample, or a list of several.
    """

    samples: Samples
    labels: Annotated[list[Label], Field(min_length=1, max_length=_ROWS), BeforeValidator(_few)] | None = None
    numbers: Annotated[list[Number | Several], Field(min_length=1, max_length=_ROWS), BeforeValidator(_few)] | None = (
        None
    )
    name: Name | None = None


class Correct(_Form):
    """One sample, its right label, and the label under which it was learned, where it was."""

    samples: Samples
    to: Label
    was: Label | None = None


class Forget(_Form):
    """A class, or what was learned under a name: one of the two."""

    label: Label | None = None
    name: Name | None = None


class Rename(_Form):
    """A class, and its new name."""

    label: Label
    to: Label


class Rollback(_Form):
    """A version to be at again."""

    to: Whole


class Version(_Form):
    """The brain's version, durable."""

    version: int


class Learned(_Form):
    """How many samples were learned, which labels are new, novelty where no labels were given; the version, durable."""

    samples: int
    new: list[str | int]
    novelty: list[float]
    version: int


class Change(_Form):
    """Of dreams of a class: the share that is answered differently now, 0…1."""

    label: str | int
    share: float


class Corrected(_Form):
    """The answer before and after, how many times the sample counts, what else has changed; the version, durable."""

    before: str | int
    after: str | int
    changed: bool
    weight: int
    others: list[Change]
    new: list[str | int]
    version: int


class Predicted(_Form):
    """Of each sample: label, its probability, novelty 0…1, and whether that says that it is new; its set, if wanted."""

    labels: list[str | int]
    confidence: list[float]
    novelty: list[float]
    new: list[bool]
    sets: list[list[str | int]] | None = None
    coverage: float | None = None


class Numbers(_Form):
    """Of each sample: its number, and the limits between which a new one lies in a share of `coverage` of the cases.

    With several numbers a sample, each is a list, in the order of `targets`. null: there are too few samples to tell.
    """

    targets: list[str]
    values: list[float | list[float | None] | None]
    low: list[float | list[float | None] | None]
    high: list[float | list[float | None] | None]
    coverage: float


class Brain(_Form):
    """What the brain is and has been through."""

    model_config = ConfigDict(extra="allow")
    version: int
    classes: list[dict[str, Any]]
    asleep: bool


class Problem(_Form):
    """What was wrong, in words."""

    error: str


def samples_of(samples: Texts | Pictures | Vectors | Rows, pixels: int) -> Any:
    """Samples as a brain takes them; pictures of at most so many `pixels` together. They are decoded by its sense."""
    if isinstance(samples, Texts):
        return samples.texts
    if isinstance(samples, Rows):
        return [{name: _plain(cell) for name, cell in row.items()} for row in samples.rows]
    if isinstance(samples, Vectors):
        if len({len(row) for row in samples.vectors}) > 1:
            raise BadData("The vectors differ in length. Expected one length.")
        with np.errstate(over="ignore"):  # the brain says what it thinks of infinity
            return np.asarray(samples.vectors).astype(np.float32)
    names = [f"Picture {number}" for number in range(1, len(samples.pictures) + 1)]
    files = Files([_decoded(text, name) for text, name in zip(samples.pictures, names, strict=True)], names=names)
    sent = files.pixels
    if sent > pixels:
        raise BadData(f"The pictures have {sent} pixels together. Expected at most {pixels} in a request; send fewer.")
    return files


def _plain(cell: Any) -> Any:
    """JSON has no whole numbers of its own: 3.0 is read as 3 would be."""
    return int(cell) if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53 else cell


def _decoded(text: str, name: str) -> bytes:
    """Base64 as clients write it: in lines, as a data URL, with the letters for URLs, without the padding."""
    if text[:5].lower() == "data:":
        head, _, text = text.partition(",")
        if not head.lower().rstrip().endswith(";base64"):
            raise CorruptFile(f"{name} is a data URL that is not in base64. Expected data:image/png;base64,…")
        text = unquote(text)
    text = "".join(text.split()).translate(_LETTERS_OF_URLS).rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise CorruptFile(f"{name} is not in base64. Expected a PNG or JPEG file in base64.") from None
