"""Permuted pictures: the same classes, each experience with its own fixed shuffling of the pixels.

Domain-incremental by nature (Kirkpatrick et al., 2017, PNAS 114). As a class-incremental stream every (permutation,
class) is a class.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from reverie.contracts import Experience, Scenario, Stream
from reverie.errors import BadData
from reverie.streams.data import LabelledData
from reverie.streams.split import to_tensor

__all__ = ["Permuted"]


class Permuted(Stream):
    """Experience 0 shows the pictures as they are, each later one shuffles their pixels in its own way.

    Parameters
    ----------
    data : LabelledData
        Pictures.
    permutations : int
        Number of experiences.
    order : int
        Seed of the permutations.
    """

    def __init__(
        self,
        data: LabelledData,
        *,
        name: str,
        scenario: Scenario = "domain",
        order: int = 0,
        permutations: int = 10,
        protocol: Mapping[str, Any] | None = None,
    ) -> None:
        if scenario not in ("class", "task", "domain"):
            raise BadData(f"scenario is {scenario!r}. Expected 'class', 'task' or 'domain'.")
        if permutations < 1:
            raise BadData(f"permutations is {permutations}. Expected at least 1.")
        self.data, self.name, self.scenario, self.order = data, name, scenario, order
        self.permutations = permutations
        self.protocol = protocol or {}
        names = data.label_names
        self.label_names = (
            names if scenario == "domain" else tuple(f"{c} of {p}" for p in range(permutations) for c in names)
        )

    def __iter__(self) -> Iterator[Experience]:
        generator = np.random.default_rng(self.order)
        pixels, k = int(np.prod(self.data.train_x.shape[1:])), len(self.data.label_names)
        for index in range(self.permutations):
            permutation = torch.arange(pixels) if index == 0 else torch.tensor(generator.permutation(pixels))
            shift = 0 if self.scenario == "domain" else index * k

            def shown(x: Any, permutation: Tensor = permutation) -> Tensor:
                flat = to_tensor(x)
                return flat.flatten(1)[:, permutation].reshape(flat.shape)

            yield Experience(
                shown(self.data.train_x),
                torch.tensor(self.data.train_y, dtype=torch.int64) + shift,
                shown(self.data.test_x),
                torch.tensor(self.data.test_y, dtype=torch.int64) + shift,
                tuple(range(shift, shift + k)) if self.scenario == "task" else None,
            )
