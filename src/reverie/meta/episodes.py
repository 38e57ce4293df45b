"""Small tasks of few examples, drawn from many classes: an episode (Vinyals et al., 2016, NeurIPS)."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Int64, Num
from torch import Tensor

from reverie.errors import BadData

__all__ = ["Classes", "Episode", "draw"]


class Episode(NamedTuple):
    """Examples with their classes, 0 … ways − 1, and what is asked.

    Attributes
    ----------
    shown, asked : Tensor, shape [ways * shots, *shape] and [ways * queries, *shape]
    shown_y, asked_y : Tensor, shape [ways * shots] and [ways * queries]
    """

    shown: Num[Tensor, "s *shape"]
    shown_y: Int64[Tensor, " s"]
    asked: Num[Tensor, "q *shape"]
    asked_y: Int64[Tensor, " q"]


class Classes:
    """Pictures by class, all of one size.

    Parameters
    ----------
    pictures : sequence of Tensor
        Of each class, shape [n, h, w] or [n, h, w, 3]; bytes, or fractions 0…1.

    Raises
    ------
    BadData
        Fewer than two classes; pictures of several sizes or types; a class without pictures; numbers that are neither
        bytes nor fractions.

    Examples
    --------
    >>> classes = Classes([torch.zeros(3, 8, 8, dtype=torch.uint8), torch.ones(5, 8, 8, dtype=torch.uint8)])
    >>> len(classes), classes.shape, classes.fewest
    (2, (8, 8), 3)
    """

    def __init__(self, pictures: Sequence[Tensor]) -> None:
        self.pictures = list(pictures)
        if len(self.pictures) < 2:
            raise BadData(f"There is {len(self.pictures)} class. To learn to tell classes apart takes two at least.")
        empty = [str(place) for place, one in enumerate(self.pictures) if not len(one)]
        if empty:
            raise BadData(f"These classes have no pictures: {', '.join(empty[:10])}. Leave them out.")
        shapes = sorted({tuple(one.shape[1:]) for one in self.pictures})
        if len(shapes) > 1:
            raise BadData(f"The pictures have the sizes {shapes[:5]}. Bring them to one size.")
        self.shape = shapes[0]
        colours = len(self.shape) == 3 and self.shape[2] == 3
        if not (len(self.shape) == 2 or colours):
            raise BadData(f"A picture has the shape {self.shape}. Expected [h, w] or [h, w, 3].")
        types = sorted({str(one.dtype) for one in self.pictures})
        if len(types) > 1 or not all(one.dtype == torch.uint8 or one.is_floating_point() for one in self.pictures):
            raise BadData(f"The pictures have the types {types}. Expected bytes (uint8) alone, or fractions 0…1 alone.")
        if not all(bool(((one >= 0) & (one <= 1)).all()) for one in self.pictures if one.is_floating_point()):
            raise BadData(
                "Pictures of fractions hold numbers below 0, above 1 or NaN. Expected 0…1: divide grey levels by 255, "
                "or give bytes (uint8)."
            )

    def __len__(self) -> int:
        return len(self.pictures)

    @property
    def fewest(self) -> int:
        """Pictures of the class that has fewest."""
        return min(len(one) for one in self.pictures)


def draw(classes: Classes, ways: int, shots: int, queries: int, generator: torch.Generator) -> Episode:
    """An episode: so many classes, and of each so many examples and questions, no picture twice.

    Raises
    ------
    BadData
        More classes are asked for than there are, or more pictures than one of those drawn has.
    """
    if not 2 <= ways <= len(classes):
        raise BadData(f"ways is {ways}. Expected 2…{len(classes)}, the number of classes.")
    if shots < 1 or queries < 1:
        raise BadData(f"shots is {shots} and queries is {queries}. Expected at least 1 of each.")
    chosen = torch.randperm(len(classes), generator=generator)[:ways].tolist()
    shown, asked = [], []
    for place in chosen:
        pictures = classes.pictures[place]
        if len(pictures) < shots + queries:
            raise BadData(
                f"A class has {len(pictures)} pictures. Expected {shots + queries}: {shots} to learn from and "
                f"{queries} to ask. Leave such classes out, or ask for fewer."
            )
        order = torch.randperm(len(pictures), generator=generator)[: shots + queries]
        shown.append(pictures[order[:shots]])
        asked.append(pictures[order[shots:]])
    labels = torch.arange(ways)
    return Episode(
        torch.cat(shown), labels.repeat_interleave(shots), torch.cat(asked), labels.repeat_interleave(queries)
    )
