"""Several labels of a sample: how they become zeros and ones at the end of its key.

Each label that was ever given has an input of its own, one where a sample has it. These are inputs of a key like any
other, so that sums of them are exact in any order, merge, and are subtracted. A new label is a new input, which was
zero in all samples until then.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Int8
from numpy.typing import NDArray
from torch import Tensor

from reverie.brain.given import columns_of
from reverie.errors import BadData, CorruptFile
from reverie.streams.bad_samples import Bad, refuse_bad

__all__ = ["TAGS", "Labelled", "Tags", "check_threshold", "take_label_sets"]

TAGS = "labels"
"""The one class of all samples that have several labels."""

_MOST = 5000  # labels: inputs beside those of a key
_LONG = 60  # letters of what is shown


class Labelled(NamedTuple):
    """The labels of samples.

    Attributes
    ----------
    labels : list of list of str
        Of each sample, the most likely first; those whose probability reaches the threshold. There may be none.
    probability : array, shape [n, k]
        Of each of `classes`.
    classes : list of str
        All labels that are known, sorted.
    threshold : float
        From which probability on a sample is given a label.
    """

    labels: list[list[str]]
    probability: NDArray[np.float64]
    classes: list[str]
    threshold: float

    @classmethod
    def of(cls, classes: list[str], probability: NDArray[np.float64], threshold: float) -> "Labelled":
        """By the probabilities.

        Examples
        --------
        >>> Labelled.of(["a", "b", "c"], np.array([[0.4, 0.9, 0.1]]), 0.35).labels
        [['b', 'a']]
        """
        labels = []
        for row in probability:
            order = np.argsort(-row, kind="stable")
            labels.append([classes[place] for place in order if row[place] >= threshold])
        return cls(labels, probability, classes, threshold)

    def told(self) -> dict[str, Any]:
        """The labels and the probabilities of these, for JSON.

        Examples
        --------
        >>> Labelled.of(["a", "b"], np.array([[0.5, 0.75]]), 0.5).told()
        {'labels': [['b', 'a']], 'probabilities': [[0.75, 0.5]], 'threshold': 0.5}
        """
        places = {name: place for place, name in enumerate(self.classes)}
        sure = [
            [float(row[places[name]]) for name in some] for some, row in zip(self.labels, self.probability, strict=True)
        ]
        return {"labels": self.labels, "probabilities": sure, "threshold": self.threshold}


@dataclass(frozen=True)
class Tags:
    """The labels that were ever given, in order of first sight.

    Examples
    --------
    >>> tags = Tags(("red",)).with_new([["green", "red"], []])
    >>> tags.digits([["green"], [], ["red", "green"]]).tolist()
    [[0, 1], [0, 0], [1, 1]]
    """

    names: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """How many inputs they are."""
        return len(self.names)

    def with_new(self, sets: Iterable[Sequence[str]]) -> "Tags":
        """With the labels that were not there.

        Raises
        ------
        BadData
            They would be too many.
        """
        names = tuple(dict.fromkeys([*self.names, *(name for some in sets for name in some)]))
        if len(names) > _MOST:
            raise BadData(
                f"There would be {len(names)} labels. Expected at most {_MOST}: leave out those that are rare."
            )
        return Tags(names)

    def digits(self, sets: Sequence[Sequence[str]]) -> Int8[Tensor, "n p"]:
        """One where a sample has the label."""
        places = {name: place for place, name in enumerate(self.names)}
        found = torch.zeros(len(sets), len(self.names), dtype=torch.int8)
        for row, some in enumerate(sets):
            found[row, [places[name] for name in some]] = 1
        return found

    @classmethod
    def from_state(cls, state: Any) -> "Tags":
        """Raises CorruptFile where it is no list of different words."""
        words = isinstance(state, list) and all(isinstance(name, str) and name for name in state)
        if not words or len(set(state)) != len(state) or len(state) > _MOST:
            raise CorruptFile("It holds labels of samples that are no list of different words.")
        return cls(tuple(state))


def take_label_sets(y: Any, n: int) -> list[list[str]]:
    """The labels of `n` samples, each once.

    Parameters
    ----------
    y : sequence of collections of str, frame, or mapping of columns
        Of each sample a list or a set of words, which may be empty. A frame has a column of zeros and ones for each
        label.

    Raises
    ------
    BadData
        What is neither, listed row by row; not as many as there are samples.

    Examples
    --------
    >>> take_label_sets([["wet", "cold"], set()], 2)
    [['wet', 'cold'], []]
    >>> take_label_sets({"wet": [1, 0], "cold": [1, 1]}, 2)
    [['wet', 'cold'], ['cold']]
    """
    columns, names = columns_of(y, None)
    if columns is not None:
        rows: list[Any] = list(zip(*columns, strict=True))
        read = [_of_row(row, names) for row in rows]
    else:
        if isinstance(y, str | bytes | Mapping) or not hasattr(y, "__len__") or not hasattr(y, "__iter__"):
            raise BadData(f"y is a {type(y).__name__}. Expected a list with a list of words for each sample.")
        if isinstance(y, Tensor) or (isinstance(y, np.ndarray) and y.dtype.kind in "buif"):
            raise BadData(
                "y is a matrix without names. Give a list of words for each sample, or a frame whose columns have the "
                "names of the labels."
            )
        read = [_of_collection(some) for some in y]
    if len(read) != n or not n:
        raise BadData(f"x has {n} samples and y has labels for {len(read)}. Give a list for each, one at least.")
    bad: list[Bad] = [(f"row {place}", fault) for place, (_, fault) in enumerate(read) if fault]
    if bad:
        raise refuse_bad("y", bad, n, "rows")
    return [some for some, _ in read]


def check_threshold(threshold: Any) -> float | None:
    """The probability from which on a sample is given a label; None: the sums choose it.

    Raises
    ------
    BadData
        Not a number between 0 and 1.
    """
    if threshold is None:
        return None
    if isinstance(threshold, bool) or not isinstance(threshold, int | float | np.floating) or not 0 < threshold < 1:
        raise BadData(f"threshold is {threshold!r}. Expected a probability between 0 and 1, such as 0.5, or None.")
    return float(threshold)


def _of_row(row: Sequence[Any], names: list[str]) -> tuple[list[str], str]:
    """The names of the columns that are one, and what is wrong."""
    found = []
    for name, value in zip(names, row, strict=True):
        if not isinstance(value, bool | int | float | np.bool_ | np.integer | np.floating) or value not in (0, 1):
            return [], f"{name} is {_short(value)}, expected 0 or 1"
        if value:
            found.append(name)
    return found, ""


def _of_collection(some: Any) -> tuple[list[str], str]:
    if not isinstance(some, list | tuple | set | frozenset | np.ndarray):
        return [], f"{_short(some)} is no list of labels"
    words = [str(word) if isinstance(word, np.str_) else word for word in some]
    wrong = [word for word in words if type(word) is not str or not word.strip()]
    if wrong:
        return [], f"the label {_short(wrong[0])} is no word"
    return list(dict.fromkeys(sorted(words) if isinstance(some, set | frozenset) else words)), ""


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= _LONG else shown[:_LONG] + "…"
