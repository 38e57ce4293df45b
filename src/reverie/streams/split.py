"""A data set cut into experiences by class: the split streams of the literature, in all three scenarios."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reverie.contracts import Experience, Scenario, Stream
from reverie.errors import BadData
from reverie.streams.data import LabelledData

__all__ = ["Split", "class_order", "to_tensor"]


def class_order(n: int, order: int) -> list[int]:
    """The order in which n classes come: natural for 0, else shuffled with that seed."""
    return list(range(n)) if order == 0 else [int(c) for c in np.random.default_rng(order).permutation(n)]


def to_tensor(x: NDArray[np.generic]) -> Tensor:
    """Samples as float32; pictures (uint8) in 0…1."""
    tensor = torch.tensor(x)
    return tensor.float() / 255 if tensor.dtype == torch.uint8 else tensor.float()


class Split(Stream):
    """A few classes at a time.

    Parameters
    ----------
    data : LabelledData
    name : str
    scenario : Scenario
    order : int
        Seed of the order of classes; 0 is the natural order.
    classes_per_experience : int
        The last experience may have fewer.
    protocol, notes
        As in `Stream`.
    samples : (train, test), optional
        The same samples as they were read: Pictures, Sounds, Tables, or lists of str.
    """

    def __init__(
        self,
        data: LabelledData,
        *,
        name: str,
        scenario: Scenario = "class",
        order: int = 0,
        classes_per_experience: int = 2,
        protocol: Mapping[str, Any] | None = None,
        notes: tuple[str, ...] = (),
        samples: tuple[Any, Any] | None = None,
    ) -> None:
        if scenario not in ("class", "task", "domain"):
            raise BadData(f"scenario is {scenario!r}. Expected 'class', 'task' or 'domain'.")
        if classes_per_experience < 1:
            raise BadData(f"classes_per_experience is {classes_per_experience}. Expected at least 1.")
        self.data = data
        self.name = name
        self.scenario = scenario
        self.order = order
        self.classes_per_experience = classes_per_experience
        self.label_names = data.label_names
        self.protocol = protocol or {}
        self.notes = notes
        self.samples = samples
        if scenario == "domain":
            self.label_names = tuple(f"position {index}" for index in range(classes_per_experience))

    def __iter__(self) -> Iterator[Experience]:
        labels = class_order(len(self.data.label_names), self.order)
        for start in range(0, len(labels), self.classes_per_experience):
            here = labels[start : start + self.classes_per_experience]
            train_x, train_y = self._cut(self.data.train_x, self.data.train_y, here)
            test_x, test_y = self._cut(self.data.test_x, self.data.test_y, here)
            candidates = tuple(here) if self.scenario == "task" else None
            train, test = (None, None) if self.samples is None else self.samples
            train_samples = _chosen(train, self.data.train_y, here)
            test_samples = _chosen(test, self.data.test_y, here)
            yield Experience(train_x, train_y, test_x, test_y, candidates, train_samples, test_samples)

    def _cut(self, x: NDArray[np.generic], y: NDArray[np.int64], here: list[int]) -> tuple[Tensor, Tensor]:
        chosen = np.isin(y, here)
        labels = torch.tensor(y[chosen], dtype=torch.int64)
        if self.scenario == "domain":
            position = torch.zeros(len(self.data.label_names), dtype=torch.int64)
            position[here] = torch.arange(len(here))
            labels = position[labels]
        return to_tensor(x[chosen]), labels


def _chosen(samples: Any, y: NDArray[np.int64], here: list[int]) -> Any:
    """The samples of these classes, in the order of their arrays."""
    if samples is None:
        return None
    places = np.flatnonzero(np.isin(y, here)).tolist()
    return [samples[place] for place in places] if isinstance(samples, list) else samples[places]
